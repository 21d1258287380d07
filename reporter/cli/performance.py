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
    from reporter.analysis.performance import counts_over_time
    from reporter.analysis.performance import performance as analyse
    from reporter.terminal import figures

    with asked(options, form) as (sink, window, zone, settings):
        found = analyse(sink.connection, window, settings.classes)
        counts = counts_over_time(sink.connection, window) if form == "table" else {}
        found, counts = gated(sink, settings, (found, counts))
    operations = figures.chosen(found, kind, sort, top, form)
    click.echo(figures.performance(found, operations, counts, form, kind, zone))
