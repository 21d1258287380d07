"""DuckDB's engine without the Python package around it, which takes 40 ms more to load: a fifth of an answer's time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

try:
    from _duckdb import CatalogException, DuckDBPyConnection, Error, IOException, OutOfMemoryException
    from _duckdb import connect as _connect
except ImportError:  # The package's own affair, and it may name it anew: then answers are only slower.
    from duckdb import CatalogException, DuckDBPyConnection, Error, IOException, OutOfMemoryException
    from duckdb import connect as _connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

T = TypeVar("T")

# Never fetch or load an extension: this program is offline, and a file of another format, which DuckDB would fetch a reader for, is
# no sink.
_OFFLINE: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}

__all__ = [
    "CatalogException",
    "DuckDBPyConnection",
    "Error",
    "IOException",
    "OutOfMemoryException",
    "again",
    "arrow",
    "connect",
    "hold_all",
    "memory_limit",
    "register",
    "spill_to",
    "with_room",
]


def connect(
    path: str = ":memory:", *, read_only: bool = False, config: Mapping[str, str] | None = None
) -> DuckDBPyConnection:
    """A connection that never asks the network; one in memory writes nothing to disk. Raises Error."""
    alone = {"temp_directory": ""} if path == ":memory:" else {}
    return _connect(path, read_only=read_only, config={**_OFFLINE, **alone, **(config or {})})


def register(con: DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Let SQL read an Arrow table as `name`; only this needs the whole package, which brings the reader."""
    import duckdb  # noqa: F401

    con.register(name, table)


# What DuckDB may hold for each of its threads, at least for two, where it has a folder for what goes beyond. A batch is written without
# spilling with that; with a third less, taking in logs took half as much CPU time again.
SPILLING_BYTES = 140_000_000
# Where a report is made of it, more, since lists, percentiles and JSON cannot be spilt, and what they hold grows with the sink: of
# 10,000,000 events, in a file of 1.3 GB, a report needed more than 400 MB and less than 700.
READING_BYTES = 200_000_000
READING_SHARE = 4


def memory_limit() -> int:
    """Bytes that DuckDB may hold where nothing may go to disk: a quarter of the machine's, at most 2 GB."""
    return min(2_000_000_000, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)


def spill_to(con: DuckDBPyConnection, folder: str, read_bytes: int | None = None) -> None:
    """Let DuckDB hold no more than SPILLING_BYTES a thread, or where a file of `read_bytes` is only read, READING_BYTES a thread and a
    share of the file; put what goes beyond into a folder, which it makes and removes with that."""
    threads = max(2, os.cpu_count() or 1)
    held = SPILLING_BYTES * threads if read_bytes is None else READING_BYTES * threads + read_bytes // READING_SHARE
    con.execute(f"SET memory_limit = '{min(held, memory_limit())}B'")
    con.execute("SET temp_directory = ?", [folder])


def hold_all(con: DuckDBPyConnection) -> None:
    """Let DuckDB hold as much as the machine has for it."""
    con.execute(f"SET memory_limit = '{memory_limit()}B'")


def with_room(con: DuckDBPyConnection, work: Callable[[], T]) -> T:
    """What `work` gives, which must leave nothing half done. Where DuckDB cannot put enough of it into a folder, once more with as much memory
    as the machine has for it; the connection keeps that. Raises Error."""
    try:
        return work()
    except OutOfMemoryException:
        hold_all(con)
        return work()


_parsed: dict[str, Any] = {}
_PARSED_AT_MOST = 500


def again(
    con: DuckDBPyConnection, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> DuckDBPyConnection:
    """`con.execute` of one statement that comes again with every line of a watch: parsed once, a fifth of its time."""
    statement = _parsed.get(sql)
    if statement is None:
        if len(_parsed) >= _PARSED_AT_MOST:
            _parsed.clear()
        (statement,) = con.extract_statements(sql)
        _parsed[sql] = statement
    return con.execute(statement, parameters) if parameters else con.execute(statement)


# As many rows a batch as DuckDB's package takes.
_BATCH_ROWS = 131_072


def arrow(con: DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> pa.Table:
    """What `sql` selects as an Arrow table. Asked of the engine itself: the package's relations plan each statement twice, first to
    know its columns, which is a third of a small one's time."""
    given = dict(parameters) or None
    # The package's own affair, as above.
    if submit := getattr(con, "_submit", None):
        return submit(sql, given, "arrow", _BATCH_ROWS).arrow_table()
    import duckdb  # noqa: F401 - a connection has no `sql` before the whole package is loaded

    return con.sql(sql, params=given).to_arrow_table()
