"""performance.html: what is slow, and how durations are spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, Columns, chart, epoch_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reporter.analysis.latency import HourCell, Latency, OperationBin
    from reporter.analysis.performance import HistogramBin, OperationFigures
    from reporter.analysis.results import Results

FILE, TITLE = "performance.html", "Performance"
# Operations whose histogram can be chosen: the most frequent.
CHOICES = 60
SHOWN_OPERATIONS = 1000


@dataclass(frozen=True)
class PerformanceContext:
    """`limits`: (type of work, its class limits in ms). `hidden`: operations beyond those shown, the least frequent."""

    title: str
    operations: tuple[OperationFigures, ...]
    hidden: int
    latency: Latency
    charts: tuple[Chart, ...]
    limits: tuple[tuple[str, tuple[float, ...]], ...]


def histogram(results: Results, kind: str | None, title: str) -> Chart:
    """Durations of all kinds, or of one; with a choice of each of its operations."""
    bins: dict[str, list[HistogramBin | OperationBin]] = {}
    whole = [b for b in results.performance.histogram if kind in (None, b.kind)]
    for one in used(results).latency.bins:
        if kind in (None, one.kind):
            bins.setdefault(f"{one.kind} {one.operation}", []).append(one)
    most = sorted(bins, key=lambda name: (-sum(b.count for b in bins[name]), name))[:CHOICES]
    made = chart("performance_histogram", title, 200, histogram=_bins(whole))
    return replace(made, choices={name: {"histogram": _bins(bins[name])} for name in sorted(most)})


def _bins(bins: Sequence[HistogramBin | OperationBin]) -> Columns:
    return {
        "low_ms": [b.low_ms for b in bins],
        "high_ms": [b.high_ms for b in bins],
        "count": [b.count for b in bins],
        "kind": [b.kind for b in bins],
        "tip": [f"{words.ms(b.low_ms)} to {words.ms(b.high_ms)} · {b.kind}: {b.count:,} operations" for b in bins],
    }


def _heat(cells: Sequence[HourCell]) -> Chart:
    data: Columns = {
        "hour": [c.hour for c in cells],
        "row": [f"{c.kind} {c.operation}" for c in cells],
        "ms": [max(c.p95_ms, 0.1) for c in cells],
        "tip": [
            f"{c.kind} {c.operation}, {c.hour}:00 to {c.hour + 1}:00: p95 {words.ms(c.p95_ms)} of {c.count:,}"
            for c in cells
        ],
    }
    return chart("heat_map", "p95 by hour of the day, of the operations that take most time", 320, cells=data)


def context(results: Results, zone: ZoneInfo) -> PerformanceContext:
    view, latency = results.performance, used(results).latency
    points = view.over_time
    charts: tuple[Chart, ...] = ()
    if view.histogram:
        percentiles: Columns = {
            "t": [epoch_ms(p.start) for p in points],
            "kind": [p.kind for p in points],
            "p95_ms": [max(p.p95_ms, 0.1) for p in points],
            "tip": [
                f"{words.moment(p.start, zone)} · {p.kind}: p50 {words.ms(p.p50_ms)}, p95 {words.ms(p.p95_ms)} of {p.count:,}"
                for p in points
            ],
        }
        charts = (
            histogram(results, None, "How long operations take"),
            chart("performance_percentiles", "p95 over time by kind", 220, zone=zone, percentiles=percentiles),
            _heat(latency.heat),
        )
    shown = view.operations
    if len(shown) > SHOWN_OPERATIONS:
        least = sorted(o.count for o in shown)[-SHOWN_OPERATIONS]
        shown = tuple(o for o in shown if o.count >= least)[:SHOWN_OPERATIONS]
    hidden = len(view.operations) - len(shown)
    return PerformanceContext(TITLE, shown, hidden, latency, charts, tuple(view.limits_ms.items()))
