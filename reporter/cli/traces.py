"""telemetry-report traces: a list of them."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import IDS, counted, ids, ids_of, question
from reporter.errors import UsageError


@click.command(epilog="Example: telemetry-report traces --status error --operation 'openai/*' --sort latest")
@counted
@question("table", "json", "csv")
@click.option(
    "--status",
    type=click.Choice(["error", "unfinished", "ok"]),
    help="Only those that failed, never ended or went well.",
)
@click.option(
    "--operation", metavar="NAME", help="Only those in which this worked: its name, or a glob such as 'openai/*'."
)
@ids
@click.option(
    "--sort",
    type=click.Choice(["slowest", "latest", "errors"]),
    default="slowest",
    help="What comes first (default: slowest).",
)
@click.option("--top", type=click.IntRange(min=1), default=20, metavar="N", help="Only so many (default: 20).")
def traces(
    form: str,
    status: str | None,
    operation: str | None,
    sort: str,
    top: int,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """The period's traces: the slowest, those that failed, or those of an operation or an id (of whatever time, without a period)."""
    from reporter.analysis.traces import find_traces
    from reporter.terminal import traces as shown
    from reporter.terminal.finding import no_trace_with

    named = ids_of(options)
    if len(named) > 1:
        msg = "name one id"
        raise UsageError(msg, f"Give one of --{', --'.join(IDS)}.")
    of_window = not named or any(options[name] for name in ("last", "since", "until"))
    with asked(options, form, is_of_window=of_window) as (sink, about):
        asked_of = about.window if of_window else None
        found = find_traces(
            sink.connection,
            sort,
            top,
            status=status,
            operation=operation,
            named=named[0] if named else None,
            window=asked_of,
        )
        if named and not found.total:
            raise no_trace_with(*named[0])
        total, listed = gated(sink, about.settings, found)
    click.echo(shown.traces(listed, total, form, about.zone, asked_of))
