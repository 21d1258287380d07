"""What was before a window, of faults that are kept: which error groups are new is told without putting together all error events there are.

A sink keeps a row for each fault of its traces, as faults.py puts them together, in `faults`: the trace, when its first and last error
event were, and the Identity of what tells most. Traces are told apart by their events' own correlation ids. An error event without one has
a row for itself. `tells` is null where an answer has to look anew: calls that are held together with a row of another trace, texts that
DuckDB cannot keep. What a fault is called depends on all others, so that is told when it is asked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter.analysis.faults import (
    ErrorEvent,
    Identity,
    failed_spans,
    identity,
    most_telling,
    name_all,
    put_together,
    rows_of,
    spans_of,
)
from reporter.sql import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import duckdb

    from reporter.analysis.faults import FailedSpan
    from reporter.analysis.given import Decisions

_UNCLEAR = (None, None, None, None)
# Null for an event without a trace, as the program has it.
_TRACE = "nullif(correlation_id, '')"


class Past(NamedTuple):
    """Fingerprints seen at any time before a window, and in the window right before it."""

    ever: set[str]
    lately: set[str]


class KeptFault(NamedTuple):
    """A row of `faults`: an event of it, when its first and its last event were (UTC, without a zone), its Identity."""

    correlation_id: str | None
    id: int
    first_ts: datetime
    ts: datetime
    error_class: str | None
    pattern: str | None
    frame: str | None
    tells: int | None


def faults_to_keep(
    con: duckdb.DuckDBPyConnection, events: str, spans: str, doubted: Iterable[str] = ()
) -> list[KeptFault]:
    """The faults of a relation of events that has all error events of some traces, and any without one. `spans`: SQL for the spans of
    these traces. `doubted`: those of which it is known that an answer has to look anew."""
    rows, failed = rows_of(con, events), failed_spans(con, spans)
    own: dict[int, str | None] = {row[0]: row[5] or None for row in rows}
    doubted = {*doubted, *_across_traces(own, failed)}
    kept = [
        KeptFault(None, e.id, e.ts, e.ts, *_texts(e)) for e in (ErrorEvent(r, None, None) for r in rows if not r[5])
    ]
    unclear: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        if row[5] in doubted:
            unclear.setdefault(row[5], []).append(row)
    kept += (KeptFault(trace, part[0][0], part[0][1], part[-1][1], *_UNCLEAR) for trace, part in unclear.items())
    traced = put_together(con, [row for row in rows if row[5] and row[5] not in doubted], failed)
    by_fault: dict[int, list[ErrorEvent]] = {}
    for event in traced:
        by_fault.setdefault(event.fault, []).append(event)
    telling = most_telling(traced)
    kept += (
        KeptFault(part[0].trace, fault, part[0].ts, part[-1].ts, *_texts(telling[fault]))
        for fault, part in by_fault.items()
    )
    return kept


def _across_traces(own: dict[int, str | None], failed: Iterable[FailedSpan]) -> Iterator[str]:
    """Traces whose calls have a row of another, or one that is not among the events."""
    for _, row, trace in failed:
        if row is not None and (row not in own or own[row] != (trace or None)):
            yield from (name for name in (trace, own.get(row)) if name)


def _texts(event: ErrorEvent) -> tuple[str | None, str | None, str | None, int | None]:
    """Text of JSON may hold half a character, which no column does."""
    told = identity(event)
    try:
        "".join(text or "" for text in told[:3]).encode()
    except UnicodeEncodeError:
        return _UNCLEAR
    return told


def past(
    con: duckdb.DuckDBPyConnection, start: datetime, lately: datetime, decisions: Decisions, *, has_faults: bool
) -> Past:
    """Of all `events` before `start`; `lately`: from when on before that. `has_faults`: `faults` covers all events, or else all are put
    together. Times in UTC, without a zone."""
    latest: dict[Identity, datetime] = {}
    counted: Counter[Identity] = Counter()
    for told, faults, last in _kept(con, start) if has_faults else _looked_at(con, f"ts < {timestamp(start)}"):
        counted[told] += faults
        latest[told] = max(latest.get(told, last), last)
    named = {told: decisions.group_of(name[3]) for told, name in name_all(counted).items()}
    return Past(set(named.values()), {name for told, name in named.items() if latest[told] >= lately})


# Traces that go on from there, and those that an answer has to look at.
_CUT = """
CREATE OR REPLACE TEMP TABLE cut_traces AS
SELECT correlation_id, min(first_ts) AS first_ts FROM faults WHERE correlation_id IS NOT NULL
GROUP BY correlation_id HAVING min(first_ts) < $start AND (max(ts) >= $start OR count(tells) < count(*))"""
# Without a trace, a failed call, and what says the same, may be one fault (faults.py).
_HELD_TOGETHER = """
CREATE OR REPLACE TEMP TABLE cut_events AS
WITH alone AS (SELECT id, first_ts, pattern, tells FROM faults WHERE correlation_id IS NULL AND first_ts < $start),
calls AS (SELECT unnest([id, row_event]) AS id FROM spans WHERE status = 'error' AND EXISTS (FROM alone)),
called AS (SELECT id, pattern FROM alone SEMI JOIN calls USING (id))
SELECT id, first_ts FROM alone WHERE tells IS NULL OR id IN (SELECT id FROM called) OR pattern IN (SELECT pattern FROM called)"""
_WHOLE = """
SELECT error_class, pattern, frame, tells, count(*), max(ts) FROM faults
WHERE first_ts < $start AND (correlation_id IS NULL OR correlation_id NOT IN (SELECT correlation_id FROM cut_traces))
  AND (correlation_id IS NOT NULL OR id NOT IN (SELECT id FROM cut_events))
GROUP BY ALL"""


def _kept(con: duckdb.DuckDBPyConnection, start: datetime) -> Iterator[tuple[Identity, int, datetime]]:
    """What faults say, how many of them and when their last event was: of those that are kept, and of those that have to be looked at."""
    for make in (_CUT, _HELD_TOGETHER):
        con.execute(make, {"start": start})
    for *told, faults, last in con.execute(_WHOLE, {"start": start}).fetchall():
        yield Identity(*told), faults, last
    (since,) = con.execute(
        "SELECT min(first_ts) FROM (SELECT first_ts FROM cut_traces UNION ALL SELECT first_ts FROM cut_events)"
    ).fetchall()[0]
    if since is not None:
        which = f"({_TRACE} IN (SELECT correlation_id FROM cut_traces) OR id IN (SELECT id FROM cut_events))"
        yield from _looked_at(con, f"ts >= {timestamp(since)} AND ts < {timestamp(start)} AND {which}")


def _looked_at(con: duckdb.DuckDBPyConnection, which: str) -> Iterator[tuple[Identity, int, datetime]]:
    """The same of the events that SQL says."""
    rows = rows_of(con, f"(SELECT * FROM events WHERE {which})")
    found = put_together(con, rows, spans_of(con, rows))
    last = {event.fault: event.ts for event in found}
    for fault, event in most_telling(found).items():
        yield identity(event), 1, last[fault]
