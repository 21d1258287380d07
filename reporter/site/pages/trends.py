"""trends.html: the sink's whole memory by day, and against another window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site import series
from reporter.site.context import TimeAxis, chart, epoch_ms, moments, rows

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.changes import Change, Changes
    from reporter.analysis.results import Results
    from reporter.analysis.trends import Trends
    from reporter.site.context import Chart, Columns

FILE, TITLE = "trends.html", "Trends"

_DAY_SECONDS, _SHOWN_DAYS = 86400, 14
_SUMS = ("events", "error_events", "operations", "errors", "tokens", "cost_usd")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class TrendsContext:
    """`shown_days`: the last days; `rows`: kinds and operations with their count and p95_ms on each of these, None without.
    `hours`: each weekday with its count of operations in each hour. `compared`: kinds against the other window; models' calls that their
    streams show on both sides, once."""

    title: str
    view: Trends
    changes: Changes
    colours: series.Colours
    shown_days: tuple[datetime, ...]
    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    hours: tuple[tuple[str, tuple[int, ...]], ...]
    compared: tuple[tuple[str, Change], ...]
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> TrendsContext:
    view = used(results).trends
    kinds, operations = _once(view.kinds), _once(view.operations)
    chosen = _stretches(operations, zone).rename(columns={"p95_ms": "value"})
    # Its kind apart, an operation has the colour of the other pages.
    colours = series.colours_of(chosen, lambda name: name.partition(" ")[2])
    charts: tuple[Chart, ...] = ()
    if len(view.days):
        stretches = _stretches(view.days, zone)
        axis = TimeAxis(stretches["start"].min(), stretches["end"].max(), zone, _DAY_SECONDS)
        charts = (_events(stretches, axis).following("days", **_by_day(_stretches(view.of_kinds, zone), zone)),)
        # Of days on which nothing finished there are no lines.
        if not kinds.empty:
            charts += (
                _by_kind(_stretches(kinds, zone), axis).following(
                    "kept", names=dict(zip(series.KINDS, series.KINDS, strict=True))
                ),
                series.lines(
                    "operations", "p95 a day of the operations that take most time", chosen, colours, axis
                ).following("kept", names={colour: name for name, colour in colours.items()}),
            )
    if len(view.hours):
        charts += (_by_hour(view.hours),)
    days = tuple(view.days["day"].dt.to_pydatetime())[-_SHOWN_DAYS:]
    points = {(p.name, p.day): p for frame in (kinds, operations) for p in rows(frame)}
    names = list(dict.fromkeys([*sorted(kinds["name"].unique()), *sorted(operations["name"].unique())]))
    table = tuple((name, tuple(points.get((name, day)) for day in days)) for name in names)
    return TrendsContext(
        TITLE,
        view,
        results.changes,
        colours | series.KINDS,
        days,
        table,
        _hours(view.hours),
        _compared(results.changes),
        charts,
    )


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """Without a model's calls on days on which as many streams tell of them: daily figures know no single calls."""
    found = list(zip(frame["day"].tolist(), frame["name"].tolist(), frame["count"].tolist(), strict=True))
    told = {(day, name.replace("chat", "llm", 1), count) for day, name, count in found if name.split(" ")[0] == "chat"}
    return frame[pd.Series([row not in told for row in found], index=frame.index, dtype=bool)]


def _compared(changes: Changes) -> tuple[tuple[str, Change], ...]:
    kinds = changes.kinds
    chat, llm = kinds.get("chat"), kinds.get("llm")
    is_same = chat and llm and all(getattr(chat, side).count == getattr(llm, side).count for side in ("before", "now"))
    return tuple((name, kinds[name]) for name in series.KINDS if name in kinds and not (is_same and name == "llm"))


def _stretches(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """With `start` and `end`, the instants of a day's midnights, which may lie 23 or 25 hours apart."""
    begin, end = (
        day.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        for day in (frame["day"], frame["day"] + pd.DateOffset(days=1))
    )
    return frame.assign(start=begin, end=end)


def _events(days: pd.DataFrame, axis: TimeAxis) -> Chart:
    parts = (
        ("events without an error", days["events"] - days["error_events"]),
        ("error events", days["error_events"]),
    )
    points = pd.concat([days[["start", "end"]].assign(name=name, value=value.astype(float)) for name, value in parts])
    colours = {"events without an error": "ok", "error events": "error"}
    return series.bars("days", "Events a day", points, colours, axis, series.times)


def _by_day(stretches: pd.DataFrame, zone: ZoneInfo) -> Columns:
    """What the days under a filter are made of: columns of each day and kind."""
    found = {name: stretches[name].tolist() for name in ("kind", *_SUMS)}
    return {
        "t": epoch_ms(stretches["start"]).tolist(),
        "t2": epoch_ms(stretches["end"]).tolist(),
        "day": [words.moment(start, zone) for start in moments(stretches["start"])],
        **found,
    }


def _by_kind(points: pd.DataFrame, axis: TimeAxis) -> Chart:
    tips = [f"{p.day:%Y-%m-%d} · {p.name}: p95 {words.ms(p.p95_ms)} of {p.count:,}" for p in rows(points)]
    told = points.rename(columns={"p95_ms": "value"}).assign(tip=tips)
    return series.lines("performance_percentiles", "p95 a day by kind", told, series.KINDS, axis, height=220)


def _hours(found: pd.DataFrame) -> tuple[tuple[str, tuple[int, ...]], ...]:
    counts = found.groupby(["weekday", "hour"])["count"].sum().to_dict()
    return tuple(
        (name, tuple(counts.get((number, hour), 0) for hour in range(24))) for number, name in enumerate(_WEEKDAYS, 1)
    )


def _by_hour(found: pd.DataFrame) -> Chart:
    """Operations an hour, of an average such weekday; with a choice of each kind, which the filter makes too."""
    whole = found.groupby(["weekday", "hour"], as_index=False).agg(count=("count", "sum"), days=("days", "first"))
    kinds = [kind for kind in series.KINDS if (found["kind"] == kind).any()]
    made = chart("heat_map", "Usage by hour and weekday: operations an hour", 230, "hours", cells=_cells(whole))
    counts = {kind: [list(hours) for _, hours in _hours(found[found["kind"] == kind])] for kind in kinds}
    return replace(
        made.following("choice", counts=counts, days=_WEEKDAYS),
        choices={kind: {"cells": _cells(found[found["kind"] == kind])} for kind in kinds},
    )


def _cells(found: pd.DataFrame) -> Columns:
    cells = rows(found)
    return {
        "hour": [c.hour for c in cells],
        "row": [_WEEKDAYS[c.weekday - 1] for c in cells],
        "value": [c.count / c.days for c in cells],
        "tip": [
            f"{_WEEKDAYS[c.weekday - 1]} {c.hour}:00 to {c.hour + 1}:00: {c.count:,} operations on {c.days:,} of these days"
            for c in cells
        ],
    }
