"""telemetry-report overview: the figures at a glance."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import counted, question


@click.command(epilog="Example: telemetry-report overview --last 7d --format json")
@counted
@question("table", "json", "csv")
def overview(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """What is wrong, worst first; totals, rates and percentiles by kind."""
    from reporter.analysis.errors import errors
    from reporter.analysis.faults import error_events
    from reporter.analysis.overview import overview as analyse
    from reporter.sink.notes import sources as read
    from reporter.terminal import figures

    with asked(options, form, compares=form == "table") as (sink, window, zone, settings):
        con, listed = sink.connection, None
        if form == "table":
            from reporter.analysis.changes import changes
            from reporter.analysis.problems import problems
            from reporter.window import parse_compared

            groups = errors(con, window, settings.decisions)
            view = analyse(con, window, groups.of_spans, read(sink))
            listed = problems(con, view, groups, changes(con, parse_compared(settings.compare, window, zone)))
        else:
            (found,) = error_events(con, "window_events")
            view = analyse(con, window, [(event.span, event.fault) for event in found], read(sink))
        view, listed = gated(sink, settings, (view, listed))
    click.echo(figures.overview(view, listed, form, zone))
