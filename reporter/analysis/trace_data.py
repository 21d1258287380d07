"""What the trace viewer loads: traces as JSON, made by DuckDB as text.

34,000 traces through Python objects took as long as reading them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reporter import engine
from reporter.analysis import log_data, logged
from reporter.analysis.brief import briefs
from reporter.analysis.log_data import NO_LOGS, LogData
from reporter.analysis.shards import parts, places
from reporter.analysis.trace import CONTAINERS_AT_MOST, SPAN_DETAILS
from reporter.redaction.relation import ID, JSON, TEXT, Shown, redacted, shown_columns, sorted_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from reporter.analysis.brief import Brief
    from reporter.redaction.redactor import Redactor

# How many traces a report carries with all their events, and how much of a context or message at most.
DETAILED_TRACES = 1000
CONTEXT_CHARS = 20_000
# All these records together, and those of one trace: what is larger is carried with its spans alone.
DETAILED_BYTES, TRACE_BYTES = 48_000_000, 8_000_000
# What a shard holds at most: 20 of these, or 300 others.
SHARD, _WHOLE = 300, 15
_CHOSEN = "correlation_id IN (SELECT correlation_id FROM chosen)"
_LOGGED = {"message": TEXT, "context": JSON, "extra": JSON}


@dataclass(frozen=True)
class Shard:
    """JSON of the traces of a stretch of time (shards.py). `whole`: documents by id; `brief`: spans alone of the others, columnar."""

    name: str
    whole: Mapping[str, str]
    brief: Brief | None

    @property
    def json(self) -> str:
        """Both as one object, made when it is written: a report's shards are as large as all else that it holds."""
        whole = ",".join(f"{_json_string(name)}:{document}" for name, document in self.whole.items())
        return f'{{"whole":{{{whole}}},"brief":{self.brief.json if self.brief else "null"}}}'


@dataclass(frozen=True)
class TraceData:
    """The window's traces for the viewer, as far as a report carries them.

    `index`: columnar JSON, latest first: `id`, `start` (epoch ms), `ms`, `status` and so on, with `names`, the
    operations that `operations_of` counts into. `ids`: JSON object of the other ids to rows of `index`. `documents`:
    those carried with all their events, each as `trace.trace` gives it but for long contexts. `shards`: all, and `places`: JSON of
    which of them holds what id (`shards.places`). `names`: ids and names that are shown as something else. `operations`: what the filter computes with
    (`operations.operations_data`), made beside the traces. `logs`: the window's entries, where they were asked for.
    """

    index: str
    ids: str
    documents: Mapping[str, str]
    shards: tuple[Shard, ...]
    places: str
    names: Mapping[str, str] = field(default_factory=dict)
    operations: str = ""
    logs: LogData = NO_LOGS


# What worked in each trace, as lists name it.
_TRACE_NAMES = """
CREATE OR REPLACE TEMP TABLE trace_names AS SELECT DISTINCT n, named AS name FROM named_spans JOIN carried USING (correlation_id)"""
_INDEX = """
WITH named AS (SELECT name, row_number() OVER (ORDER BY name) - 1 AS number FROM (SELECT DISTINCT name FROM trace_names)),
numbered AS (
  SELECT n, list(number ORDER BY number) AS numbers
  FROM trace_names JOIN named USING (name) GROUP BY n)
SELECT to_json({id: list(correlation_id ORDER BY t.n), start: list(epoch_ms(start) ORDER BY t.n),
  ms: list(round(duration_ms, 3) ORDER BY t.n), status: list(status ORDER BY t.n), events: list(events ORDER BY t.n),
  errors: list(errors ORDER BY t.n), failed: list(failed ORDER BY t.n), operations: list(operations ORDER BY t.n), root: list(root ORDER BY t.n),
  kinds: list(kinds ORDER BY t.n), operations_of: list(coalesce(numbers, []) ORDER BY t.n),
  names: (SELECT list(name ORDER BY number) FROM named)})
FROM carried t LEFT JOIN numbered USING (n)"""

_IDS = """
SELECT '{' || string_agg(to_json(key) || ':' || to_json(rows), ',' ORDER BY key) || '}' FROM (
  SELECT key, list(DISTINCT n ORDER BY n) AS rows
  FROM (UNPIVOT (SELECT correlation_id, message_id, conversation_id, fragment_id, execution_id, pipeline_id, invocation_id
      FROM window_spans) ON * EXCLUDE (correlation_id) INTO NAME which VALUE key)
    JOIN carried USING (correlation_id) GROUP BY key)"""


def _time(column: str) -> str:
    return f"(strftime({column}, '%Y-%m-%dT%H:%M:%S.%f') || 'Z')"


# One trace as the command line's JSON has it, and more: what scripts rely on is there even if null, the rest is not.
_SPAN_CORE = f"""to_json({{id: id, parent: parent, kind: kind, operation: operation, start: {_time("start_ts")},
  "end": CASE WHEN status <> 'unfinished' THEN {_time("ts")} END, duration_ms: duration_ms, status: status}})::VARCHAR"""
_SPAN_MORE = f"""to_json({{{", ".join(f"{name}: {name}" for name in SPAN_DETAILS)}}})::VARCHAR""".replace(
    "counts_tokens: counts_tokens", "counts_tokens: CASE WHEN counts_tokens THEN true END"
)
_SPAN = f"""rtrim({_SPAN_CORE}, '}}') || ',' || substr(regexp_replace({_SPAN_MORE}, ',"[a-z_]+":null', '', 'g'), 2)"""
_EVENT = f"""{{id: e.id, ts: {_time("ts").replace("%", "%%")}, kind: kind, event: event, operation: coalesce(operation, operation_of_span),
  status: status, duration_ms: duration_ms, level: level, message: left(message, {CONTEXT_CHARS}), source: coalesce(n.name, 'source ' || e.source),
  "offset": "offset", context: %s, extra: %s}}"""
# An event's texts as they may leave the machine: redacted whole, and only then cut.
_EVENTS = f"({shown_columns('SELECT * FROM told WHERE {which}', _LOGGED)})"


def _raw(column: str, chars: int) -> str:
    """JSON as it is; what is too long, nested too deep for readers of JSON, or no JSON, as a string."""
    brackets = f"length({column}) - length(replace(replace({column}, '{{', ''), '[', ''))"
    return (
        f"CASE WHEN length({column}) <= {chars} AND {brackets} < {CONTAINERS_AT_MOST} AND json_valid({column}) THEN {column}::JSON "
        f"ELSE to_json(left({column}, {chars})) END"
    )


def _documents(which: str, chars: int) -> str:
    """SQL for (correlation_id, document): what `trace.trace` gives as JSON, for those of `trace_list` whose `correlation_id` the
    condition selects."""
    event = _EVENT % (_raw("context", chars), _raw("extra", chars))
    return f"""
WITH linked AS MATERIALIZED (SELECT * FROM spans WHERE {which}),
work AS (
  SELECT correlation_id, string_agg({_SPAN}, ',' ORDER BY start_ts, duration_ms DESC NULLS LAST, id) AS spans
  FROM linked GROUP BY ALL),
told AS (
  SELECT correlation_id, string_agg(to_json({event})::VARCHAR, ',' ORDER BY ts, e.id) AS events
  FROM {_EVENTS.format(which=which)} e LEFT JOIN (SELECT id AS span, operation AS operation_of_span FROM linked) ON span = e.id
    LEFT JOIN source_names n ON n.id = e.source
  GROUP BY ALL)
SELECT correlation_id, '{{"correlation_id":' || to_json(correlation_id) || ',"root":' || to_json(root)
    || ',"start":"' || {_time("start")} || '","end":"' || {_time("stop")} || '","duration_ms":' || duration_ms || ',"status":"' || status
    || '","failed":' || failed || ',"events":[' || t.events || '],"spans":[' || coalesce(spans, '') || ']}}' AS document
FROM told t LEFT JOIN work w USING (correlation_id) JOIN trace_list USING (correlation_id)"""


def trace_data(
    con: duckdb.DuckDBPyConnection,
    detailed: int = DETAILED_TRACES,
    redactor: Redactor | None = None,
    *,
    has_logs: bool = False,
) -> TraceData:
    """The data of the traces in `carried`, which `traces.traces` leaves. Beside `events` and `spans` it reads `source_names` (id, name).

    The `detailed` traces carried with all their events: failing and unfinished first, then half of the rest by duration
    and half by age; fewer where their records are large. `redactor`: what everything passes, ids too. `has_logs`: of `window_events`
    with their entries, whose texts pass it with the traces'.
    """
    con.execute(_chosen(detailed))
    logged.measure(con)
    con.execute(_FEW_BYTES.format(trace=TRACE_BYTES, all=DETAILED_BYTES))
    logged.keep(con)
    con.execute(_TRACE_NAMES)
    entries = log_data.entries(con) if has_logs else None
    shown = redacted(con, f"{_TEXTS} UNION ALL {log_data.TEXTS}" if entries else _TEXTS, redactor)
    shown.register(con)
    ids = [row[0] for row in con.execute("SELECT correlation_id FROM carried ORDER BY n").fetchall()]
    told = _named_traces(con, shown) if shown else set()
    documents, shards, places = _shards(con, ids, shown, told)
    con.execute("DROP TABLE redacted; DROP TABLE logged; DROP TABLE told")
    index, others = _text(con, _INDEX), _text(con, _IDS) or "{}"
    con.execute("DROP TABLE trace_names")
    if told:
        index, others = _named(index, shown), _named(others, shown)
    logs = log_data.log_data(con, entries, shown) if entries else NO_LOGS
    return TraceData(index, others, documents, shards, places, names=shown.names(), logs=logs)


# What a trace tells beside its events' texts: ids, nearly all of them UUIDs, and names, of which there are few.
_OF_EVENTS = ("correlation_id", "event", "operation", "provider", "model")
_OF_SPANS = ("operation", *(name for name in SPAN_DETAILS if name.endswith("_id") or name in ("provider", "model")))
_TEXTS = " UNION ALL ".join(
    (
        sorted_texts(f"SELECT * FROM told WHERE {_CHOSEN}", _LOGGED),
        sorted_texts(
            "SELECT * FROM events SEMI JOIN carried USING (correlation_id)", dict.fromkeys(_OF_EVENTS[1:], ID)
        ),
        sorted_texts("FROM carried", {"correlation_id": ID}),
        sorted_texts("SELECT * FROM spans SEMI JOIN carried USING (correlation_id)", dict.fromkeys(_OF_SPANS, ID)),
        sorted_texts("SELECT name FROM trace_names UNION SELECT name FROM source_names", {"name": ID}),
        # What is counted without a trace: by the filter.
        sorted_texts("SELECT operation FROM window_spans", {"operation": ID}),
        sorted_texts(
            "SELECT coalesce(operation, event) AS name FROM window_events WHERE status = 'error'", {"name": ID}
        ),
        sorted_texts("SELECT root FROM trace_list", {"root": TEXT}),
    )
)
_NAMED = f"""SELECT DISTINCT correlation_id FROM events e LEFT JOIN source_names n ON n.id = e.source
WHERE list_has_any([{", ".join(_OF_EVENTS)}, n.name], $names)
UNION SELECT correlation_id FROM spans WHERE list_has_any([{", ".join(_OF_SPANS)}], $names)"""
_ROOTED = f"SELECT correlation_id FROM trace_list JOIN redacted ON sort = '{TEXT}' AND text = root"


def _named_traces(con: duckdb.DuckDBPyConnection, shown: Shown) -> set[str]:
    """The traces that held something in an id, a name or their title."""
    names = list(shown.names())
    rows = con.execute(_NAMED, {"names": names}).fetchall() if names else []
    return {trace for (trace,) in (*rows, *con.execute(_ROOTED).fetchall())}


def _named(text: str, shown: Shown) -> str:
    """JSON of ids, names and titles as they may leave."""
    import orjson

    def walked(value: Any, sort: str) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            return shown.of(sort, value)
        if isinstance(value, list):
            return [walked(part, sort) for part in value]
        if isinstance(value, dict):
            sorts = {"root": TEXT, "roots": TEXT}
            return {shown.of(ID, key): walked(part, sorts.get(key, ID)) for key, part in value.items()}
        return value

    return orjson.dumps(walked(orjson.loads(text), ID)).decode()


def _chosen(detailed: int) -> str:
    bad = "(SELECT count(*) FROM carried WHERE status <> 'ok')"
    slow = f"greatest(0, ({detailed} - {bad}) // 2)"
    late = f"(SELECT count(*) FROM carried WHERE status = 'ok' AND by_duration <= {slow})"
    return f"""CREATE OR REPLACE TEMP TABLE chosen AS
SELECT correlation_id, n FROM carried
QUALIFY CASE WHEN status <> 'ok' THEN by_duration <= {detailed}
    ELSE by_duration <= {slow} OR row_number() OVER (PARTITION BY status = 'ok', by_duration <= {slow} ORDER BY start DESC, correlation_id)
      <= {detailed} - {bad} - {late} END"""


# Of those chosen what DETAILED_BYTES hold: failing first, then as they were chosen.
_FEW_BYTES = """CREATE OR REPLACE TEMP TABLE chosen AS
WITH sized AS (SELECT n, sum(500 + message + size) AS bytes FROM logged WHERE n IS NOT NULL GROUP BY n)
SELECT correlation_id, n FROM sized JOIN carried USING (n) WHERE bytes <= {trace}
QUALIFY sum(bytes) OVER (ORDER BY status = 'ok', by_duration) <= {all}"""


_SIZES = f"""SELECT epoch_us(start) AS us, CASE WHEN {_CHOSEN} THEN {_WHOLE} ELSE 1 END AS size FROM carried ORDER BY n DESC"""


def _shards(
    con: duckdb.DuckDBPyConnection, ids: list[str], shown: Shown, told: set[str]
) -> tuple[dict[str, str], tuple[Shard, ...], str]:
    """Documents by the ids as they are shown, all shards, and where each trace is. `told`: the traces that tell something in a name."""
    import numpy as np
    import pyarrow as pa

    names = [shown.of(ID, name) for name in ids]
    sizes = engine.arrow(con, _SIZES, {})
    found = parts(sizes["us"].to_numpy(), sizes["size"].to_numpy(), SHARD)
    # By time, as parts are; traces are numbered from the latest on.
    shard_of = np.repeat(np.arange(len(found)), [part.end - part.begin for part in found])[::-1]
    table = pa.table({"n": pa.array(range(len(ids)), pa.int64()), "shard": pa.array(shard_of, pa.int32())})
    engine.register(con, "sharded", table)
    rows = con.execute(
        f"""SELECT n, shard, document FROM ({_documents(_CHOSEN, CONTEXT_CHARS)})
        JOIN carried USING (correlation_id) JOIN sharded USING (n) ORDER BY n"""
    ).fetchall()
    spans = briefs(con, shown)
    con.unregister("sharded")
    wholes: dict[int, dict[str, str]] = {}
    documents = {}
    for n, number, document in rows:
        text = _named(document, shown) if ids[n] in told else document
        wholes.setdefault(number, {})[names[n]] = documents[names[n]] = text
    shards = tuple(Shard(part.name, wholes.get(n, {}), spans.get(n)) for n, part in enumerate(found))
    return documents, shards, places(names, shard_of.tolist(), [part.name for part in found])


def _json_string(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _text(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    rows = con.execute(sql).fetchall()
    return rows[0][0] or ""
