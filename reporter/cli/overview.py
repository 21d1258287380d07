"""telemetry-report overview: the figures at a glance."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import counted, question

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

    from reporter import engine
    from reporter.sink.store import Sink


@click.command(epilog="Example: telemetry-report overview --last 7d --format json")
@counted
@question("table", "json", "csv")
def overview(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """What is wrong, worst first; totals, rates and percentiles by kind."""
    from reporter.analysis import see_events
    from reporter.analysis.errors import errors
    from reporter.analysis.faults import faults
    from reporter.analysis.overview import overview as analyse
    from reporter.sink.faults import has_faults
    from reporter.sink.notes import sources as read
    from reporter.terminal import figures

    with (
        asked(options, form, compares=form == "table") as (sink, about),
        _beside(sink) as (aside, thread),
    ):
        # Error events are put together in Python while DuckDB, which works without its lock, adds up all the rest.
        settings, window = about.settings, about.window
        see_events(aside, window, settings.chosen)
        con, listed = sink.connection, None
        if form == "table":
            from reporter.analysis.changes import changes
            from reporter.analysis.problems import problems

            groups = thread.submit(errors, aside, window, settings.decisions, has_faults=has_faults(sink))
            changed = changes(con, about.compared)
            view = analyse(con, window, lambda: groups.result().of_spans, read(sink), settings.chosen)
            listed = problems(con, view, groups.result(), changed)
        else:
            view = analyse(con, window, thread.submit(faults, aside).result, read(sink), settings.chosen)
        view, listed = gated(sink, settings, (view, listed))
    click.echo(figures.overview(view, listed, form, about.zone))


@contextmanager
def _beside(sink: Sink) -> Iterator[tuple[engine.DuckDBPyConnection, ThreadPoolExecutor]]:
    """A connection and a thread that asks it. Where all is broken off neither is waited for: the process ends without them."""
    from concurrent.futures import ThreadPoolExecutor

    aside, thread = sink.aside(), ThreadPoolExecutor(1)
    try:
        yield aside, thread
    except BaseException:
        aside.interrupt()
        thread.shutdown(wait=False, cancel_futures=True)
        raise
    thread.shutdown()
    aside.close()
