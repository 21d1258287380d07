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
    """`kinds`: p95 by kind; `operations`: of the six that took most time in all. Earliest day first."""

    days: tuple[Day, ...]
    kinds: tuple[DayPoint, ...]
    operations: tuple[DayPoint, ...]


_DAY = "date_trunc('day', timezone($zone, timezone('UTC', ts)))"
_DAYS = f"""
WITH e AS (SELECT {_DAY} AS day, count(*) AS events, count(*) FILTER (status = 'error') AS error_events
  FROM events GROUP BY 1),
s AS (SELECT {_DAY} AS day, count(*) FILTER (is_operation) AS operations, count(*) FILTER (is_operation AND status = 'error') AS errors,
    sum(coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)) FILTER (counts_tokens) AS tokens, sum(cost_usd ORDER BY id) FILTER (counts_tokens) AS cost
  FROM spans WHERE status <> 'unfinished' GROUP BY 1)
SELECT day, events, error_events, coalesce(operations, 0), coalesce(errors, 0), coalesce(tokens, 0)::BIGINT, coalesce(cost, 0)
FROM e LEFT JOIN s USING (day) ORDER BY day"""
_DONE = f"is_operation AND status <> 'unfinished' AND {COUNTED}"
_KINDS = f"SELECT {_DAY} AS day, kind, count(*), quantile_cont(duration_ms, 0.95) FROM spans WHERE {_DONE} GROUP BY ALL ORDER BY day, kind"
_CHOSEN = f"""
WITH most AS (SELECT kind, operation FROM spans WHERE {_DONE} GROUP BY ALL ORDER BY sum(duration_ms) DESC, kind, operation LIMIT {_OPERATIONS})
SELECT {_DAY} AS day, kind || ' ' || operation, count(*), quantile_cont(duration_ms, 0.95)
FROM spans JOIN most USING (kind, operation) WHERE {_DONE} GROUP BY ALL ORDER BY day, 2"""


def trends(con: duckdb.DuckDBPyConnection, zone: str) -> Trends:
    """All days in `events` and `spans`, whatever the window. `zone`: whose days."""
    given = {"zone": zone}
    return Trends(
        tuple(Day(*row) for row in con.execute(_DAYS, given).fetchall()),
        tuple(DayPoint(*row) for row in con.execute(_KINDS, given).fetchall()),
        tuple(DayPoint(*row) for row in con.execute(_CHOSEN, given).fetchall()),
    )
