"""telemetry-report trace: one trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.asking import gated, load_ahead
from reporter.cli.options import note, question, settings_of, window_of, zone_of
from reporter.cli.paths import FILE
from reporter.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from reporter.analysis.traces import TraceSummary
    from reporter.window import Window


@click.command(epilog="Example: telemetry-report trace 7fee3741 --format timeline")
@click.argument("correlation_id", metavar="[ID]", required=False)
@question("table", "json", "csv", "timeline")
@click.option("--message", metavar="ID", help="The trace, or traces, of a chat message.")
@click.option("--conversation", metavar="ID", help="The trace, or traces, of a conversation.")
@click.option("--execution", metavar="ID", help="The trace of a command's execution.")
@click.option("--html", type=FILE, metavar="FILE", help="Write the trace viewer with this trace alone, for a ticket.")
def trace(
    correlation_id: str | None,
    form: str,
    message: str | None,
    conversation: str | None,
    execution: str | None,
    html: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """One trace by its correlation id, or the beginning of it: what happened, in order. It is shown whole; with a period it has
    to have happened in it."""
    from reporter.cli.progress import progress
    from reporter.redaction.gate import gate
    from reporter.settings.reproducible import now
    from reporter.sink.asking import asking
    from reporter.terminal.finding import find_trace, find_traces

    given = {"message_id": message, "conversation_id": conversation, "execution_id": execution}
    asked = [(column, value) for column, value in given.items() if value]
    if len(asked) + (correlation_id is not None) != 1:
        msg = "name one trace"
        raise UsageError(msg, "Give its ID, or one of --message, --conversation and --execution.")
    settings = settings_of(options)
    zone = zone_of(options, settings)
    has_period = any(options[name] for name in ("last", "since", "until"))
    window = window_of(options, settings)[0] if has_period else None
    load_ahead(form, "reporter.analysis.trace", "reporter.terminal.traces")
    with progress() as on_progress, asking(settings, datetime.now(UTC), on_progress, note) as sink:
        if asked:
            found = find_traces(sink.connection, *asked[0])
            if window:
                found = tuple(one for one in found if _lies_in(window, one)) or found[:1]
            if len(found) > 1:
                from reporter.terminal import traces

                note(f"{len(found)} traces; `telemetry-report trace ID` shows one")
                click.echo(traces.traces(gated(sink, settings, found), form, zone))
                return
            correlation_id = found[0].correlation_id
        is_brief = form == "table" and not html
        document = find_trace(
            sink.connection, correlation_id or "", gate(sink.about("salt"), settings.privacy), is_brief=is_brief
        )
    if window:
        _check_lies_in(window, document)
    if html:
        from pathlib import Path

        from reporter.site import write_trace
        from reporter.site.context import Edition

        path = write_trace(document, Path(html), Edition(settings.app.resolve().name, zone, now()))
        click.echo(path)
    else:
        from reporter.terminal import traces

        click.echo(traces.trace(document, form, zone))


def _check_lies_in(window: Window, document: dict[str, Any]) -> None:
    """Raise NotFoundError for a trace that had nothing in the period."""
    start, end = (datetime.fromisoformat(document[name]) for name in ("start", "end"))
    if start >= window.end or end < window.start:
        msg = f"trace {document['correlation_id']} was not in this period: it ran from {document['start']} to {document['end']}"
        raise NotFoundError(msg, "Leave --last, --since and --until out, or choose another.")


def _lies_in(window: Window, one: TraceSummary) -> bool:
    start = one.start.replace(tzinfo=UTC)
    return start < window.end and start + timedelta(milliseconds=one.duration_ms) >= window.start
