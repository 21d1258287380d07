"""telemetry-report demo: a demo app."""

from __future__ import annotations

from datetime import UTC, datetime

import click


@click.command(epilog="Example: telemetry-report demo demo && telemetry-report build --app demo --last 7d")
@click.argument("folder", default="demo", metavar="[DIR]")
@click.option("--seed", default=1, help="Another seed makes another demo.")
def demo(folder: str, seed: int) -> None:
    """Write a realistic demo app, for a first look (default: ./demo)."""
    from pathlib import Path

    from reporter.demo.app import write_demo

    path: Path = write_demo(Path(folder), seed=seed, now=datetime.now(UTC))
    click.echo(f"{path}  (now: telemetry-report build --app {folder} --last 7d)")
