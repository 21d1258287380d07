"""Operations and events put together in cells, which add up over any number of hosts: how many, how long, with how many tokens.

A cell is of a quarter of an hour, kind, operation, status, what it stands in, and bin of duration, 240 bins a decade. Here they are made, and
what is kept whole beside them is chosen; cells.py reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.analysis import FIRST_TOKEN, folded
from reporter.analysis.cells import KEPT, quarter
from reporter.analysis.chat import flow_links
from reporter.analysis.overview import COUNTED, KIND_COUNTS
from reporter.analysis.tools import tool_chains
from reporter.analysis.traces import summaries
from reporter.analysis.weights import ALL_SPANS
from reporter.analysis.work import TOKENS

if TYPE_CHECKING:
    import duckdb

BINS_A_DECADE = 240
# Of those that did not go well so many keep their contexts, the longest.
DETAILED = 1000
_QUARTER = quarter("ts")
# What a span stands in; a tool's step is told with what that stands in.
_PLACE = ("within_kind", "within_type", "within", "beyond_kind", "beyond_type", "beyond")
_PLACED = """
SELECT s.*, p.kind AS within_kind, p.type AS within_type, p.operation AS within, g.kind AS beyond_kind, g.type AS beyond_type, g.operation AS beyond,
  e.cached_tokens
FROM left_spans s LEFT JOIN spans p ON p.id = s.parent LEFT JOIN spans g ON g.id = p.parent AND s.type = 'tool' AND p.type = 'step'
  LEFT JOIN (SELECT id, cached_tokens FROM events WHERE cached_tokens IS NOT NULL) e ON e.id = s.id"""
_SPAN_KEYS = {
    "quarter": _QUARTER, "kind": "kind", "type": "type", "operation": "operation", "status": "status",
    "place": f"CASE WHEN within_type IS NOT NULL THEN (hash({', '.join(_PLACE)}) >> 2)::BIGINT END", "is_operation": "is_operation",
    "counts_tokens": "counts_tokens", "dry_run": "dry_run", "is_folded": "id IN (SELECT id FROM folded_of_all)",
    "has_completion": "completion_tokens IS NOT NULL", "has_cost": "cost_usd IS NOT NULL",
}  # fmt: skip
# Of durations of 0.1 ms and more; not stored, since each of a cell tells it.
_BIN = f"floor(log10(greatest(min_ms, 0.1)) * {BINS_A_DECADE})::INTEGER"
_MS = f"CASE WHEN {COUNTED} THEN duration_ms END"
# What is summed up, of one span. A call's tokens as they are counted: the total as logged, else of both.
_SPAN_SUMS = {
    "n": "1", "sum_ms": _MS, "min_ms": _MS, "max_ms": _MS, "prompt_tokens": "prompt_tokens", "completion_tokens": "completion_tokens",
    "total_tokens": TOKENS, "cached_tokens": "cached_tokens",
    "cost_usd": "cost_usd",
}  # fmt: skip
# As spans that are no operations, whose duration is the time to first token: it and the stream's own together would be a cell each.
_FIRST_TOKENS = f"""
SELECT ts, kind, '{FIRST_TOKEN}' AS type, operation, 'ok' AS status, false AS is_operation, false AS counts_tokens, id, correlation_id,
  ttft_ms AS duration_ms
FROM left_spans WHERE type = 'stream' AND is_operation AND ttft_ms >= 0 AND isfinite(ttft_ms)"""
# What is asked of single events beside their names: of these alone.
_TOLD_BY = "event IN ('tool.health.check', 'tool.health.status_changed', 'command.template.rendered', 'command.condition.evaluated')"
_EVENT_KEYS = {
    "quarter": _QUARTER,
    **{name: name for name in ("kind", "event", "operation", "status", "level")},
    **{name: f"CASE WHEN {_TOLD_BY} THEN {name} END" for name in ("tool", "state")},
    "is_retry": "kind = 'processing' AND phase = 'finish' AND attempt IS NOT NULL AND attempt > 1",
}
# What is read of events for cells, and to tell which are kept and which are the same.
EVENTS = (
    "id", "source", "record_id", "ts", "kind", "event", "operation", "status", "level", "tool", "state", "phase", "attempt", "cached_tokens", "correlation_id",
)  # fmt: skip
_ADDED = {
    "min_ms": "CASE WHEN sum(n) > 1 THEN min(min_ms) END AS min_ms",
    "max_ms": "CASE WHEN sum(n) > 1 THEN max(max_ms) END AS max_ms",
    **dict.fromkeys(("sum_ms", "cost_usd"), "sum({0}) AS {0}"),
}
# As tables of a file; no columns beyond these.
CELLS = """
CREATE TABLE span_cells (quarter TIMESTAMP, kind VARCHAR, type VARCHAR, operation VARCHAR, status VARCHAR, place BIGINT, is_operation BOOLEAN,
  counts_tokens BOOLEAN, dry_run BOOLEAN, is_folded BOOLEAN, has_completion BOOLEAN, has_cost BOOLEAN, n BIGINT, sum_ms DOUBLE,
  -- Of one alone both are null, and its sum is all.
  min_ms DOUBLE, max_ms DOUBLE, prompt_tokens BIGINT, completion_tokens BIGINT, total_tokens BIGINT, cached_tokens BIGINT, cost_usd DOUBLE);
-- What spans of a quarter stand in.
CREATE TABLE places (quarter TIMESTAMP, place BIGINT, within_kind VARCHAR, within_type VARCHAR, within VARCHAR, beyond_kind VARCHAR,
  beyond_type VARCHAR, beyond VARCHAR);
CREATE TABLE event_cells (quarter TIMESTAMP, kind VARCHAR, event VARCHAR, operation VARCHAR, status VARCHAR, level VARCHAR, tool VARCHAR,
  state VARCHAR, is_retry BOOLEAN, n BIGINT);
-- What only whole traces tell. `what`: trace (that began then), flow (a command or tool and what messages led to it by), chain (a tool after another).
CREATE TABLE trace_cells (quarter TIMESTAMP, what VARCHAR, layer INTEGER, first VARCHAR, second VARCHAR, status VARCHAR, n BIGINT);
-- All of each host, what is kept whole too; of traces those that began in it.
CREATE TABLE host_cells (host VARCHAR, quarter TIMESTAMP, events BIGINT, error_events BIGINT, traces BIGINT, operations BIGINT, errors BIGINT,
  unfinished BIGINT, last TIMESTAMP);
"""
CELL_TABLES = ("span_cells", "places", "event_cells", "trace_cells", "host_cells")
# Of a sink that is not yet reduced.
HOST_CELLS = f"""
INSERT INTO host_cells
WITH begins AS (SELECT substr(key, 6) AS host, value::BIGINT AS first FROM about WHERE starts_with(key, 'host:')),
e AS (SELECT host, {_QUARTER} AS quarter, count(*) AS events, count(*) FILTER (status = 'error') AS error_events, max(ts) AS last
  FROM events ASOF JOIN begins ON id >= first GROUP BY ALL),
t AS (SELECT host, {_QUARTER} AS quarter, count(*) AS traces
  FROM (SELECT correlation_id, min(ts) AS ts, min(id) AS id FROM events WHERE correlation_id IS NOT NULL GROUP BY 1) ASOF JOIN begins ON id >= first GROUP BY ALL),
s(host, quarter, operations, errors, unfinished) AS (SELECT host, {_QUARTER}, {KIND_COUNTS} FROM {ALL_SPANS} ASOF JOIN begins ON id >= first GROUP BY ALL)
SELECT host, quarter, coalesce(events, 0), coalesce(error_events, 0), coalesce(traces, 0), coalesce(operations, 0), coalesce(errors, 0),
  coalesce(unfinished, 0), last
FROM e FULL JOIN s USING (host, quarter) LEFT JOIN t USING (host, quarter)"""
_HOSTS_ADDED = """
SELECT host, quarter, sum(events)::BIGINT, sum(error_events)::BIGINT, sum(traces)::BIGINT, sum(operations)::BIGINT, sum(errors)::BIGINT,
  sum(unfinished)::BIGINT, max(last) FROM host_cells GROUP BY host, quarter ORDER BY host, quarter"""

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
# What goes into cells: of a merge a small part, of which alone it is asked what they stand in.
_LEFT_SPANS = f"CREATE OR REPLACE TEMP TABLE left_spans AS SELECT * FROM {ALL_SPANS} WHERE NOT ({KEPT_SPANS})"
# Whose context is kept: of few traces, however many failed.
DETAILED_EVENTS = f"""correlation_id IN (
  SELECT correlation_id FROM kept_traces WHERE status = 'ok' OR by_duration <= {DETAILED})"""


def choose(con: duckdb.DuckDBPyConnection, kept: int = KEPT) -> None:
    """Leave `kept_traces`: all of `events` and `spans` that failed or did not end, and of the others the slowest and the latest. Chosen from
    what was chosen of parts, they are those that are chosen of the whole. And `left_spans`, the spans of all others."""
    told = summaries("(SELECT *, NULL AS message FROM events)", "spans")
    con.execute(_KEPT_TRACES.format(summaries=told, kept=kept, folded=folded("spans")))
    con.execute(_LEFT_SPANS)


def cells_sql(table: str) -> str:
    """SQL: the cells of what `choose` left out, and of the relation `table`, put together, in order. Of `span_cells` see `span_cells_sql`."""
    made = {
        "host_cells": lambda: _HOSTS_ADDED,
        "places": _places,
        "trace_cells": _trace_cells,
        "event_cells": _event_cells,
    }
    return made[table]()


# Rows that are put together or sorted at once, so that memory does not grow with the fleet.
_AT_ONCE = 250_000


def stretches(con: duckdb.DuckDBPyConnection, rows: str, time: str) -> list[str]:
    """SQL: conditions on the column `time`, of which each moment meets one, and each of which about _AT_ONCE of the `rows` meet."""
    begins = con.execute(
        f"""SELECT min(quarter) FROM (SELECT quarter, sum(n) OVER (ORDER BY quarter) // {_AT_ONCE} AS stretch
          FROM (SELECT {quarter(time)} AS quarter, count(*) AS n FROM {rows} GROUP BY 1)) GROUP BY stretch ORDER BY 1"""
    ).fetchall()
    borders = [f"TIMESTAMP '{begin}'" for (begin,) in begins[1:]]
    return [
        " AND ".join((*([f"{time} >= {begin}"] if begin else []), *([f"{time} < {end}"] if end else []))) or "true"
        for begin, end in zip(["", *borders], [*borders, ""], strict=True)
    ]


def _places() -> str:
    left = f"SELECT {_QUARTER} AS quarter, {_SPAN_KEYS['place']} AS place, {', '.join(_PLACE)} FROM ({_PLACED})"
    return f"SELECT DISTINCT * FROM (FROM places UNION ALL {left}) WHERE place IS NOT NULL ORDER BY ALL"


def _trace_cells() -> str:
    began = f"SELECT {quarter('start')}, 'trace', NULL, NULL, NULL, NULL, 1 FROM summed WHERE NOT {_IS_OF_KEPT}"
    flow = (
        f"SELECT {_QUARTER}, 'flow', layer, source, target, status, 1 FROM ({flow_links('left_spans')}) WHERE layer > 0"
    )
    chains = f"SELECT {_QUARTER}, 'chain', NULL, first, second, NULL, 1 FROM ({tool_chains('left_spans')})"
    return f"SELECT * REPLACE (sum(n)::BIGINT AS n) FROM (FROM trace_cells UNION ALL {began} UNION ALL {flow} UNION ALL {chains}) GROUP BY ALL ORDER BY ALL"


def _event_cells() -> str:
    keys = ", ".join(f"{sql} AS {name}" for name, sql in _EVENT_KEYS.items())
    left = f"SELECT {keys}, 1 AS n FROM events WHERE NOT ({KEPT_EVENTS})"
    return f"SELECT {', '.join(_EVENT_KEYS)}, sum(n)::BIGINT AS n FROM (FROM event_cells UNION ALL {left}) GROUP BY ALL ORDER BY ALL"


def span_cells_sql(stretch: str) -> str:
    """SQL: those of spans that `choose` left out, and of `span_cells`, put together, of one of `stretches`, in order."""
    keys = ", ".join(f"{sql} AS {name}" for name, sql in _SPAN_KEYS.items())
    sums = ", ".join(f"{sql} AS {name}" for name, sql in _SPAN_SUMS.items())
    rows = f"SELECT * FROM ({_PLACED}) UNION ALL BY NAME {_FIRST_TOKENS}"
    left = f"SELECT * FROM (SELECT {keys}, {sums} FROM ({rows})) WHERE {stretch}"
    held = f"SELECT * REPLACE (coalesce(min_ms, sum_ms) AS min_ms, coalesce(max_ms, sum_ms) AS max_ms) FROM span_cells WHERE {stretch}"
    added = ", ".join(_ADDED.get(name, "sum({0})::BIGINT AS {0}").format(name) for name in _SPAN_SUMS)
    # Those of one apart from the others: so what they leave empty takes no room.
    return f"""SELECT {", ".join(_SPAN_KEYS)}, {added} FROM ({held} UNION ALL {left}) GROUP BY {", ".join(_SPAN_KEYS)}, {_BIN}
      ORDER BY sum(n) > 1, {", ".join(_SPAN_KEYS)}, sum(sum_ms)"""
