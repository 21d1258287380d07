"""telemetry-report query: a question in SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from reporter.cli.asking import load_ahead
from reporter.cli.options import formats, gathered, privacy, settings_of, where
from reporter.errors import UsageError


@click.command(epilog="Example: telemetry-report query 'SELECT kind, count(*) FROM events GROUP BY kind'")
@click.argument("sql", required=False, metavar="[SQL]")
@where
@gathered
@privacy
@formats("table", "json", "csv")
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", help="Only so many rows (default: in a table 200, else all)."
)
def query(sql: str | None, form: str, top: int | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Answer a SELECT (DuckDB's SQL) over all that is kept; without one, list tables and columns. Only read, and redacted."""
    from reporter.analysis import query as asked
    from reporter.cli.progress import listening
    from reporter.redaction.gate import gate
    from reporter.sink.asking import asking
    from reporter.terminal import query as shown

    if not sql:
        click.echo(shown.schema(asked.SCHEMA, form))
        return
    settings = settings_of(options)
    load_ahead(form)
    with listening() as listener, asking(settings, datetime.now(UTC), listener) as sink:
        redactor = gate(sink.about("salt"), settings.privacy)
        try:
            asked.open_views(sink.connection, with_logged=redactor is None)
            found = asked.ask(sink.connection, sql, top or (200 if form == "table" else None))
        except UsageError as exc:
            # A value that cannot be converted stands in what DuckDB says.
            raise (UsageError(redactor.text(str(exc.args[0])), exc.hint) if redactor else exc) from exc
        text = shown.answer(found, form, redactor)
    click.echo(text)
