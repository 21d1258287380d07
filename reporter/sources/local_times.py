"""Times without an offset in the night the hour comes twice: the order in the file or table tells which of the two it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = len("2026-11-20 10:00:00")
# Entries that several processes write stand out of order by so much.
_DISORDER = timedelta(seconds=5)


class LocalTimes:
    """The times of one source's entries, in the order they are read. `latest`: when its last event of earlier readings was (UTC,
    without a zone); asked at most once."""

    def __init__(self, zone: str, latest: Callable[[], datetime | None] | None = None) -> None:
        self.zone = zone
        self._ask = latest
        self._last: datetime | None = None

    def settled(self, rows: pa.Table) -> pa.Table:
        """Entries of one block, or rows of a table, (`time` and `offset`) with an offset at those times that come twice."""
        if self.zone == "UTC" or not rows.num_rows:
            return rows
        days = pc.unique(pc.utf8_slice_codeunits(rows["time"].combine_chunks(), 0, 10)).to_pylist()
        doubled = [day for day in days if day and comes_twice(self.zone, day)]
        if not doubled:
            return rows
        times = rows["time"].to_pylist()
        for index in pc.sort_indices(rows["offset"]).to_pylist():
            time = times[index]
            if time and time[:10] in doubled:
                times[index] = self._settled(time)
        return rows.set_column(rows.schema.get_field_index("time"), "time", pa.array(times, pa.string()))

    def _settled(self, time: str) -> str:
        try:
            naive = datetime.fromisoformat(time)
        except ValueError:
            return time
        if naive.tzinfo:
            return time
        if self._ask:
            last, self._ask = self._ask(), None
            self._last = last.replace(tzinfo=UTC) if last else None
        moment = naive.replace(tzinfo=ZoneInfo(self.zone))
        if self._last and moment.astimezone(UTC) < self._last - _DISORDER:
            moment = moment.replace(fold=1)
        self._last = max(self._last or moment.astimezone(UTC), moment.astimezone(UTC))
        return moment.isoformat()


@lru_cache(1000)
def comes_twice(zone: str, day: str) -> bool:
    """Whether an hour, or a part of one, comes twice on this day."""
    try:
        midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, KeyError):
        return False
    after = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
    return (midnight.utcoffset() or timedelta()) > (after.utcoffset() or timedelta())
