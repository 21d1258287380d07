"""DuckDB's engine without the Python package around it, which takes 40 ms more to load: a fifth of an answer's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _duckdb import CatalogException, DuckDBPyConnection, Error, IOException, connect

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CatalogException", "DuckDBPyConnection", "Error", "IOException", "connect", "register"]


def register(con: DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Let SQL read an Arrow table as `name`; only this needs the whole package, which brings the reader."""
    import duckdb  # noqa: F401

    con.register(name, table)
