"""Charts by name: the six largest names have a colour each (`--g1` and so on), the rest are one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, Columns, chart, epoch_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results

# As many as charts.py has colours for.
COLOURED = 6
Ranking = dict[str, str]
Point = tuple["datetime", str, float]


def ranking(weights: Mapping[str, float]) -> Ranking:
    """Name → its colour's name, the heaviest first; ties by name."""
    ordered = sorted(weights, key=lambda name: (-weights[name], name))
    return {name: str(n + 1) if n < COLOURED else "other" for n, name in enumerate(ordered)}


def ranking_of(points: Iterable[Point]) -> Ranking:
    """The ranking by each name's sum."""
    sums: dict[str, float] = {}
    for _, name, value in points:
        sums[name] = sums.get(name, 0) + value
    return ranking(sums)


def times(value: float) -> str:
    return f"{value:,.0f}×"


def counted(results: Results, operations: Iterable[OperationFigures]) -> list[Point]:
    """How many of each operation finished, by bucket of the window."""
    counts = used(results).latency.counts
    starts = results.errors.buckets
    return [
        (start, o.operation, float(n))
        for o in operations
        for start, n in zip(starts, counts.get((o.kind, o.operation), ()), strict=False)
        if n
    ]


def bars(
    name: str, title: str, points: Iterable[Point], ranks: Ranking, step: int, zone: ZoneInfo,
    say: Callable[[float], str], shown: Mapping[str, str] | None = None,
) -> Chart:  # fmt: skip
    """Stacked bars of (start, name, value), each `step` seconds long; `say` writes a value, `shown` has names to be read."""
    sums: dict[tuple[datetime, str], tuple[float, str]] = {}
    for start, what, value in points:
        rank = ranks.get(what, "other")
        so_far, _ = sums.get((start, rank), (0.0, ""))
        sums[start, rank] = (so_far + value, (shown or {}).get(what, what) if rank != "other" else "others")
    rows = [(start, rank, value, what) for (start, rank), (value, what) in sums.items() if value]
    data: Columns = {
        "t": [epoch_ms(start) for start, *_ in rows],
        # In the zone of `start`: a day from midnight to midnight may have 23 hours.
        "t2": [epoch_ms(start + timedelta(seconds=step)) for start, *_ in rows],
        "rank": [rank for _, rank, _, _ in rows],
        "value": [value for _, _, value, _ in rows],
        "tip": [f"{words.moment(start, zone)} · {what}: {say(value)}" for start, _, value, what in rows],
    }
    return chart("ranked_bars", title, 190, name, zone, bars=data)


def lines(name: str, title: str, points: Iterable[Point], ranks: Ranking, zone: ZoneInfo) -> Chart:
    """A line of durations in ms for each of the coloured names."""
    rows = [(start, what, value) for start, what, value in points if ranks.get(what, "other") != "other"]
    data: Columns = {
        "t": [epoch_ms(start) for start, _, _ in rows],
        "rank": [ranks[what] for _, what, _ in rows],
        "ms": [max(value, 0.1) for _, _, value in rows],
        "tip": [f"{words.moment(start, zone)} · {what}: {words.ms(value)}" for start, what, value in rows],
    }
    return chart("ranked_lines", title, 190, name, zone, lines=data)
