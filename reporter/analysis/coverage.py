"""What time the sources cover: first and last event of each, silences, and clocks that do not add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reporter import frames

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_SHOWN, _LEAST_SECONDS, _BACK_SECONDS = 10, 600, 60


@dataclass(frozen=True)
class Coverage:
    """Frames. `sources`: name, first, last, back (events more than a minute earlier than one before them in the file), ahead
    (later than the build); by name, over all time. `silences`: start, end of ten minutes and more of the window without an
    event from any source, the longest first."""

    sources: pd.DataFrame
    silences: pd.DataFrame


_SOURCES_DTYPES = {"name": frames.TEXT, "first": frames.TIME, "last": frames.TIME, "back": "Int64", "ahead": "Int64"}
_SILENCES_DTYPES = {"start": frames.TIME, "end": frames.TIME}
_SOURCES = f"""
WITH told AS (
  SELECT source, ts, max(ts) OVER (PARTITION BY source ORDER BY "offset" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM events)
SELECT coalesce(n.name, 'source ' || source), min(ts), max(ts), count(*) FILTER (epoch_us(before) - epoch_us(ts) > {_BACK_SECONDS}e6),
  count(*) FILTER (ts > $now)
FROM told LEFT JOIN source_names n ON n.id = source GROUP BY ALL ORDER BY 1"""

# So long a silence parts two stretches of half its length, and what is between the last of one and the first of the next is one.
_SILENCES = f"""
SELECT before, first FROM (
  SELECT first, lag(last) OVER (ORDER BY first) AS before
  FROM (SELECT min(ts) AS first, max(ts) AS last FROM window_events GROUP BY epoch_us(ts) // {_LEAST_SECONDS // 2 * 1_000_000}))
WHERE epoch_us(first) - epoch_us(before) >= {_LEAST_SECONDS}e6 ORDER BY epoch_us(first) - epoch_us(before) DESC, first LIMIT {_SHOWN}"""


def coverage(con: duckdb.DuckDBPyConnection, now: datetime) -> Coverage:
    """Of `events` by source, and of `window_events`. `now`: when the report is made, aware."""
    at = now.astimezone(UTC).replace(tzinfo=None)
    return Coverage(
        frames.query(con, _SOURCES, _SOURCES_DTYPES, {"now": at}), frames.query(con, _SILENCES, _SILENCES_DTYPES)
    )
