"""Figures over events and spans: each defined once, as a function on a DuckDB connection that gives a frozen result.

The connection has relations `events` and `spans` (EVENT_COLUMNS, SPAN_COLUMNS): the sink's tables, or registered
frames. `select_window` makes `window_events`, `window_spans` and so on of them. No I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from reporter.window import Window


def select_window(con: duckdb.DuckDBPyConnection, window: Window, compared: Window | None = None) -> None:
    """Make the temporary views of what lies in the half-open window, and of the window it is compared with
    (`compared_events`, `compared_spans`; by default the one right before it)."""
    _view(con, "window", window)
    _view(con, "compared", compared or window.previous())


def _view(con: duckdb.DuckDBPyConnection, prefix: str, window: Window) -> None:
    start, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'" for moment in window.sql)
    for name in ("events", "spans"):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {prefix}_{name} AS SELECT * FROM {name} WHERE ts >= {start} AND ts < {end}"
        )
