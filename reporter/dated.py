"""Reports by day or week: a folder each, made anew only where its events are others, and a calendar over all of them.

`output/data/days.json` says which there are and what each was made of. Only folders that stand there are ever removed.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import __version__
from reporter.analysis import select_window
from reporter.errors import OutputError
from reporter.reading import state_of
from reporter.run import read
from reporter.sink.file import open_sink
from reporter.sink.standing import digest
from reporter.sink.taking_in import take_in
from reporter.site.calendar import Dated, write_calendar
from reporter.site.output import MARKER, write_file
from reporter.window import Window, parse_compared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.asked import Asked
    from reporter.sources import Listener

KEPT = "data/days.json"
_DAYS = {"day": 1, "week": 7}
_NAME = re.compile(r"\d{4}-(?:\d\d-\d\d|W\d\d)")


class Stretch(NamedTuple):
    """A day or a week of the viewer's zone: `name`, its folder; `window`: no later than the build."""

    name: str
    window: Window


class Done(NamedTuple):
    """`page`: the calendar; `built`: names of the reports that were made; `kept`: how many there are; `removed`: those that were too old."""

    page: Path
    built: tuple[str, ...]
    kept: int
    removed: tuple[str, ...]


def stretches(window: Window, zone: ZoneInfo, by: str, now: datetime) -> Iterator[Stretch]:
    """The whole days, or weeks from Monday on, that the window touches."""
    day = window.start.astimezone(zone).date()
    day -= timedelta(days=day.weekday() if by == "week" else 0)
    while (start := _midnight(day, zone)) < min(window.end, now):
        after = day + timedelta(days=_DAYS[by])
        year, week, _ = day.isocalendar()
        name = f"{year}-W{week:02}" if by == "week" else day.isoformat()
        yield Stretch(name, Window(start, min(_midnight(after, zone), now)))
        day = after


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def write_dated(asked: Asked, by: str, output: Path, listener: Listener) -> Done:
    """Make the reports of the days or weeks that the window touches, as far as they are not there as they would be, and the calendar.
    Raises ReportError."""
    there, once = _there(output, by, asked.zone), listener.once()
    take_in(asked.settings, asked.built_at, once)
    wanted = list(_wanted(asked, by, there))
    for stretch, state in wanted:
        job = replace(asked, window=stretch.window, compared=_compared(asked, stretch))
        run = read(job, once, is_to_be_written=True)
        beside = next((output / name for name in sorted(there, reverse=True) if name != stretch.name), None)
        run.write(output / stretch.name, above="../index.html", beside=beside, listener=once)
        totals = run.overview.totals
        there[stretch.name] = Dated(
            stretch.name, stretch.window.start, stretch.window.end, totals.events, totals.traces, totals.operations, totals.errors, totals.faults, state
        )  # fmt: skip
        _keep(output, by, asked.zone, there)
    removed = _remove_old(output, there, asked.settings.keep_days)
    _keep(output, by, asked.zone, there)
    page = write_calendar(there.values(), output, by, asked.settings.title, asked.zone, asked.built_at)
    return Done(page, tuple(stretch.name for stretch, _ in wanted), len(there), removed)


def _compared(asked: Asked, stretch: Stretch) -> Window:
    return parse_compared(asked.settings.compare, stretch.window, asked.zone)


def _wanted(asked: Asked, by: str, there: dict[str, Dated]) -> Iterator[tuple[Stretch, str]]:
    """What is to be made, with what it is made of. What holds no event is not begun; what was made of events that the retention has
    let go of since stays as it is."""
    settings = asked.settings
    with open_sink(settings.sink, read_only=True) as sink:
        floor = max(sink.kept_since().values(), default=datetime.min)
        for stretch in stretches(asked.window, asked.zone, by, asked.built_at):
            con, compared = sink.connection, _compared(asked, stretch)
            select_window(con, stretch.window, compared, settings.chosen)
            found = state_of(con)
            state = digest([__version__, settings, asked.zone.key, stretch.name, found, state_of(con, "compared")])
            before = there.get(stretch.name)
            is_settled = before and (before.state == state or floor > stretch.window.sql[0])
            if not is_settled and (before or found[0][0]):
                yield stretch, state


def _there(output: Path, by: str, zone: ZoneInfo) -> dict[str, Dated]:
    """The reports that are there, by name. Raises OutputError for a folder that holds something else."""
    path = output / KEPT
    try:
        if not path.is_file():
            if output.exists() and (not output.is_dir() or any(output.iterdir())):
                msg = f"{output} holds something that is no calendar of reports"
                raise OutputError(msg, "Name another folder with -o DIR.")
            return {}
        told: dict[str, Any] = json.loads(path.read_bytes())
        if (told["by"], told["zone"]) != (by, zone.key):
            msg = f"{output} keeps reports by {told['by']} in {told['zone']}"
            raise OutputError(msg, "Name another folder with -o DIR.")
        found = [Dated.parsed(row) for row in told["reports"]]
    except (OSError, ValueError, LookupError, TypeError) as exc:
        msg = f"{path} cannot be read: {exc}"
        raise OutputError(msg, "Name another folder with -o DIR.") from exc
    # What is not called like one and holds no report's mark is never ours to remove, whatever the file says.
    return {one.name: one for one in found if _NAME.fullmatch(one.name) and (output / one.name / MARKER).is_file()}


def _keep(output: Path, by: str, zone: ZoneInfo, there: dict[str, Dated]) -> None:
    rows = [there[name].plain() for name in sorted(there)]
    try:
        (output / KEPT).parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        msg = f"the reports cannot be written to {output}: {exc.strerror}"
        raise OutputError(msg, "Name another folder with -o DIR.") from exc
    write_file(json.dumps({"by": by, "zone": zone.key, "reports": rows}, indent=1).encode(), output / KEPT)


def _remove_old(output: Path, there: dict[str, Dated], days: int) -> tuple[str, ...]:
    """Reports that began more than so many days before the latest; 0: none."""
    latest = max((one.start for one in there.values()), default=None)
    if not days or not latest:
        return ()
    old = tuple(sorted(name for name, one in there.items() if one.start <= latest - timedelta(days=days)))
    for name in old:
        shutil.rmtree(output / name, ignore_errors=True)
        del there[name]
    return old
