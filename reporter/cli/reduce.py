"""telemetry-report reduce: what many hosts exported, put together in cells."""

from __future__ import annotations

import click

from reporter.cli.options import end_in_order
from reporter.cli.paths import FILE


@click.command(
    epilog="Example: telemetry-report reduce --from 'inbox/**/*.parquet' --engine dask://10.0.0.5:8786 -o fleet.duckdb"
)
@click.option(
    "--from",
    "given",
    multiple=True,
    required=True,
    type=FILE,
    metavar="WHAT",
    help="Folders or globs of what `export --whole` or `prune --archive` wrote; can be given more than once.",
)
@click.option(
    "--engine",
    default="local",
    metavar="WHERE",
    help="local (default), or a Dask scheduler: dask://host:8786, dask+tls://host:8786.",
)
@click.option(
    "--hosts-at-once",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many hosts a task reads (default: as many as have 50 MB together).",
)
@click.option("-o", "--output", required=True, type=FILE, metavar="FILE", help="The reduced sink, for --from.")
def reduce(given: tuple[str, ...], engine: str, hosts_at_once: int | None, output: str) -> None:
    """Put what many hosts exported together in one small sink, which reports and answers are made of."""
    import os
    from pathlib import Path

    from reporter.cli.progress import listening
    from reporter.sink.reduce import job_of
    from reporter.sink.reduce import reduce as write

    end_in_order()
    # As confidential as what it is made of.
    os.umask(0o077)
    path = Path(output)
    with listening() as listener:
        write(job_of(given, hosts_at_once), engine, path, listener)
    click.echo(f"{path.resolve()}  ({path.stat().st_size / 1e6:.1f} MB)")
