"""overview, performance, errors, trace, sources, export: take in what is new, then answer from the sink."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reporter.cli.options import formats, note, privacy, settings_of, when, where, window_of, zone_of
from reporter.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reporter.config import Settings
    from reporter.sink import Sink
    from reporter.window import Window

T = TypeVar("T")


@contextlib.contextmanager
def _asking(
    options: dict[str, Any], form: str, *, is_of_window: bool = True
) -> Iterator[tuple[Sink, Window, ZoneInfo, Settings]]:
    from reporter.ask import asking
    from reporter.progress import progress

    settings = settings_of(options)
    window, zone = window_of(options, settings)
    _load_ahead(form)
    with (
        progress() as on_progress,
        asking(settings, datetime.now(UTC), on_progress, note, window if is_of_window else None) as sink,
    ):
        yield sink, window, zone, settings


def _gated(sink: Sink, settings: Settings, found: T) -> T:
    """Results as they may leave the machine."""
    from reporter.ask import gate

    redactor = gate(sink, settings.privacy)
    return redactor.results(found) if redactor else found


def _load_ahead(form: str, *modules: str) -> None:
    """Load what comes after the query while DuckDB is at work without Python's lock: 40 ms of `trace`'s 200."""
    wanted = (*modules, "reporter.redact", *(("rich.console", "rich.table") if form == "table" else ()))
    # Python's own 5 ms, waited for after every query, would cost more than is won.
    sys.setswitchinterval(0.0005)
    Thread(target=lambda: [import_module(name) for name in wanted], daemon=True).start()


@click.command(epilog="Example: telemetry-report overview --last 7d --format json")
@where
@when
@privacy
@formats("table", "json", "csv")
def overview(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Totals, rates and percentiles by kind."""
    from reporter.analysis.overview import overview as analyse
    from reporter.ask import sources as read
    from reporter.terminal import figures

    with _asking(options, form) as (sink, window, zone, settings):
        found = _gated(sink, settings, analyse(sink.connection, window, read(sink)))
    click.echo(figures.overview(found, form, zone))


@click.command(epilog="Example: telemetry-report performance --type tools --sort count --top 10")
@where
@when
@privacy
@formats("table", "json", "csv")
@click.option(
    "--type",
    "kind",
    type=click.Choice(["all", "chat", "commands", "tools", "processing", "llm"]),
    default="all",
    help="Which operations.",
)
@click.option(
    "--sort",
    type=click.Choice(["p95", "p50", "p90", "p99", "max", "mean", "count", "errors", "rate"]),
    default="p95",
    help="By which figure, the largest first (default: p95).",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only so many (default: all).")
def performance(form: str, kind: str, sort: str, top: int | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Every operation's count, error rate and percentiles."""
    from reporter.analysis.latency import counts_over_time
    from reporter.analysis.performance import performance as analyse
    from reporter.terminal import figures

    with _asking(options, form) as (sink, window, zone, settings):
        found = analyse(sink.connection, window, settings.classes)
        counts = counts_over_time(sink.connection, window) if form == "table" else {}
        found, counts = _gated(sink, settings, (found, counts))
    operations = figures.chosen(found, kind, sort, top)
    click.echo(figures.performance(found, operations, counts, form, kind, zone))


@click.command(epilog="Example: telemetry-report errors --last 6h")
@click.argument("fingerprint", required=False)
@where
@when
@privacy
@formats("table", "json", "csv")
def errors(fingerprint: str | None, form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Error groups, most frequent first; with a FINGERPRINT (or its beginning) that one in full."""
    from reporter.analysis.error_details import error_details, latest_of
    from reporter.analysis.errors import errors as analyse
    from reporter.terminal import failures

    with _asking(options, form) as (sink, window, zone, settings):
        found = analyse(sink.connection, window)
        if not fingerprint:
            latest = latest_of(sink.connection, found.groups) if form != "csv" else {}
            found, latest = _gated(sink, settings, (found, latest))
            text = failures.errors(found, latest, form, zone)
        else:
            chosen = [g for g in found.groups if g.fingerprint.startswith(fingerprint.lower())]
            if len(chosen) != 1:
                msg = f"{'no' if not chosen else 'more than one'} error group {fingerprint} in this period"
                raise NotFoundError(msg, "`telemetry-report errors` lists them; --last looks further back.")
            details = error_details(sink.connection, chosen)[chosen[0].fingerprint]
            found, group, details = _gated(sink, settings, (found, chosen[0], details))
            text = failures.group(found, group, details, form, zone)
    click.echo(text)


@click.command(epilog="Example: telemetry-report trace 7fee3741 --format timeline")
@click.argument("correlation_id", metavar="[ID]", required=False)
@where
@when
@privacy
@formats("table", "json", "csv", "timeline")
@click.option("--message", metavar="ID", help="The trace, or traces, of a chat message.")
@click.option("--conversation", metavar="ID", help="The trace, or traces, of a conversation.")
@click.option("--execution", metavar="ID", help="The trace of a command's execution.")
@click.option("--html", metavar="FILE", help="Write the trace viewer with this trace alone, for a ticket.")
def trace(
    correlation_id: str | None,
    form: str,
    message: str | None,
    conversation: str | None,
    execution: str | None,
    html: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """One trace by its correlation id, or the beginning of it: what happened, in order."""
    from reporter.ask import asking, find_trace, find_traces, gate
    from reporter.progress import progress
    from reporter.terminal import traces

    given = {"message_id": message, "conversation_id": conversation, "execution_id": execution}
    asked = [(column, value) for column, value in given.items() if value]
    if len(asked) + (correlation_id is not None) != 1:
        msg = "name one trace"
        raise UsageError(msg, "Give its ID, or one of --message, --conversation and --execution.")
    settings = settings_of(options)
    zone = zone_of(options, settings)
    _load_ahead(form, "reporter.analysis.trace")
    with progress() as on_progress, asking(settings, datetime.now(UTC), on_progress, note) as sink:
        if asked:
            found = find_traces(sink, *asked[0])
            if len(found) > 1:
                note(f"{len(found)} traces; `telemetry-report trace ID` shows one")
                click.echo(traces.traces(_gated(sink, settings, found), form, zone))
                return
            correlation_id = found[0].correlation_id
        has_contexts = bool(html) or form != "table"
        document = find_trace(sink, correlation_id or "", gate(sink, settings.privacy), has_contexts=has_contexts)
    if html:
        from pathlib import Path

        from reporter.site import write_trace

        path = write_trace(document, Path(html), zone=zone, app=settings.app.resolve().name, built_at=datetime.now(UTC))
        click.echo(path)
    else:
        click.echo(traces.trace(document, form, zone))


@click.command(epilog="Example: telemetry-report sources --format json")
@where
@when
@privacy
@formats("table", "json", "csv")
def sources(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """What was read: entries, events and rejects by source."""
    from reporter.ask import rejects
    from reporter.ask import sources as read
    from reporter.terminal import figures

    with _asking(options, form, is_of_window=False) as (sink, _, _, settings):
        text = figures.sources(*_gated(sink, settings, (read(sink), rejects(sink))), form)
    click.echo(text)


@click.command(epilog="Example: telemetry-report export --last 7d --kind tool --format csv -o tools.csv")
@where
@when
@privacy
@formats("json", "csv", "parquet")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["chat", "processing", "command", "tool", "llm", "log"]),
    help="Only events of this kind; can be given more than once (default: all).",
)
@click.option("-o", "--output", metavar="FILE", help="Write here instead of to stdout.")
def export(form: str, kinds: tuple[str, ...], output: str | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """The period's events, oldest first: one a line (JSON or CSV), or as Parquet."""
    from pathlib import Path

    from reporter.ask import gate
    from reporter.terminal.export import export as write

    with _asking(options, form) as (sink, _, _, settings):
        redactor = gate(sink, settings.privacy)
        count = write(sink.connection, form, kinds, Path(output) if output else None, redactor)
    note(f"{count:,} events")
