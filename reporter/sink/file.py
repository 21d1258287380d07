"""The sink's file: opened, made, waited for, and the copy in memory that a watch reads on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from reporter import engine
from reporter.errors import DamagedSinkError, OlderSinkError, ReportError, SinkError, TooLargeError, is_out_of_memory
from reporter.events.names import KINDS
from reporter.replacing import remove_left
from reporter.sink.damage import damage, is_others, is_ours, set_aside
from reporter.sink.locking import lock_path, locked
from reporter.sink.schema import SCHEMA_VERSION, upgrade
from reporter.sink.spilling import remove_spilt, spill
from reporter.sink.store import LOGGED_IN_SESSION, Sink
from reporter.sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LOCK_SECONDS = 60
# What pays off on a small table; all other optimizers plan for longer than they save.
_CHEAP_OPTIMIZERS = (
    "filter_pushdown", "unused_columns", "column_lifetime", "expression_rewriter", "limit_pushdown", "top_n", "row_group_pruner",
)  # fmt: skip
# What an event of a session takes at least, compressed.
_EVENT_BYTES = 100
# Of a file that is made: DuckDB reads whole blocks, and of its own, four times as large, a trace needed 16 MB more.
_FRESH: dict[str, str] = {"default_block_size": "65536"}


def open_sink(path: Path, *, read_only: bool = False, on_wait: Callable[[str], None] = lambda _: None) -> Sink:
    """Open the sink, make it if need be, and wait while another process holds it.

    For writing, one that is damaged or of a much older version is moved aside and made anew, one of an older version brought up to date, which
    `on_wait` is told; for reading that is a DamagedSinkError. Raises SinkError.
    """
    target, deadline = path.resolve(), time.monotonic() + LOCK_SECONDS
    announced = False
    while True:
        try:
            return _opened(path, target, on_wait, read_only=read_only)
        except DamagedSinkError as exc:
            if read_only:
                raise
            set_aside(exc, on_wait)
        except (engine.Error, OSError) as exc:
            if not is_held(exc) or time.monotonic() > deadline:
                raise unusable(path, exc) from exc
            if not announced:
                on_wait(f"waiting: another telemetry-report holds {path}")
                announced = True
            time.sleep(0.05)


def _opened(path: Path, target: Path, on_wait: Callable[[str], None], *, read_only: bool) -> Sink:
    """Raises what DuckDB or the system does, DamagedSinkError, and SinkError for another's file."""
    _refuse_others(path, target)
    was_ours, had_lock = is_ours(target), lock_path(target).exists()
    lock = None if read_only else _ready(target)
    connection = None
    try:
        is_new = not read_only and (not target.exists() or not target.stat().st_size)
        connection = engine.connect(str(target), read_only=read_only, config={} if read_only else _FRESH)
        if lock:
            remove_spilt(target)
        prepare(connection, path, on_wait, was_ours=was_ours, read_only=read_only, is_new=is_new)
        return sink_of(connection, path, lock, read_only=read_only)
    except BaseException as exc:
        if connection:
            connection.close()
        if lock:
            lock.close()
            if not had_lock and isinstance(exc, SinkError):
                lock_path(target).unlink(missing_ok=True)
        if isinstance(exc, engine.Error | UnicodeDecodeError) and not is_held(exc) and (why := damage(target)):
            raise _damaged(path, target, why, was_ours=was_ours) from exc
        if isinstance(exc, UnicodeDecodeError):
            raise OSError(str(exc)) from exc
        raise


def sink_of(connection: engine.DuckDBPyConnection, path: Path, lock: IO[bytes] | None, *, read_only: bool) -> Sink:
    """The sink of a connection that is prepared. Whoever asks a reduced one asks `events` and `spans`, as of any other; to write one is a
    SinkError."""
    sink = Sink(connection, path.resolve(), lock)
    # Not `is_reduced`: what a sink says of itself is asked once, for all that is told of it.
    if sink.about("cells"):
        if not read_only:
            msg = f"{path} is a reduced sink, which is only read"
            raise SinkError(msg, "Ask it with --from, or name another with --sink FILE.")
        from reporter.analysis.cells import see_cells

        see_cells(connection)
        sink.is_reduced = True
    return sink


def is_reduced(connection: engine.DuckDBPyConnection) -> bool:
    """Whether it is what `reduce` wrote, of whatever version."""
    return bool(connection.execute("SELECT 1 FROM about WHERE key = 'cells'").fetchall())


def _ready(target: Path) -> IO[bytes]:
    """The lock on a sink that is to be written, with its folder made and what a killed run left there removed. Raises OSError."""
    is_new = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = locked(target)
    ignore = target.with_name(".gitignore")
    if (is_new or target.parent.name == "telemetry") and not ignore.exists():
        ignore.write_text("*\n")
    remove_left(target.parent, target.name)
    if not target.exists() or not target.stat().st_size:
        # Of a sink that is gone: what it holds belongs to nothing.
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    return lock


def _refuse_others(path: Path, target: Path) -> None:
    if target.exists() and not target.is_file():
        # Whatever lies beside it: it was never a sink, so it is not damaged, and nothing moves it.
        msg = f"{path} is {'a folder' if target.is_dir() else 'no regular file'} and no sink"
        raise SinkError(msg, _NAME_ANOTHER)
    if target.is_file() and target.stat().st_size and is_others(target):
        msg = f"{path} is no sink but a file of another kind"
        raise SinkError(msg, _NAME_ANOTHER)


def _damaged(path: Path, target: Path, why: str, *, was_ours: bool) -> SinkError:
    if was_ours:
        return DamagedSinkError(target, f"is damaged ({why})")
    return SinkError(f"{path} cannot be read as a sink: {why}", _NAME_ANOTHER)


def recent_copy(path: Path, since: datetime, most_bytes: int) -> Sink:
    """A sink in memory that has read as much as the one at `path`, with its events and spans from `since` (UTC, without a
    zone) on, of very many the latest. What log entries were logged with is left out: nobody asks a session for it. Raises SinkError."""
    from reporter.sink.schema import TABLES

    with open_sink(path, read_only=True):
        pass  # another's write is waited for, and a foreign file refused
    connection = engine.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    engine.hold_all(connection)
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS kept (READ_ONLY)")
        connection.execute(TABLES)
        many = connection.execute(
            f"SELECT ts FROM kept.events WHERE ts >= ? ORDER BY ts DESC LIMIT 1 OFFSET {most_bytes // _EVENT_BYTES}",
            [since],
        ).fetchall()
        since = many[0][0] if many else since
        for table in ("about", "sources", "events", "spans"):
            recent = f"WHERE ts >= TIMESTAMP '{since}'" if table in ("events", "spans") else ""
            columns = f"* REPLACE ({LOGGED_IN_SESSION})" if table == "events" else "*"
            connection.execute(f"INSERT INTO {table} SELECT {columns} FROM kept.{table} {recent}")
        connection.execute("DETACH kept")
        # Compresses the tables: a session of 20,000 calls takes 3 MB instead of 24, and is asked as fast.
        connection.execute("CHECKPOINT")
        # Rows of a table that are older may be read again: they are not this session's.
        connection.execute(
            "INSERT OR REPLACE INTO about SELECT 'kept:' || unnest(?), ?", [list(KINDS), since.isoformat()]
        )
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
        raise unusable(path, exc) from exc


_NAME_ANOTHER = "Name another with --sink FILE."


def is_held(exc: Exception) -> bool:
    """Whether another process has the file open."""
    return isinstance(exc, BlockingIOError) or (isinstance(exc, engine.IOException) and "set lock" in str(exc).lower())


def unusable(path: Path, exc: Exception) -> ReportError:
    """Why a sink cannot be read or written, by its cause."""
    if is_out_of_memory(exc):
        return TooLargeError(str(exc))
    said = str(exc).splitlines()[0]
    if is_held(exc):
        return SinkError(f"the sink {path} is in use by another process", "Try again when that is done.")
    if any(full in said for full in ("No space left", "File too large", "quota exceeded")):
        return SinkError(
            f"the sink {path} cannot be written, its disk is full: {said}",
            "Free some space, or name another with --sink FILE.",
        )
    return SinkError(f"the sink {path} cannot be used: {said}", _NAME_ANOTHER)


def prepare(
    connection: engine.DuckDBPyConnection,
    path: Path,
    on_wait: Callable[[str], None] = lambda _: None,
    *,
    was_ours: bool,
    read_only: bool,
    is_new: bool = False,
) -> None:
    """Settings of a fresh connection; the tables of an empty sink, or one of an older version brought up to date, which `on_wait` is told.
    `is_new`: known to be empty; to ask for a table that is not there takes as long as to make them all.
    Raises SinkError for another's file, DamagedSinkError for one of a version that cannot be, OlderSinkError for one that is only read."""
    connection.execute("SET TimeZone = 'UTC'")
    spill(connection, path.resolve(), read_only=read_only)
    if is_new:
        _make_tables(connection)
        return
    try:
        version = connection.execute("SELECT value FROM about WHERE key = 'schema'").fetchall()
    except engine.CatalogException:
        version = []
        if not read_only and not connection.execute("SELECT 1 FROM duckdb_tables()").fetchall():
            _make_tables(connection)
            return
    if version == [(str(SCHEMA_VERSION),)]:
        return
    if version and is_reduced(connection):
        raise OlderSinkError(path, "was reduced by another version", "Reduce anew what it was made of.")
    steps = upgrade(version[0][0]) if version else None
    if not steps:
        _refuse(path, version, was_ours=was_ours)
    if read_only:
        why = f"is of an older version ({version[0][0]})"
        raise OlderSinkError(path, why, "Any command about its app brings it up to date.")
    on_wait(f"once: {path} is of an older version, and is brought up to date")
    connection.execute(steps)


def _make_tables(connection: engine.DuckDBPyConnection) -> None:
    from reporter.sink.schema import ABOUT, TABLES

    connection.begin()
    connection.execute(TABLES)
    connection.execute(ABOUT)
    connection.commit()


def _refuse(path: Path, version: list[tuple[str]], *, was_ours: bool) -> NoReturn:
    found = version[0][0] if version else ""
    if not found and not was_ours:
        msg = f"{path} is a DuckDB database, but no sink"
        raise SinkError(msg, _NAME_ANOTHER)
    if found.isdigit() and int(found) > SCHEMA_VERSION:
        msg = f"the sink {path} was made by a newer telemetry-report"
        raise SinkError(
            msg,
            "Update this one, or name another with --sink FILE.",
        )
    raise DamagedSinkError(path.resolve(), f"is of an older version ({found})" if found else "holds something else")
