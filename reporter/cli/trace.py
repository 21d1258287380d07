"""telemetry-report trace: one trace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.asking import gated, load_ahead
from reporter.cli.options import IDS, ids, ids_of, note, question, settings_of, window_of, zone_of
from reporter.cli.paths import FILE
from reporter.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from reporter.window import Window


@click.command(epilog="Example: telemetry-report trace 7fee3741 --format timeline")
@click.argument("correlation_id", metavar="[ID]", required=False)
@question("table", "json", "csv", "timeline")
@ids
@click.option("--html", type=FILE, metavar="FILE", help="Write the trace viewer with this trace alone, for a ticket.")
def trace(
    correlation_id: str | None,
    form: str,
    html: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """One trace by its correlation id, or the beginning of it: what happened, in order. It is shown whole; with a period it has
    to have happened in it."""
    from reporter.cli.progress import listening
    from reporter.redaction.gate import gate
    from reporter.settings.reproducible import now
    from reporter.sink.asking import asking
    from reporter.terminal.finding import find_trace, no_trace_with

    asked = ids_of(options)
    if len(asked) + (correlation_id is not None) != 1:
        msg = "name one trace"
        raise UsageError(msg, f"Give its ID, or one of --{', --'.join(IDS)}.")
    settings = settings_of(options)
    zone = zone_of(options, settings)
    has_period = any(options[name] for name in ("last", "since", "until"))
    window = window_of(options, settings)[0] if has_period else None
    load_ahead(form, "reporter.analysis.trace", "reporter.terminal.traces")
    with listening() as listener, asking(settings, datetime.now(UTC), listener) as sink:
        if asked:
            from reporter.analysis.traces import find_traces

            con = sink.connection
            found = find_traces(con, "latest", named=asked[0], window=window).traces
            found = found or find_traces(con, "latest", named=asked[0]).traces[:1]
            if not found:
                raise no_trace_with(*asked[0])
            if len(found) > 1:
                from reporter.terminal import traces

                note(f"{len(found)} traces; `telemetry-report trace ID` shows one")
                click.echo(traces.traces(gated(sink, settings, found), len(found), form, zone))
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

        from reporter.site.building import write_trace
        from reporter.site.context import Edition

        path = write_trace(document, Path(html), Edition(settings.title, zone, now()))
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
