"""The figures of the current session: what a live view shows of the last hour or so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis import select_window
from reporter.analysis.errors import ErrorGroup, errors
from reporter.analysis.overview import Overview, overview
from reporter.analysis.performance import OperationFigures, performance
from reporter.analysis.recent import RecentEvent, recent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from reporter.window import Window

_EVENTS, _OPERATIONS, _GROUPS = 25, 8, 5


@dataclass(frozen=True)
class Session:
    """`operations`: the busiest; `groups`: the most frequent errors; `events`: the latest, each the first of its list first."""

    window: Window
    overview: Overview
    operations: tuple[OperationFigures, ...]
    groups: tuple[ErrorGroup, ...]
    events: tuple[RecentEvent, ...]


def session(con: duckdb.DuckDBPyConnection, window: Window, limits_ms: Mapping[str, tuple[float, ...]]) -> Session:
    """Of `events` and `spans`, as far as they lie in the window."""
    select_window(con, window)
    operations = performance(con, window, limits_ms).operations
    busiest = sorted(operations, key=lambda o: (-o.count, o.kind, o.operation))
    return Session(
        window,
        overview(con, window),
        tuple(busiest[:_OPERATIONS]),
        errors(con, window).groups[:_GROUPS],
        recent(con, _EVENTS),
    )
