"""performance.html: what is slow, and how durations are spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter.analysis.latency import HEAT_ROWS
from reporter.analysis.results import used
from reporter.format import words
from reporter.site import series
from reporter.site.context import Chart, TimeAxis, chart, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from reporter.analysis.latency import Latency
    from reporter.analysis.performance import OperationFigures, PercentilePoint
    from reporter.analysis.results import Results
    from reporter.site.context import Columns

FILE, TITLE = "performance.html", "Performance"
# Operations whose histogram can be chosen: the most frequent.
CHOICES = 60
SHOWN_OPERATIONS = 1000


@dataclass(frozen=True)
class PerformanceContext:
    """`limits`: (type of work, its class limits in ms). `hidden`: operations beyond those shown, the least frequent;
    `without_page`: all that have none of their own."""

    title: str
    operations: tuple[OperationFigures, ...]
    hidden: int
    latency: Latency
    counts: Mapping[tuple[str, str], tuple[int, ...]]
    charts: tuple[Chart, ...]
    limits: tuple[tuple[str, tuple[float, ...]], ...]
    without_page: int


def histogram(results: Results, kind: str | None, title: str) -> Chart:
    """Durations of all kinds, or of one; with a choice of each of its operations."""
    found: dict[str, list[Any]] = {}
    for row in rows(used(results).latency.bins):
        if kind in (None, row.kind):
            found.setdefault(f"{row.kind} {row.operation}", []).append(row)
    whole = [b for b in results.performance.histogram if kind in (None, b.kind)]
    most = sorted(found, key=lambda name: (-sum(b.count for b in found[name]), name))[:CHOICES]
    kinds = tuple((name, name) for name in series.KINDS if any(b.kind == name for b in whole))
    made = chart(
        "histogram", title, 200, "performance_histogram", None, "count", kinds, histogram=bins(whole), marks=marks(None)
    )
    figures = {f"{o.kind} {o.operation}": o for o in results.performance.operations}
    choices = {name: {"histogram": bins(found[name]), "marks": marks(figures.get(name))} for name in sorted(most)}
    return replace(made, choices=choices).following("histogram", kind=kind)


def bins(found: Sequence[Any]) -> Columns:
    """The histogram's data of rows: kind, low_ms, high_ms, count."""
    return {
        "low_ms": [b.low_ms for b in found],
        "high_ms": [b.high_ms for b in found],
        "count": [b.count for b in found],
        "series": [b.kind for b in found],
        "tip": [
            f"{words.ms(b.low_ms)} to {words.ms(b.high_ms)} · {b.kind}: {words.counted(b.count, 'operation')}"
            for b in found
        ],
    }


def marks(figures: OperationFigures | None) -> Columns:
    """Where p50 and p95 of one operation lie in its histogram."""
    named = (("p50", figures.p50_ms), ("p95", figures.p95_ms)) if figures else ()
    known = [(name, value) for name, value in named if value is not None]
    tips = [f"{name} {words.ms(value)}" for name, value in known]
    return {"ms": [max(0.1, value) for _, value in known], "label": [name for name, _ in known], "tip": tips}


def _heat(cells: pd.DataFrame) -> Chart:
    row = cells["kind"].astype(str) + " " + cells["operation"]
    tips = [
        f"{name}, {hour}:00 to {hour + 1}:00: p95 {words.ms(p95)} of {count:,}"
        for name, hour, p95, count in zip(row, cells["hour"], cells["p95_ms"], cells["count"], strict=True)
    ]
    data = pd.DataFrame({"hour": cells["hour"], "row": row, "value": cells["p95_ms"].clip(lower=0.1), "tip": tips})
    title = "p95 by hour of the day, of the operations that take most time"
    return chart("heat_map", title, 320, unit="ms", cells=data).following("heat", rows=HEAT_ROWS)


def _percentiles(points: Sequence[PercentilePoint], axis: TimeAxis) -> Chart:
    tips = [
        f"{words.moment(p.start, axis.zone)} · {p.kind}: p50 {words.ms(p.p50_ms)}, p95 {words.ms(p.p95_ms)} of {p.count:,}"
        for p in points
    ]
    told = pd.DataFrame(points).rename(columns={"kind": "name", "p95_ms": "value"}).assign(tip=tips)
    title = "p95 over time by kind"
    return series.lines(
        "performance_percentiles", title, told, series.KINDS, axis, height=220, follow={"of": "percentiles"}
    )


def context(results: Results, zone: ZoneInfo) -> PerformanceContext:
    view, latency = results.performance, used(results).latency
    charts: tuple[Chart, ...] = ()
    if view.histogram:
        charts = (
            histogram(results, None, "How long operations take"),
            _percentiles(view.over_time, TimeAxis.of(results.window, zone)),
            _heat(latency.heat),
        )
    shown = view.listed
    if len(shown) > SHOWN_OPERATIONS:
        least = sorted(o.count for o in shown)[-SHOWN_OPERATIONS]
        shown = tuple(o for o in shown if o.count >= least)[:SHOWN_OPERATIONS]
    hidden = len(view.listed) - len(shown)
    return PerformanceContext(
        TITLE,
        shown,
        hidden,
        latency,
        used(results).counts,
        charts,
        tuple(view.limits_ms.items()),
        len(view.listed) - len(used(results).operations.detailed),
    )
