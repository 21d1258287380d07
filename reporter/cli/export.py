"""telemetry-report export: the events themselves."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked
from reporter.cli.options import counted, note, question
from reporter.cli.paths import FILE


@click.command(epilog="Example: telemetry-report export --last 7d --kind tool --format csv -o tools.csv")
@counted
@question("json", "csv", "parquet")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["chat", "processing", "command", "tool", "llm", "log"]),
    help="Only events of this kind; can be given more than once (default: all).",
)
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write here instead of to stdout.")
def export(form: str, kinds: tuple[str, ...], output: str | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """The period's events, oldest first: one a line (JSON or CSV), or as Parquet."""
    from pathlib import Path

    from reporter.redaction.gate import gate
    from reporter.terminal.export import export as write

    with asked(options, form) as (sink, _, _, settings):
        redactor = gate(sink.about("salt"), settings.privacy, is_thorough=True)
        count = write(sink.connection, form, kinds, Path(output) if output else None, redactor)
    note(f"{count:,} events")
