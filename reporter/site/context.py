"""What templates see: `site` (the same on every page) and `page` (a page's own Context). Times stay UTC until a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reporter.format.ticks import ticks
from reporter.site.specs import vega

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import Source

Columns = Mapping[str, Sequence[Any]]
# Signals of charts.py's time axes; altair is not loaded for two words.
TICKS, TICK_NAMES = "ticks", "tick_names"


@dataclass(frozen=True)
class Chart:
    """A chart's place on a page. `data`: the named data sets its spec refers to, columnar; `choices`: other data for it, by name."""

    name: str
    title: str
    spec: dict[str, Any]
    data: dict[str, Columns]
    height: int
    choices: dict[str, dict[str, Columns]] = field(default_factory=dict)


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


def chart(spec: str, title: str, height: int, name: str = "", zone: ZoneInfo | None = None, **data: Columns) -> Chart:
    """A compiled chart with its data; `name` where a page has several of one spec, `zone` where it has an axis of time
    (columns `t` and `t2` in epoch ms)."""
    made = vega(spec)
    if zone:
        times = [t for columns in data.values() for column in ("t", "t2") for t in columns.get(column, ())]
        at, names = ticks(min(times, default=0), max(times, default=0), zone)
        made.setdefault("signals", []).extend(({"name": TICKS, "value": at}, {"name": TICK_NAMES, "value": names}))
    return Chart(name or spec, title, made, data, height)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of a UTC time, aware or not."""
    from datetime import UTC

    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
