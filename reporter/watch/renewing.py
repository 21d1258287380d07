"""What the second process of a watch does: take in what is new and build the report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reporter.errors import DamagedSinkError
from reporter.sink.damage import set_aside
from reporter.sources import Listener
from reporter.window import Window

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.settings.app import Settings


@dataclass(frozen=True)
class Job:
    """Build the report of the last `period`, or with no `output` only take in."""

    settings: Settings
    period: timedelta
    output: Path | None
    zone: ZoneInfo
    compare: str


def renew(job: Job) -> tuple[datetime, list[str]]:
    """As `_renewed`, with a damaged sink made anew."""
    try:
        return _renewed(job)
    except DamagedSinkError as exc:
        notes = list[str]()
        set_aside(exc, notes.append)
    at, more = _renewed(job)
    return at, notes + more


def _renewed(job: Job) -> tuple[datetime, list[str]]:
    """Take in what is new and build the report; when that was begun, and what there is to note. Raises ReportError."""
    from reporter.asked import Asked
    from reporter.run import read
    from reporter.sink.taking_in import take_in
    from reporter.window import parse_compared

    now, notes = datetime.now(UTC), list[str]()
    listener = Listener(on_note=notes.append)
    if not job.output:
        take_in(job.settings, now, listener)
        return now, notes
    window = Window(now - job.period, now)
    asked = Asked(job.settings, window, parse_compared(job.compare, window, job.zone), job.zone, now)
    read(asked, listener, is_to_be_written=True).write(job.output, is_live=True)
    return now, notes
