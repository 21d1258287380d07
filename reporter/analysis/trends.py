"""The sink's whole memory by day: how much, how well, how slow, at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.overview import COUNTED

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

_OPERATIONS = 6


@dataclass(frozen=True)
class Day:
    """One day (its midnight in the viewer's zone, without a zone) of all kinds together."""

    day: datetime
    events: int
    error_events: int
    operations: int
    errors: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True)
class DayPoint:
    """p95 in ms of a kind's, or an operation's, finished work on one day."""

    day: datetime
    name: str
    count: int
    p95_ms: float


@dataclass(frozen=True)
class Trends:
    """`kinds`: p95 by kind; `operations`: of the six that took most time in all. Earliest day first.

    `kept_days`: of how many days (some of) the events are gone, so that only daily figures remain.
    """

    days: tuple[Day, ...]
    kinds: tuple[DayPoint, ...]
    operations: tuple[DayPoint, ...]
    kept_days: int


_DAY = "date_trunc('day', timezone($zone, timezone('UTC', ts)))"
_DAYS = f"""
WITH e AS (SELECT {_DAY} AS day, count(*) AS events, count(*) FILTER (status = 'error') AS error_events
  FROM events GROUP BY 1),
s AS (SELECT {_DAY} AS day, count(*) FILTER (is_operation) AS operations, count(*) FILTER (is_operation AND status = 'error') AS errors,
    sum(coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)) FILTER (counts_tokens) AS tokens, sum(cost_usd ORDER BY id) FILTER (counts_tokens) AS cost
  FROM spans WHERE status <> 'unfinished' GROUP BY 1),
parts AS (
  SELECT day, events, error_events, coalesce(operations, 0) AS operations, coalesce(errors, 0) AS errors, coalesce(tokens, 0) AS tokens,
    coalesce(cost, 0) AS cost_usd FROM e FULL JOIN s USING (day)
  UNION ALL
  SELECT day::TIMESTAMP, events, error_events, operations, errors, tokens, cost_usd FROM daily WHERE operation IS NULL)
SELECT day, coalesce(sum(events), 0)::BIGINT, coalesce(sum(error_events), 0)::BIGINT, sum(operations)::BIGINT, sum(errors)::BIGINT,
  sum(tokens)::BIGINT, sum(cost_usd) FROM parts GROUP BY day ORDER BY day"""
_DONE = f"is_operation AND status <> 'unfinished' AND {COUNTED}"
# A day that went in parts has no p95 of its own any more: the parts' ones, weighted by their counts.
_P95 = "CASE WHEN count(*) = 1 THEN any_value(p95_ms) ELSE sum(p95_ms * timed) / sum(timed) END"
_KINDS = f"""
WITH parts AS (
  SELECT {_DAY} AS day, kind, count(*) AS timed, quantile_cont(duration_ms, 0.95) AS p95_ms FROM spans WHERE {_DONE} GROUP BY ALL
  UNION ALL SELECT day::TIMESTAMP, kind, timed, p95_ms FROM daily WHERE operation IS NULL AND timed > 0)
SELECT day, kind, sum(timed)::BIGINT, {_P95} FROM parts GROUP BY day, kind ORDER BY day, kind"""
_CHOSEN = f"""
WITH totals AS (
  SELECT kind, operation, sum(duration_ms) AS total_ms FROM spans WHERE {_DONE} GROUP BY ALL
  UNION ALL SELECT kind, operation, total_ms FROM daily WHERE operation IS NOT NULL AND timed > 0),
most AS (SELECT kind, operation FROM totals GROUP BY ALL ORDER BY sum(total_ms) DESC, kind, operation LIMIT {_OPERATIONS}),
parts AS (
  SELECT {_DAY} AS day, kind, operation, count(*) AS timed, quantile_cont(duration_ms, 0.95) AS p95_ms
  FROM spans JOIN most USING (kind, operation) WHERE {_DONE} GROUP BY ALL
  UNION ALL SELECT day::TIMESTAMP, kind, operation, timed, p95_ms FROM daily JOIN most USING (kind, operation) WHERE timed > 0)
SELECT day, kind || ' ' || operation AS name, sum(timed)::BIGINT, {_P95} FROM parts GROUP BY day, name ORDER BY day, name"""


def trends(con: duckdb.DuckDBPyConnection, zone: str) -> Trends:
    """All days in `events` and `spans`, whatever the window, and in `daily` (figures of what was removed, by days of the
    app's zone). `zone`: whose days."""
    given = {"zone": zone}
    return Trends(
        tuple(Day(*row) for row in con.execute(_DAYS, given).fetchall()),
        tuple(DayPoint(*row) for row in con.execute(_KINDS, given).fetchall()),
        tuple(DayPoint(*row) for row in con.execute(_CHOSEN, given).fetchall()),
        con.execute("SELECT count(DISTINCT day) FROM daily").fetchall()[0][0],
    )
