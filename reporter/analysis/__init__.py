"""Figures over events and spans: each defined once, as a function on a DuckDB connection that gives a frozen result.

The connection has relations `events` and `spans` (EVENT_COLUMNS, SPAN_COLUMNS): the sink's tables, or registered
frames. `select_window` makes `window_events` and `window_spans` of them. No I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from reporter.window import Window


def select_window(con: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Make the temporary views of what lies in the half-open window."""
    start, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'" for moment in window.sql)
    for name in ("events", "spans"):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW window_{name} AS SELECT * FROM {name} WHERE ts >= {start} AND ts < {end}"
        )
