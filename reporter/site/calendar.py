"""The calendar over reports by day or week: a page of its own above them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import __version__
from reporter.site.output import write_file
from reporter.site.render import environment
from reporter.site.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from zoneinfo import ZoneInfo

_LEVELS = 4


class Dated(NamedTuple):
    """A report that is there: `name`, its folder; `start`, `end`: aware UTC; figures of its Overview; `state`: what it was made of."""

    name: str
    start: datetime
    end: datetime
    events: int
    traces: int
    operations: int
    errors: int
    faults: int
    state: str

    def plain(self) -> dict[str, Any]:
        return {**self._asdict(), "start": self.start.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def parsed(cls, row: dict[str, Any]) -> Dated:
        """Raises TypeError, ValueError, LookupError."""
        start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
        return cls(**{**row, "start": start, "end": end})


@dataclass(frozen=True)
class Cell:
    """A day of the calendar, or with `days` = 7 a week. `report`: None where there is none. `level`: 0 without a fault, else 1 to 4, a
    quarter of the most faults of any each."""

    day: date
    days: int
    report: Dated | None
    level: int

    @property
    def last(self) -> date:
        return self.day + timedelta(days=self.days - 1)


@dataclass(frozen=True)
class Month:
    """`weeks`: rows of cells, None for days of other months."""

    first: date
    weeks: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True)
class Calendar:
    """`months`: the latest first."""

    app: str
    by: str
    zone: str
    built_at: datetime
    version: str
    count: int
    faults: int
    months: tuple[Month, ...]
    latest: Dated | None


def write_calendar(
    reports: Iterable[Dated], output: Path, by: str, app: str, zone: ZoneInfo, built_at: datetime
) -> Path:
    """Write index.html and its style beside the reports' folders; its path. Raises OutputError."""
    found = sorted(reports)
    page = Calendar(
        app, by, zone.key, built_at, __version__, len(found), sum(one.faults for one in found), months(found, by, zone), found[-1] if found else None
    )  # fmt: skip
    text = environment(zone).get_template("calendar.html").render(page=page)
    write_file((resource_dir("assets") / "report.css").read_bytes(), output / "data" / "report.css")
    return write_file(text.encode(), output / "index.html")


def months(reports: Iterable[Dated], by: str, zone: ZoneInfo) -> tuple[Month, ...]:
    """From the month of the latest report back to that of the first. A week stands in the month of its Monday."""
    found = {one.start.astimezone(zone).date(): one for one in reports}
    if not found:
        return ()
    most = max(one.faults for one in found.values())
    first, last = min(found).replace(day=1), _month_end(max(found))
    rows: dict[date, list[tuple[Cell | None, ...]]] = defaultdict(list)
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        if by == "week":
            rows[monday.replace(day=1)].append((_cell(monday, 7, found, most),))
        else:
            days = [monday + timedelta(days=n) for n in range(7)]
            for month in dict.fromkeys(day.replace(day=1) for day in days):
                if first <= month <= last:
                    row = (_cell(day, 1, found, most) if day.replace(day=1) == month else None for day in days)
                    rows[month].append(tuple(row))
        monday += timedelta(days=7)
    return tuple(Month(month, tuple(rows[month])) for month in sorted(rows, reverse=True))


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _cell(day: date, days: int, found: dict[date, Dated], most: int) -> Cell:
    report = found.get(day)
    faults = report.faults if report else 0
    return Cell(day, days, report, ceil(_LEVELS * faults / most) if faults else 0)
