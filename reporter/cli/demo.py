"""telemetry-report demo: a demo app."""

from __future__ import annotations

import click

from reporter.cli.paths import FOLDER
from reporter.errors import OutputError


@click.command(epilog="Example: telemetry-report demo demo && telemetry-report build --app demo --last 7d")
@click.argument("folder", default="demo", type=FOLDER, metavar="[DIR]")
@click.option("--seed", default=1, help="Another seed makes another demo.")
def demo(folder: str, seed: int) -> None:
    """Write a realistic demo app, for a first look (default: ./demo)."""
    import shlex
    import sys
    from pathlib import Path

    from reporter.demo.app import write_demo
    from reporter.settings.reproducible import now

    try:
        path: Path = write_demo(Path(folder), seed=seed, now=now())
    except OSError as exc:
        msg = f"the demo cannot be written to {folder}: {exc.strerror}"
        raise OutputError(msg, "Name another folder: telemetry-report demo DIR.") from exc
    # As this one was called, so that it works where no folder of a venv is on the path.
    program = shlex.quote(sys.argv[0] if Path(sys.argv[0]).name == "telemetry-report" else "telemetry-report")
    click.echo(f"{path}\n{program} build --app {shlex.quote(folder)} --last 7d --open")
