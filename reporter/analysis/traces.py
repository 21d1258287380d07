"""Traces: all events of one correlation id, listed; with their spans as trees and, for those worth a look, every event.

What the viewer loads is made by DuckDB as JSON text: 34,000 traces through Python objects took as long as reading them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.events import KINDS
from reporter.spans import parents_sql

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

# How many traces a report carries with all their events, and how much of a context or message at most.
DETAILED_TRACES = 1000
CONTEXT_CHARS = 20_000
# Listed as plain HTML: all failing and unfinished ones up to this many, and the slowest.
LISTED_BAD, LISTED_SLOW = 300, 50
_DETAILED_A_SHARD, _TRACES_A_SHARD = 20, 200
_HASHED_BYTES = 64
# Readers of JSON give up at depths around 1000.
_CONTAINERS_AT_MOST = 900


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
class Shard:
    """JSON of some traces. `whole`: object of documents (`trace_json`) by id; `brief`: spans alone of the others, columnar."""

    whole: str
    brief: str


@dataclass(frozen=True)
class Traces:
    """The window's traces.

    `notable`: failing, unfinished and slowest, in that order. `index`: all traces, columnar JSON, latest first, `id`,
    `start` (epoch ms), `ms`, `status` and so on, with `names`, the operations that `operations_of` counts into. `shards`: by
    `shards_of`.
    `ids`: JSON object of the other ids to rows of `index`.
    """

    window: Window
    total: int
    failing: tuple[str, ...]
    detailed: int
    notable: tuple[TraceSummary, ...]
    index: str
    shards: tuple[Shard, ...]
    ids: str


# Log lines often carry whole seconds only, of a moment in the second that follows: such a time begins a trace only
# where it is earlier than all exact ones by more than that second. Needs `exact`, `rough` (events), `work` (spans).
_START = """CASE WHEN least(exact, work) IS NULL OR rough < least(exact, work) - INTERVAL 1 SECOND THEN rough
  ELSE least(exact, work) END"""
_FIRSTS = "min(ts) FILTER (epoch_us(ts) % 1000000 <> 0) AS exact, min(ts) FILTER (epoch_us(ts) % 1000000 = 0) AS rough"
_LIST = f"""
CREATE OR REPLACE TEMP TABLE trace_list AS
WITH e AS (
  SELECT correlation_id, {_FIRSTS}, max(ts) AS last, count(*) AS events, count(*) FILTER (status = 'error') AS errors,
    arg_min(coalesce(event, message), (ts, id)) AS first_event,
    {", ".join(f"bool_or(kind = '{kind}')::INT * {1 << n}" for n, kind in enumerate(KINDS)).replace(", ", " + ")} AS kinds
  FROM window_events WHERE correlation_id IS NOT NULL GROUP BY correlation_id),
s AS (
  SELECT correlation_id, min(start_ts) AS work, count(*) FILTER (is_operation AND status <> 'unfinished') AS operations,
    count(*) FILTER (status = 'unfinished') AS unfinished, list_sort(list(DISTINCT operation)) AS names,
    arg_max(kind || ' ' || operation, (CASE type WHEN 'command' THEN 3 WHEN 'root' THEN 2 WHEN 'stream' THEN 1 ELSE 0 END, duration_ms)) AS root
  FROM window_spans WHERE correlation_id IS NOT NULL GROUP BY correlation_id)
SELECT correlation_id, {_START} AS start, greatest(0, epoch_us(last) - epoch_us({_START})) / 1000 AS duration_ms,
  CASE WHEN errors > 0 THEN 'error' WHEN unfinished > 0 THEN 'unfinished' ELSE 'ok' END AS status,
  events, errors, coalesce(operations, 0) AS operations, left(coalesce(root, first_event, ''), 200) AS root, kinds,
  coalesce(names, []) AS names, row_number() OVER (ORDER BY start DESC, correlation_id) - 1 AS n,
  row_number() OVER (PARTITION BY status = 'ok' ORDER BY status, duration_ms DESC, correlation_id) AS by_duration,
  row_number() OVER (PARTITION BY status ORDER BY start DESC, correlation_id) AS by_age
FROM e LEFT JOIN s USING (correlation_id)"""

_SUMMARY = "correlation_id, start, duration_ms, status, events, errors, operations, root"
_NOTABLE = f"""SELECT {_SUMMARY} FROM trace_list
WHERE by_duration <= CASE WHEN status = 'ok' THEN {LISTED_SLOW} ELSE {LISTED_BAD} END ORDER BY status = 'ok', by_duration"""

_INDEX = """
WITH named AS (SELECT name, row_number() OVER (ORDER BY name) - 1 AS number FROM (SELECT DISTINCT unnest(names) AS name FROM trace_list)),
numbered AS (
  SELECT n, list(number ORDER BY number) AS numbers
  FROM (SELECT n, unnest(names) AS name FROM trace_list) JOIN named USING (name) GROUP BY n)
SELECT to_json({id: list(correlation_id ORDER BY t.n), start: list(epoch_ms(start) ORDER BY t.n),
  ms: list(round(duration_ms, 3) ORDER BY t.n), status: list(status ORDER BY t.n), events: list(events ORDER BY t.n),
  errors: list(errors ORDER BY t.n), operations: list(operations ORDER BY t.n), root: list(root ORDER BY t.n),
  kinds: list(kinds ORDER BY t.n), operations_of: list(coalesce(numbers, []) ORDER BY t.n),
  names: (SELECT list(name ORDER BY number) FROM named)})
FROM trace_list t LEFT JOIN numbered USING (n)"""

_IDS = """
SELECT json_group_object(key, rows) FROM (
  SELECT key, list(DISTINCT n ORDER BY n) AS rows
  FROM (UNPIVOT (SELECT correlation_id, message_id, conversation_id, fragment_id, execution_id, pipeline_id, invocation_id
      FROM window_spans) ON * EXCLUDE (correlation_id) INTO NAME which VALUE key)
    JOIN trace_list USING (correlation_id) GROUP BY key)"""


def _time(column: str) -> str:
    return f"(strftime({column}, '%Y-%m-%dT%H:%M:%S.%f') || 'Z')"


# One trace as the command line's JSON has it, and more. Null members of spans are left out.
_SPAN = f"""{{id: id, parent: parent, kind: kind, type: type, operation: operation, start: {_time("start_ts")},
  "end": CASE WHEN status <> 'unfinished' THEN {_time("ts")} END, duration_ms: duration_ms, status: status,
  provider: provider, model: model, prompt_tokens: prompt_tokens, completion_tokens: completion_tokens,
  cost_usd: cost_usd, counts_tokens: CASE WHEN counts_tokens THEN true END, ttft_ms: ttft_ms, dry_run: dry_run,
  message_id: message_id, conversation_id: conversation_id, fragment_id: fragment_id, execution_id: execution_id,
  step_id: step_id, pipeline_id: pipeline_id, invocation_id: invocation_id, start_event: start_event, row_event: row_event}}"""
_EVENT = f"""{{id: e.id, ts: {_time("ts").replace("%", "%%")}, kind: kind, event: event, operation: operation, status: status,
  duration_ms: duration_ms, level: level, message: left(message, {CONTEXT_CHARS}), source: coalesce(n.name, 'source ' || e.source),
  "offset": "offset", context: %s, extra: %s}}"""


def _raw(column: str, chars: int) -> str:
    """JSON as it is; what is too long, nested too deep for readers of JSON, or no JSON, as a string."""
    brackets = f"length({column}) - length(replace(replace({column}, '{{', ''), '[', ''))"
    return (
        f"CASE WHEN length({column}) <= {chars} AND {brackets} < {_CONTAINERS_AT_MOST} AND json_valid({column}) THEN {column}::JSON "
        f"ELSE to_json(left({column}, {chars})) END"
    )


def _documents(chosen: str, chars: int) -> str:
    """SQL for (correlation_id, document): what `trace_json` gives, for the traces in relation `chosen` (correlation_id)."""
    event = _EVENT % (_raw("context", chars), _raw("extra", chars))
    spans = f"SELECT * FROM spans WHERE correlation_id IN (SELECT correlation_id FROM {chosen})"
    return f"""
WITH linked AS MATERIALIZED (SELECT s.*, parent FROM ({spans}) s LEFT JOIN ({parents_sql(spans)}) USING (id)),
work AS (
  SELECT correlation_id, string_agg(regexp_replace(to_json({_SPAN})::VARCHAR, '"[a-z_]+":null,|,"[a-z_]+":null', '', 'g'), ','
      ORDER BY start_ts, duration_ms DESC NULLS LAST, id) AS spans,
    min(start_ts) AS work, max(ts) AS last, bool_or(status = 'error') AS has_error, bool_or(status = 'unfinished') AS is_open
  FROM linked GROUP BY ALL),
told AS (
  SELECT correlation_id, string_agg(to_json({event})::VARCHAR, ',' ORDER BY ts, e.id) AS events, {_FIRSTS}, max(ts) AS last,
    bool_or(status = 'error') AS has_error
  FROM events e JOIN {chosen} USING (correlation_id) LEFT JOIN source_names n ON n.id = e.source GROUP BY ALL),
joined AS (
  SELECT correlation_id, {_START} AS start, greatest({_START}, w.last, t.last) AS stop,
    CASE WHEN t.has_error OR w.has_error THEN 'error' WHEN is_open THEN 'unfinished' ELSE 'ok' END AS status, events, spans
  FROM told t LEFT JOIN work w USING (correlation_id))
SELECT correlation_id, '{{"correlation_id":' || to_json(correlation_id) || ',"start":"' || {_time("start")} || '","end":"' || {_time("stop")}
    || '","duration_ms":' || (epoch_us(stop) - epoch_us(start)) / 1000 || ',"status":"' || status
    || '","events":[' || events || '],"spans":[' || coalesce(spans, '') || ']}}' AS document
FROM joined"""


# Spans alone, columnar: `ids` and `numbers` name the traces, `trace` says by number whose a span is.
_BRIEF = f"""
WITH brief AS MATERIALIZED (SELECT correlation_id, n, shard, status FROM trace_list JOIN sharded USING (n) WHERE correlation_id NOT IN (SELECT correlation_id FROM chosen)),
s AS MATERIALIZED (SELECT spans.* FROM spans SEMI JOIN brief USING (correlation_id)),
columns AS (
  SELECT shard, {{trace: list(n), id: list(id), parent: list(parent), kind: list(kind), type: list(type), operation: list(operation),
    start: list(epoch_us(start_ts) / 1000), duration_ms: list(duration_ms), status: list(s.status)}} AS spans
  FROM s JOIN brief USING (correlation_id) LEFT JOIN ({parents_sql("SELECT * FROM s")}) USING (id) GROUP BY shard)
SELECT b.shard, to_json({{ids: ids, numbers: numbers, statuses: statuses, spans: spans}})::VARCHAR
FROM (SELECT shard, list(correlation_id ORDER BY n) AS ids, list(n ORDER BY n) AS numbers, list(status ORDER BY n) AS statuses FROM brief GROUP BY shard) b
  LEFT JOIN columns USING (shard)"""


def traces(con: duckdb.DuckDBPyConnection, window: Window, detailed: int = DETAILED_TRACES) -> Traces:
    """The window's traces. Beside `events`, `spans` and the window's views it reads `source_names` (id, name).

    The `detailed` traces carried with all their events: failing and unfinished first, then half of the rest by duration
    and half by age.
    """
    con.execute(_LIST)
    ids = [row[0] for row in con.execute("SELECT correlation_id FROM trace_list ORDER BY n").fetchall()]
    failing = con.execute("SELECT correlation_id FROM trace_list WHERE status = 'error' ORDER BY n LIMIT 50").fetchall()
    carried = min(len(ids), detailed)
    shards = max(1, -(-carried // _DETAILED_A_SHARD), -(-len(ids) // _TRACES_A_SHARD))
    con.execute(_chosen(detailed))
    return Traces(
        window,
        len(ids),
        tuple(row[0] for row in failing),
        carried,
        tuple(TraceSummary(*row) for row in con.execute(_NOTABLE).fetchall()),
        _text(con, _INDEX),
        _shards(con, ids, shards),
        _text(con, _IDS) or "{}",
    )


def _chosen(detailed: int) -> str:
    bad = "(SELECT count(*) FROM trace_list WHERE status <> 'ok')"
    slow = f"greatest(0, ({detailed} - {bad}) // 2)"
    late = f"(SELECT count(*) FROM trace_list WHERE status = 'ok' AND by_duration <= {slow})"
    return f"""CREATE OR REPLACE TEMP TABLE chosen AS
SELECT correlation_id FROM trace_list
QUALIFY CASE WHEN status <> 'ok' THEN by_duration <= {detailed}
    ELSE by_duration <= {slow} OR row_number() OVER (PARTITION BY status = 'ok', by_duration <= {slow} ORDER BY start DESC, correlation_id)
      <= {detailed} - {bad} - {late} END"""


def _shards(con: duckdb.DuckDBPyConnection, ids: list[str], count: int) -> tuple[Shard, ...]:
    import pyarrow as pa

    shard = pa.array(shards_of(ids, count), pa.int32())
    con.register("sharded", pa.table({"n": pa.array(range(len(ids)), pa.int64()), "shard": shard}))
    whole = con.execute(
        f"""SELECT shard, string_agg(to_json(correlation_id) || ':' || document, ',' ORDER BY n)
        FROM ({_documents("chosen", CONTEXT_CHARS)}) JOIN trace_list USING (correlation_id) JOIN sharded USING (n) GROUP BY shard"""
    ).fetchall()
    brief = con.execute(_BRIEF).fetchall()
    con.unregister("sharded")
    wholes, briefs = dict(whole), dict(brief)
    return tuple(Shard(f"{{{wholes.get(n, '')}}}", briefs.get(n, "null")) for n in range(count))


def _text(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    rows = con.execute(sql).fetchall()
    return rows[0][0] or ""


def shards_of(ids: list[str], count: int) -> list[int]:
    """The shard of each trace: FNV-1a (32 bits) of its id's first 64 bytes as UTF-8, modulo `count`; the same in data.js."""
    import numpy as np

    raw = [name.encode("utf-8", "replace")[:_HASHED_BYTES] for name in ids]
    lengths = np.array([len(name) for name in raw])
    letters = np.frombuffer(b"".join(name.ljust(_HASHED_BYTES, b"\0") for name in raw), np.uint8)
    columns = letters.reshape(len(raw), _HASHED_BYTES).astype(np.uint32)
    value = np.full(len(raw), 0x811C9DC5, np.uint32)
    for at in range(_HASHED_BYTES):
        value = np.where(at < lengths, (value ^ columns[:, at]) * np.uint32(0x01000193), value)
    return [int(number) for number in value.astype(np.int64) % count]


def trace_json(con: duckdb.DuckDBPyConnection, correlation_id: str) -> str | None:
    """One whole trace, in the window or not, as JSON with contexts in full; None where there is none.

    `{correlation_id, start, end, duration_ms, status, events: [...], spans: [...]}`: events in order of time, spans by
    start with the id of their parent.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT correlation_id FROM events WHERE correlation_id = ?",
        [correlation_id],
    )
    rows = con.execute(_documents("asked", 1 << 31)).fetchall()
    return rows[0][1] if rows else None


def ids_like(con: duckdb.DuckDBPyConnection, asked: str, at_most: int = 5) -> list[str]:
    """Ids of traces that begin with `asked`; where none does, those that resemble it most."""
    rows = con.execute(
        "SELECT DISTINCT correlation_id FROM events WHERE starts_with(correlation_id, ?) ORDER BY 1 LIMIT ?",
        [asked, at_most],
    ).fetchall()
    if not rows:
        rows = con.execute(
            """SELECT correlation_id FROM (SELECT DISTINCT correlation_id FROM spans WHERE correlation_id IS NOT NULL)
            WHERE jaro_winkler_similarity(correlation_id, $1) > 0.8 OR contains(correlation_id, $1)
            ORDER BY jaro_winkler_similarity(correlation_id, $1) DESC, 1 LIMIT $2""",
            [asked, at_most],
        ).fetchall()
    return [row[0] for row in rows]
