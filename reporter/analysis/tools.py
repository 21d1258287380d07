"""Tools: sizes of what goes in and comes out, health, which tool follows which, and who calls them."""

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
class Sizes:
    """Bytes of a tool's parameters and results, where logged: medians and 95th percentiles."""

    tool: str
    request_p50: float | None
    request_p95: float | None
    response_p50: float | None
    response_p95: float | None


@dataclass(frozen=True)
class Health:
    """A tool's checks. `state`: of the latest change, null without one; `unhealthy`: checks that said so."""

    tool: str
    checks: int
    unhealthy: int
    state: str | None
    changed: datetime | None


@dataclass(frozen=True)
class StateChange:
    """The moment at which a tool became something else; `correlation_id`: of the trace it was noticed in."""

    ts: datetime
    tool: str
    state: str | None
    correlation_id: str | None


@dataclass(frozen=True)
class Pair:
    """`first` → `second`, `count` times."""

    first: str
    second: str
    count: int


@dataclass(frozen=True)
class CallPoint:
    start: datetime
    tool: str
    count: int


@dataclass(frozen=True)
class Tools:
    """`chains`: calls of one trace, one right after the other; `callers`: what a call stands in, and the tool."""

    window: Window
    sizes: dict[str, Sizes]
    health: tuple[Health, ...]
    changes: tuple[StateChange, ...]
    chains: tuple[Pair, ...]
    callers: tuple[Pair, ...]
    points: tuple[CallPoint, ...]
    bucket_seconds: int


# Of more tools than so many, these tables show the most frequent.
_TOOLS_AT_MOST = 500
_SIZES = f"""
SELECT tool, quantile_cont(request_bytes, [0.5, 0.95]), quantile_cont(response_bytes, [0.5, 0.95])
FROM window_events WHERE event IN ('tool.invocation.completed', 'tool.invocation.failed') AND tool IS NOT NULL GROUP BY tool
ORDER BY count(*) DESC, tool LIMIT {_TOOLS_AT_MOST}"""

_HEALTH = f"""
SELECT tool, count(*) FILTER (event = 'tool.health.check'), count(*) FILTER (event = 'tool.health.check' AND lower(state) = 'false'),
  arg_max(state, (ts, id)) FILTER (event = 'tool.health.status_changed'), max(ts) FILTER (event = 'tool.health.status_changed')
FROM window_events WHERE event IN ('tool.health.check', 'tool.health.status_changed') AND tool IS NOT NULL GROUP BY tool
ORDER BY count(*) DESC, tool LIMIT {_TOOLS_AT_MOST}"""

_CHANGES = f"""
SELECT ts, coalesce(tool, 'unknown'), state, correlation_id FROM window_events WHERE event = 'tool.health.status_changed'
ORDER BY ts DESC, id LIMIT {5 * _SHOWN}"""

_CHAINS = f"""
SELECT first, second, count(*) AS n FROM (
  SELECT operation AS first, lead(operation) OVER (PARTITION BY correlation_id ORDER BY start_ts, id) AS second
  FROM window_spans WHERE type = 'tool' AND correlation_id IS NOT NULL)
WHERE second IS NOT NULL GROUP BY ALL ORDER BY n DESC, first, second LIMIT {_SHOWN}"""

_CALLERS = f"""
SELECT coalesce(CASE WHEN p.type = 'step' AND g.id IS NOT NULL THEN g.kind || ' ' || g.operation ELSE p.kind || ' ' || p.operation END,
  'nothing known') AS caller, t.operation, count(*) AS n
FROM window_spans t LEFT JOIN window_spans p ON p.id = t.parent LEFT JOIN window_spans g ON g.id = p.parent
WHERE t.type = 'tool' GROUP BY ALL ORDER BY n DESC, 1, 2 LIMIT {_SHOWN}"""

_POINTS = """
SELECT make_timestamp((epoch_us(ts) // ($step::BIGINT * 1000000)) * $step::BIGINT * 1000000) AS start, operation, count(*)
FROM window_spans WHERE type = 'tool' AND is_operation GROUP BY ALL ORDER BY start, operation"""


def tools(con: duckdb.DuckDBPyConnection, window: Window) -> Tools:
    """Tool figures of `window_events` and `window_spans`."""
    step = bucket_seconds(window)
    sizes = {
        tool: Sizes(tool, *(asked or (None, None)), *(given or (None, None)))
        for tool, asked, given in con.execute(_SIZES).fetchall()
    }
    return Tools(
        window,
        sizes,
        tuple(Health(*row) for row in con.execute(_HEALTH).fetchall()),
        tuple(StateChange(*row) for row in con.execute(_CHANGES).fetchall()),
        tuple(Pair(*row) for row in con.execute(_CHAINS).fetchall()),
        tuple(Pair(*row) for row in con.execute(_CALLERS).fetchall()),
        tuple(CallPoint(*row) for row in con.execute(_POINTS, {"step": step}).fetchall()),
        step,
    )
