"""Traces: all events of one correlation id, listed; the notable ones are those that failed, never ended or took longest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.events.names import KINDS

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

# All failing and unfinished ones up to this many, and the slowest.
LISTED_BAD, LISTED_SLOW = 300, 50


@dataclass(frozen=True)
class TraceSummary:
    """One trace within the window. `status`: error, unfinished or ok; `duration_ms` from first start to last end."""

    correlation_id: str
    start: datetime
    duration_ms: float
    status: str
    events: int
    error_events: int
    operations: int
    root: str


@dataclass(frozen=True)
class Traces:
    """The window's traces. `notable`: failing, unfinished and slowest, in that order, each group by duration."""

    window: Window
    total: int
    notable: tuple[TraceSummary, ...]


# Log lines often carry whole seconds only, of a moment in the second that follows: such a time begins a trace only
# where it is earlier than all exact ones by more than that second. Needs `exact`, `rough` (events), `work` (spans).
START = """CASE WHEN least(exact, work) IS NULL OR rough < least(exact, work) - INTERVAL 1 SECOND THEN rough
  ELSE least(exact, work) END"""
FIRSTS = "min(ts) FILTER (epoch_us(ts) % 1000000 <> 0) AS exact, min(ts) FILTER (epoch_us(ts) % 1000000 = 0) AS rough"
_LIST = f"""
CREATE OR REPLACE TEMP TABLE trace_list AS
WITH e AS (
  SELECT correlation_id, {FIRSTS}, max(ts) AS last, count(*) AS events, count(*) FILTER (status = 'error') AS errors,
    arg_min(coalesce(event, message), (ts, id)) AS first_event,
    {", ".join(f"bool_or(kind = '{kind}')::INT * {1 << n}" for n, kind in enumerate(KINDS)).replace(", ", " + ")} AS kinds
  FROM window_events WHERE correlation_id IS NOT NULL GROUP BY correlation_id),
s AS (
  SELECT correlation_id, min(start_ts) AS work, count(*) FILTER (is_operation AND status <> 'unfinished') AS operations,
    count(*) FILTER (status = 'unfinished') AS unfinished, list_sort(list(DISTINCT operation)) AS names,
    arg_max(kind || ' ' || operation, (CASE type WHEN 'command' THEN 3 WHEN 'root' THEN 2 WHEN 'stream' THEN 1 ELSE 0 END, duration_ms)) AS root
  FROM window_spans WHERE correlation_id IS NOT NULL GROUP BY correlation_id)
SELECT correlation_id, {START} AS start, greatest(0, epoch_us(last) - epoch_us({START})) / 1000 AS duration_ms,
  CASE WHEN errors > 0 THEN 'error' WHEN unfinished > 0 THEN 'unfinished' ELSE 'ok' END AS status,
  events, errors, coalesce(operations, 0) AS operations, left(coalesce(root, first_event, ''), 200) AS root, kinds,
  coalesce(names, []) AS names, row_number() OVER (ORDER BY start DESC, correlation_id) - 1 AS n,
  row_number() OVER (PARTITION BY status = 'ok' ORDER BY status, duration_ms DESC, correlation_id) AS by_duration,
  row_number() OVER (PARTITION BY status ORDER BY start DESC, correlation_id) AS by_age
FROM e LEFT JOIN s USING (correlation_id)"""

_SUMMARY = "correlation_id, start, duration_ms, status, events, errors, operations, root"
_NOTABLE = f"""SELECT {_SUMMARY} FROM trace_list
WHERE by_duration <= CASE WHEN status = 'ok' THEN {LISTED_SLOW} ELSE {LISTED_BAD} END ORDER BY status = 'ok', by_duration"""


def traces(con: duckdb.DuckDBPyConnection, window: Window) -> Traces:
    """The window's traces, from `window_events` and `window_spans`. Leaves the temporary table `trace_list`."""
    con.execute(_LIST)
    row = con.execute("SELECT count(*) FROM trace_list").fetchall()[0]
    return Traces(window, row[0], tuple(TraceSummary(*row) for row in con.execute(_NOTABLE).fetchall()))


def traces_of(con: duckdb.DuckDBPyConnection, column: str, value: str) -> tuple[TraceSummary, ...]:
    """The traces, whatever the window, whose events or spans have `value` in the id `column`, or the only id there is that
    begins so; latest first. Replaces `window_events` and `window_spans`."""
    named = f"(SELECT {column} AS own, correlation_id FROM events UNION ALL SELECT {column}, correlation_id FROM spans)"
    ids = con.execute(
        f"SELECT DISTINCT own FROM {named} WHERE starts_with(own, $1) ORDER BY own <> $1, own LIMIT 2", [value]
    ).fetchall()
    if not ids or (len(ids) > 1 and ids[0][0] != value):
        return ()
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT correlation_id FROM {named}
        WHERE own = ? AND correlation_id IS NOT NULL""",
        [ids[0][0]],
    )
    for name in ("events", "spans"):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW window_{name} AS SELECT * FROM {name} WHERE correlation_id IN (SELECT correlation_id FROM asked)"
        )
    con.execute(_LIST)
    return tuple(TraceSummary(*row) for row in con.execute(f"SELECT {_SUMMARY} FROM trace_list ORDER BY n").fetchall())
