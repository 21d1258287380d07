"""Traces: all events of one correlation id, listed; the notable ones are those that failed, never ended or took longest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.events.names import KINDS
from reporter.redaction.cut import cut

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

# All failing and unfinished ones up to this many, and the slowest.
LISTED_BAD, LISTED_SLOW = 300, 50


# What a report carries of its traces, list and spans together: about 50,000 traces of seven events.
CARRIED_BYTES = 64_000_000
# What a trace and each of its events take of that, measured.
_TRACE_BYTES, _EVENT_BYTES = 200, 150
# A trace of more events is listed without its spans: 50,000 answer a key in the viewer in 35 ms, twice as many have been tried.
SPANS_OF_EVENTS_AT_MOST = 100_000


@dataclass(frozen=True)
class TraceSummary:
    """One whole trace, though it may reach beyond the window. `status`: error, unfinished or ok; `duration_ms` from first start
    to last end; `failed`: of its `operations`; `root`: its title, the work that it was about."""

    correlation_id: str
    start: datetime
    duration_ms: float
    status: str
    events: int
    error_events: int
    operations: int
    root: str
    failed: int


@dataclass(frozen=True)
class Traces:
    """The window's traces. `notable`: failing, unfinished and slowest, in that order, each group by duration. `carried`: how
    many of the `total` a report lists."""

    window: Window
    total: int
    carried: int
    notable: tuple[TraceSummary, ...]


# Log lines often carry whole seconds only, of a moment in the second that follows: such a time begins a trace only
# where it is earlier than all exact ones by more than that second. Needs `exact`, `rough` (events), `work` (spans).
_START = """CASE WHEN least(exact, work) IS NULL OR rough < least(exact, work) - INTERVAL 1 SECOND THEN rough
  ELSE least(exact, work) END"""


def summaries(events: str, spans: str) -> str:
    """SQL: what is said of a trace wherever it is named, of the traces that two relations hold whole.

    `correlation_id, start, stop, duration_ms, status, events, errors` (error events), `failed` (operations), `operations`
    (finished), `root` (the title), `kinds` (a bit each).
    """
    return f"""
WITH e AS (
  SELECT correlation_id, min(ts) FILTER (epoch_us(ts) % 1000000 <> 0) AS exact, min(ts) FILTER (epoch_us(ts) % 1000000 = 0) AS rough,
    max(ts) AS last, count(*) AS events, count(*) FILTER (status = 'error') AS errors,
    arg_min(coalesce(event, message), (ts, id)) AS first_event,
    {", ".join(f"bool_or(kind = '{kind}')::INT * {1 << n}" for n, kind in enumerate(KINDS)).replace(", ", " + ")} AS kinds
  FROM {events} WHERE correlation_id IS NOT NULL GROUP BY correlation_id),
s AS (
  SELECT correlation_id, min(start_ts) AS work, max(ts) AS worked, count(*) FILTER (is_operation AND status <> 'unfinished') AS operations,
    count(*) FILTER (is_operation AND status = 'error') AS failed, bool_or(status = 'error') AS has_failed,
    bool_or(status = 'unfinished') AS is_open,
    arg_min(kind || ' ' || operation, (CASE type WHEN 'command' THEN 0 WHEN 'root' THEN 1 WHEN 'stream' THEN 2 ELSE 3 END,
      -coalesce(duration_ms, 0), start_ts, id)) AS root
  FROM {spans} WHERE correlation_id IS NOT NULL GROUP BY correlation_id)
SELECT correlation_id, {_START} AS start, greatest({_START}, last, worked) AS stop, (epoch_us(stop) - epoch_us(start)) / 1000 AS duration_ms,
  CASE WHEN errors > 0 OR has_failed THEN 'error' WHEN is_open THEN 'unfinished' ELSE 'ok' END AS status,
  events, errors, coalesce(failed, 0) AS failed, coalesce(operations, 0) AS operations, {cut("coalesce(root, first_event, '')", 200)} AS root, kinds
FROM e LEFT JOIN s USING (correlation_id)"""


_LIST = """
CREATE OR REPLACE TEMP TABLE trace_list AS
SELECT *, row_number() OVER (ORDER BY start DESC, correlation_id) - 1 AS n,
  row_number() OVER (PARTITION BY status = 'ok' ORDER BY status, duration_ms DESC, correlation_id) AS by_duration,
  row_number() OVER (PARTITION BY status ORDER BY start DESC, correlation_id) AS by_age
FROM ({})"""

_SUMMARY = "correlation_id, start, duration_ms, status, events, errors, operations, root, failed"
_NOTABLE = f"""SELECT {_SUMMARY} FROM trace_list
WHERE by_duration <= CASE WHEN status = 'ok' THEN {LISTED_SLOW} ELSE {LISTED_BAD} END ORDER BY status = 'ok', by_duration"""
_SEEN = "CREATE OR REPLACE TEMP TABLE seen_traces AS SELECT DISTINCT correlation_id FROM window_events WHERE correlation_id IS NOT NULL"


def _list(con: duckdb.DuckDBPyConnection) -> None:
    """Make `trace_list` of `seen_traces`."""
    first, last = con.execute(
        "SELECT min(first_ts), max(last_ts) FROM traces SEMI JOIN seen_traces USING (correlation_id)"
    ).fetchall()[0]
    # When their events were spares a look at all those of the sink; a span's time is that of an event.
    bounds = f"WHERE ts BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}'" if first else ""
    events, spans = (
        f"(SELECT * FROM {name} SEMI JOIN seen_traces USING (correlation_id) {bounds})" for name in ("events", "spans")
    )
    con.execute(_LIST.format(summaries(events, spans)))


# What a report carries: of those that did not go well the longest, of all the longest and the latest, a third each, until it is full.
_CARRIED = f"""
CREATE OR REPLACE TEMP TABLE carried AS
WITH ranked AS (SELECT correlation_id, {_TRACE_BYTES} + {_EVENT_BYTES} * least(events, {SPANS_OF_EVENTS_AT_MOST}) AS bytes,
    least(CASE WHEN status <> 'ok' THEN by_duration END, row_number() OVER (ORDER BY duration_ms DESC, correlation_id), n + 1) AS rank, n
  FROM trace_list),
summed AS (SELECT correlation_id, sum(bytes) OVER (ORDER BY rank, n) AS until FROM ranked)
SELECT * REPLACE (row_number() OVER (ORDER BY n) - 1 AS n)
FROM trace_list SEMI JOIN (SELECT correlation_id FROM summed WHERE until <= {{most}}) USING (correlation_id)"""


def traces(con: duckdb.DuckDBPyConnection, window: Window, carried_bytes: int = CARRIED_BYTES) -> Traces:
    """The traces that have an event in `window_events`. Leaves the temporary tables `trace_list` and `carried`, the
    part of it that a report carries, in the same order."""
    con.execute(_SEEN)
    _list(con)
    con.execute(_CARRIED.format(most=carried_bytes))
    total, carried = con.execute("SELECT (SELECT count(*) FROM trace_list), (SELECT count(*) FROM carried)").fetchall()[
        0
    ]
    return Traces(window, total, carried, tuple(TraceSummary(*row) for row in con.execute(_NOTABLE).fetchall()))


# How lists are asked for → what comes first; ties by id.
ORDERS = {"slowest": "duration_ms DESC", "latest": "start DESC", "errors": "errors DESC, duration_ms DESC"}


class TracesFound(NamedTuple):
    """`traces`: the first of the `total` there are."""

    total: int
    traces: tuple[TraceSummary, ...]


def find_traces(
    con: duckdb.DuckDBPyConnection,
    order: str,
    most: int | None = None,
    *,
    status: str | None = None,
    operation: str | None = None,
    named: tuple[str, str] | None = None,
    window: Window | None = None,
) -> TracesFound:
    """The traces of a `status`, in which an `operation` of this name (or of a name like this glob) worked, in one of ORDERS, at most so many.

    They have an event in `window_events`; those whose events or spans have the id `named` (column and value, or the only value there is
    that begins so) are of any time, with a `window` those that reach into it.
    """
    if not named:
        con.execute(_SEEN)
    elif not _see_named(con, *named):
        return TracesFound(0, ())
    if operation:
        spans = "spans" if named else "window_spans"
        con.execute(
            f"""DELETE FROM seen_traces WHERE correlation_id NOT IN (
              SELECT correlation_id FROM {spans} WHERE operation GLOB ? AND correlation_id IS NOT NULL)""",
            [operation],
        )
    _list(con)
    start, end = window.sql if window else (None, None)
    rows = con.execute(
        f"""SELECT {_SUMMARY}, count(*) OVER () FROM trace_list WHERE coalesce(status = $status, true)
          AND coalesce(start < $end AND stop >= $start, true) ORDER BY {ORDERS[order]}, correlation_id {f"LIMIT {most}" if most else ""}""",
        {"status": status, "start": start, "end": end},
    ).fetchall()
    return TracesFound(rows[0][-1] if rows else 0, tuple(TraceSummary(*row[:-1]) for row in rows))


def _see_named(con: duckdb.DuckDBPyConnection, column: str, value: str) -> bool:
    """Make `seen_traces` of the traces in which the id occurs; whether there is one."""
    named = " UNION ALL ".join(
        f"SELECT {column} AS own, correlation_id FROM {table}"
        for table, columns in (("events", EVENT_COLUMNS), ("spans", SPAN_COLUMNS))
        if column in columns
    )
    ids = con.execute(
        f"SELECT DISTINCT own FROM ({named}) WHERE starts_with(own, $1) ORDER BY own <> $1, own LIMIT 2", [value]
    ).fetchall()
    if not ids or (len(ids) > 1 and ids[0][0] != value):
        return False
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE seen_traces AS SELECT DISTINCT correlation_id FROM ({named})
        WHERE own = ? AND correlation_id IS NOT NULL""",
        [ids[0][0]],
    )
    return True
