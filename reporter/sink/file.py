"""The sink's file: opened, made, waited for, and the copy in memory that a watch reads on."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reporter import engine
from reporter.errors import SinkError
from reporter.sink.schema import SCHEMA_VERSION
from reporter.sink.store import Sink, literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LOCK_SECONDS = 60
# What pays off on a small table; all other optimizers plan for longer than they save.
_CHEAP_OPTIMIZERS = (
    "filter_pushdown", "unused_columns", "column_lifetime", "expression_rewriter", "limit_pushdown", "top_n", "row_group_pruner",
)  # fmt: skip
# Of a file that is made: DuckDB reads whole blocks, and of its own, four times as large, a trace needed 16 MB more.
_FRESH: dict[str, str | bool | int | float | list[str]] = {"default_block_size": "65536"}


def open_sink(path: Path, *, read_only: bool = False, on_wait: Callable[[str], None] = lambda _: None) -> Sink:
    """Open the sink, make it if need be, and wait while another process holds it. Raises SinkError."""
    deadline = time.monotonic() + LOCK_SECONDS
    announced = False
    lock = None
    while True:
        try:
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = _locked(path)
            connection = engine.connect(str(path), read_only=read_only, config={} if read_only else _FRESH)
            break
        except (engine.Error, OSError) as exc:
            if lock:
                lock.close()
            is_held = isinstance(exc, BlockingIOError | engine.IOException) and "lock" in str(exc).lower()
            if not is_held or time.monotonic() > deadline:
                raise _unusable(path, exc) from exc
            if not announced:
                on_wait(f"waiting: another telemetry-report holds {path}")
                announced = True
            time.sleep(0.05)
    try:
        prepare(connection, path, read_only=read_only)
    except BaseException as exc:
        connection.close()
        if lock:
            lock.close()
        if isinstance(exc, engine.Error):
            raise _unusable(path, exc) from exc
        raise
    return Sink(connection, path, lock)


def recent_copy(path: Path, since: datetime) -> Sink:
    """A sink in memory that has read as much as the one at `path`, with its events and spans from `since` (UTC, without a
    zone) on. Raises SinkError."""
    from reporter.sink.schema import TABLES

    with open_sink(path, read_only=True):
        pass  # another's write is waited for, and a foreign file refused
    connection = engine.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{engine.memory_limit()}B'")
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS kept (READ_ONLY)")
        connection.execute(TABLES)
        for table in ("about", "sources", "events", "spans"):
            recent = f"WHERE ts >= TIMESTAMP '{since}'" if table in ("events", "spans") else ""
            connection.execute(f"INSERT INTO {table} SELECT * FROM kept.{table} {recent}")
        connection.execute("DETACH kept")
        # Tables are small here: planning and sharing out the work take longer than the work.
        connection.execute("SET threads = 1")
        names = connection.execute(f"SELECT name FROM duckdb_optimizers() WHERE name NOT IN {_CHEAP_OPTIMIZERS}")
        connection.execute(f"SET disabled_optimizers = '{','.join(name for (name,) in names.fetchall())}'")
        sink = Sink(connection, Path(":memory:"))
        sink.is_saved = False
        sink.learn_names()
        return sink
    except engine.Error as exc:
        connection.close()
        raise _unusable(path, exc) from exc


def _locked(path: Path) -> IO[bytes]:
    """Only one writes at a time, also while the file is replaced by a smaller one: DuckDB's own lock goes with the old file.
    Raises BlockingIOError."""
    lock = path.with_name(f"{path.name}.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        lock.close()
        if isinstance(exc, BlockingIOError):
            msg = "lock held"
            raise BlockingIOError(msg) from exc
        raise
    return lock


def _unusable(path: Path, exc: Exception) -> SinkError:
    return SinkError(
        f"the sink {path} cannot be used: {str(exc).splitlines()[0]}",
        "Name another with --sink, or delete it: it is made again from logs and tables.",
    )


def prepare(connection: engine.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Settings of a fresh connection; the tables of an empty sink, or those new since the last version. Raises SinkError for
    another's file."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{engine.memory_limit()}B'")
    try:
        version = connection.execute("SELECT value FROM about WHERE key = 'schema'").fetchall()
    except engine.CatalogException:
        version = []
        if not read_only and not connection.execute("SELECT 1 FROM duckdb_tables()").fetchall():
            from reporter.sink.schema import ABOUT, TABLES

            connection.begin()
            connection.execute(TABLES)
            connection.execute(ABOUT)
            connection.commit()
            return
    if version == [(str(SCHEMA_VERSION - 1),)] and not read_only:
        from reporter.sink.schema import UPGRADE

        connection.execute(f"BEGIN; {UPGRADE}; COMMIT")
    elif version != [(str(SCHEMA_VERSION),)]:
        msg = f"{path} is not a sink of this version"
        raise SinkError(msg, "Name another with --sink, or delete it: it is made again from logs and tables.")
