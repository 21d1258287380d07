"""performance.html: what is slow, and how durations are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter import format as words
from reporter.analysis.performance import CLASS_LIMITS_MS
from reporter.site.context import Chart, Columns, chart, shown_ms

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results

FILE, TITLE = "performance.html", "Performance"


@dataclass(frozen=True)
class PerformanceContext:
    """`limits`: (type of work, its class limits in ms)."""

    title: str
    operations: tuple[OperationFigures, ...]
    charts: tuple[Chart, ...]
    limits: tuple[tuple[str, tuple[float, ...]], ...]


def context(results: Results, zone: ZoneInfo) -> PerformanceContext:
    view = results.performance
    bins, points = view.histogram, view.over_time
    charts: tuple[Chart, ...] = ()
    if bins:
        histogram: Columns = {
            "low_ms": [b.low_ms for b in bins],
            "high_ms": [b.high_ms for b in bins],
            "count": [b.count for b in bins],
            "kind": [b.kind for b in bins],
            "tip": [f"{words.ms(b.low_ms)} to {words.ms(b.high_ms)} · {b.kind}: {b.count:,} operations" for b in bins],
        }
        percentiles: Columns = {
            "t": [shown_ms(p.start, zone) for p in points],
            "kind": [p.kind for p in points],
            "p95_ms": [max(p.p95_ms, 0.1) for p in points],
            "tip": [
                f"{words.moment(p.start, zone)} · {p.kind}: p50 {words.ms(p.p50_ms)}, p95 {words.ms(p.p95_ms)} of {p.count:,}"
                for p in points
            ],
        }
        charts = (
            chart("performance_histogram", "How long operations take", 200, histogram=histogram),
            chart("performance_percentiles", "p95 over time by kind", 220, percentiles=percentiles),
        )
    return PerformanceContext(TITLE, view.operations, charts, tuple(CLASS_LIMITS_MS.items()))
