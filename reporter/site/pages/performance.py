"""performance.html: what is slow, and how durations are spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site import series
from reporter.site.context import Chart, TimeAxis, chart

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
    kinds = tuple((kind, kind) for kind in series.KINDS if kind in set(whole["kind"]))
    made = chart(
        "histogram", title, 200, "performance_histogram", legend=kinds, histogram=bins(whole), marks=marks(None)
    )
    figures = {f"{o.kind} {o.operation}": o for o in results.performance.operations}
    choices = {
        name: {"histogram": bins(single[names == name]), "marks": marks(figures.get(name))} for name in sorted(most)
    }
    return replace(made, choices=choices)


def bins(found: pd.DataFrame) -> pd.DataFrame:
    """The histogram's data of `found`: kind, low_ms, high_ms, count."""
    tips = [
        f"{words.ms(low)} to {words.ms(high)} · {kind}: {count:,} operations"
        for low, high, kind, count in zip(found["low_ms"], found["high_ms"], found["kind"], found["count"], strict=True)
    ]
    return found[["low_ms", "high_ms", "count"]].assign(series=found["kind"], tip=tips)


def marks(figures: OperationFigures | None) -> pd.DataFrame:
    """Where p50 and p95 of one operation lie in its histogram."""
    named = (("p50", figures.p50_ms), ("p95", figures.p95_ms)) if figures else ()
    rows = [(max(0.1, value), name, f"{name} {words.ms(value)}") for name, value in named if value is not None]
    return pd.DataFrame(rows, columns=["ms", "label", "tip"])


def _heat(cells: pd.DataFrame) -> Chart:
    row = cells["kind"].astype(str) + " " + cells["operation"]
    tips = [
        f"{name}, {hour}:00 to {hour + 1}:00: p95 {words.ms(p95)} of {count:,}"
        for name, hour, p95, count in zip(row, cells["hour"], cells["p95_ms"], cells["count"], strict=True)
    ]
    data = pd.DataFrame({"hour": cells["hour"], "row": row, "value": cells["p95_ms"].clip(lower=0.1), "tip": tips})
    title = "p95 by hour of the day, of the operations that take most time"
    return chart("heat_map", title, 320, unit="ms", cells=data)


def _percentiles(points: Sequence[PercentilePoint], axis: TimeAxis) -> Chart:
    tips = [
        f"{words.moment(p.start, axis.zone)} · {p.kind}: p50 {words.ms(p.p50_ms)}, p95 {words.ms(p.p95_ms)} of {p.count:,}"
        for p in points
    ]
    told = pd.DataFrame(points).rename(columns={"kind": "name", "p95_ms": "value"}).assign(tip=tips)
    title = "p95 over time by kind"
    return series.lines("performance_percentiles", title, told, series.KINDS, axis, height=220)


def context(results: Results, zone: ZoneInfo) -> PerformanceContext:
    view, latency = results.performance, used(results).latency
    charts: tuple[Chart, ...] = ()
    if view.histogram:
        charts = (
            histogram(results, None, "How long operations take"),
            _percentiles(view.over_time, TimeAxis.of(results.window, zone)),
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
