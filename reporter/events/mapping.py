"""What an event is: its columns, the names its facts go by, and how a record becomes one.

The naming tables of the domain stand here as data. The mapping itself is one SQL statement over a relation of
records, because DuckDB takes 80 JSON values out of an entry in a tenth of the time orjson and Python took (docs/design.md).
No I/O, no clock.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from reporter.events.columns import EVENT_COLUMNS
from reporter.events.facts import ALL_PATHS, EXTRA_CORRELATION, FACTS, FRAME_FACTS
from reporter.events.names import EVENT_NAME


def _shape(*paths: str) -> dict[str, Any]:
    """The structure json_transform is asked for, so that all paths are read in one pass over an entry.

    A value below one that is wanted itself (`exception.message`) is not part of it.
    """
    shape: dict[str, Any] = {}
    for path in paths:
        node, keys = shape, path.split(".")
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if isinstance(node, str):
                break
        else:
            node.setdefault(keys[-1], "VARCHAR")
    return shape


def _value(base: str, path: str, shape: dict[str, Any]) -> str:
    """SQL for the value at `path` of the structure `base`."""
    first, _, rest = path.partition(".")
    if rest and shape[first] == "VARCHAR":
        text = f'{base}."{first}"'
        return f"CASE WHEN {text}[1] = '{{' AND json_valid({text}) THEN json_extract_string({text}, '$.{rest}') END"
    return base + "".join(f'."{key}"' for key in path.split("."))


def _first(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _id(column: str) -> str:
    """An id as text; an empty string, `[]` and `{}` are none."""
    return f"CASE WHEN {column} NOT IN ('', '[]', '{{}}', 'null') THEN {column} END"


def _finite(column: str) -> str:
    return f"CASE WHEN isfinite(try_cast({column} AS DOUBLE)) THEN try_cast({column} AS DOUBLE) END"


def _number(column: str) -> str:
    """A count: finite, not negative, and not beyond 2^53."""
    value = f"try_cast({column} AS DOUBLE)"
    return f"CASE WHEN {value} BETWEEN 0 AND 9e15 THEN {value}::BIGINT END"


# How many sets of paths a watch keeps statements for.
_STATEMENTS = 200


def _facts(paths: frozenset[str]) -> dict[str, list[str]]:
    """FACTS by the paths of these."""
    found = {fact: [key for key in keys if key in paths] for fact, keys in FACTS.items()}
    return {fact: keys for fact, keys in found.items() if keys}


# Two passes: the frame of an entry, then its facts, which lie in `data` (nested shapes) or beside the frame. One pass for
# both places makes twice the columns and took three times as long.
@lru_cache(_STATEMENTS)
def extract_sql(records_sql: str, paths: frozenset[str] = ALL_PATHS) -> str:
    """All facts of records as text; null those that none of `paths` leads to.

    `records_sql` selects source, offset, time, level, message, context, extra, entry_event (a name the source knows, or null).
    """
    facts = _facts(paths)
    frame = {name: [key for key in keys if key in paths] for name, keys in FRAME_FACTS.items()}
    # The shallow ones first: what lies below one is not part of the structure.
    flat = _shape(
        *sorted((key for keys in facts.values() for key in keys), key=lambda key: key.count(".")), "correlation_id"
    )
    outer = _shape("event", *(key for keys in frame.values() for key in keys if not key.startswith("data.")), "data")
    columns = [
        f"{_first([_value('f', key, flat) for key in facts[fact]]) if fact in facts else 'NULL::VARCHAR'} AS {fact}"
        for fact in FACTS
    ]
    framed = [
        f"{_first([_frame_value(key, outer, flat) for key in keys]) if keys else 'NULL::VARCHAR'} AS {name}"
        for name, keys in frame.items()
    ]
    return f"""WITH records AS ({records_sql}),
parsed AS (SELECT *, json_transform(context, '{json.dumps(outer)}') AS j FROM records),
shaped AS (SELECT *, coalesce(j.data[1] = '{{' AND j.event IS NOT NULL AND json_valid(j.data), false) AS is_nested FROM parsed),
told AS (SELECT *, json_transform(CASE WHEN is_nested THEN j.data ELSE context END, '{json.dumps(flat)}') AS f FROM shaped)
SELECT source, "offset", time, level, message, context, extra, {", ".join(framed)},
  {_name("j.event")} AS name,
  {", ".join(columns)}
FROM told
"""


def names_sql(records_sql: str) -> str:
    """The names of records, each once: what `extract_sql` calls `name`, in a third of the time."""
    name = _name("json_extract_string(context, '$.event')")
    return f"SELECT DISTINCT {name} AS name FROM ({records_sql})"


def _name(event: str) -> str:
    return f"""coalesce(entry_event, CASE WHEN {event} <> '' THEN {event} END,
    CASE WHEN regexp_full_match(message, '{EVENT_NAME.pattern}') THEN message END)"""


def _frame_value(key: str, outer: dict[str, Any], flat: dict[str, Any]) -> str:
    if key.startswith("data."):
        return f"CASE WHEN is_nested THEN {_value('f', key.removeprefix('data.'), flat)} END"
    return _value("j", key, outer)


_OPERATION = """CASE n.operation
    WHEN 'model' THEN CASE WHEN provider IS NULL AND model IS NULL THEN NULL
      ELSE coalesce(provider, 'unknown') || '/' || coalesce(model, 'unknown') END
    WHEN 'step' THEN step
    WHEN 'command' THEN command
    WHEN 'tool' THEN tool
    WHEN 'step_or_pipeline' THEN coalesce(step, 'pipeline')
    WHEN 'command_or_step' THEN coalesce(command, step, name)
    WHEN 'event' THEN name
    WHEN '' THEN NULL
    ELSE trim(n.operation, '''') END"""

_FAILED = """(coalesce(ends_with(name, '.failed') OR ends_with(name, '.error'), false)
    OR coalesce(lower(success) IN ('false', '0'), false)
    OR coalesce(lower(outcome) IN ('error', 'failed'), false)
    OR coalesce(lower(outcome2) IN ('error', 'failed'), false)
    OR coalesce(level IN ('ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'), false))"""


def _own_texts(column: str, paths: list[str]) -> str:
    """The first of these paths of a JSON column under which a text or a number stands that is not empty: json_extract_string
    makes texts of arrays and objects too."""
    values = [
        f"CASE WHEN json_type({column}, '$.{path}') NOT IN ('ARRAY', 'OBJECT', 'NULL') THEN nullif(json_extract_string({column}, '$.{path}'), '') END"
        for path in paths
    ]
    return _first(values) if values else "NULL::VARCHAR"


def _correlation(paths: frozenset[str]) -> str:
    """A trace's id. What begins like an array or an object may be one, or an id that a client chose: only then, and where the first
    place holds an empty text, is each place looked at by itself."""
    inside, beside = (
        _own_texts(column, [path for path in places if path in paths])
        for column, places in (("context", FRAME_FACTS["correlation"]), ("extra", EXTRA_CORRELATION))
    )
    return f"""CASE WHEN correlation <> '' AND correlation[1] NOT IN ('[', '{{') THEN correlation
    ELSE coalesce(CASE WHEN correlation IS NOT NULL THEN {inside} END, CASE WHEN extra IS NOT NULL THEN {beside} END) END"""


# An epoch number is seconds below 10^11 and milliseconds above; anything else is read as ISO 8601, in the
# session's zone (the app's) where it has no offset.
_OWN_TIME = """CASE WHEN own_time IS NULL THEN NULL
    WHEN try_cast(own_time AS DOUBLE) BETWEEN 1e8 AND 1e14 THEN
      make_timestamp((try_cast(own_time AS DOUBLE) * CASE WHEN try_cast(own_time AS DOUBLE) < 1e11 THEN 1e6 ELSE 1e3 END)::BIGINT)
    ELSE timezone('UTC', try_cast(own_time AS TIMESTAMPTZ)) END"""

# Only where the event has no valid time of its own: reading times in a zone is dear.
_ENTRY = "timezone('UTC', try_cast(time AS TIMESTAMPTZ))"
_ENTRY_TIME = f"CASE WHEN isfinite({_ENTRY}) AND year({_ENTRY}) BETWEEN 1970 AND 9998 THEN {_ENTRY} END"

# column: how it is made of the fact of the same name; null where that is.
_OF_ONE_FACT: dict[str, str] = {
    # Nothing takes less than no time: that tells nothing, though it was logged (`context` has it).
    "duration_ms": "CASE WHEN duration >= 0 THEN duration END",
    **{
        name: _id(name)
        for name in (
            "message_id", "conversation_id", "session_id", "fragment_id", "execution_id", "step_id", "pipeline_id", "job_id",
            "invocation_id",
        )
    },
    **{name: name for name in ("provider", "model", "tool", "command", "step", "exception")},
    **{
        name: _number(name)
        for name in (
            "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "request_bytes", "response_bytes", "attempt",
        )
    },
    "cost_usd": _finite("cost_usd"),
    "ttft_ms": f"CASE WHEN {_finite('ttft_ms')} >= 0 THEN {_finite('ttft_ms')} END",
    "dry_run": "CASE WHEN lower(dry_run) IN ('true', '1') THEN true WHEN lower(dry_run) IN ('false', '0') THEN false END",
    "state": "CASE WHEN length(state) <= 40 THEN state END",
    "error_class": "CASE WHEN failed AND error_class <> '' THEN error_class END",
    "error_message": "CASE WHEN failed AND error_message NOT IN ('', 'true', 'false', '[]') THEN error_message END",
    "error_code": "CASE WHEN failed THEN error_code END",
    "error_category": "CASE WHEN failed THEN error_category END",
}  # fmt: skip
_COLUMNS: dict[str, str] = {
    "id": '(source::BIGINT << 40) + "offset"',
    "source": "source",
    "offset": '"offset"',
    "ts": f"CASE WHEN isfinite(own_ts) AND year(own_ts) BETWEEN 1970 AND 9998 THEN own_ts ELSE {_ENTRY_TIME} END",
    "kind": "n.kind",
    "event": "name",
    "family": "n.family",
    "type": "n.type",
    "phase": """CASE WHEN n.phase = 'finish' AND (repeats IS TRUE OR (n.needs_duration AND duration IS NULL))
      THEN CASE WHEN repeats IS TRUE THEN NULL ELSE 'end' END ELSE n.phase END""",
    "operation": _OPERATION,
    "status": "CASE WHEN failed THEN 'error' WHEN n.phase = 'finish' OR lower(success) = 'true' THEN 'ok' END",
    "level": "level",
    "message": "message",
    "record_id": "CASE WHEN event_id <> '' THEN coalesce(try_cast(event_id AS UUID), md5(event_id)::UUID) END",
    "context": "context",
    "extra": "extra",
}


@lru_cache(_STATEMENTS)
def map_sql(records_sql: str, paths: frozenset[str] = ALL_PATHS) -> str:
    """Records as events: EVENT_COLUMNS in order, by the table `names` of Name. `kind` is null where that does not know the
    event's name yet. `paths`: those that may lead to something."""
    facts = _facts(paths)
    columns = {**_COLUMNS, "correlation_id": _correlation(paths)}

    def column(name: str) -> str:
        sql = columns.get(name) or (
            _OF_ONE_FACT[name] if name in facts else f"NULL::{EVENT_COLUMNS[name][0].split()[0]}"
        )
        return f'{sql} AS "{name}"'

    return f"""WITH timed AS (
  SELECT *, {_OWN_TIME} AS own_ts, {_finite("duration_ms")} AS duration, {_FAILED} AS failed,
    event_type LIKE '%\\_analysis' ESCAPE '\\' AS repeats
  FROM ({extract_sql(records_sql, paths)}))
SELECT {", ".join(column(name) for name in EVENT_COLUMNS)}
FROM timed LEFT JOIN names n ON n.event IS NOT DISTINCT FROM name
"""
