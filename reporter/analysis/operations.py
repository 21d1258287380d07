"""What the report's filter computes with: single operations and error events, columnar and dictionary-coded, as JSON.

A page's figures stand in its HTML; data/operations.js holds what they were made of, so that a chosen part of it has figures too.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from reporter.analysis import fold
from reporter.analysis.as_json import dumped
from reporter.analysis.chat import flow_links
from reporter.analysis.noted import CONVERSATIONS, NOTED, conversations, notes
from reporter.analysis.operation_columns import operation_columns
from reporter.analysis.overview import COUNTED
from reporter.analysis.performance import LIMITS_OF_TYPE
from reporter.analysis.weights import added
from reporter.events.names import KINDS
from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from reporter.analysis.cells import Cells
    from reporter.analysis.errors import Errors
    from reporter.analysis.performance import Performance
    from reporter.analysis.results import Results
    from reporter.redaction.redactor import Redactor

# Beyond so many operations a page would take too long to load them: alike ones become one row with a count.
OPERATIONS_AT_MOST = 300_000
# How they are put together: steps of time in buckets, bins of duration a decade; the first that makes few enough.
_COARSER = ((1, 20), (1, 10), (2, 10), (4, 5), (16, 4), (96, 2))
_MESSAGE_CHARS = 300

# A row an operation that finished, never ended, or bears a call's tokens. status: 0 ok, 1 error, 2 unfinished, 3 tokens alone. A step's
# caller is its command; a tool's what it stands in, past the step. `led`: what the flow of messages has it come from; `before`: the tool
# call before it in its trace.
# What spans stand in, by numbers of names, one join at a time: names of all spans, in all joins at once, would not fit in memory.
_PLACED = f"""
CREATE OR REPLACE TEMP TABLE flow AS SELECT id, CASE layer WHEN 1 THEN 'chat' ELSE 'command' END AS kind,
  CASE layer WHEN 1 THEN 'stream' ELSE 'command' END AS type, source FROM ({flow_links("window_spans")}) WHERE layer > 0;
CREATE OR REPLACE TEMP TABLE span_names AS SELECT *, row_number() OVER (ORDER BY kind, type, operation) AS number FROM (
  SELECT kind, type, operation FROM window_spans UNION SELECT kind, type, source FROM flow);
CREATE OR REPLACE TEMP TABLE linked AS SELECT s.id, s.parent, n.number FROM window_spans s JOIN span_names n
  ON (s.kind, s.type) = (n.kind, n.type) AND s.operation IS NOT DISTINCT FROM n.operation;
CREATE OR REPLACE TEMP TABLE inside AS SELECT s.id, p.number AS inside, p.parent AS above FROM linked s LEFT JOIN linked p ON p.id = s.parent;
CREATE OR REPLACE TEMP TABLE beyond AS SELECT s.id, inside, g.number AS beyond FROM inside s LEFT JOIN linked g ON g.id = s.above;
DROP TABLE linked;
DROP TABLE inside;
CREATE OR REPLACE TEMP TABLE placed AS {{placed}};
DROP TABLE beyond"""
# Which host's all spans are is found by sorting them, which one host has no need of.
_OF_HOSTS = "SELECT s.*, h.number AS host FROM beyond s ASOF LEFT JOIN hosts h ON s.id >= h.first"
_OF_ONE = "SELECT *, NULL::BIGINT AS host FROM beyond"
_SELECTED = "s.is_operation OR s.status = 'unfinished' OR s.counts_tokens"
_ROWS = f"""{{followed}}
SELECT s.id, epoch_ms(s.ts) AS t, s.kind, s.type, s.operation,
  CASE WHEN s.status = 'unfinished' THEN 2 WHEN NOT s.is_operation THEN 3 WHEN s.status = 'error' THEN 1 ELSE 0 END AS status,
  CASE WHEN s.{COUNTED.replace("(", "(s.")} AND s.is_operation THEN s.duration_ms END AS ms, 1 AS n,
  CASE WHEN s.type = 'tool' AND p.type = 'step' AND beyond IS NOT NULL THEN beyond
    WHEN s.type = 'tool' AND inside IS NOT NULL OR s.type IN ('step', 'generation', 'template') AND p.type = 'command'
    THEN inside END AS caller,
  s.prompt_tokens AS prompt, s.completion_tokens AS completion, e.cached_tokens AS cached,
  coalesce(s.total_tokens, s.prompt_tokens + s.completion_tokens, s.prompt_tokens, s.completion_tokens) AS total, s.cost_usd AS cost,
  CASE WHEN s.ttft_ms >= 0 THEN s.ttft_ms END AS ttft, s.counts_tokens IS TRUE AS counts, s.dry_run IS TRUE AS dry,
  s.id IN (SELECT id FROM folded_calls) AS folded,
  f.number AS led, CASE WHEN p.type <> 'root' THEN inside END AS parent, host, {{own}}
FROM {{spans}} s JOIN placed USING (id) LEFT JOIN span_names p ON p.number = inside
  LEFT JOIN (SELECT id, cached_tokens FROM window_events WHERE cached_tokens IS NOT NULL) e ON e.id = s.id
  LEFT JOIN flow ON flow.id = s.id LEFT JOIN span_names f ON (f.kind, f.type, f.operation) = (flow.kind, flow.type, flow.source) {{joins}}
WHERE {_SELECTED}"""
# Chosen before they are joined: of a condition DuckDB guesses that a fifth is left, and would look all else up in those.
_CHOSEN = f"""
CREATE OR REPLACE TEMP TABLE chosen_spans AS
SELECT id, ts, kind, type, operation, status, is_operation, duration_ms, prompt_tokens, completion_tokens, total_tokens, cost_usd, ttft_ms,
  counts_tokens, dry_run, correlation_id, conversation_id
FROM window_spans s WHERE {_SELECTED};
"""
_SINGLE = (
    f"{_CHOSEN} CREATE OR REPLACE TEMP TABLE selectable AS "
    + _ROWS.format(
        spans="chosen_spans",
        followed="""
WITH followed AS (SELECT id, lag(id) OVER (PARTITION BY correlation_id ORDER BY start_ts, id) AS before
  FROM window_spans WHERE type = 'tool' AND correlation_id IS NOT NULL)""",
        own="l.trace, before, CASE WHEN s.conversation_id IS NULL THEN whose ELSE v.number END AS conversation",
        joins="""LEFT JOIN trace_conversations l ON l.correlation_id = s.correlation_id LEFT JOIN followed ON followed.id = s.id
  LEFT JOIN conversations v ON v.conversation_id = s.conversation_id""",
    )
    + "; DROP TABLE chosen_spans"
)
# What belongs to single operations alone is not even looked up where they are put together.
_MANY = _ROWS.format(spans="window_spans", followed="", own="NULL", joins="")

_TOGETHER = f"""
CREATE OR REPLACE TEMP TABLE selectable AS
SELECT coalesce(min(id), -1) AS id, t, kind, type, operation, status, round({added("ms * n")} / sum(n), 6) AS ms, NULL::BIGINT AS trace,
  sum(n)::BIGINT AS n, caller, sum(prompt)::BIGINT AS prompt, sum(completion)::BIGINT AS completion, sum(cached)::BIGINT AS cached,
  sum(total)::BIGINT AS total, round({added("cost")}, 9) AS cost, NULL::DOUBLE AS ttft, counts, dry, folded, led, parent,
  NULL::BIGINT AS before, NULL::BIGINT AS conversation, host
FROM (SELECT * REPLACE (t // {{step}} * {{step}} AS t), CASE WHEN ms IS NOT NULL THEN floor(log10(greatest(ms, 0.1)) * {{bins}}) END AS bin FROM ({{rows}}))
GROUP BY t, kind, type, operation, status, caller, counts, dry, folded, led, parent, host, bin"""

_NAMES = """
CREATE OR REPLACE TEMP TABLE selectable_names AS
SELECT *, row_number() OVER (ORDER BY kind, type, operation) - 1 AS number FROM (
  SELECT kind, type, operation FROM selectable UNION SELECT kind, '', operation FROM noted
  UNION SELECT kind, type, operation FROM span_names WHERE number IN (
    SELECT caller FROM selectable UNION SELECT led FROM selectable UNION SELECT parent FROM selectable)
  UNION SELECT kind, '', coalesce(operation, event, '') FROM window_events WHERE status = 'error')"""
_NAMED = "SELECT to_json({kind: list(kind ORDER BY number), type: list(type ORDER BY number), operation: list(operation ORDER BY number)}) FROM selectable_names"

_ERRORS = """
SELECT e.id, epoch_ms(e.ts) AS t, m.number AS name, coalesce(l.n, -1) AS trace, coalesce(v.number, -1) AS conversation, h.number AS host
FROM window_events e JOIN selectable_names m ON m.kind = e.kind AND m.type = '' AND m.operation = coalesce(e.operation, e.event, '')
  LEFT JOIN carried l ON l.correlation_id = e.correlation_id LEFT JOIN conversations v ON v.conversation_id = e.conversation_id
  ASOF LEFT JOIN hosts h ON e.id >= h.first
WHERE e.status = 'error' ORDER BY e.ts, e.id"""

# Traces of which nothing stands in the other columns.
_BARE = """
SELECT n, epoch_ms(start), kinds FROM carried
WHERE n NOT IN (SELECT trace FROM selectable WHERE trace IS NOT NULL) AND errors = 0 ORDER BY n"""

# Of each carried trace the host of its first event.
_TRACE_HOSTS = """
SELECT list(number ORDER BY n) FROM (
  SELECT n, min(e.id) AS id FROM carried JOIN window_events e USING (correlation_id) GROUP BY n) ASOF JOIN hosts ON id >= first"""


def operations_data(
    con: duckdb.DuckDBPyConnection,
    results: Results,
    redactor: Redactor | None,
    shown: Mapping[str, str],
    *,
    more: Cells | None = None,
) -> str:
    """The JSON document of `window_events`, `window_spans` and of `carried`, which `traces` leaves.

    `window`: start, end (epoch ms) and `step`, a bucket's length. `names`: kind, type, operation of what rows' `name`, `caller` and
    `parent` (what they stand right in) number. `rows`: by time; `t` as the difference from the row before; `status`: a digit each; `ms`: null where none counts;
    `trace`: a place in `ids`, -1 without; `has_all_traces`: whether those are all; `n`: of how many operations a row is, where there are more than OPERATIONS_AT_MOST and the
    document `is_approximate`. `folded`: rows of LLM calls that their stream shows. `led`: of rows in
    the flow of messages the name of what they come from (streams: of messages); `after`: of tool calls the one before in the trace; `talk`: whose `conversations` rows are of where that is not their trace's
    (a place in their `ids`); none of the two last where rows are together. `notes`: what pages count beside operations (noted.py). `prices`: see there. `facts`: of rows with tokens or a time to first token. `errors`: error events with `fault` (alike where
    they tell of one failure), `group` (a place in `groups`, -1 beyond those; `closed`: places of ignored and resolved ones), `row`, the operation that failed or -1, and `conversation`. `events`: all
    events by bucket. `bare`: traces that no row and no error event is of, with their `kinds` as bits of KINDS. `limits`: the classes' by type of work. `more`: cells, whose rows
    are of several operations: with these there are no `notes`, and what messages lead to is not told of rows (`has_flow`). `hosts`: names, where there are several; then rows, `errors` and `notes` have their `host` (a place in these), and `trace_hosts` that of `ids`.
    `redactor`: what ids and names pass, but for those that have passed it: `results`, and traces' ids and operations, of which `shown` says what is shown as something else.
    """
    fold(con)
    con.execute(CONVERSATIONS)
    con.execute(NOTED)
    is_together = _select(con, results.window.bucket_seconds * 1000, more)
    con.execute(_NAMES)
    # A list of nothing is null in SQL.
    names = {name: column or [] for name, column in json.loads(_one(con, _NAMED)).items()}
    ids = [row[0] for row in con.execute("SELECT correlation_id FROM carried ORDER BY n").fetchall()]
    columns = operation_columns(con, is_together=is_together)
    names["operation"] = [shown.get(name, name) for name in names["operation"]]
    ids = [shown.get(name, name) for name in ids]
    start, end = (int(moment.timestamp() * 1000) for moment in (results.window.start, results.window.end))
    parts = {
        "window": {"start": start, "end": end, "step": results.window.bucket_seconds * 1000},
        "is_approximate": is_together,
        "has_all_traces": results.traces.carried == results.traces.total,
        "names": names,
        "ids": ids,
        "limits": _limits(results.performance, names["type"]),
        "errors": _errors(con, results.errors, columns.failed),
        "groups": _groups(results.errors),
        "events": _events(results),
        "kinds": KINDS,
        "notes": None if more else notes(con, redactor),
        "has_flow": not more,
        "conversations": None if is_together else conversations(con, redactor),
        "prices": _prices(results, redactor),
        **_hosts(con, results),
        "bare": _columns(con.execute(_BARE).fetchall(), ("trace", "t", "kinds")),
    }
    said = dumped(parts)
    return f'{said[:-1]},"rows":{columns.rows},"facts":{columns.facts}}}'


def _select(con: duckdb.DuckDBPyConnection, step_ms: int, more: Cells | None) -> bool:
    """Leave `selectable`, in few enough rows; whether some of them are more than one operation, as `more` are."""
    con.execute(_PLACED.format(placed=_OF_HOSTS if _has_hosts(con) else _OF_ONE))
    total = int(_one(con, f"SELECT count(*) FROM window_spans s WHERE {_SELECTED}"))
    if total <= OPERATIONS_AT_MOST and not more:
        con.execute(_SINGLE)
        return False
    if more:
        con.execute(more.names)
    rows = f"({_MANY}) UNION ALL BY NAME ({more.rows})" if more else _MANY
    for steps, bins in _COARSER:
        con.execute(_TOGETHER.format(step=step_ms * steps, bins=bins, rows=rows))
        rows = "FROM selectable"
        if int(_one(con, "SELECT count(*) FROM selectable")) <= OPERATIONS_AT_MOST:
            break
    return True


def _has_hosts(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(con.execute("SELECT count(*) > 0 FROM hosts").fetchall()[0][0])


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    return str(con.execute(sql).fetchall()[0][0])


def _prices(results: Results, redactor: Redactor | None) -> dict[str, list[float]]:
    """Of a token that is fresh, cached, completed, in USD, by the model's name."""
    if not results.usage:
        return {}
    shown = redactor.identifier if redactor else str
    return {
        shown(name): [p.prompt / 1e6, p.cached / 1e6, p.completion / 1e6]
        for name, p in results.usage.llm.prices.items()
    }


def _limits(performance: Performance, types: list[str]) -> dict[str, tuple[float, ...]]:
    return {name: performance.limits_ms[LIMITS_OF_TYPE.get(name, "step")] for name in sorted(set(types))}


def _hosts(con: duckdb.DuckDBPyConnection, results: Results) -> dict[str, list[object]]:
    names: list[object] = [one.host for one in results.usage.hosts] if results.usage and _has_hosts(con) else []
    return {"hosts": names, "trace_hosts": con.execute(_TRACE_HOSTS).fetchall()[0][0]} if names else {"hosts": []}


def _errors(con: duckdb.DuckDBPyConnection, errors: Errors, row_of: Mapping[int, int]) -> dict[str, list[int]]:
    told = {number: (span, fault, group) for number, span, fault, group in errors.of_events}
    faults: dict[int, int] = {}
    found = []
    for number, t, name, trace, conversation, host in con.execute(_ERRORS).fetchall():
        span, fault, group = told.get(number, (-1, number, -1))
        place = faults.setdefault(fault, len(faults))
        found.append((t, name, trace, place, group, row_of.get(span, -1), conversation, host))
    columns = _columns(found, ("t", "name", "trace", "fault", "group", "row", "conversation", "host"))
    if None in columns["host"]:
        del columns["host"]
    return columns


def _columns(rows: Sequence[tuple[int, ...]], names: tuple[str, ...]) -> dict[str, list[int]]:
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


def _groups(errors: Errors) -> dict[str, list[Any]]:
    return {
        "closed": [n for n, g in enumerate(errors.groups) if not g.is_open],
        "fingerprint": [g.fingerprint for g in errors.groups],
        "title": [g.error_class or "" for g in errors.groups],
        "message": [words.cut(g.message, _MESSAGE_CHARS) for g in errors.groups],
    }


def _events(results: Results) -> dict[str, list[object]]:
    found = results.overview.buckets
    return {
        "t": [int(b.start.replace(tzinfo=UTC).timestamp() * 1000) for b in found],
        "kind": [b.kind for b in found],
        "count": [b.events for b in found],
        "errors": [b.error_events for b in found],
    }
