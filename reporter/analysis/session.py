"""The figures of the current session: what a live view shows of the last hour or so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from reporter.analysis import see, select_window
from reporter.analysis.errors import ErrorGroup, errors
from reporter.analysis.overview import KindFigures, Totals, bucket_seconds, buckets, kinds, totals
from reporter.analysis.performance import OperationFigures
from reporter.analysis.performance import operations as all_operations
from reporter.analysis.recent import RecentEvent, recent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from reporter.window import Window

_EVENTS, _OPERATIONS, _GROUPS = 25, 8, 5


@dataclass(frozen=True)
class Session:
    """`counts`: (events, error events) in each stretch of `bucket_seconds(window)`, from the window's start on.

    `operations`: the busiest; `groups`: the most frequent errors; `events`: the latest, each in that order.
    """

    window: Window
    totals: Totals
    kinds: dict[str, KindFigures]
    counts: tuple[tuple[int, int], ...]
    operations: tuple[OperationFigures, ...]
    groups: tuple[ErrorGroup, ...]
    events: tuple[RecentEvent, ...]


def session(
    con: duckdb.DuckDBPyConnection,
    beside: duckdb.DuckDBPyConnection,
    window: Window,
    limits_ms: Mapping[str, tuple[float, ...]],
) -> Session:
    """Of `events` and `spans`, as far as they lie in the window. Two connections to them: half of the figures are computed
    in a thread, for planning so many small queries takes longer than running them (28 ms one after the other, 17 so)."""
    with ThreadPoolExecutor(1) as thread:
        told = thread.submit(_told, beside, window)
        select_window(con, window)
        busiest = sorted(all_operations(con, limits_ms), key=lambda o: (-o.count, o.kind, o.operation))
        by_kind = kinds(con)
        whole, counts, groups, events = told.result()
    return Session(window, whole, by_kind, counts, tuple(busiest[:_OPERATIONS]), groups, events)


def _told(
    con: duckdb.DuckDBPyConnection, window: Window
) -> tuple[Totals, tuple[tuple[int, int], ...], tuple[ErrorGroup, ...], tuple[RecentEvent, ...]]:
    see(con, window)
    return totals(con), _counts(con, window), errors(con, window).groups[:_GROUPS], recent(con, _EVENTS)


def _counts(con: duckdb.DuckDBPyConnection, window: Window) -> tuple[tuple[int, int], ...]:
    step = bucket_seconds(window)
    first = int(window.start.timestamp()) // step
    counts = [(0, 0)] * (int(window.end.timestamp()) // step - first + 1)
    for bucket in buckets(con, step):
        n = int(bucket.start.replace(tzinfo=UTC).timestamp()) // step - first
        counts[n] = (counts[n][0] + bucket.events, counts[n][1] + bucket.error_events)
    return tuple(counts)
