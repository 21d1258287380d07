"""Processing: pipelines, jobs and their steps; throughput, retries and what never ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter import frames
from reporter.analysis.overview import BUCKET
from reporter.analysis.weights import how_many
from reporter.analysis.work import DONE

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_SHOWN = 20
_WHOLE = ("pipeline", "job", "enrichment")


@dataclass(frozen=True)
class Processing:
    """`retries`: finishes at a second or later attempt, by operation. Frames:

    `points`: start (of a bucket), operation (pipeline, job, enrichment), count and errors of what finished in it; earliest first. `open`:
    operation, type, start_ts, correlation_id of work that started and never ended: the latest of `open_count`.
    """

    points: pd.DataFrame
    retries: dict[str, int]
    open: pd.DataFrame
    open_count: int


_RETRIES = f"""
SELECT coalesce(operation, 'unknown'), {how_many()} FROM window_events
WHERE kind = 'processing' AND phase = 'finish' AND attempt > 1 GROUP BY 1 ORDER BY 1"""

_OPEN_DTYPES = {
    "operation": frames.TEXT, "type": frames.CATEGORIES["type"], "start_ts": frames.TIME, "correlation_id": frames.TEXT,
}  # fmt: skip
_OPEN = "FROM window_spans WHERE kind = 'processing' AND status = 'unfinished'"


_POINTS_DTYPES = {"start": frames.TIME, "operation": frames.TEXT, "count": "int64", "errors": "int64"}
_POINTS = f"""
SELECT {BUCKET} AS start, operation, {how_many()}, {how_many("status = 'error'")} FROM {DONE}
WHERE kind = 'processing' AND type IN {_WHOLE} GROUP BY ALL ORDER BY start, operation"""


def processing(con: duckdb.DuckDBPyConnection, seconds: int) -> Processing:
    """Processing figures of `window_events` and `window_spans`, in buckets of `seconds`."""
    opened = f"SELECT {', '.join(_OPEN_DTYPES)} {_OPEN} ORDER BY start_ts DESC, id LIMIT {_SHOWN}"
    return Processing(
        frames.query(con, _POINTS, _POINTS_DTYPES, {"seconds": seconds}),
        dict(con.execute(_RETRIES).fetchall()),
        frames.query(con, opened, _OPEN_DTYPES),
        con.execute(f"SELECT {how_many()} {_OPEN}").fetchall()[0][0],
    )
