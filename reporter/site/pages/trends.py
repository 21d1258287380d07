"""trends.html: the sink's whole memory by day, and against another window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.format import words
from reporter.site import ranked
from reporter.site.context import Chart, Columns, chart, epoch_ms

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.changes import Changes
    from reporter.analysis.results import Results
    from reporter.analysis.trends import DayPoint, Trends

FILE, TITLE = "trends.html", "Trends"

_DAY_SECONDS, _SHOWN_DAYS = 86400, 14


@dataclass(frozen=True)
class TrendsContext:
    title: str
    view: Trends
    changes: Changes
    ranks: ranked.Ranking
    shown_days: tuple[datetime, ...]
    rows: tuple[tuple[str, tuple[DayPoint | None, ...]], ...]
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> TrendsContext:
    """`rows`: the last days, a name each."""
    view = used(results).trends
    chosen = [(_midnight(p.day, zone), p.name, p.p95_ms) for p in view.operations]
    ranks = ranked.ranking_of(chosen)
    charts: tuple[Chart, ...] = ()
    if view.days:
        begins = [_midnight(d.day, zone) for d in view.days]
        events = [
            (start, "events without an error", float(d.events - d.error_events))
            for start, d in zip(begins, view.days, strict=True)
        ]
        events += [(start, "error events", float(d.error_events)) for start, d in zip(begins, view.days, strict=True)]
        colours = {"events without an error": "1", "error events": "6"}
        charts = (
            ranked.bars("days", "Events a day; error events in red", events, colours, _DAY_SECONDS, zone, ranked.times),
            _by_kind(view.kinds, zone),
            ranked.lines("operations", "p95 a day of the operations that take most time", chosen, ranks, zone),
        )
    days = tuple(d.day for d in view.days)[-_SHOWN_DAYS:]
    points = {(p.name, p.day): p for p in (*view.kinds, *view.operations)}
    names = list(dict.fromkeys([*sorted({p.name for p in view.kinds}), *sorted({p.name for p in view.operations})]))
    rows = tuple((name, tuple(points.get((name, day)) for day in days)) for name in names)
    return TrendsContext(TITLE, view, results.changes, ranks, days, rows, charts)


def _midnight(day: datetime, zone: ZoneInfo) -> datetime:
    """The instant; from there on a day's seconds lead to the next midnight, as Python adds to times of a zone."""
    return day.replace(tzinfo=zone)


def _by_kind(points: tuple[DayPoint, ...], zone: ZoneInfo) -> Chart:
    data: Columns = {
        "t": [epoch_ms(_midnight(p.day, zone)) for p in points],
        "kind": [p.name for p in points],
        "p95_ms": [max(p.p95_ms, 0.1) for p in points],
        "tip": [f"{p.day:%Y-%m-%d} · {p.name}: p95 {words.ms(p.p95_ms)} of {p.count:,}" for p in points],
    }
    return chart("performance_percentiles", "p95 a day by kind", 220, zone=zone, percentiles=data)
