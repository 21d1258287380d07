"""Processing: pipelines, jobs and their steps; throughput, retries and what never ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.overview import bucket_seconds

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

_SHOWN = 20


@dataclass(frozen=True)
class Finished:
    """Work of one sort (pipeline, job, enrichment) that finished within a bucket from `start` on."""

    start: datetime
    operation: str
    count: int
    errors: int


@dataclass(frozen=True)
class Open:
    """Work that started and never ended."""

    operation: str
    type: str
    start: datetime
    correlation_id: str | None


@dataclass(frozen=True)
class Processing:
    """`retries`: finishes at a second or later attempt, by operation. `open`: latest first, of `open_count`."""

    window: Window
    points: tuple[Finished, ...]
    bucket_seconds: int
    retries: dict[str, int]
    open: tuple[Open, ...]
    open_count: int


_POINTS = """
SELECT make_timestamp((epoch_us(ts) // ($step::BIGINT * 1000000)) * $step::BIGINT * 1000000) AS start, operation, count(*),
  count(*) FILTER (status = 'error')
FROM window_spans WHERE kind = 'processing' AND type IN ('pipeline', 'job', 'enrichment') AND is_operation GROUP BY ALL ORDER BY start, operation"""

_RETRIES = """
SELECT coalesce(operation, 'unknown'), count(*) FROM window_events
WHERE kind = 'processing' AND phase = 'finish' AND attempt > 1 GROUP BY 1 ORDER BY 1"""

_OPEN = "FROM window_spans WHERE kind = 'processing' AND status = 'unfinished'"


def processing(con: duckdb.DuckDBPyConnection, window: Window) -> Processing:
    """Processing figures of `window_events` and `window_spans`."""
    step = bucket_seconds(window)
    rows = con.execute(
        f"SELECT operation, type, start_ts, correlation_id {_OPEN} ORDER BY start_ts DESC, id LIMIT {_SHOWN}"
    ).fetchall()
    return Processing(
        window,
        tuple(Finished(*row) for row in con.execute(_POINTS, {"step": step}).fetchall()),
        step,
        dict(con.execute(_RETRIES).fetchall()),
        tuple(Open(*row) for row in rows),
        con.execute(f"SELECT count(*) {_OPEN}").fetchall()[0][0],
    )
