"""What templates see: `site` (the same on every page) and `page` (a page's own Context). Times stay UTC until a filter."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from reporter.format.ticks import ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import Source
    from reporter.window import Window

# A chart's data: lists where a page has many small charts, since a frame costs a millisecond.
Columns: TypeAlias = "pd.DataFrame | Mapping[str, list[Any]]"
# Signals of charts.py's axes; altair is not loaded for a few words.
PERIOD, TICKS, TICK_NAMES, UNIT = "period", "ticks", "tick_names", "unit"
# How long what is drawn of a moment lasts, in ms: no signal of a spec, but where a click on it leads.
STEP = "step"


@dataclass(frozen=True)
class Edition:
    """What a report is an edition of. `notes`: (source, what is to be said of it). `is_live`: its pages renew themselves. `chosen`: what it is
    about where that is not all. `reduced`: what is to be said of one
    that is made of cells. `above`: where the calendar is that it stands in."""

    app: str
    zone: ZoneInfo
    built_at: datetime
    notes: tuple[tuple[str, str], ...] = ()
    is_live: bool = False
    chosen: str = ""
    above: str = ""
    reduced: str = ""


@dataclass(frozen=True)
class TimeAxis:
    """What an axis of time spans, whose clock names it, and how long a bar on it is."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    seconds: int

    @cached_property
    def signals(self) -> dict[str, Any]:
        """Of charts.py's axis of time, and STEP."""
        period = [int(moment.timestamp() * 1000) for moment in (self.start, self.end)]
        at, names = ticks(period[0], period[1], self.zone)
        return {PERIOD: period, TICKS: at, TICK_NAMES: names, STEP: self.seconds * 1000}

    @classmethod
    def of(cls, window: Window, zone: ZoneInfo) -> TimeAxis:
        """All of a window, in whole buckets: the same on every chart of it, so that they are aligned."""
        step = window.bucket_seconds
        first, last = int(window.start.timestamp()) // step, -(-window.end.timestamp() // step)
        start, end = (datetime.fromtimestamp(n * step, UTC) for n in (first, last))
        return cls(start, end, zone, step)


@dataclass(frozen=True)
class Chart:
    """A chart's place on a page. `spec_name`: which of charts.py's; `signals`: what differs from its other uses.

    `data`: what its spec refers to by name, as frames or lists; `choices`: others for it, by what is chosen. `legend`: (series, what it is called).
    `follow`: how the page's filter makes its data (`RECIPES` in assets/follow-charts.js); None where it cannot.
    """

    name: str
    spec_name: str
    title: str
    signals: dict[str, Any]
    data: dict[str, Columns]
    height: int
    legend: tuple[tuple[str, str], ...] = ()
    choices: dict[str, dict[str, Columns]] = field(default_factory=dict)
    follow: dict[str, Any] | None = None

    def following(self, of: str, **recipe: Any) -> Chart:  # noqa: ANN401 - what JSON holds
        """The chart with a recipe: `of` says which of RECIPES."""
        return replace(self, follow={"of": of, **recipe})


@dataclass(frozen=True)
class NavItem:
    title: str
    href: str
    is_current: bool


@dataclass(frozen=True)
class Site:
    """Said on every page: what the report is about, of what, when and by what it was made."""

    app: str
    start: datetime
    end: datetime
    zone: str
    built_at: datetime
    version: str
    nav: tuple[NavItem, ...]
    sources: tuple[Source, ...]
    entries: int
    events: int
    rejects: int
    waiting: int
    notes: tuple[tuple[str, str], ...]
    is_partial: bool
    is_live: bool = False
    bucket_seconds: int = 3600
    chosen: str = ""
    above: str = ""
    hosts: tuple[str, ...] = ()
    reduced: str = ""


def chart(
    spec: str, title: str, height: int, name: str = "", axis: TimeAxis | None = None, unit: str = "count",
    legend: tuple[tuple[str, str], ...] = (), **data: Columns,
) -> Chart:  # fmt: skip
    """A chart with its data; `name` where a page has several of one spec, `axis` where it has one of time (columns `t` and `t2` in
    epoch ms). A legend of one says what the title does."""
    signals = {UNIT: unit, **(axis.signals if axis else {})}
    return Chart(name or spec, spec, title, signals, data, height, legend if len(legend) > 1 else ())


def epoch_ms(moments: Iterable[datetime]) -> pd.Series:
    """Milliseconds since 1970 of UTC times, aware or not, and of aware ones of any zone; with the index of a series."""
    found = moments if isinstance(moments, pd.Series) else pd.Series(list(moments), dtype="object")
    return pd.to_datetime(found, utc=True).dt.as_unit("ms").astype("int64")


def moments(column: pd.Series) -> list[Any]:
    """Times as Python's own, NaT where one is missing: to say one of pandas' takes six times as long."""
    # Of no rows the column has no type.
    found: list[Any] = list(pd.to_datetime(column).dt.to_pydatetime())
    return found


def rows(frame: pd.DataFrame) -> list[Any]:
    """A frame's rows as named tuples of Python's own values, None where one is missing: what templates go through."""
    # Column by column: a frame of objects, made of one of 60 rows, takes three times as long.
    row = namedtuple("Row", list(frame.columns), rename=True)  # type: ignore[misc]
    return list(map(row._make, zip(*(_plain(column) for _, column in frame.items()), strict=True)))


def _plain(column: pd.Series) -> list[Any]:
    found = moments(column) if column.dtype.kind == "M" else column.tolist()
    # Of the array: a look into a series takes as long as all else.
    missing = column.array.isna()
    return (
        [None if is_missing else value for value, is_missing in zip(found, missing, strict=True)]
        if missing.any()
        else found
    )
