"""The half-open period [start, end) in UTC that a report is about. Reads no clock: `now` comes as an argument."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from reporter.errors import UsageError

_PERIOD = re.compile(r"(\d{1,6})([smhdw])")
# Round widths of what is counted over time, in seconds; above a day, whole days.
_STEPS = (60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_BUCKETS = 96
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Window:
    """start ≤ t < end; both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            msg = (
                f"the window is empty: it starts {self.start:%Y-%m-%d %H:%M:%S}Z and ends {self.end:%Y-%m-%d %H:%M:%S}Z"
            )
            raise UsageError(msg, "Give a --since that lies before --until.")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def bucket_seconds(self) -> int:
        """The smallest round step that cuts the window into at most 96 pieces; buckets begin at its multiples since 1970."""
        seconds = self.length.total_seconds()
        days = math.ceil(seconds / _BUCKETS / 86400)
        return next((step for step in _STEPS if seconds / step <= _BUCKETS), days * 86400)

    def previous(self) -> Window:
        """The window of the same length right before this one; as much of it as there is after year 1."""
        first = datetime.min.replace(tzinfo=UTC)
        if self.start == first:
            return Window(first, first + timedelta(microseconds=1))
        return Window(max(first, self.start - min(self.length, self.start - first)), self.start)

    @property
    def sql(self) -> tuple[datetime, datetime]:
        """Start and end as the sink stores times: UTC without a zone."""
        return self.start.replace(tzinfo=None), self.end.replace(tzinfo=None)


def parse_period(text: str) -> timedelta:
    """`90s`, `15m`, `6h`, `7d`, `2w` → a positive timedelta. Raises UsageError."""
    match = _PERIOD.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        msg = f"“{text}” is not a period"
        raise UsageError(msg, "Write a number and a unit, such as 90s, 15m, 6h, 7d or 2w.")
    return timedelta(**{_UNIT[match[2]]: int(match[1])})


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """An ISO 8601 date or time (without offset: in `zone`) → aware UTC. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        msg = f"“{text}” is not a date or time"
        raise UsageError(msg, "Write it as 2026-11-20, 2026-11-20T12:00 or 2026-11-20T12:00:00Z.") from exc


def parse_compared(text: str, window: Window, zone: tzinfo) -> Window:
    """`previous`, or `2026-11-01..2026-11-07` with both days in it → the window to compare with. Raises UsageError."""
    if text == "previous":
        return window.previous()
    first, dots, last = text.partition("..")
    if not dots:
        msg = f"“{text}” is nothing to compare with"
        raise UsageError(msg, "Write previous, or two days such as 2026-11-01..2026-11-07.")
    end = parse_moment(last, zone)
    return Window(parse_moment(first, zone), end + timedelta(days=1) if len(last.strip()) == 10 else end)


def parse_window(last: str | None, since: str | None, until: str | None, zone: tzinfo, now: datetime) -> Window:
    """The window that --last, --since and --until ask for; 24 h up to now by default.

    `--last` counts back from `--until`. With `--since` and `--last` both given they contradict: UsageError.
    """
    if last and since:
        msg = "--last and --since cannot go together"
        raise UsageError(msg, "Use --since with --until, or --last with --until.")
    end = parse_moment(until, zone) if until else now
    try:
        start = parse_moment(since, zone) if since else end - parse_period(last or "24h")
    except OverflowError as exc:
        msg = f"--last {last} reaches back before year 1"
        raise UsageError(msg) from exc
    return Window(start, end)
