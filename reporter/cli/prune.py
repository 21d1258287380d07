"""telemetry-report prune: what is old let go of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from reporter.cli.options import formats, note, settings_of, where
from reporter.cli.paths import FOLDER


@click.command(epilog="Example: telemetry-report prune --dry-run")
@where
@formats("table", "json")
@click.option("--days", type=click.IntRange(min=1), metavar="N", help="Keep so many days instead of retention.days.")
@click.option("--max-size", metavar="SIZE", help="Keep at most this size instead of retention.max_size.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--archive", type=FOLDER, metavar="DIR", help="First write what goes as Parquet, by host and day, to this folder."
)
@click.option(
    "--host", metavar="NAME", help="What the archive calls this installation (default: app.host, else a hash)."
)
def prune(
    form: str,
    days: int | None,
    max_size: str | None,
    dry_run: bool,
    archive: str | None,
    host: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Let events go that are older than the retention, or beyond the sink's size; daily figures stay."""
    from pathlib import Path

    from reporter.settings.toml import parse_size
    from reporter.sink.taking_in import let_go
    from reporter.terminal.keeping import pruned

    settings = settings_of(options)
    settings = settings._replace(host=host or settings.host)
    wanted = settings.retention
    if days:
        wanted = wanted._replace(days=dict.fromkeys(wanted.days, days))
    if max_size:
        wanted = wanted._replace(max_bytes=parse_size(max_size))
    if archive:
        wanted = wanted._replace(archive=Path(archive))
    done = let_go(settings._replace(retention=wanted), datetime.now(UTC), note, dry_run=dry_run)
    click.echo(pruned(done, form, dry_run))
