"""The figures of the current session: what a live view shows of the last hour or so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from reporter import engine
from reporter.analysis import see
from reporter.analysis.errors import ErrorGroup, error_groups
from reporter.analysis.given import UNDECIDED
from reporter.analysis.overview import (
    KIND_FIGURES,
    Bucket,
    KindFigures,
    Totals,
    buckets,
    count_traces,
    kinds_of,
    totals_of,
)
from reporter.analysis.recent import RecentEvent, recent
from reporter.analysis.weights import weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from reporter.analysis.given import Decisions
    from reporter.window import Window

_EVENTS, _OPERATIONS, _GROUPS = 25, 8, 5


@dataclass(frozen=True)
class BusyOperation:
    """`count`: finished; p95 in ms, null where no duration was logged."""

    kind: str
    operation: str
    count: int
    p95_ms: float | None


@dataclass(frozen=True)
class Session:
    """`counts`: (events, error events) in each stretch of `window.bucket_seconds`, from the window's start on.

    `operations`: the busiest; `groups`: the most frequent errors; `events`: the latest, each in that order.
    """

    window: Window
    totals: Totals
    kinds: dict[str, KindFigures]
    counts: tuple[tuple[int, int], ...]
    operations: tuple[BusyOperation, ...]
    groups: tuple[ErrorGroup, ...]
    events: tuple[RecentEvent, ...]

    def with_fresh(self, events: Sequence[RecentEvent]) -> Session:
        """With events that came since, by time, above its latest; its figures know nothing of them."""
        return replace(self, events=(*reversed(events[-_EVENTS:]), *self.events)[:_EVENTS])


# Kinds and operations at once, a kind's rows without an operation: planning one such query takes as long as running it.
_FIGURES = f"""SELECT grouping(operation) = 1, kind, operation, {KIND_FIGURES}
FROM window_spans GROUP BY GROUPING SETS ((kind), (kind, operation))"""


@dataclass(frozen=True)
class Told:
    """What the events of a session say by themselves."""

    window: Window
    over_time: tuple[Bucket, ...]
    traces: tuple[int, int]
    faults: int
    groups: tuple[ErrorGroup, ...]
    events: tuple[RecentEvent, ...]


def told(con: duckdb.DuckDBPyConnection, window: Window, decisions: Decisions = UNDECIDED) -> Told:
    """Of `events`, as far as they lie in the window; of error groups those that are open."""
    see(con, window, names=("events",))
    over_time = buckets(con, window.bucket_seconds)
    groups = error_groups(con, window, decisions)
    faults = sum(group.faults for group in groups)
    return Told(
        window,
        over_time,
        count_traces(con),
        faults,
        tuple(group for group in groups if group.is_open)[:_GROUPS],
        recent(con, window, _EVENTS),
    )


def session(con: duckdb.DuckDBPyConnection, found: Told) -> Session:
    """Of `spans`, as far as they lie in the window, and of what the events say."""
    window, over_time = found.window, found.over_time
    weigh(con)
    see(con, window, names=("spans",))
    rows = engine.again(con, _FIGURES).fetchall()
    by_kind = kinds_of(((kind, *figures) for is_kind, kind, _, *figures in rows if is_kind), over_time)
    busiest = sorted(
        (BusyOperation(kind, operation, count, percentiles[1] if percentiles else None)
        for is_kind, kind, operation, count, _, unfinished, percentiles in rows if not is_kind and (count or unfinished)),
        key=lambda o: (-o.count, o.kind, o.operation),
    )  # fmt: skip
    return Session(
        window,
        totals_of(found.traces, found.faults, over_time, by_kind),
        by_kind,
        _counts(over_time, window),
        tuple(busiest[:_OPERATIONS]),
        found.groups,
        found.events,
    )


def _counts(over_time: tuple[Bucket, ...], window: Window) -> tuple[tuple[int, int], ...]:
    step = window.bucket_seconds
    first = int(window.start.timestamp()) // step
    counts = [(0, 0)] * (int(window.end.timestamp()) // step - first + 1)
    for bucket in over_time:
        n = int(bucket.start.replace(tzinfo=UTC).timestamp()) // step - first
        counts[n] = (counts[n][0] + bucket.events, counts[n][1] + bucket.error_events)
    return tuple(counts)
