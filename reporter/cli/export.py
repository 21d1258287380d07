"""telemetry-report export: the events themselves."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked
from reporter.cli.options import counted, note, question
from reporter.cli.paths import FILE
from reporter.errors import UsageError


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
@click.option(
    "--whole",
    is_flag=True,
    help="Write all columns of events and spans as Parquet by host and day, whole days of UTC, to the folder -o names: for --from.",
)
@click.option("--host", metavar="NAME", help="What --whole calls this installation (default: app.host, else a hash).")
def export(
    form: str,
    kinds: tuple[str, ...],
    output: str | None,
    whole: bool,
    host: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """The period's events, oldest first: one a line (JSON or CSV), or as Parquet; or all there is of its days."""
    from pathlib import Path

    from reporter.redaction.gate import gate
    from reporter.terminal.export import export as write

    if whole:
        _check_whole(form, kinds, output, options)
    elif host:
        msg = "--host goes with --whole only"
        raise UsageError(msg, "Add --whole -o DIR, or leave it out.")
    with asked(options, form) as (sink, about):
        settings = about.settings
        redactor = gate(sink.about("salt"), settings.privacy, is_thorough=True)
        if whole:
            from reporter.sink.whole import host_of
            from reporter.terminal.export_whole import export_whole

            own = host_of(sink, settings._replace(host=host or settings.host))
            count = export_whole(sink.connection, Path(str(output)), own, about.window, sink.kept_since(), redactor)
        else:
            count = write(sink.connection, form, kinds, Path(output) if output else None, redactor)
    note(f"{count:,} events" + (f" of the host {own.name}" if whole else ""))


def _check_whole(form: str, kinds: tuple[str, ...], output: str | None, options: dict[str, Any]) -> None:
    if not output:
        msg = "--whole writes to a folder"
        raise UsageError(msg, "Name it with -o DIR.")
    if form == "csv" or kinds or any(options[name] for name in ("include", "exclude", "no_dry_runs", "gathered")):
        msg = "--whole leaves nothing out, and is Parquet"
        raise UsageError(msg, "Leave out --format, --kind, --include, --exclude, --no-dry-runs and --from.")
