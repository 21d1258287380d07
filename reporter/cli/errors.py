"""telemetry-report errors: error groups, or one of them."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import counted, question
from reporter.errors import NotFoundError


@click.command(epilog="Example: telemetry-report errors --last 6h")
@click.argument("fingerprint", required=False)
@counted
@question("table", "json", "csv")
def errors(fingerprint: str | None, form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Error groups, most frequent first; with a FINGERPRINT (or its beginning) that one in full."""
    from reporter.analysis.error_details import error_details, latest_of
    from reporter.analysis.errors import errors as analyse
    from reporter.terminal import failures

    with asked(options, form) as (sink, window, zone, settings):
        found = analyse(sink.connection, window, keeps=bool(fingerprint))
        if not fingerprint:
            latest = latest_of(sink.connection, found.groups) if form != "csv" else {}
            found, latest = gated(sink, settings, (found, latest))
            text = failures.errors(found, latest, form, zone)
        else:
            chosen = [g for g in found.groups if g.fingerprint.startswith(fingerprint.lower())]
            if len(chosen) != 1:
                msg = f"{'no' if not chosen else 'more than one'} error group {fingerprint} in this period"
                raise NotFoundError(msg, "`telemetry-report errors` lists them; --last looks further back.")
            details = error_details(sink.connection, chosen)[chosen[0].fingerprint]
            found, group, details = gated(sink, settings, (found, chosen[0], details))
            text = failures.group(found, group, details, form, zone)
    click.echo(text)
