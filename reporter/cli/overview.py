"""telemetry-report overview: the figures at a glance."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import question


@click.command(epilog="Example: telemetry-report overview --last 7d --format json")
@question("table", "json", "csv")
def overview(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Totals, rates and percentiles by kind."""
    from reporter.analysis.errors import errors
    from reporter.analysis.overview import overview as analyse
    from reporter.sink.notes import sources as read
    from reporter.terminal import figures

    with asked(options, form) as (sink, window, zone, settings):
        errors(sink.connection, window)
        found = gated(sink, settings, analyse(sink.connection, window, read(sink)))
    click.echo(figures.overview(found, form, zone))
