"""performance.html: what is slow, and how durations are spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, chart, epoch_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from reporter.analysis.latency import Latency
    from reporter.analysis.performance import OperationFigures, PercentilePoint
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
    counts: Mapping[tuple[str, str], tuple[int, ...]]
    charts: tuple[Chart, ...]
    limits: tuple[tuple[str, tuple[float, ...]], ...]


def histogram(results: Results, kind: str | None, title: str) -> Chart:
    """Durations of all kinds, or of one; with a choice of each of its operations."""
    whole = pd.DataFrame(results.performance.histogram)
    single = used(results).latency.bins
    if kind:
        whole, single = whole[whole["kind"] == kind], single[single["kind"] == kind]
    names = single["kind"].astype(str) + " " + single["operation"]
    sums = single["count"].groupby(names).sum()
    most = sorted(sums.index, key=lambda name: (-sums[name], name))[:CHOICES]
    made = chart("performance_histogram", title, 200, histogram=_bins(whole))
    return replace(made, choices={name: {"histogram": _bins(single[names == name])} for name in sorted(most)})


def _bins(bins: pd.DataFrame) -> pd.DataFrame:
    """`bins`: kind, low_ms, high_ms, count."""
    tips = [
        f"{words.ms(low)} to {words.ms(high)} · {kind}: {count:,} operations"
        for low, high, kind, count in zip(bins["low_ms"], bins["high_ms"], bins["kind"], bins["count"], strict=True)
    ]
    return bins[["low_ms", "high_ms", "count", "kind"]].assign(tip=tips)


def _heat(cells: pd.DataFrame) -> Chart:
    row = cells["kind"].astype(str) + " " + cells["operation"]
    tips = [
        f"{name}, {hour}:00 to {hour + 1}:00: p95 {words.ms(p95)} of {count:,}"
        for name, hour, p95, count in zip(row, cells["hour"], cells["p95_ms"], cells["count"], strict=True)
    ]
    data = pd.DataFrame({"hour": cells["hour"], "row": row, "ms": cells["p95_ms"].clip(lower=0.1), "tip": tips})
    return chart("heat_map", "p95 by hour of the day, of the operations that take most time", 320, cells=data)


def _percentiles(points: Sequence[PercentilePoint], zone: ZoneInfo) -> Chart:
    tips = [
        f"{words.moment(p.start, zone)} · {p.kind}: p50 {words.ms(p.p50_ms)}, p95 {words.ms(p.p95_ms)} of {p.count:,}"
        for p in points
    ]
    told = pd.DataFrame(points)
    data = pd.DataFrame(
        {"t": epoch_ms(told["start"]), "kind": told["kind"], "p95_ms": told["p95_ms"].clip(lower=0.1), "tip": tips}
    )
    return chart("performance_percentiles", "p95 over time by kind", 220, zone=zone, percentiles=data)


def context(results: Results, zone: ZoneInfo) -> PerformanceContext:
    view, latency = results.performance, used(results).latency
    charts: tuple[Chart, ...] = ()
    if view.histogram:
        charts = (
            histogram(results, None, "How long operations take"),
            _percentiles(view.over_time, zone),
            _heat(latency.heat),
        )
    shown = view.operations
    if len(shown) > SHOWN_OPERATIONS:
        least = sorted(o.count for o in shown)[-SHOWN_OPERATIONS]
        shown = tuple(o for o in shown if o.count >= least)[:SHOWN_OPERATIONS]
    hidden = len(view.operations) - len(shown)
    return PerformanceContext(
        TITLE, shown, hidden, latency, used(results).counts, charts, tuple(view.limits_ms.items())
    )
