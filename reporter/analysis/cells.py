"""Operations and events put together in cells, which add up over any number of hosts: how many, how long, with how many tokens.

A cell is of a quarter of an hour, kind, operation, status and bin of duration, 240 bins a decade. `span_cells` and `event_cells` read as the
rows that they were made of: the shortest and the longest of a cell as they were, the others with what is left of the cell's sum shared out.
So counts, sums, least and greatest are exact whatever is asked of them, and a percentile is off by less than a bin's width, 10^(1/240) − 1,
0.97 % (of durations of 0.1 ms and more; shorter ones are one bin).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reporter.analysis import FOLDED_ROW, folded
from reporter.analysis.hosts import HostFigures
from reporter.analysis.overview import COUNTED, KIND_FIGURES
from reporter.analysis.traces import summaries
from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.analysis.overview import Overview
    from reporter.window import Window

BINS_A_DECADE = 240
# Traces that went well and are kept whole all the same: the slowest, and as many of the latest.
KEPT = 1000
# Of those that did not go well so many keep their contexts, the longest.
DETAILED = 1000
HOW_EXACT = "put together in quarters of an hour: percentiles are within 0.97 %, all else is exact for whole quarters"
WHAT_IS_KEPT = (
    f"a reduced sink keeps traces that failed or did not end, and of the others the {KEPT:,} slowest and latest"
)


def _quarter(moment: str) -> str:
    return f"make_timestamp(epoch_us({moment}) // 900000000 * 900000000)"


_QUARTER = _quarter("ts")
_SPAN_KEYS = {
    "quarter": _QUARTER, "kind": "kind", "type": "type", "operation": "operation", "status": "status", "is_operation": "is_operation",
    "counts_tokens": "counts_tokens", "dry_run": "dry_run", "is_folded": "id IN (SELECT id FROM folded_of_all)",
    "bin": f"CASE WHEN {COUNTED} THEN floor(log10(greatest(duration_ms, 0.1)) * {BINS_A_DECADE})::INTEGER END",
}  # fmt: skip
# A call's tokens as they are counted: the total as logged, else of both.
_SPAN_SUMS = {
    "n": "count(*)", "sum_ms": f"sum(duration_ms) FILTER ({COUNTED})", "min_ms": f"min(duration_ms) FILTER ({COUNTED})",
    "max_ms": f"max(duration_ms) FILTER ({COUNTED})", "prompt_tokens": "sum(prompt_tokens)::BIGINT",
    "completion_tokens": "sum(completion_tokens)::BIGINT",
    "total_tokens": "sum(coalesce(total_tokens, coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)))::BIGINT", "cost_usd": "sum(cost_usd)",
}  # fmt: skip
_EVENT_KEYS = {"quarter": _QUARTER, **{name: name for name in ("kind", "event", "operation", "status", "level")}}
# As tables of a file; no columns beyond these.
CELLS = """
CREATE TABLE span_cells (quarter TIMESTAMP, kind VARCHAR, type VARCHAR, operation VARCHAR, status VARCHAR, is_operation BOOLEAN,
  counts_tokens BOOLEAN, dry_run BOOLEAN, is_folded BOOLEAN, bin INTEGER, n BIGINT, sum_ms DOUBLE, min_ms DOUBLE, max_ms DOUBLE,
  prompt_tokens BIGINT, completion_tokens BIGINT, total_tokens BIGINT, cost_usd DOUBLE);
CREATE TABLE event_cells (quarter TIMESTAMP, kind VARCHAR, event VARCHAR, operation VARCHAR, status VARCHAR, level VARCHAR, n BIGINT);
-- How many traces began in it, of which nothing else is kept.
CREATE TABLE trace_cells (quarter TIMESTAMP, n BIGINT);
-- All of each host, what is kept whole too; of traces those that began in it.
CREATE TABLE host_cells (host VARCHAR, quarter TIMESTAMP, events BIGINT, error_events BIGINT, traces BIGINT, operations BIGINT, errors BIGINT,
  unfinished BIGINT, last TIMESTAMP);
"""
CELL_TABLES = ("span_cells", "event_cells", "trace_cells", "host_cells")
# Of a sink that is not yet reduced.
HOST_CELLS = f"""
INSERT INTO host_cells
WITH begins AS (SELECT substr(key, 6) AS host, value::BIGINT AS first FROM about WHERE starts_with(key, 'host:')),
e AS (SELECT host, {_QUARTER} AS quarter, count(*) AS events, count(*) FILTER (status = 'error') AS error_events, max(ts) AS last
  FROM events ASOF JOIN begins ON id >= first GROUP BY ALL),
t AS (SELECT host, {_QUARTER} AS quarter, count(*) AS traces
  FROM (SELECT correlation_id, min(ts) AS ts, min(id) AS id FROM events WHERE correlation_id IS NOT NULL GROUP BY 1) ASOF JOIN begins ON id >= first GROUP BY ALL),
s(host, quarter, operations, errors, unfinished, percentiles) AS (SELECT host, {_QUARTER}, {KIND_FIGURES} FROM spans ASOF JOIN begins ON id >= first GROUP BY ALL)
SELECT host, quarter, coalesce(events, 0), coalesce(error_events, 0), coalesce(traces, 0), coalesce(operations, 0), coalesce(errors, 0),
  coalesce(unfinished, 0), last
FROM e FULL JOIN s USING (host, quarter) LEFT JOIN t USING (host, quarter)"""
_HOSTS_ADDED = """
SELECT host, quarter, sum(events)::BIGINT, sum(error_events)::BIGINT, sum(traces)::BIGINT, sum(operations)::BIGINT, sum(errors)::BIGINT,
  sum(unfinished)::BIGINT, max(last) FROM host_cells GROUP BY host, quarter"""
_HOSTS = """
SELECT c.host, coalesce(sum(events) FILTER (is_in), 0)::BIGINT, coalesce(sum(error_events) FILTER (is_in), 0)::BIGINT,
  coalesce(sum(traces) FILTER (is_in), 0)::BIGINT, coalesce(sum(operations) FILTER (is_in), 0)::BIGINT,
  coalesce(sum(errors) FILTER (is_in), 0)::BIGINT, coalesce(sum(unfinished) FILTER (is_in), 0)::BIGINT, max(last), coalesce(any_value(v.value), '')
FROM (SELECT *, quarter >= $start AND quarter < $end AS is_in FROM host_cells) c LEFT JOIN about v ON v.key = 'version:' || c.host
GROUP BY c.host ORDER BY c.host"""

_KEPT_TRACES = """
CREATE OR REPLACE TEMP TABLE summed AS SELECT correlation_id, status, start, duration_ms FROM ({summaries});
CREATE OR REPLACE TEMP TABLE kept_traces AS
SELECT correlation_id, status, row_number() OVER (PARTITION BY status = 'ok' ORDER BY duration_ms DESC, correlation_id) AS by_duration
FROM summed QUALIFY status <> 'ok' OR by_duration <= {kept}
  OR row_number() OVER (PARTITION BY status = 'ok' ORDER BY start DESC, correlation_id) <= {kept};
CREATE OR REPLACE TEMP TABLE folded_of_all AS {folded}"""
_IS_OF_KEPT = "correlation_id IN (SELECT correlation_id FROM kept_traces)"
# What has no trace stays where it did not go well.
KEPT_EVENTS = f"CASE WHEN correlation_id IS NULL THEN coalesce(status = 'error', false) ELSE {_IS_OF_KEPT} END"
KEPT_SPANS = f"CASE WHEN correlation_id IS NULL THEN status <> 'ok' ELSE {_IS_OF_KEPT} END"
# Whose context is left out.
PLAIN_EVENTS = f"""correlation_id IS NULL OR correlation_id IN (
  SELECT correlation_id FROM kept_traces WHERE status <> 'ok' AND by_duration > {DETAILED})"""


def choose(con: duckdb.DuckDBPyConnection, kept: int = KEPT) -> None:
    """Leave `kept_traces`: all of `events` and `spans` that failed or did not end, and of the others the slowest and the latest. Chosen from
    what was chosen of parts, they are those that are chosen of the whole."""
    named = "(SELECT *, operation AS named FROM spans)"
    con.execute(_KEPT_TRACES.format(summaries=summaries("events", named), kept=kept, folded=folded("spans")))


def cells_sql(table: str) -> str:
    """SQL: the cells of what `choose` left out, and of the relation `table`, put together."""
    if table == "host_cells":
        return _HOSTS_ADDED
    if table == "trace_cells":
        left = f"SELECT {_quarter('start')} AS quarter, count(*) AS n FROM summed WHERE NOT {_IS_OF_KEPT} GROUP BY ALL"
        return f"SELECT quarter, sum(n)::BIGINT AS n FROM (FROM trace_cells UNION ALL {left}) GROUP BY ALL"
    if table == "event_cells":
        keys = ", ".join(f"{sql} AS {name}" for name, sql in _EVENT_KEYS.items())
        left = f"SELECT {keys}, count(*) AS n FROM events WHERE NOT ({KEPT_EVENTS}) GROUP BY ALL"
        return f"SELECT {', '.join(_EVENT_KEYS)}, sum(n)::BIGINT AS n FROM (FROM event_cells UNION ALL {left}) GROUP BY ALL"
    keys = ", ".join(f"{sql} AS {name}" for name, sql in _SPAN_KEYS.items())
    sums = ", ".join(f"{sql} AS {name}" for name, sql in _SPAN_SUMS.items())
    left = f"SELECT {keys}, {sums} FROM spans WHERE NOT ({KEPT_SPANS}) GROUP BY ALL"
    added = ", ".join(
        f"{name[:3]}({name}) AS {name}" if name in ("min_ms", "max_ms")
        else f"sum({name}){'' if name in ('sum_ms', 'cost_usd') else '::BIGINT'} AS {name}"
        for name in _SPAN_SUMS
    )  # fmt: skip
    return f"SELECT {', '.join(_SPAN_KEYS)}, {added} FROM (FROM span_cells UNION ALL {left}) GROUP BY ALL"


# Their numbers are below 0, which no event's is. A call that its chat stream shows (`analysis.folded`) is told from others by its `row_event`.
_ROWS = "(SELECT *, row_number() OVER () AS cell FROM {cells}), unnest(range(n)) AS r(i)"
_SPAN = {
    "id": "-((cell << 32) + i + 1)", "ts": "quarter", "start_ts": "quarter", "row_event": f"CASE WHEN is_folded THEN {FOLDED_ROW} END",
    "duration_ms": "CASE WHEN i = 0 THEN min_ms WHEN i = 1 THEN max_ms ELSE (sum_ms - min_ms - max_ms) / (n - 2) END",
    **{name: f"CASE WHEN i = 0 THEN {name} END" for name in ("prompt_tokens", "completion_tokens", "total_tokens", "cost_usd")},
    **{name: name for name in ("kind", "type", "operation", "status", "is_operation", "counts_tokens", "dry_run")},
}  # fmt: skip
_EVENT = {
    "id": "-((cell << 32) + i + 1)",
    "ts": "quarter",
    **{n: n for n in ("kind", "event", "operation", "status", "level")},
}


def see_cells(con: duckdb.DuckDBPyConnection) -> None:
    """Let `events` and `spans` be what is kept whole and the cells together."""
    # Percentiles hold their values, which cannot go to disk: some 150 bytes an operation.
    con.execute("SET memory_limit = '25%'")
    (own,) = con.execute("SELECT current_database()").fetchall()[0]
    for table, columns, made in (("events", EVENT_COLUMNS, _EVENT), ("spans", SPAN_COLUMNS, _SPAN)):
        told = ", ".join(f'{made.get(name, "NULL")} AS "{name}"' for name in columns)
        whole = ", ".join(f'"{name}"' for name in columns)
        rows = _ROWS.format(cells=f"{table[:-1]}_cells")
        con.execute(
            f"""CREATE OR REPLACE TEMP VIEW {table} AS
            SELECT {whole} FROM "{own}".main.{table} UNION ALL SELECT {told} FROM {rows}"""
        )


def with_counted_traces(con: duckdb.DuckDBPyConnection, view: Overview, window: Window) -> Overview:
    """With the traces that are counted by when they began alone. One over hosts that were reduced apart counts with each."""
    (more,) = con.execute(
        "SELECT coalesce(sum(n), 0)::BIGINT FROM trace_cells WHERE quarter >= ? AND quarter < ?", [*window.sql]
    ).fetchall()[0]
    totals = view.totals
    traces = totals.traces + more
    share = totals.failed_traces / traces if traces else None
    return replace(view, totals=replace(totals, traces=traces, failed_share=share))


def span_of_cells(con: duckdb.DuckDBPyConnection) -> tuple[datetime, datetime]:
    """From when to when there is anything, in whole quarters of an hour (UTC, without a zone)."""
    return con.execute(
        f"""SELECT min(quarter), max(quarter) + INTERVAL 15 MINUTE
        FROM (SELECT quarter FROM event_cells UNION ALL SELECT {_QUARTER} FROM events)"""
    ).fetchall()[0]


def hosts_of_cells(con: duckdb.DuckDBPyConnection, window: Window) -> tuple[HostFigures, ...]:
    """Hosts by name, counted in whole quarters of an hour; how long their operations take is not told of each."""
    start, end = window.sql
    found = []
    for host, events, error_events, traces, count, errors, unfinished, last, versions in con.execute(
        _HOSTS, {"start": start, "end": end}
    ).fetchall():
        rate = errors / count if count else None
        found.append(
            HostFigures(host, events, error_events, traces, count, errors, rate, unfinished, None, last, versions, "")
        )
    return tuple(found) if len(found) > 1 else ()


def selectable_cells(window: Window) -> str:
    """SQL: the window's cells as rows of the table `selectable` of operations.py."""
    start, end = window.sql
    return f"""
SELECT -row_number() OVER () AS id, epoch_ms(quarter) AS t, kind, type, operation, CASE WHEN NOT is_operation THEN 3 WHEN status = 'error' THEN 1 ELSE 0 END AS status,
  CASE WHEN is_operation THEN sum_ms / n END AS ms, n, prompt_tokens AS prompt, completion_tokens AS completion, total_tokens AS total, cost_usd AS cost,
  counts_tokens IS TRUE AS counts, dry_run IS TRUE AS dry, is_folded AS folded
FROM span_cells WHERE quarter >= TIMESTAMP '{start}' AND quarter < TIMESTAMP '{end}' AND (is_operation OR counts_tokens)"""
