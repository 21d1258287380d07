"""telemetry-report redact-check: what a finished report still holds."""

from __future__ import annotations

import click

from reporter.cli.paths import FILE


@click.command("redact-check", epilog="Example: telemetry-report redact-check output")
@click.argument("path", type=FILE, metavar="FILE")
def redact_check(path: str) -> None:
    """What a finished report (a file or a folder) still holds that looks like a secret; exit code 1 if anything."""
    from pathlib import Path

    from reporter.redaction.check import check
    from reporter.terminal.layout import plain, table

    found = check(Path(path))
    if not found:
        click.echo(f"{path}: nothing that looks like a secret")
        return
    rows = [(hit.rule, f"{hit.count:,}", hit.where, plain(hit.hint)) for hit in found]
    click.echo(table(("what", "times ", "first in", "begins…"), rows))
    raise click.exceptions.Exit(1)
