"""telemetry-report trace: one trace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from reporter.cli.asking import gated, load_ahead
from reporter.cli.options import note, question, settings_of, zone_of
from reporter.cli.paths import FILE
from reporter.errors import UsageError


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
    """One trace by its correlation id, or the beginning of it: what happened, in order."""
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
    if limits := [f"--{name}" for name in ("last", "since", "until") if options[name]]:
        msg = f"{limits[0]} does not go with trace: one trace is shown whole, whenever it was"
        raise UsageError(msg, "Leave it out.")
    settings = settings_of(options)
    zone = zone_of(options, settings)
    load_ahead(form, "reporter.analysis.trace", "reporter.terminal.traces")
    with progress() as on_progress, asking(settings, datetime.now(UTC), on_progress, note) as sink:
        if asked:
            found = find_traces(sink.connection, *asked[0])
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
    if html:
        from pathlib import Path

        from reporter.site import write_trace
        from reporter.site.context import Edition

        path = write_trace(document, Path(html), Edition(settings.app.resolve().name, zone, now()))
        click.echo(path)
    else:
        from reporter.terminal import traces

        click.echo(traces.trace(document, form, zone))
