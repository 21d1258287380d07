"""Tools: sizes of what goes in and comes out, health, which tool follows which, and who calls them."""

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
# Of more tools than so many, these tables show the most frequent.
_TOOLS_AT_MOST = 500


@dataclass(frozen=True)
class Tools:
    """Frames:

    `sizes`: tool, request_p50, request_p95, response_p50, response_p95: bytes of parameters and results, missing where not
    logged. `health`: tool, checks, unhealthy (checks that said so), state (of the latest change), changed. `changes`: ts,
    tool, state, correlation_id: when a tool became something else, latest first. `chains`: first, second, count: calls of one
    trace, one right after the other. `callers`: first (what a call stands in), second (the tool), count. `points`: start (of a
    bucket), operation, count of calls that ended in it.
    """

    sizes: pd.DataFrame
    health: pd.DataFrame
    changes: pd.DataFrame
    chains: pd.DataFrame
    callers: pd.DataFrame
    points: pd.DataFrame


_SIZES_DTYPES = {
    "tool": frames.TEXT, "request_p50": "float64", "request_p95": "float64", "response_p50": "float64", "response_p95": "float64",
}  # fmt: skip
_SIZES = f"""
SELECT tool, asked[1], asked[2], given[1], given[2] FROM (
  SELECT tool, count(*) AS n, quantile_cont(request_bytes, [0.5, 0.95]) AS asked, quantile_cont(response_bytes, [0.5, 0.95]) AS given
  FROM window_events WHERE event IN ('tool.invocation.completed', 'tool.invocation.failed') AND tool IS NOT NULL GROUP BY tool
  ORDER BY n DESC, tool LIMIT {_TOOLS_AT_MOST}) ORDER BY tool"""

_HEALTH_DTYPES = {
    "tool": frames.TEXT, "checks": "Int64", "unhealthy": "Int64", "state": frames.TEXT, "changed": frames.TIME,
}  # fmt: skip
_HEALTH = f"""
SELECT tool, {how_many("event = 'tool.health.check'")}, {how_many("event = 'tool.health.check' AND lower(state) = 'false'")},
  arg_max(state, (ts, id)) FILTER (event = 'tool.health.status_changed'), max(ts) FILTER (event = 'tool.health.status_changed')
FROM window_events WHERE event IN ('tool.health.check', 'tool.health.status_changed') AND tool IS NOT NULL GROUP BY tool
ORDER BY {how_many()} DESC, tool LIMIT {_TOOLS_AT_MOST}"""

_CHANGES_DTYPES = {"ts": frames.TIME, "tool": frames.TEXT, "state": frames.TEXT, "correlation_id": frames.TEXT}
_CHANGES = f"""
SELECT ts, coalesce(tool, 'unknown'), state, correlation_id FROM window_events WHERE event = 'tool.health.status_changed'
ORDER BY ts DESC, id LIMIT {5 * _SHOWN}"""

_PAIR_DTYPES = {"first": frames.TEXT, "second": frames.TEXT, "count": "Int64"}


def tool_chains(spans: str) -> str:
    """SQL: of the tool calls of each trace what was called next: ts, first, second, weight."""
    return f"""
SELECT * FROM (
  SELECT ts, operation AS first, lead(operation) OVER (PARTITION BY correlation_id ORDER BY start_ts, id) AS second, weight
  FROM {spans} WHERE type = 'tool' AND correlation_id IS NOT NULL) WHERE second IS NOT NULL"""


_CHAINS = f"""
SELECT first, second, {how_many()} AS n FROM (
  SELECT first, second, weight FROM ({tool_chains("window_spans")})
  UNION ALL SELECT first, second, weight FROM window_counted WHERE what = 'chain')
GROUP BY ALL ORDER BY n DESC, first, second LIMIT {_SHOWN}"""

_CALLERS = f"""
SELECT coalesce(CASE WHEN p.type = 'step' AND g.id IS NOT NULL THEN g.kind || ' ' || g.operation ELSE p.kind || ' ' || p.operation END,
  'nothing known') AS caller, t.operation, {how_many(of="t.")} AS n
FROM window_spans t LEFT JOIN window_spans p ON p.id = t.parent LEFT JOIN window_spans g ON g.id = p.parent
WHERE t.type = 'tool' GROUP BY ALL ORDER BY n DESC, 1, 2 LIMIT {_SHOWN}"""


_POINTS_DTYPES = {"start": frames.TIME, "operation": frames.TEXT, "count": "int64"}
_POINTS = f"SELECT {BUCKET} AS start, operation, {how_many()} FROM {DONE} WHERE type = 'tool' GROUP BY ALL ORDER BY start, operation"


def tools(con: duckdb.DuckDBPyConnection, seconds: int) -> Tools:
    """Tool figures of `window_events` and `window_spans`, in buckets of `seconds`."""
    return Tools(
        frames.query(con, _SIZES, _SIZES_DTYPES),
        frames.query(con, _HEALTH, _HEALTH_DTYPES),
        frames.query(con, _CHANGES, _CHANGES_DTYPES),
        frames.query(con, _CHAINS, _PAIR_DTYPES),
        frames.query(con, _CALLERS, _PAIR_DTYPES),
        frames.query(con, _POINTS, _POINTS_DTYPES, {"seconds": seconds}),
    )
