"""Faults: one failure in one trace, however many layers logged it. The unit of first screens, and what error groups are made of.

Of one fault are, in one trace, error events (failed operations and log entries at ERROR and above)

- whose texts are equal or contain each other: the failed step, the command around it, the log line about both;
- without any text, with what failed nearest while their work ran;
- of one call: the event that ended it and its table's row;
- of failed work and of the failed work that it ended with: nothing else was begun in it after that had failed.

Without a correlation id a failed call is a fault of its own, with its row and log lines of the same text within 2 s.

Plain Python over the error events, which are few: the terminal starts without pandas.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import engine
from reporter.analysis.fingerprints import fingerprint, normalise
from reporter.events.exceptions import ExceptionText, read_exception

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import duckdb

    from reporter.analysis.given import Decisions

_COMPARED_PATTERNS = 100
# An event without a text may be about what failed while its work ran, give or take what times in whole seconds are off.
_ROUGHLY = timedelta(seconds=2)
_CALLS = ("tool", "llm")
# By time they are put here: to sort them within bounds of memory DuckDB would read the whole table three times.
_ERROR_EVENTS = """
SELECT id, ts, kind, operation, event, correlation_id, duration_ms, message AS log_message, error_class, error_message, exception
FROM {events} WHERE status = 'error'"""
_CHOSEN = "SELECT id FROM window_events WHERE status = 'error'"
_FAILED_SPANS = "SELECT id, row_event, correlation_id FROM spans WHERE status = 'error'"
# So many events are named to find theirs; of more, it takes longer than to read all failed spans.
_NAMED_EVENTS = 20_000
_THEIR_SPANS = " UNION ALL ".join(
    f"{_FAILED_SPANS} AND {name} IN (SELECT unnest($ids::BIGINT[]))" for name in ("id", "row_event")
)

# (failed work, the failed work that it ended with): up from each through work that did not fail, to the nearest that did. Calls do
# not stand in calls.
_ENDED_WITH = f"""
WITH RECURSIVE above AS (
  SELECT id AS failed, ts, parent, 1 AS step FROM spans WHERE id IN (SELECT unnest($ids::BIGINT[])) AND parent IS NOT NULL
  UNION ALL
  SELECT failed, a.ts, p.parent, step + 1 FROM above a JOIN spans p ON p.id = a.parent
  WHERE p.status <> 'error' AND p.parent IS NOT NULL AND step < 20),
found AS (
  SELECT a.parent AS id, arg_max(failed, (a.ts, failed)) AS failed, max(a.ts) AS ts
  FROM above a JOIN spans p ON p.id = a.parent AND p.status = 'error' AND p.type NOT IN {_CALLS} GROUP BY a.parent),
begun AS (SELECT parent AS id, max(start_ts) AS ts FROM spans WHERE parent IN (SELECT id FROM found) GROUP BY parent)
SELECT found.id, failed FROM found LEFT JOIN begun USING (id) WHERE begun.ts IS NULL OR begun.ts <= found.ts ORDER BY found.ts, found.id"""

# Id, that of the row of the same call, correlation id.
FailedSpan = tuple[int, int | None, str | None]
# Class, pattern, frame and fingerprint.
Named = tuple[str | None, str, str | None, str]


class Identity(NamedTuple):
    """What a fault's most telling event says of it. `tells`: as ErrorEvent has it."""

    cls: str | None
    pattern: str
    frame: str | None
    tells: int


class ErrorEvent:
    """One error event and what was found out about it.

    `fault`: the id of one event of its fault; `told`: the same, before failed work joined what it ended with. `tells`: how much it
    says. `span`: the failed span that it ends, or whose row it is; `trace`: that span's, else its own.
    """

    __slots__ = (
        "cls", "duration_ms", "error_class", "error_message", "event", "exception", "fault", "fingerprint", "frame", "id", "kind",
        "log_message", "operation", "pattern", "span", "tells", "text", "told", "trace", "ts",
    )  # fmt: skip

    def __init__(self, row: tuple[Any, ...], span: int | None, trace: str | None) -> None:
        self.id: int = row[0]
        self.kind, self.operation, self.event, self.trace = row[2:6]
        self.ts: datetime = row[1]
        self.span = span
        self.trace = trace or self.trace
        self.duration_ms: float | None = row[6]
        self.log_message, self.error_class, self.error_message, self.exception = row[7:]
        told = read_exception(self.exception) if self.exception else ExceptionText()
        self.cls = told.error_class or self.error_class or None
        self.text = told.message or self.error_message or self.log_message or self.event or "unknown error"
        self.pattern = normalise(self.text)
        self.frame = told.frame or None
        self.tells = 4 * bool(self.frame) + 2 * bool(self.cls) + bool(told.message or self.error_message)
        self.fault: int = self.id
        self.told: int = self.id
        self.fingerprint = ""

    @property
    def began(self) -> datetime:
        """When its work began. Longer than a day is nonsense, or would leave the calendar."""
        return self.ts - timedelta(milliseconds=min(self.duration_ms or 0, 86_400_000))


def error_events(con: duckdb.DuckDBPyConnection, relation: str, *, has_spans: bool = True) -> list[ErrorEvent]:
    """The error events of a relation by time, each with its fault and the fingerprint of that.

    `has_spans`: `spans` covers them; without, what calls they belong to is not known (a watch's session, before its spans are derived).
    """
    rows = rows_of(con, relation)
    found = put_together(con, rows, spans_of(con, rows) if has_spans else None)
    _set_fingerprints(found)
    return found


def window_errors(con: duckdb.DuckDBPyConnection) -> list[ErrorEvent]:
    """The error events of `window_events` by time. Which fault each is of, and what that is called, is told by all of the window: a choice
    of some counts fewer, it makes no other group of them."""
    chosen = {number for (number,) in con.execute(_CHOSEN).fetchall()}
    return [event for event in error_events(con, "window_whole") if event.id in chosen]


def spans_of(con: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> list[FailedSpan]:
    """The failed spans that what `rows_of` gave may belong to, in no order."""
    if len(rows) > _NAMED_EVENTS:
        return failed_spans(con)
    found: list[FailedSpan] = engine.again(con, _THEIR_SPANS, {"ids": [row[0] for row in rows]}).fetchall()
    return found


def failed_spans(con: duckdb.DuckDBPyConnection, which: str = "true") -> list[FailedSpan]:
    """The failed spans that SQL says, in no order."""
    rows: list[FailedSpan] = con.execute(f"{_FAILED_SPANS} AND {which}").fetchall()
    return rows


def rows_of(con: duckdb.DuckDBPyConnection, events: str) -> list[tuple[Any, ...]]:
    """The error events of a relation by time, as `put_together` takes them: id and time, and as sixth their own correlation id."""
    rows = engine.again(con, _ERROR_EVENTS.format(events=events)).fetchall()
    rows.sort(key=itemgetter(1, 0))
    return rows


def put_together(
    con: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]], failed: Iterable[FailedSpan] | None
) -> list[ErrorEvent]:
    """What `rows_of` gave as events with their faults, without fingerprints. `failed`: the failed spans these may belong to."""
    spans: dict[int, tuple[int, str | None]] = {}
    for span, row, trace in failed or ():
        spans[span] = (span, trace)
        if row is not None:
            spans[row] = (span, trace)
    found = [ErrorEvent(row, *spans.get(row[0], (None, None))) for row in rows]
    _number(found)
    if failed is not None:
        _join(found, _ended_with(con, found))
    return found


def faults(con: duckdb.DuckDBPyConnection) -> list[tuple[int | None, int]]:
    """Of each error event of `window_events` the failed span it belongs to, and its fault."""
    found = window_errors(con)
    return [(event.span, event.fault) for event in found]


def merge(found: Iterable[ErrorEvent], decisions: Decisions) -> None:
    """Give events of merged groups the fingerprint of what these were merged into."""
    if decisions.merged:
        for event in found:
            event.fingerprint = decisions.group_of(event.fingerprint)


def count_faults(con: duckdb.DuckDBPyConnection, found: Collection[tuple[int | None, int]]) -> int:
    """The window's faults: those of its error events, given as (failed span, fault), and each failed span of `window_spans` whose error event
    lies outside the window."""
    spans = {span for span, _ in found}
    failed = con.execute("SELECT id FROM window_spans WHERE status = 'error'").fetchall()
    return len({fault for _, fault in found}.union(span for (span,) in failed if span not in spans))


def _number(events: list[ErrorEvent]) -> None:
    """In one trace, events whose patterns are equal or contain each other are one fault; an event that tells nothing of
    what failed joins the nearest of those that it may be about, before or behind it."""
    by_trace: dict[str, list[ErrorEvent]] = {}
    patterns: dict[str, dict[str, int]] = {}
    for event in events:
        if event.trace and event.tells:
            # The latest fault of each pattern, the latest last; of a trace with very many, only those are looked at.
            known = patterns.setdefault(event.trace, {})
            alike = (known[p] for p in islice(reversed(known), _COMPARED_PATTERNS) if _is_same(p, event.pattern))
            event.fault = next(alike, event.id)
            known.pop(event.pattern, None)
            known[event.pattern] = event.fault
            by_trace.setdefault(event.trace, []).append(event)
    for event in events:
        if event.trace and not event.tells:
            event.fault = _nearest(by_trace.get(event.trace, []), event)
    _number_traceless([event for event in events if not event.trace])
    _hold_calls_together(events)
    for event in events:
        event.told = event.fault


def _number_traceless(events: list[ErrorEvent]) -> None:
    """Log lines without a trace are about the failed call nearest to them that says the same."""
    calls: dict[str, list[ErrorEvent]] = {}
    for event in events:
        if event.span is not None and event.tells:
            calls.setdefault(event.pattern, []).append(event)
    for event in events:
        if event.span is None and event.pattern in calls:
            event.fault = _nearest(calls[event.pattern], event)


def _hold_calls_together(events: list[ErrorEvent]) -> None:
    """A call's row is about what its event is about: the fault of that of both which tells more."""
    most: dict[int, ErrorEvent] = {}
    for event in events:
        if event.span is not None and event.tells > most.setdefault(event.span, event).tells:
            most[event.span] = event
    for event in events:
        if event.span is not None:
            event.fault = most[event.span].fault


def _ended_with(con: duckdb.DuckDBPyConnection, events: list[ErrorEvent]) -> list[tuple[int, int]]:
    """Of traces with several faults: (that of failed work, that of the failed work it ended with)."""
    by_trace: dict[str, set[int]] = {}
    for event in events:
        if event.trace and event.span is not None:
            by_trace.setdefault(event.trace, set()).add(event.fault)
    several = {trace for trace, faults in by_trace.items() if len(faults) > 1}
    fault_of = {e.span: e.fault for e in events if e.trace in several and e.span is not None}
    if not fault_of:
        return []
    found = con.execute(_ENDED_WITH, {"ids": list(fault_of)}).fetchall()
    return [(fault_of[outer], fault_of[inner]) for outer, inner in found if outer in fault_of]


def _join(events: list[ErrorEvent], pairs: list[tuple[int, int]]) -> None:
    """Make the first fault of each pair the second."""
    into: dict[int, int] = {}

    def last(fault: int) -> int:
        while fault in into:
            fault = into[fault]
        return fault

    for one, other in pairs:
        if one not in into and last(other) != one:
            into[one] = other
    if into:
        for event in events:
            event.fault = last(event.fault)


def _nearest(events: list[ErrorEvent], event: ErrorEvent) -> int:
    """Of events by time, the fault of the first of those nearest to `event`; its own where it can be about none of them."""
    low = bisect_left(events, event.began - _ROUGHLY, key=_ts)
    high = bisect_right(events, event.ts + _ROUGHLY, key=_ts)
    behind = bisect_left(events, event.ts, low, high, key=_ts)
    # Of a trace with very many, only the next ones.
    near = events[max(low, behind - _COMPARED_PATTERNS) : min(high, behind + _COMPARED_PATTERNS)]
    found = [other for other in near if _may_be_one(event, other)]
    nearest = min(found, key=lambda other: abs(other.ts - event.ts), default=event)
    return nearest.fault


def _may_be_one(event: ErrorEvent, other: ErrorEvent) -> bool:
    """Calls do not stand in calls: two of them that failed are two faults."""
    both = (event.operation, other.operation)
    return not (event.kind == other.kind in _CALLS and all(both) and both[0] != both[1])


def _ts(event: ErrorEvent) -> datetime:
    return event.ts


def _is_same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= 12 and (one in other or other in one))


def _set_fingerprints(events: list[ErrorEvent]) -> None:
    """Every event takes the identity of its fault's most telling event."""
    best = most_telling(events)
    told = {fault: identity(event) for fault, event in best.items()}
    named = name_all(Counter(told.values()))
    for event in events:
        event.cls, event.pattern, event.frame, event.fingerprint = named[told[event.fault]]


def most_telling(events: Iterable[ErrorEvent]) -> dict[int, ErrorEvent]:
    """By fault its most telling event, of that which all ended with where it tells anything."""
    best: dict[int, ErrorEvent] = {}
    for event in events:
        if event.fault not in best or rank(event) > rank(best[event.fault]):
            best[event.fault] = event
    return best


def identity(event: ErrorEvent) -> Identity:
    return Identity(event.cls, event.pattern, event.frame, event.tells)


def name_all(found: Mapping[Identity, int]) -> dict[Identity, Named]:
    """What faults are called, given how many there are of each identity: one without class or frame takes the most frequent one with the
    same message."""
    frequent: Counter[tuple[str, str, str]] = Counter()
    for one, faults in found.items():
        if one.tells >= 4:
            frequent[one.pattern, one.cls or "", one.frame or ""] += faults
    by_message: dict[str, tuple[str, str]] = {}
    for (pattern, cls, frame), _ in sorted(frequent.items(), key=lambda item: (-item[1], item[0])):
        by_message.setdefault(pattern, (cls, frame))
    parts = {one: _richer(one, by_message.get(one.pattern)) for one in found}
    names = {told: fingerprint(*told) for told in set(parts.values())}
    return {one: (*told, names[told]) for one, told in parts.items()}


def rank(event: ErrorEvent) -> tuple[bool, int]:
    """How well it shows its fault: that which all ended with before what tells more of what it led to."""
    return bool(event.tells) and event.told == event.fault, event.tells


def _richer(one: Identity, richer: tuple[str, str] | None) -> tuple[str | None, str, str | None]:
    if richer and one.tells < 4 and one.cls in (None, richer[0]):
        return richer[0] or None, one.pattern, richer[1] or None
    return one.cls, one.pattern, one.frame
