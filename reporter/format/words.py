"""Values → the words people read. The same on page and terminal: jinja filters are these functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DASH = "–"


def ms(value: float | None) -> str:
    """340 ms, 1.2 s, 3 min 5 s; a dash without a value (nothing takes less than no time)."""
    if value is None or value < 0:
        return DASH
    if value < 9.995:
        return f"{value:.1f} ms" if value else "0 ms"
    if value < 999.5:
        return f"{value:.0f} ms"
    if value < 59_950:
        return f"{value / 1000:.2f} s" if value < 9_995 else f"{value / 1000:.1f} s"
    if value > 1e13:
        return f"{value:.3g} ms"
    seconds = round(value / 1000)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600:,} h {seconds % 3600 // 60} min"


def took(value: float | None) -> str:
    """The same of an event, where most have no duration: blank without one."""
    return "" if value is None else ms(value)


def name(text: str, at_most: int = 60) -> str:
    """A name as it fits a row: of a longer one, its beginning and its end."""
    end = min(19, at_most // 3)
    return text if len(text) <= at_most else f"{text[: at_most - 1 - end]}…{text[-end:]}"


def cut(text: str, at_most: int) -> str:
    """A text as it fits: of a longer one, its beginning."""
    return text if len(text) <= at_most else f"{text[: at_most - 1].rstrip()}…"


def count(value: int | None) -> str:
    """1,234 in full: counts are compared digit by digit."""
    return DASH if value is None else f"{value:,}"


def short(value: int) -> str:
    """12.4k, 3.1M: three digits of a figure that stands alone; up to 9,999 in full."""
    if value < 10_000:
        return f"{value:,}"
    rounded = float(f"{value:.3g}")
    scale, unit = next(((s, u) for s, u in ((1e12, "T"), (1e9, "G"), (1e6, "M")) if rounded >= s), (1e3, "k"))
    return f"{rounded / scale:,.10g}{unit}"


def rate(value: float | None) -> str:
    """A 0–1 rate as per cent."""
    if value is None:
        return DASH
    percent = value * 100
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.2f} %" if percent < 0.995 else f"{percent:.1f} %"


def chance(value: float | None) -> str:
    """How sure a change is: p < 0.001, p = 0.004."""
    return "too few to tell" if value is None else "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def usd(value: float | None) -> str:
    if value is None:
        return DASH
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.4f}"


def size(value: int) -> str:
    """Bytes in kB and MB of 1000."""
    return f"{value} B" if value < 1000 else f"{value / 1000:.1f} kB" if value < 1_000_000 else f"{value / 1e6:.1f} MB"


def counted(value: int, noun: str) -> str:
    """1 fault, 2,000 faults, 3 entries."""
    many = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{value:,} {noun if value == 1 else many}"


def period(length: timedelta) -> str:
    """A stretch of time in words: 45 minutes, 6 hours, 3 days, 3 days and 4 hours."""
    minutes = round(length.total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [(days, "day"), (hours, "hour"), (rest, "minute")]
    named = [counted(value, noun) for value, noun in parts if value][:2]
    return " and ".join(named) or "less than a minute"


def moment(value: datetime, zone: ZoneInfo) -> str:
    """A UTC time in the viewer's zone, to the second; with the offset's name where the clock shows that time twice."""
    local = _in(value, zone)
    # A page says thousands of moments, and strftime takes five times as long.
    told = local.replace(tzinfo=None).isoformat(" ", "seconds")
    return f"{told} {local:%Z}" if is_twice(local) else told


def is_twice(local: datetime) -> bool:
    """Whether it lies in the hour that the clock of its zone shows twice."""
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


def clock(value: datetime, zone: ZoneInfo, *, has_day: bool = False) -> str:
    """A UTC time of day in the viewer's zone, to the millisecond; with its day where a list goes over several."""
    return _in(value, zone).strftime("%Y-%m-%d %H:%M:%S.%f" if has_day else "%H:%M:%S.%f")[:-3]


def spans_days(first: datetime, last: datetime, zone: ZoneInfo) -> bool:
    """Whether two UTC times lie on different days of the viewer's zone."""
    return _in(first, zone).date() != _in(last, zone).date()


def iso(value: datetime) -> str:
    """A UTC time as ISO 8601 with Z."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _in(value: datetime, zone: ZoneInfo) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)
