"""trends.html: the sink's whole memory by day, and against another window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site import ranked
from reporter.site.context import Chart, chart, epoch_ms, rows

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.changes import Changes
    from reporter.analysis.results import Results
    from reporter.analysis.trends import Trends

FILE, TITLE = "trends.html", "Trends"

_DAY_SECONDS, _SHOWN_DAYS = 86400, 14


@dataclass(frozen=True)
class TrendsContext:
    """`shown_days`: the last days; `rows`: kinds and operations with their count and p95_ms on each of these, None without."""

    title: str
    view: Trends
    changes: Changes
    ranks: ranked.Ranking
    shown_days: tuple[datetime, ...]
    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> TrendsContext:
    view = used(results).trends
    chosen = _stretches(view.operations, zone).rename(columns={"p95_ms": "value"})
    ranks = ranked.ranking_of(chosen)
    charts: tuple[Chart, ...] = ()
    if len(view.days):
        charts = (
            _events(_stretches(view.days, zone), zone),
            _by_kind(_stretches(view.kinds, zone), zone),
            ranked.lines("operations", "p95 a day of the operations that take most time", chosen, ranks, zone),
        )
    days = tuple(view.days["day"].dt.to_pydatetime())[-_SHOWN_DAYS:]
    points = {(p.name, p.day.to_pydatetime()): p for frame in (view.kinds, view.operations) for p in rows(frame)}
    names = list(dict.fromkeys([*sorted(view.kinds["name"].unique()), *sorted(view.operations["name"].unique())]))
    table = tuple((name, tuple(points.get((name, day)) for day in days)) for name in names)
    return TrendsContext(TITLE, view, results.changes, ranks, days, table, charts)


def _stretches(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """With `start` and `end`, the instants of a day's midnights, which may lie 23 or 25 hours apart."""
    begin, end = (
        day.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        for day in (frame["day"], frame["day"] + pd.DateOffset(days=1))
    )
    return frame.assign(start=begin, end=end)


def _events(days: pd.DataFrame, zone: ZoneInfo) -> Chart:
    parts = (
        ("events without an error", days["events"] - days["error_events"]),
        ("error events", days["error_events"]),
    )
    points = pd.concat([days[["start", "end"]].assign(name=name, value=value.astype(float)) for name, value in parts])
    colours = {"events without an error": "1", "error events": "6"}
    return ranked.bars("days", "Events a day; error events in red", points, colours, _DAY_SECONDS, zone, ranked.times)


def _by_kind(points: pd.DataFrame, zone: ZoneInfo) -> Chart:
    tips = [f"{p.day:%Y-%m-%d} · {p.name}: p95 {words.ms(p.p95_ms)} of {p.count:,}" for p in rows(points)]
    data = {
        "t": epoch_ms(points["start"]),
        "kind": points["name"],
        "p95_ms": points["p95_ms"].clip(lower=0.1),
        "tip": tips,
    }
    return chart("performance_percentiles", "p95 a day by kind", 220, zone=zone, percentiles=pd.DataFrame(data))
