"""telemetry-report sources: what was read."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import question


@click.command(epilog="Example: telemetry-report sources --format json")
@question("table", "json", "csv")
def sources(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """What was read: entries, events and rejects by source."""
    from reporter.sink.notes import rejects
    from reporter.sink.notes import sources as read
    from reporter.terminal import figures

    with asked(options, form, is_of_window=False) as (sink, about):
        text = figures.sources(*gated(sink, about.settings, (read(sink), rejects(sink))), form)
    click.echo(text)
