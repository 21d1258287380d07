"""telemetry-report config: every setting."""

from __future__ import annotations

import click

from reporter.cli.paths import FOLDER


@click.command(epilog="Example: telemetry-report config > telemetry-report.toml")
@click.option("--app", default=".", type=FOLDER, metavar="DIR", help="The app's folder (default: here).")
def config(app: str) -> None:
    """Every setting with its value and where that comes from, as a telemetry-report.toml."""
    from reporter.settings.app import read_config
    from reporter.settings.toml import render

    click.echo(render(read_config(app)))
