"""The app's two tables as records.

A row becomes the context that a log record of the same fact would carry, so one mapping (events.py) serves both.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from reporter.sources.databases import Connection

FETCH_ROWS = 20_000
_ENCODED_AT_MOST = 3
# A number this large is no time in seconds (that would be the year 5138) but in milliseconds.
_LEAST_EPOCH_MS = 100_000_000_000
_RECORD_COLUMNS = ("source", "offset", "time", "level", "message", "context", "extra", "entry_event")


def _record_schema() -> pa.Schema:
    import pyarrow as pa

    numbers = {"source": pa.int32(), "offset": pa.int64()}
    return pa.schema([(name, numbers.get(name, pa.string())) for name in _RECORD_COLUMNS])


class Table(NamedTuple):
    """A table of the app's: its time columns, best first, and how a row becomes a context. `actual`: what it is called in the
    database; `columns`: what its columns are called there, where not as here."""

    name: str
    times: tuple[str, ...]
    context: Callable[[dict[str, Any]], dict[str, Any]]
    actual: str = ""
    columns: Mapping[str, str] = MappingProxyType({})

    def column(self, name: str) -> str:
        return self.columns.get(name, name)


def _tool_context(row: dict[str, Any]) -> dict[str, Any]:
    response = _json(row.get("response"))
    error = response.get("error", response.get("message")) if isinstance(response, dict) else None
    failed = str(row.get("status")).lower() in ("error", "failed")
    return {
        "event_id": f"tool_invocations:{row.get('id')}",
        **{k: v for k, v in row.items() if v is not None and k not in ("id", "request", "response")},
        "invocation_id": row.get("id"),
        "tool_name": row.get("tool_slug"),
        "request": _json(row.get("request")),
        "response": response,
        "error": error if failed else None,
    }


def _command_context(row: dict[str, Any]) -> dict[str, Any]:
    result = _json(row.get("result"))
    facts = result if isinstance(result, dict) else {}
    success = facts.get("success")
    if success is None:
        success = not facts.get("error")
    return {
        "event_id": f"command_executions:{row.get('id')}",
        "execution_id": row.get("id"),
        "command": row.get("command_name"),
        "dry_run": bool(row["dry_run"]) if row.get("dry_run") is not None else None,
        "success": success,
        "error": facts.get("error"),
        "correlation_id": facts.get("correlation_id"),
        "user_id": row.get("user_id"),
        "result": result,
    }


_WRITTEN = ("request", "response", "result")
TABLES = (
    Table("tool_invocations", ("created_at",), _tool_context),
    Table("command_executions", ("executed_at", "created_at"), _command_context),
)


def _json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Parsed, also where it was encoded more than once."""
    import json

    for _ in range(_ENCODED_AT_MOST):
        if not isinstance(value, str | bytes):
            return value
        try:
            value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:///")


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def signature(url: str) -> str:
    """Changes whenever a SQLite database may hold something new; empty where that can't be told from outside."""
    if not is_sqlite(url):
        return ""
    parts = []
    for path in (sqlite_path(url), Path(f"{sqlite_path(url)}-wal")):
        try:
            found = path.stat()
            parts.append(f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}")
        except OSError:
            parts.append("-")
    return " ".join(parts)


def is_same_file(one: str, other: str) -> bool:
    """Whether two signatures are of one SQLite file, changed or not."""
    inode, colon, _ = one.partition(":")
    return bool(colon) and other.startswith(f"{inode}:")


def display_name(url: str) -> str:
    """The URL without user and password, as sources are known by."""
    return re.sub(r"//.*@", "//", url) if is_sqlite(url) else re.sub(r"//.*@", "//", url).partition("?")[0]


def is_read(sink: duckdb.DuckDBPyConnection, url: str) -> bool:
    """Whether both tables were read since a SQLite database has last changed; False where that can't be told."""
    seen = signature(url)
    rows = sink.execute("SELECT head FROM sources WHERE kind = 'table' AND path = ?", [display_name(url)]).fetchall()
    return bool(seen) and len(rows) == len(TABLES) and all(head == seen for (head,) in rows)


def named(names: Mapping[str, str], columns: Mapping[str, Mapping[str, str]]) -> tuple[Table, ...]:
    """The tables under the names they have in this database: `names` by table, `columns` by table and column."""
    return tuple(
        table._replace(actual=names.get(table.name, table.name), columns=columns.get(table.name, {}))
        for table in TABLES
    )


def columns(connection: Connection, table: Table) -> list[str]:
    """The table's columns by the names they have here; none if there is no such table."""
    if not connection.has_table(table.actual):
        return []
    own = {actual: name for name, actual in table.columns.items()}
    found, _ = connection.ask(f"SELECT * FROM {connection.quoted(table.actual)} LIMIT 0", {}, 1)
    return [own.get(name, name) for name in found]


def keys(connection: Connection, table: Table, known: list[str], start: str, end: str) -> Iterator[list[str]]:
    """The record names (event ids) of the rows from the day `start` (empty: the first) up to the beginning of `end`, in batches; none
    where rows have no key."""
    time = _time(table, known)
    if not time or "id" not in known:
        return
    quoted = connection.quoted
    column = quoted(table.column(time))
    query = f"SELECT {quoted(table.column('id'))} FROM {quoted(table.actual)} WHERE {column} < :end"
    given = {"end": end}
    if start:
        query, given["start"] = f"{query} AND {column} >= :start", start
    for found in connection.ask(query, given, FETCH_ROWS)[1]:
        yield [f"{table.name}:{_plain(key)}" for (key,) in found]


def rows(
    connection: Connection, table: Table, known: list[str], since: str, source: int, offset: int, zone: str
) -> Iterator[pa.Table]:
    """Batches of records (source, offset, time … entry_event) from the day `since` on (empty: all), oldest first; within a day as they
    were written, where that can be told and `zone`, the app's, has hours that come twice.

    Rows may come again: the sink knows them by their key. `offset` numbers the first row of the source.
    """
    import pyarrow as pa

    from reporter.sources.local_times import LocalTimes

    time = _time(table, known)
    query = f"SELECT * FROM {connection.quoted(table.actual)}"
    arguments = {}
    if time and since:
        # What has no time has to be looked at each time: it may get one.
        column = connection.quoted(table.column(time))
        query += f" WHERE ({column} >= :since OR {column} IS NULL)"
        arguments["since"] = since
    order = [connection.quoted(table.column(name)) for name in (time, "id") if name and name in known]
    if time and zone != "UTC" and (as_written := connection.as_written(table.actual)):
        order = [f"substr({order[0]}, 1, {len('2026-11-20')})", as_written]
    if order:
        query += f" ORDER BY {', '.join(order)}"
    times = LocalTimes(zone)
    schema = _record_schema()
    own = {actual: name for name, actual in table.columns.items()}
    found, batches = connection.ask(query, arguments, FETCH_ROWS)
    names = [own.get(name, name) for name in found]
    for batch_rows in batches:
        named_rows = (dict(zip(names, row, strict=True)) for row in batch_rows)
        batch = [_record(table, row, source, offset + i) for i, row in enumerate(named_rows)]
        offset += len(batch)
        yield times.settled(pa.Table.from_pylist(batch, schema=schema))


def _moment(value: Any) -> str:  # noqa: ANN401 - any column value
    """A time as text; a number is seconds or milliseconds since 1970."""
    text = str(value)
    if not re.fullmatch(r"\d{9,14}(?:\.\d+)?", text):
        return text
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if seconds >= _LEAST_EPOCH_MS else seconds, UTC).isoformat()


def _time(table: Table, known: list[str]) -> str:
    return next((name for name in table.times if name in known), "")


def _record(table: Table, row: dict[str, Any], source: int, offset: int) -> dict[str, Any]:
    from reporter.sources.mend import dump

    row = {key: _plain(value) for key, value in row.items()}
    time = next((_moment(row[name]) for name in table.times if row.get(name)), None)
    try:
        context = dump(table.context(row))
    except (ValueError, TypeError, OverflowError, RecursionError):
        # What the app wrote as JSON is beyond reading; what happened is not.
        context = dump(table.context({name: value for name, value in row.items() if name not in _WRITTEN}))
    return {
        "source": source,
        "offset": offset,
        "time": time,
        "context": context,
        "entry_event": table.name,
    }
