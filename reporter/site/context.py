"""What templates see: `site` (the same on every page) and `page` (a page's own Context). Times stay UTC until a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reporter.site.specs import vega

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import Source

Columns = Mapping[str, Sequence[Any]]


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


def chart(spec: str, title: str, height: int, name: str = "", **data: Columns) -> Chart:
    """A compiled chart with its data; `name` where a page has several of one spec."""
    return Chart(name or spec, title, vega(spec), data, height)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of a UTC time, aware or not."""
    from datetime import UTC

    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def shown_ms(moment: datetime, zone: ZoneInfo) -> int:
    """Epoch ms of the wall clock in the viewer's zone, for charts whose axes are labelled in UTC."""
    from datetime import UTC

    local = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    return int(local.replace(tzinfo=UTC).timestamp() * 1000)
