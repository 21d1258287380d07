"""What time the sources cover: first and last event of each, silences, and clocks that do not add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_SHOWN, _LEAST_SECONDS, _BACK_SECONDS = 10, 600, 60


@dataclass(frozen=True)
class SourceTimes:
    """`back`: events more than a minute earlier than one before them in the file; `ahead`: later than the build."""

    name: str
    first: datetime
    last: datetime
    back: int
    ahead: int


@dataclass(frozen=True)
class Silence:
    """No event from any source between two moments of the window."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Coverage:
    """`sources`: by name, over all time; `silences`: of ten minutes and more within the window, the longest first."""

    sources: tuple[SourceTimes, ...]
    silences: tuple[Silence, ...]


_SOURCES = f"""
WITH told AS (
  SELECT source, ts, max(ts) OVER (PARTITION BY source ORDER BY "offset" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM events)
SELECT coalesce(n.name, 'source ' || source), min(ts), max(ts), count(*) FILTER (epoch_us(before) - epoch_us(ts) > {_BACK_SECONDS}e6),
  count(*) FILTER (ts > $now)
FROM told LEFT JOIN source_names n ON n.id = source GROUP BY ALL ORDER BY 1"""

_SILENCES = f"""
SELECT before, ts FROM (SELECT ts, lag(ts) OVER (ORDER BY ts) AS before FROM (SELECT DISTINCT ts FROM window_events))
WHERE epoch_us(ts) - epoch_us(before) >= {_LEAST_SECONDS}e6 ORDER BY epoch_us(ts) - epoch_us(before) DESC, ts LIMIT {_SHOWN}"""


def coverage(con: duckdb.DuckDBPyConnection, now: datetime) -> Coverage:
    """Of `events` by source, and of `window_events`. `now`: when the report is made, aware."""
    at = now.astimezone(UTC).replace(tzinfo=None)
    return Coverage(
        tuple(SourceTimes(*row) for row in con.execute(_SOURCES, {"now": at}).fetchall()),
        tuple(Silence(*row) for row in con.execute(_SILENCES).fetchall()),
    )
