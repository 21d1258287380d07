"""DuckDB's engine without the Python package around it, which takes 40 ms more to load: a fifth of an answer's time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from _duckdb import CatalogException, DuckDBPyConnection, Error, IOException, connect

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CatalogException", "DuckDBPyConnection", "Error", "IOException", "connect", "memory_limit", "register"]


def register(con: DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Let SQL read an Arrow table as `name`; only this needs the whole package, which brings the reader."""
    import duckdb  # noqa: F401

    con.register(name, table)


def memory_limit() -> int:
    """Bytes that DuckDB may hold: a quarter of the machine's, at most 2 GB. With 1 GB a cold build of 500k entries took
    6.8 s instead of 6.5 s, with all of the machine's it was no faster."""
    return min(2_000_000_000, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)
