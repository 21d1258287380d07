"""The app's two tables, read-only through SQLAlchemy, as records.

A row becomes the context that a log record of the same fact would carry, so one mapping (events.py) serves both.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb
    import pyarrow as pa
    from sqlalchemy import Connection, Engine

FETCH_ROWS = 20_000
BUSY_SECONDS = 5
_RECORD_COLUMNS = ("source", "offset", "time", "level", "message", "context", "extra", "entry_event")


def _record_schema() -> pa.Schema:
    import pyarrow as pa

    numbers = {"source": pa.int32(), "offset": pa.int64()}
    return pa.schema([(name, numbers.get(name, pa.string())) for name in _RECORD_COLUMNS])


@dataclass(frozen=True)
class Table:
    """A table of the app's: its time column and how a row becomes a context."""

    name: str
    times: tuple[str, ...]
    context: Callable[[dict[str, Any]], dict[str, Any]]


def _tool_context(row: dict[str, Any]) -> dict[str, Any]:
    response = _json(row.get("response"))
    error = response.get("error", response.get("message")) if isinstance(response, dict) else None
    failed = str(row.get("status")).lower() in ("error", "failed")
    return {
        **{k: v for k, v in row.items() if v is not None and k not in ("id", "request", "response")},
        "invocation_id": row.get("id"),
        "tool_name": row.get("tool_slug"),
        "request": _json(row.get("request")),
        "response": response,
        "error": error if failed else None,
        "event_id": f"tool_invocations:{row.get('id')}",
    }


def _command_context(row: dict[str, Any]) -> dict[str, Any]:
    result = _json(row.get("result"))
    facts = result if isinstance(result, dict) else {}
    success = facts.get("success")
    if success is None:
        success = not facts.get("error")
    return {
        "execution_id": row.get("id"),
        "command": row.get("command_name"),
        "dry_run": bool(row["dry_run"]) if row.get("dry_run") is not None else None,
        "success": success,
        "error": facts.get("error"),
        "correlation_id": facts.get("correlation_id"),
        "user_id": row.get("user_id"),
        "result": result,
        "event_id": f"command_executions:{row.get('id')}",
    }


TABLES = (
    Table("tool_invocations", ("created_at",), _tool_context),
    Table("command_executions", ("executed_at", "created_at"), _command_context),
)


def _json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str | bytes):
        return value
    try:
        return json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return value if isinstance(value, str) else value.decode("utf-8", "replace")


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


def display_name(url: str) -> str:
    """The URL without user and password, as sources are known by."""
    return re.sub(r"//[^@/]*@", "//", url)


def is_read(sink: duckdb.DuckDBPyConnection, url: str) -> bool:
    """Whether both tables were read since a SQLite database has last changed; False where that can't be told."""
    seen = signature(url)
    rows = sink.execute("SELECT head FROM sources WHERE kind = 'table' AND path = ?", [display_name(url)]).fetchall()
    return bool(seen) and len(rows) == len(TABLES) and all(head == seen for (head,) in rows)


def connect(url: str) -> Engine:
    """An engine that can't write. Raises SQLAlchemyError (a bad URL) and ImportError (no driver)."""
    from sqlalchemy import create_engine

    if not is_sqlite(url):
        return create_engine(url, connect_args={"connect_timeout": BUSY_SECONDS})
    import sqlite3
    from urllib.parse import quote

    path = sqlite_path(url)
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if _is_resting_wal(path) else ''}"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS))


def _is_resting_wal(path: Path) -> bool:
    """A database in WAL mode that nobody has open. Reading it the usual way would leave -wal and -shm files in the
    app's folder."""
    with path.open("rb") as file:
        header = file.read(20)
    return header[18:20] == b"\x02\x02" and not Path(f"{path}-wal").exists()


def columns(connection: Connection, table: str) -> list[str]:
    """The table's columns; none if there is no such table."""
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table(table):
        return []
    return list(connection.execute(text(f"SELECT * FROM {_quoted(connection, table)} LIMIT 0")).keys())


def rows(
    connection: Connection, table: Table, known: list[str], seen_until: str, source: int, offset: int
) -> Iterator[pa.Table]:
    """Batches of records (source, offset, time … entry_event) from the day before `seen_until` (a date, or empty: all), oldest first.

    Rows of that day come again: the sink knows them by their key. `offset` numbers the first row of the source.
    """
    import pyarrow as pa
    from sqlalchemy import text

    time = next((name for name in table.times if name in known), None)
    query = f"SELECT * FROM {_quoted(connection, table.name)}"
    arguments = {}
    if time and seen_until:
        query += f" WHERE {_quoted(connection, time)} >= :since"
        arguments["since"] = str(date.fromisoformat(seen_until) - timedelta(days=1))
    order = [name for name in (time, "id") if name and name in known]
    if order:
        query += f" ORDER BY {', '.join(_quoted(connection, name) for name in order)}"
    schema = _record_schema()
    result = connection.execution_options(stream_results=True).execute(text(query), arguments)
    while found := result.fetchmany(FETCH_ROWS):
        batch = [_record(table, dict(row._mapping), source, offset + i) for i, row in enumerate(found)]
        offset += len(batch)
        yield pa.Table.from_pylist(batch, schema=schema)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _record(table: Table, row: dict[str, Any], source: int, offset: int) -> dict[str, Any]:
    from reporter.sources.mend import dump

    row = {key: _plain(value) for key, value in row.items()}
    time = next((str(row[name]) for name in table.times if row.get(name)), None)
    return {
        "source": source,
        "offset": offset,
        "time": time,
        "context": dump(table.context(row)),
        "entry_event": table.name,
    }
