"""prune, config, completion: what concerns the program itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from reporter.cli.options import formats, note, settings_of, where


@click.command(epilog="Example: telemetry-report prune --dry-run")
@where
@formats("table", "json")
@click.option("--days", type=click.IntRange(min=1), metavar="N", help="Keep so many days instead of retention.days.")
@click.option("--max-size", metavar="SIZE", help="Keep at most this size instead of retention.max_size.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--archive", metavar="DIR", help="First write what goes to monthly Parquet files in this folder.")
def prune(
    form: str,
    days: int | None,
    max_size: str | None,
    dry_run: bool,
    archive: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Let events go that are older than the retention, or beyond the sink's size; daily figures stay."""
    from pathlib import Path

    from reporter.ask import let_go
    from reporter.config_file import parse_size
    from reporter.terminal.keeping import pruned

    settings = settings_of(options)
    wanted = settings.retention
    if days:
        wanted = wanted._replace(days=dict.fromkeys(wanted.days, days))
    if max_size:
        wanted = wanted._replace(max_bytes=parse_size(max_size))
    if archive:
        wanted = wanted._replace(archive=Path(archive))
    done = let_go(settings._replace(retention=wanted), datetime.now(UTC), note, dry_run=dry_run)
    click.echo(pruned(done, form, dry_run))


@click.command("redact-check", epilog="Example: telemetry-report redact-check output")
@click.argument("path", metavar="FILE")
def redact_check(path: str) -> None:
    """What a finished report (a file or a folder) still holds that looks like a secret; exit code 1 if anything."""
    from pathlib import Path

    from reporter.redact_check import check
    from reporter.terminal.layout import plain, table

    found = check(Path(path))
    if not found:
        click.echo(f"{path}: nothing that looks like a secret")
        return
    rows = [(hit.rule, f"{hit.count:,}", hit.where, plain(hit.hint)) for hit in found]
    click.echo(table(("what", "times ", "first in", "begins"), rows))
    raise click.exceptions.Exit(1)


@click.command(epilog="Example: telemetry-report config > telemetry-report.toml")
@click.option("--app", default=".", metavar="DIR", help="The app's folder (default: here).")
def config(app: str) -> None:
    """Every setting with its value and where that comes from, as a telemetry-report.toml."""
    from reporter.config import read_config
    from reporter.config_file import render

    click.echo(render(read_config(app)))


@click.command(epilog='Example: eval "$(telemetry-report completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """What makes a shell complete commands and options: put it into its start-up file."""
    from click.shell_completion import get_completion_class

    from reporter.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "telemetry-report", "_TELEMETRY_REPORT_COMPLETE").source())
