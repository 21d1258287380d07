"""What templates see: `site` (the same on every page) and `page` (a page's own Context). Times stay UTC until a filter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter.format.ticks import ticks
from reporter.site.specs import vega

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import Source

# Signals of charts.py's time axes; altair is not loaded for two words.
TICKS, TICK_NAMES = "ticks", "tick_names"


@dataclass(frozen=True)
class Edition:
    """What a report is an edition of. `notes`: (source, what is to be said of it). `is_live`: its pages renew themselves."""

    app: str
    zone: ZoneInfo
    built_at: datetime
    notes: tuple[tuple[str, str], ...] = ()
    is_live: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart's place on a page. `data`: the frames its spec refers to by name; `choices`: others for it, by what is chosen."""

    name: str
    spec_name: str
    title: str
    spec: dict[str, Any]
    data: dict[str, pd.DataFrame]
    height: int
    choices: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)


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


def chart(
    spec: str, title: str, height: int, name: str = "", zone: ZoneInfo | None = None, **data: pd.DataFrame
) -> Chart:
    """A compiled chart with its data; `name` where a page has several of one spec, `zone` where it has an axis of time
    (columns `t` and `t2` in epoch ms)."""
    made = vega(spec)
    if zone:
        times = [frame[column] for frame in data.values() for column in ("t", "t2") if column in frame and len(frame)]
        first, last = (min(t.min() for t in times), max(t.max() for t in times)) if times else (0, 0)
        at, names = ticks(int(first), int(last), zone)
        made.setdefault("signals", []).extend(({"name": TICKS, "value": at}, {"name": TICK_NAMES, "value": names}))
    return Chart(name or spec, spec, title, made, data, height)


def epoch_ms(moments: Iterable[datetime]) -> pd.Series:
    """Milliseconds since 1970 of UTC times, aware or not, and of aware ones of any zone; with the index of a series."""
    found = moments if isinstance(moments, pd.Series) else pd.Series(list(moments), dtype="object")
    return pd.to_datetime(found, utc=True).dt.as_unit("ms").astype("int64")


def rows(frame: pd.DataFrame) -> list[Any]:
    """A frame's rows as named tuples of Python's own values, None where one is missing: what templates go through."""
    plain = frame.astype(object)
    return list(plain.where(frame.notna(), None).itertuples(index=False, name="Row"))
