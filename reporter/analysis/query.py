"""What `query` may ask: one SELECT over views of what is kept, and nothing else.

The statement is read as DuckDB reads it (`json_serialize_sql`) and refused where it names anything but these views, its own CTEs and
functions that make rows of values; then the connection gives up files, extensions and its settings for good.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import engine
from reporter.analysis.traces import summaries
from reporter.errors import UsageError, is_out_of_memory
from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.events.packing import with_contexts
from reporter.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

# What an entry was logged with holds what people wrote, and secrets that only the names beside them tell: taken apart by SQL, nothing would
# tell them any more. Asked for by hand where nothing is redacted.
LOGGED = ("context", "extra", "exception")
_MAKE_ROWS = {"unnest", "range", "generate_series", "json_each", "json_tree"}
# Functions that tell of the program, change something or wait.
_REFUSED = {
    "current_setting", "getvariable", "write_log", "setval", "nextval", "currval", "setseed", "sleep_ms", "current_query", "stats",
    "getenv",
}  # fmt: skip
_HINT = "`telemetry-report query` alone lists the tables; docs/query.md says what they hold."
_THERE = """
SELECT lower(table_name) FROM duckdb_tables() UNION SELECT lower(view_name) FROM duckdb_views() WHERE schema_name <> 'information_schema'"""

Columns = dict[str, tuple[str, str]]
_OF_SOURCES: Columns = {
    "id": ("INTEGER", "the source's number, `events.source`"),
    "name": ("VARCHAR", "path relative to the app, or the table's name"),
    "kind": ("VARCHAR", "log, table"),
    "format": ("VARCHAR", "line, json; the table's columns that are missing"),
    "entries": ("BIGINT", "read: events + rejects"),
    "events": ("BIGINT", "how many"),
    "rejects": ("BIGINT", "what could not be read"),
    "duplicates": ("BIGINT", "of the events: records that another source had brought before"),
    "pruned": ("BIGINT", "of the events: no longer kept"),
    "note": ("VARCHAR", "why it could not be read, or not wholly"),
}
_OF_TRACES: Columns = {
    "correlation_id": ("VARCHAR", "the trace"),
    "start": ("TIMESTAMP", "UTC"),
    "stop": ("TIMESTAMP", "UTC"),
    "duration_ms": ("DOUBLE", "from first start to last end"),
    "status": ("VARCHAR", "error, unfinished, ok"),
    "events": ("BIGINT", "how many"),
    "errors": ("BIGINT", "events that tell of an error"),
    "failed": ("BIGINT", "of its operations"),
    "operations": ("BIGINT", "finished work"),
    "root": ("VARCHAR", "its title: the work that it was about"),
}
_OF_DAILY: Columns = {
    "day": ("DATE", "of the app's zone; only days whose events are gone, or some of them"),
    "kind": ("VARCHAR", "chat, processing, command, tool, llm, log"),
    "operation": ("VARCHAR", "null: the kind's"),
    "events": ("BIGINT", "how many"),
    "error_events": ("BIGINT", "events that tell of an error"),
    "operations": ("BIGINT", "finished"),
    "errors": ("BIGINT", "of the operations"),
    "tokens": ("BIGINT", "of all models"),
    "cost_usd": ("DOUBLE", "in USD"),
    "timed": ("BIGINT", "operations with a duration"),
    "total_ms": ("DOUBLE", "of these"),
    "p95_ms": ("DOUBLE", "of these"),
}
_OF_REJECTS: Columns = {
    "source": ("INTEGER", "the source's number"),
    "offset": ("BIGINT", "byte offset in its (unpacked) file"),
    "reason": ("VARCHAR", "why it is no entry"),
}


def _declared(columns: Columns) -> Columns:
    return {name: (kind.partition(" ")[0], said) for name, (kind, said) in columns.items()}


SCHEMA: dict[str, Columns] = {
    "events": {name: found for name, found in _declared(EVENT_COLUMNS).items() if name not in LOGGED},
    "spans": _declared(SPAN_COLUMNS),
    "traces": _OF_TRACES,
    "sources": _OF_SOURCES,
    "rejects": _OF_REJECTS,
    "daily": _OF_DAILY,
}


class Answer(NamedTuple):
    """`columns`: name and DuckDB's type; `has_more`: rows beyond those that were asked for."""

    columns: tuple[tuple[str, str], ...]
    rows: list[tuple[Any, ...]]
    has_more: bool


def open_views(con: duckdb.DuckDBPyConnection, *, with_logged: bool = False) -> None:
    """Lay the views of SCHEMA over the sink's tables, and close the connection to all else: no file, no extension, no setting can be
    reached from then on. `with_logged`: `events` has LOGGED too."""
    home = con.execute("SELECT current_database()").fetchall()[0][0].replace('"', '""')
    for name, columns in SCHEMA.items():
        wanted = [*columns, *(LOGGED if with_logged and name == "events" else ())]
        table = f'"{home}".main.{name}'
        if name == "events" and with_logged:
            table = with_contexts(table)
        if name == "traces":
            table = "({})".format(summaries(*(f'"{home}".main.{name}' for name in ("events", "spans"))))
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {quoted(wanted)} FROM {table}")
    # A name alone is never a table of the sink. Without a folder for what does not fit in memory nothing is written, and such a query fails.
    for setting in (
        f"memory_limit = '{engine.memory_limit()}B'",
        "search_path = 'temp.main'",
        "temp_directory = ''",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        con.execute(f"SET {setting}")


def ask(con: duckdb.DuckDBPyConnection, sql: str, most: int | None = None) -> Answer:
    """What a SELECT gives, at most so many rows. Raises UsageError for any other statement, for what is no table of SCHEMA, and for
    what DuckDB cannot do."""
    try:
        told = json.loads(con.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])
        _check(told, {name for (name,) in con.execute(_THERE).fetchall()} - set(SCHEMA))
        found = con.execute(sql)
        columns = tuple((str(name), str(kind)) for name, kind, *_ in found.description or ())
        rows = found.fetchall() if most is None else found.fetchmany(most + 1)
    except engine.Error as exc:
        said = str(exc).strip().partition("\n\nLINE ")[0]
        msg = (
            "the query needs more memory than it may take"
            if is_out_of_memory(exc)
            else f"the query cannot be answered: {said}"
        )
        raise UsageError(" ".join(msg.split()), _HINT) from exc
    return Answer(columns, rows[:most], most is not None and len(rows) > most)


def _check(told: dict[str, Any], there: set[str]) -> None:
    """Raise UsageError for what is no SELECT, or reaches beyond the views; `there`: names of what else the database has, which no CTE
    may have, since within it the name would mean that."""
    if told["error"] and told["error_type"] != "not implemented":
        msg = f"the query cannot be read: {told['error_message']}"
        raise UsageError(" ".join(msg.split()), _HINT)
    if told["error"] or len(told["statements"]) != 1:
        msg = "only one SELECT can be asked"
        raise UsageError(msg, "What is kept is only ever read.")
    nodes = list(_nodes(told["statements"]))
    own = {entry["key"].lower() for node in nodes for entry in (node.get("cte_map") or {}).get("map", ())}
    for name in sorted(own & there):
        msg = f"{name} is a name of the database's own"
        raise UsageError(msg, "Call the CTE otherwise.")
    for node in nodes:
        _check_node(node, own)


def _check_node(node: dict[str, Any], own: set[str]) -> None:
    """Raise UsageError for a part of a statement that reaches beyond the views; `own`: its CTEs."""
    kind = node.get("type")
    if kind == "BASE_TABLE":
        name = node["table_name"]
        if node["schema_name"] or node["catalog_name"] or name.lower() not in own | set(SCHEMA):
            full = ".".join(part for part in (node["catalog_name"], node["schema_name"], name) if part)
            msg = f"there is no table {full}"
            raise UsageError(msg, _HINT)
    elif kind == "SHOW_REF" and node.get("table_name"):
        msg = "only one SELECT can be asked"
        raise UsageError(msg, _HINT)
    elif kind == "TABLE_FUNCTION":
        name = str(node["function"].get("function_name")).lower()
        if name not in _MAKE_ROWS:
            msg = f"{name}() cannot be asked"
            raise UsageError(msg, _HINT)
    elif str(node.get("function_name", "")).lower() in _REFUSED:
        msg = f"{node['function_name']}() cannot be asked"
        raise UsageError(msg, _HINT)


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    stack = [value]
    while stack:
        at = stack.pop()
        if isinstance(at, dict):
            yield at
            stack += at.values()
        elif isinstance(at, list):
            stack += at
