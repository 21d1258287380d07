"""Where a time axis has its ticks, and what stands there: round times of the viewer's clock, at the instants they mean.

An axis is drawn over instants, so that an hour is as wide in the night when clocks change as in any other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reporter.format.words import is_twice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

AT_MOST = 12
_MINUTES, _DAYS, _MONTHS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720), (1, 2, 7, 14), (1, 3, 12)
_MINUTES_A_DAY, _MINUTES_A_MONTH = 1440, 43_830


def ticks(start_ms: int, end_ms: int, zone: ZoneInfo) -> tuple[list[int], list[str]]:
    """Instants in a period (all epoch ms), about AT_MOST at most, and what each is called in `zone`: `Nov 20` at midnight,
    else `Fri 06:00`, with the offset's name where the clock shows that time twice."""
    start, end = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone) for ms in (start_ms, end_ms))
    minutes = (end_ms - start_ms) / 60_000
    by_minutes = next((n for n in _MINUTES if minutes / n <= AT_MOST), 0)
    by_days = next((n for n in _DAYS if minutes / n <= AT_MOST * _MINUTES_A_DAY), 0)
    by_months = next((n for n in _MONTHS if minutes / n <= AT_MOST * _MINUTES_A_MONTH), _MONTHS[-1])
    found = _clock(start, end, by_minutes) if by_minutes else _midnights(start, end, by_days, by_months)
    inside = [tick for tick in found if start_ms <= tick.timestamp() * 1000 <= end_ms]
    shown = inside[:: -(-len(inside) // (2 * AT_MOST)) or 1]
    return [int(tick.timestamp() * 1000) for tick in shown], [_label(tick, is_far=not by_minutes) for tick in shown]


def _clock(start: datetime, end: datetime, minutes: int) -> Iterator[datetime]:
    """All times that are whole multiples of `minutes` from midnight. Offsets from UTC are whole quarters of an hour: going
    by these meets the hour that comes twice twice, and never one that is left out."""
    step = timedelta(minutes=min(minutes, 15))
    at = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while at <= end:
        local = at.astimezone(start.tzinfo)
        if (local.hour * 60 + local.minute) % minutes == 0:
            yield local
        at += step


def _midnights(start: datetime, end: datetime, days: int, months: int) -> Iterator[datetime]:
    """Of every so manieth day, or where `days` is 0, of the first of every so manieth month."""
    if days:
        for ordinal in range(start.toordinal() // days * days, end.toordinal() + 1, days):
            yield datetime.fromordinal(ordinal).replace(tzinfo=start.tzinfo)
    else:
        for month in range((start.year * 12 + start.month - 1) // months * months, end.year * 12 + end.month, months):
            yield datetime(month // 12, month % 12 + 1, 1, tzinfo=start.tzinfo)


def _label(tick: datetime, *, is_far: bool) -> str:
    if is_far or (tick.hour, tick.minute) == (0, 0):
        return f"{tick:%b %d}"
    return f"{tick:%a %H:%M %Z}" if is_twice(tick) else f"{tick:%a %H:%M}"
