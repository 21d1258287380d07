"""telemetry-report performance: every operation's figures."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import counted, question


@click.command(epilog="Example: telemetry-report performance --type tools --sort count --top 10")
@counted
@question("table", "json", "csv")
@click.option(
    "--type",
    "kind",
    type=click.Choice(["all", "chat", "commands", "tools", "processing", "llm"]),
    default="all",
    help="Which operations.",
)
@click.option(
    "--sort",
    type=click.Choice(["p95", "p50", "p90", "p99", "max", "mean", "count", "errors", "rate"]),
    default="p95",
    help="By which figure, the largest first (default: p95).",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only so many (default: all).")
def performance(form: str, kind: str, sort: str, top: int | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Every operation's count, error rate and percentiles."""
    from reporter.analysis import fold
    from reporter.analysis.performance import counts_over_time, operations
    from reporter.terminal import figures

    with asked(options, form) as (sink, about):
        con = sink.connection
        # For people a model's call stands once where all are listed: as the stream that shows it.
        listed = form == "table" and kind == "all" and fold(con) > 0
        found = figures.of_type(
            operations(con, about.settings.classes, "listed_spans" if listed else "window_spans"), kind
        )
        shown = figures.sorted_by(found, sort)[:top]
        counts = counts_over_time(con, about.window) if form == "table" else {}
        shown, counts = gated(sink, about.settings, (shown, counts))
    click.echo(figures.performance(about.window, shown, len(found) - len(shown), counts, form, kind, about.zone))
