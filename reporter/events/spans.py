"""From events to spans: starts paired with their ends, table rows with the log events of the same call.

SQL over a relation of events, all window functions and joins: no loop over events. No I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import engine
from reporter.events.columns import SPAN_COLUMNS
from reporter.events.names import FAMILIES, FINISHING_NAMES, TABLE_EVENTS
from reporter.sql import quoted

if TYPE_CHECKING:
    import duckdb


# Which events spans are derived from: those that bound one, and all that tell of a chat message.
EVENTS_FILTER = "(phase IS NOT NULL OR (kind = 'chat' AND message_id IS NOT NULL))"
_UNUSED = (
    'source, "offset", level, message, record_id, session_id, error_class, error_message, exception, packed, extra, '
    "cached_tokens, request_bytes, response_bytes, attempt, state"
)

# The temporary tables that `derive` makes.
MADE = (
    "message_events",
    "turned",
    "begun",
    "paired",
    "log_spans",
    "row_spans",
    "matches",
    "merged_spans",
    "served",
    "unlinked_spans",
)

# Log times may be off by a whole second on either side.
MATCH_SECONDS = 2
# An end that is logged before its start is paired with it all the same, where an id says so: clocks are set back, by an hour
# in autumn. By a name alone only where the end's time is a whole second, which is the beginning of the second it fell into,
# or the start's own: which of two files is read first tells nothing.
_BACK_SECONDS = 3600 + MATCH_SECONDS
MATCH_DURATION_MS = 1
# The start of what tells only its end.
_LESS_DURATION = (
    "ts - to_microseconds((CASE WHEN duration_ms BETWEEN 0 AND 1e11 THEN duration_ms ELSE 0 END * 1000)::BIGINT)"
)


def _key() -> str:
    """The id that pairs a start with its end: the family's ids where the event has one, else its operation.

    Steps repeat their ids in every command: the step's name is always part of the key.
    """
    cases = []
    for name, family in (FAMILIES | FINISHING_NAMES).items():
        ids = [column for column in family.ids if column != "step_id"]
        by_step = " || '/' || coalesce(step_id, '') || '/' || coalesce(step, '')" if family.type == "step" else ""
        id_text = f"coalesce({', '.join(ids)}, '')" if ids else "''"
        named = (
            ""
            if family.type == "step"
            else f" || CASE WHEN {id_text} = '' THEN {_name_of(family.operation)} ELSE '' END"
        )
        cases.append(f"WHEN '{name}' THEN {id_text}{by_step}{named}")
    return f"CASE family {' '.join(cases)} ELSE coalesce(operation, '') END"


def _has_id() -> str:
    """Whether an event has an id that belongs to one piece of work alone."""
    named = FAMILIES | FINISHING_NAMES
    ids = {name: [column for column in family.ids if column != "step_id"] for name, family in named.items()}
    cases = [
        f"WHEN '{name}' THEN coalesce({', '.join(columns)}) IS NOT NULL"
        for name, columns in ids.items()
        if columns and named[name].type != "step"
    ]
    return f"CASE family {' '.join(cases)} ELSE false END"


def _name_of(operation: str) -> str:
    return {"model": "'/' || coalesce(provider || '/' || model, '')", "command": "'/' || coalesce(command, '')"}.get(
        operation, "'/' || coalesce(operation, '')"
    )


_BACK = (
    f"CASE WHEN has_id THEN epoch_us({{start}}) - epoch_us({{end}}) <= {_BACK_SECONDS}e6"
    " ELSE {start} = {end} OR epoch_us({end}) % 1000000 = 0 AND epoch_us({start}) - epoch_us({end}) < 1e6 END"
)


# Innermost open start first, without a stack: number the nesting levels (starts so far minus ends so far). At one
# level starts and ends alternate, so a start's end is the next row of its level and an end's start the one before.
# Of events that bound a span, each by the one that is kept: `start_id`, where it has a start. Few columns: with all of them in one statement it
# took twice as much memory, and there is no limit to what is without a trace, which is paired at once.
_TURNED = f"""
CREATE OR REPLACE TEMP TABLE turned AS
WITH keyed AS (
  SELECT id, ts, phase, hash(correlation_id, family, {_key()}) AS pair, {_has_id()} AS has_id
  FROM span_events WHERE phase IN ('start', 'finish', 'end') AND family NOT IN {TABLE_EVENTS}),
nested AS (
  SELECT *, sum(CASE WHEN phase = 'start' THEN 1 ELSE -1 END) OVER (PARTITION BY pair ORDER BY ts, id ROWS UNBOUNDED PRECEDING)
    + CASE WHEN phase = 'start' THEN 0 ELSE 1 END AS depth
  FROM keyed),
sided AS (
  SELECT id, ts, phase, has_id, lead(phase) OVER level AS next_phase, lag(phase) OVER level AS previous_phase,
    lag(id) OVER level AS previous_id, lead(id) OVER level AS next_id, lead(ts) OVER level AS next_ts, lag(ts) OVER level AS previous_ts,
    count(*) OVER (PARTITION BY pair, depth) = 2 AS is_pair
  FROM nested WINDOW level AS (PARTITION BY pair, depth ORDER BY ts, id)),
ended AS (
  SELECT *, is_pair AND CASE WHEN phase = 'start' THEN previous_phase <> 'start' AND {_BACK.format(end="previous_ts", start="ts")}
    ELSE next_phase = 'start' AND {_BACK.format(end="ts", start="next_ts")} END IS TRUE AS is_turned
  FROM sided)
SELECT id, CASE WHEN phase = 'start' THEN NULL WHEN is_turned THEN next_id WHEN previous_phase = 'start' THEN previous_id END AS start_id
FROM ended WHERE phase <> 'start' OR NOT is_turned AND (next_phase IS NULL OR next_phase = 'start')
"""
_BEGUN = """
CREATE OR REPLACE TEMP TABLE begun AS
SELECT t.id, CASE WHEN s.id IS NOT NULL THEN {'id': s.id, 'ts': s.ts, 'operation': s.operation, 'provider': s.provider, 'model': s.model,
  'dry_run': s.dry_run, 'message_id': s.message_id, 'conversation_id': s.conversation_id, 'fragment_id': s.fragment_id,
  'execution_id': s.execution_id, 'step_id': s.step_id, 'pipeline_id': s.pipeline_id} END AS began
FROM turned t LEFT JOIN message_events s ON s.id = t.start_id
"""
_PAIRED = """
CREATE OR REPLACE TEMP TABLE paired AS
SELECT e.*, began, began IS NOT NULL AS has_start FROM message_events e JOIN begun USING (id)
"""


_TRAVELLING = ("dry_run", "message_id", "conversation_id", "fragment_id", "execution_id", "step_id", "pipeline_id")

# What is known of a message by any of its events, for completions whose start was lost.
_FACTS = """
  SELECT correlation_id, message_id, arg_min(provider, (ts, id)) FILTER (provider IS NOT NULL) AS provider,
    arg_min(model, (ts, id)) FILTER (model IS NOT NULL) AS model, min(ttft_ms) AS ttft_ms
  FROM message_events WHERE message_id IS NOT NULL GROUP BY ALL"""


_LOG_SPANS = f"""
CREATE OR REPLACE TEMP TABLE log_spans AS
WITH facts AS ({_FACTS}),
joined AS (
  SELECT id, p.correlation_id, kind, type, family, phase, p.duration_ms, status, ts, operation, has_start, began,
    coalesce(p.provider, began.provider, f.provider) AS provider, coalesce(p.model, began.model, f.model) AS model,
    {", ".join(f"coalesce(p.{name}, began.{name}) AS {name}" for name in _TRAVELLING)},
    prompt_tokens, completion_tokens, total_tokens, cost_usd, coalesce(p.ttft_ms, f.ttft_ms) AS ttft_ms, invocation_id
  FROM paired p LEFT JOIN facts f
    ON type = 'stream' AND f.message_id = p.message_id AND f.correlation_id IS NOT DISTINCT FROM p.correlation_id)
SELECT id, correlation_id, kind, type, family,
  coalesce(CASE WHEN type IN ('stream', 'llm') AND (provider IS NOT NULL OR model IS NOT NULL)
      THEN coalesce(provider, 'unknown') || '/' || coalesce(model, 'unknown') END,
    operation, CASE WHEN has_start THEN began.operation END, 'unknown') AS operation,
  phase = 'finish' AS is_operation, ts,
  CASE WHEN phase = 'start' THEN ts
    ELSE least(ts, coalesce(CASE WHEN has_start AND began.ts <= ts THEN began.ts END,
      {_LESS_DURATION})) END AS start_ts,
  CASE WHEN phase = 'start' THEN NULL
    ELSE coalesce(duration_ms, CASE WHEN has_start AND began.ts <= ts THEN (epoch_us(ts) - epoch_us(began.ts)) / 1000 END)
    END AS duration_ms,
  CASE WHEN phase = 'start' THEN 'unfinished' ELSE coalesce(status, 'ok') END AS status,
  provider, model, prompt_tokens, completion_tokens, total_tokens, cost_usd, ttft_ms,
  {", ".join(_TRAVELLING)}, invocation_id,
  CASE WHEN phase = 'start' THEN id WHEN has_start THEN began.id END AS start_event,
  phase = 'end' AND NOT coalesce(has_start, false) AS is_lone_end
FROM joined
"""


_ROWS = f"""
CREATE OR REPLACE TEMP TABLE row_spans AS
SELECT id, correlation_id, kind, type, coalesce(operation, 'unknown') AS operation, ts, duration_ms,
  coalesce(status, 'ok') AS status, dry_run, message_id, conversation_id, fragment_id, execution_id, pipeline_id,
  invocation_id, {_LESS_DURATION} AS start_ts
FROM span_events WHERE family IN {TABLE_EVENTS}
"""

# Pairs (log span, row) that are certainly or possibly one call; `rank` 0: the same id, 1: the same id, of a start whose
# end was not logged, 2: ended alike, 3: not so.
_CANDIDATES = f"""
WITH calls AS (SELECT * FROM log_spans WHERE type IN ('tool', 'command') AND (is_operation OR status = 'unfinished')),
by_id AS (
  SELECT s.id AS span, r.id AS row_id, CASE WHEN s.is_operation THEN 0 ELSE 1 END AS rank, s.ts AS span_ts, r.ts AS row_ts
  FROM calls s JOIN row_spans r ON r.type = s.type
    AND CASE s.type WHEN 'tool' THEN r.invocation_id = s.invocation_id ELSE r.execution_id = s.execution_id END),
by_time AS (
  SELECT s.id, r.id, CASE WHEN r.status = s.status THEN 2 ELSE 3 END, s.ts, r.ts
  FROM calls s JOIN row_spans r ON s.is_operation AND r.type = s.type AND r.operation = s.operation
    AND coalesce(r.correlation_id, '') = coalesce(s.correlation_id, '')
    AND abs(epoch_us(r.ts) - epoch_us(s.ts)) <= {MATCH_SECONDS}e6
    AND (s.type = 'command' OR (r.duration_ms IS NULL AND s.duration_ms IS NULL)
      OR abs(r.duration_ms - s.duration_ms) <= {MATCH_DURATION_MS} + 1e-6)
  WHERE s.id NOT IN (SELECT span FROM by_id) AND r.id NOT IN (SELECT row_id FROM by_id))
SELECT * FROM by_id UNION ALL SELECT * FROM by_time
"""

_ROOTS = f"""SELECT id, correlation_id, kind, type, coalesce(provider || '/' || model, event) AS operation,
  false AS is_operation, ts, {_LESS_DURATION} AS start_ts, duration_ms, coalesce(status, 'ok') AS status, provider, model, message_id, conversation_id, fragment_id
FROM span_events WHERE phase = 'root'"""

# What a span and its table row tell alike, the log's word first; the row knows better how it ended, and when where that was not logged.
_ALIKE = ("dry_run", "message_id", "conversation_id", "fragment_id", "execution_id", "pipeline_id", "invocation_id")


def _merged(*, has_rows: bool) -> str:
    alike = ", ".join(f"coalesce(s.{name}, r.{name}) AS {name}" if has_rows else f"s.{name}" for name in _ALIKE)
    ended = "s.is_operation, s.ts, s.start_ts, s.duration_ms, s.status"
    if has_rows:
        by_row = "r.id IS NOT NULL AND NOT s.is_operation"
        ended = f"""s.is_operation OR r.id IS NOT NULL AS is_operation, CASE WHEN {by_row} THEN greatest(s.ts, r.ts) ELSE s.ts END AS ts, s.start_ts,
  CASE WHEN {by_row} THEN coalesce(r.duration_ms, (epoch_us(greatest(s.ts, r.ts)) - epoch_us(s.ts)) / 1000) ELSE s.duration_ms END AS duration_ms,
  coalesce(r.status, s.status) AS status"""
    parts = [
        f"""SELECT s.id, s.correlation_id, s.kind, s.type, s.operation, {ended}, s.provider, s.model, s.prompt_tokens, s.completion_tokens,
  s.total_tokens, s.cost_usd, s.ttft_ms, s.step_id, s.start_event, {alike}, {"r.id" if has_rows else "NULL::BIGINT"} AS row_event
FROM log_spans s {"LEFT JOIN matches m ON m.span = s.id LEFT JOIN row_spans r ON r.id = m.row_id" if has_rows else ""}
WHERE NOT s.is_lone_end""",
        _ROOTS,
    ]
    if has_rows:
        parts.append("""SELECT r.id, correlation_id, kind, type, operation, true AS is_operation, ts, start_ts, duration_ms, status, dry_run,
  message_id, conversation_id, fragment_id, execution_id, pipeline_id, invocation_id, r.id AS row_event
FROM row_spans r WHERE r.id NOT IN (SELECT row_id FROM matches)""")
    return " UNION ALL BY NAME ".join(parts)


# Under what a stream and its call find each other: their trace; without one their message, their use and model near in time. Pairs of equal
# keys alone are looked at: there is no limit to what is without a trace.
def _meeting(steps: tuple[int, ...]) -> str:
    keys = ["CASE WHEN message_id IS NOT NULL THEN hash('message', message_id) END"]
    for step in steps:
        near = f"epoch_us(ts) // {MATCH_SECONDS}000000 + {step}"
        keys.append(f"CASE WHEN type = 'llm' OR NOT tells_use THEN hash('model', operation, {near}) END")
        has_use = "prompt_tokens IS NOT NULL AND completion_tokens IS NOT NULL"
        keys.append(f"CASE WHEN {has_use} THEN hash('use', prompt_tokens, completion_tokens, {near}) END")
    return f"unnest(CASE WHEN correlation_id IS NOT NULL THEN [hash(correlation_id)] ELSE [{', '.join(keys)}] END)"


# A call's tokens stand in the llm call and in the chat stream it served: count the llm call's. One that failed mostly has none:
# such a call is that of a stream without any. A call served one stream: the one with its message, else its tokens, else the nearest.
# Without a trace the same model at the same time is not enough where the tokens differ.
_SERVED = f"""
CREATE OR REPLACE TEMP TABLE served AS
WITH used AS (SELECT *, coalesce(prompt_tokens, completion_tokens, total_tokens) IS NOT NULL AS has_tokens,
  has_tokens OR cost_usd IS NOT NULL AS tells_use FROM merged_spans),
streams AS (SELECT *, {_meeting((0,))} AS meeting FROM used WHERE type = 'stream'),
calls AS (SELECT *, {_meeting((-1, 0, 1))} AS meeting FROM used WHERE type = 'llm' AND is_operation),
pairs AS (SELECT s.id, c.id AS call, s.correlation_id IS NOT NULL AS is_traced, coalesce(c.message_id = s.message_id, false) AS is_same_message, abs(epoch_us(c.ts) - epoch_us(s.ts)) AS apart,
    coalesce(c.prompt_tokens = s.prompt_tokens AND c.completion_tokens = s.completion_tokens, false) AS is_same_use
  FROM streams s JOIN calls c ON s.meeting = c.meeting AND s.correlation_id IS NOT DISTINCT FROM c.correlation_id
  AND (c.has_tokens OR NOT s.tells_use)
  AND (c.message_id IS NULL OR s.message_id IS NULL OR c.message_id = s.message_id)
  WHERE (c.operation = s.operation OR is_same_use) AND (is_same_message OR CASE WHEN s.correlation_id IS NOT NULL
    THEN is_same_use OR apart <= {MATCH_SECONDS}e6 ELSE (is_same_use OR NOT s.tells_use) AND apart <= {MATCH_SECONDS}e6 END))
SELECT call, arg_min(id, (NOT is_same_message, NOT is_same_use, apart, id)) AS stream, is_traced FROM pairs GROUP BY ALL"""


_DERIVED = f"""
CREATE OR REPLACE TEMP TABLE unlinked_spans AS
SELECT {quoted(name for name in SPAN_COLUMNS if name != "parent")}
FROM (SELECT *, is_operation AND (type = 'llm' OR (type = 'stream' AND id NOT IN (SELECT stream FROM served))) AS counts_tokens FROM merged_spans)"""


# Who may contain whom where times alone do not tell: the higher is the outer one.
_LEVELS = ("llm", "tool", "step", "stream", "command", "enrichment", "pipeline", "job", "root")
# Unfinished work of these types contains what comes later; an unfinished tool call does not.
_CONTAINERS = ("stream", "command", "enrichment", "pipeline", "job", "root")
# Of a trace with very many spans only the longest are taken for parents, so that the join stays small.
_PARENTS_AT_MOST = 1000

_TOOL, _STEP, _STREAM, _COMMAND = (_LEVELS.index(name) + 1 for name in ("tool", "step", "stream", "command"))
_LLM, _ENRICHMENT, _PIPELINE, _JOB, _ROOT = (
    _LEVELS.index(name) + 1 for name in ("llm", "enrichment", "pipeline", "job", "root")
)


def _is_by_id(c: str, p: str) -> str:
    """Whether the ids of `c` say that it stands in `p`."""
    return f"""({c}.level IN ({_TOOL}, {_STEP}) AND {p}.level = {_COMMAND} AND {p}.execution_id = {c}.execution_id
    OR {c}.level = {_STEP} AND {p}.level IN ({_PIPELINE}, {_JOB}) AND {p}.pipeline_id = {c}.pipeline_id
    OR {c}.level = {_STEP} AND {p}.level = {_ENRICHMENT} AND {p}.message_id = {c}.message_id
    OR {c}.level = {_LLM} AND {p}.level = {_STREAM} AND {p}.message_id = {c}.message_id
    OR {c}.level IN ({_STREAM}, {_LLM}) AND {p}.level = {_ROOT} AND {p}.message_id = {c}.message_id)"""


# A tool call belongs to the step around it, else to its command; a step to its command or pipeline, a call of a model to
# the stream of its message, each by id. What no id places belongs to the smallest span of its trace around it. Log times
# in whole seconds are taken as exact to a second where nothing encloses exactly; what stands in another by id
# never encloses that. Lengths count in steps of 10 µs, as durations are logged: a call and the stream that took as long stand a
# microsecond apart. Without a trace a call of a model stands in the stream that it served, and nothing else in anything.
_PARENTS = f"""
WITH s AS (
  SELECT id, correlation_id, kind, message_id, execution_id, pipeline_id, epoch_us(start_ts) AS a,
    CASE WHEN status = 'unfinished' THEN 9e15::BIGINT ELSE greatest(epoch_us(ts), epoch_us(start_ts)) END AS b,
    (b - a + 5) // 10 * 10 AS length, coalesce(list_position({list(_LEVELS)!r}, type), 0)::INT AS level,
    status <> 'unfinished' OR type IN {_CONTAINERS} AS contains,
    CASE WHEN epoch_us(ts) % 1000000 = 0 THEN 1000000 ELSE 1000 END AS fuzz
  FROM unlinked_spans),
big AS (SELECT correlation_id FROM s GROUP BY ALL HAVING count(*) > {_PARENTS_AT_MOST}),
p AS (
  SELECT * FROM s ANTI JOIN big USING (correlation_id)
  UNION ALL SELECT * FROM s SEMI JOIN big USING (correlation_id)
  QUALIFY row_number() OVER (PARTITION BY correlation_id ORDER BY length DESC, level DESC, id) <= {_PARENTS_AT_MOST}),
candidates AS (
  SELECT c.id, p.id AS parent, p.length, {_is_by_id("c", "p")} AS is_by_id, {_is_by_id("p", "c")} AS is_within,
    p.contains AND p.a <= c.a + greatest(p.fuzz, c.fuzz) AND p.b >= c.b - greatest(p.fuzz, c.fuzz)
      AND (p.length > c.length OR p.length = c.length AND (p.level > c.level OR p.level = c.level AND p.id > c.id)) AS encloses,
    p.a > c.a + 1000 OR p.b < c.b - 1000 AS is_rough,
    c.level = {_TOOL} AND p.level = {_STEP} AND p.kind = 'command'
      AND coalesce(p.execution_id = c.execution_id, true) AS is_step_of_tool
  FROM s c JOIN p ON p.correlation_id = c.correlation_id AND p.id <> c.id)
SELECT id, arg_min(parent, (CASE WHEN is_step_of_tool AND encloses THEN 0 WHEN is_by_id THEN 1 ELSE 2 END, is_rough, length, parent)) AS parent
FROM candidates WHERE encloses AND is_within IS NOT TRUE OR is_by_id GROUP BY id
UNION ALL SELECT call, stream FROM served WHERE NOT is_traced"""


def derive(con: duckdb.DuckDBPyConnection, events_sql: str) -> str:
    """SQL for the spans (SPAN_COLUMNS) of the events that `events_sql` selects, over temporary tables that this makes.

    These must be all events of some traces for which EVENTS_FILTER holds, as they are kept (packing.PACKED_COLUMNS).
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE message_events AS SELECT * EXCLUDE ({_UNUSED}) FROM ({events_sql})")
    engine.again(
        con, "CREATE TEMP VIEW IF NOT EXISTS span_events AS SELECT * FROM message_events WHERE phase IS NOT NULL"
    )
    for statement in (_TURNED, _BEGUN, _PAIRED, _LOG_SPANS):
        engine.again(con, statement)
    # A watch's line is late without this (docs/measurements.md): matching takes five statements.
    has_rows = bool(engine.again(con, f"SELECT 1 FROM span_events WHERE family IN {TABLE_EVENTS} LIMIT 1").fetchall())
    if has_rows:
        _match_rows(con)
    engine.again(con, f"CREATE OR REPLACE TEMP TABLE merged_spans AS {_merged(has_rows=has_rows)}")
    engine.again(con, _SERVED)
    engine.again(con, _DERIVED)
    return f"SELECT u.*, parent FROM unlinked_spans u LEFT JOIN ({_PARENTS}) USING (id)"


def _match_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Make `row_spans`, the table rows, and `matches`, which of them are which span's call."""
    engine.again(con, _ROWS)
    engine.again(con, "CREATE OR REPLACE TEMP TABLE matches (span BIGINT, row_id BIGINT)")
    pairs = con.execute(
        f"SELECT span, row_id FROM ({_CANDIDATES}) ORDER BY rank, span_ts, span, row_ts, row_id"
    ).fetchall()
    chosen = one_to_one(pairs)
    con.execute(
        "INSERT INTO matches SELECT unnest($spans::BIGINT[]), unnest($rows::BIGINT[])",
        {"spans": [s for s, _ in chosen], "rows": [r for _, r in chosen]},
    )


def one_to_one(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Each left and each right at most once, taken in the order given.

    Those of one rank come by time on both sides, so each span takes the earliest row still free: as many calls of a rank are joined as can
    be, because all tolerances are the same.
    """
    lefts: set[int] = set()
    rights: set[int] = set()
    chosen = []
    for left, right in pairs:
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            chosen.append((left, right))
    return chosen
