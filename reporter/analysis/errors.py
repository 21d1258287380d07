"""Error groups: the same fault under one fingerprint, whatever ids, numbers, paths and quoted values it carries.

Plain Python over the window's error events, which are few: the terminal starts without pandas. A fault seen by several
events of one trace (the failed call, the command around it, the log line about it) is one fault: they stand together in
the group of the one that tells most.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from reporter import engine
from reporter.analysis.fingerprints import ExceptionText, fingerprint, normalise, read_exception

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from reporter.window import Window


@dataclass(frozen=True)
class ErrorGroup:
    """`count`: error events; `faults`: distinct faults (a trace's events about one failure are one).

    `share`: of the window's error events, 0–1. `new`: nothing of it in the sink before the window; `regressed`: known
    before, but silent in the window of the same length before this one. `message`: the latest, as logged; `pattern`:
    normalised; `variants`: (message, faults), most frequent first. `trend`: error events by bucket of `Errors.buckets`.
    `telling`: ids of events that show it: the latest, the first, then one a variant. `kind`: the most frequent of `kinds`.
    """

    fingerprint: str
    kind: str
    kinds: tuple[str, ...]
    error_class: str | None
    message: str
    pattern: str
    frame: str | None
    count: int
    faults: int
    share: float
    first_seen: datetime
    last_seen: datetime
    operations: tuple[str, ...]
    traces: tuple[str, ...]
    trace_count: int
    new: bool
    regressed: bool
    variants: tuple[tuple[str, int], ...]
    trend: tuple[int, ...]
    telling: tuple[int, ...]


@dataclass(frozen=True)
class Errors:
    """Groups, most frequent first; ties by last seen (latest first), then fingerprint.

    `more`: how many groups there are beyond the GROUPS_AT_MOST most frequent. `buckets`: starts, in UTC. `has_past`: whether anything lies before the window, so that `new` means something.
    """

    window: Window
    groups: tuple[ErrorGroup, ...]
    buckets: tuple[datetime, ...]
    has_past: bool
    more: int = 0


_SHOWN_TRACES, _SHOWN_VARIANTS, _SHOWN_OCCURRENCES = 500, 20, 5
_COMPARED_PATTERNS = 100
# An event without a text may be about what failed while its work ran, give or take what times in whole seconds are off.
_ROUGHLY = timedelta(seconds=2)
_CALLS = ("tool", "llm")
GROUPS_AT_MOST = 1000
_ERROR_EVENTS = """
SELECT id, ts, kind, operation, event, correlation_id, duration_ms, message AS log_message, error_class, error_message, exception
FROM {events} WHERE status = 'error' ORDER BY ts, id"""


@dataclass(frozen=True)
class Past:
    """Fingerprints seen at any time before the window, and in the window right before it."""

    ever: set[str]
    lately: set[str]


def errors(con: duckdb.DuckDBPyConnection, window: Window) -> Errors:
    """The error groups of `window_events`; `new` and `regressed` are judged against all earlier `events`."""
    start = f"TIMESTAMP '{window.sql[0]:%Y-%m-%d %H:%M:%S.%f}'"
    has_past = bool(con.execute(f"SELECT count(*) > 0 FROM events WHERE ts < {start}").fetchall()[0][0])
    found = _read(con, "window_events")
    earlier = _read(con, f"(SELECT * FROM events WHERE ts < {start})") if found else []
    lately = window.previous().sql[0]
    past = Past({e.fingerprint for e in earlier}, {e.fingerprint for e in earlier if e.ts >= lately})
    return _grouped(found, window, past, has_past=has_past)


def error_groups(con: duckdb.DuckDBPyConnection, window: Window) -> tuple[ErrorGroup, ...]:
    """The groups of `errors` alone, without looking at what was before: none is `new`."""
    found = _read(con, "window_events")
    known = {event.fingerprint for event in found}
    return _grouped(found, window, Past(known, known), has_past=False).groups


def _grouped(found: list[_Event], window: Window, past: Past, *, has_past: bool) -> Errors:
    seconds = window.bucket_seconds
    first = int(window.start.timestamp()) // seconds
    count = -(-int(window.end.timestamp()) // seconds) - first
    buckets = tuple(datetime.fromtimestamp((first + n) * seconds, UTC) for n in range(count))
    parts: dict[str, list[_Event]] = {}
    for event in found:
        parts.setdefault(event.fingerprint, []).append(event)

    def bucket_of(ts: datetime) -> int:
        return int(ts.replace(tzinfo=UTC).timestamp()) // seconds - first

    most = sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))[:GROUPS_AT_MOST]
    groups = [_group(name, part, past, len(found), bucket_of, count) for name, part in most]
    groups.sort(key=lambda g: (-g.count, -g.last_seen.timestamp(), g.fingerprint))
    return Errors(window, tuple(groups), buckets, has_past, len(parts) - len(groups))


class _Event:
    """One error event and what was found out about it; `fault` numbers the faults, `tells` how much it says."""

    __slots__ = (
        "began", "cls", "error_class", "error_message", "event", "exception", "fault", "fingerprint", "frame", "id", "kind",
        "log_message", "operation", "pattern", "tells", "text", "trace", "ts",
    )  # fmt: skip

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.id, self.kind, self.operation, self.event, self.trace = row[0], *row[2:6]
        self.ts: datetime = row[1]
        # Longer than a day is nonsense, or would leave the calendar.
        self.began = self.ts - timedelta(milliseconds=min(row[6] or 0, 86_400_000))
        self.log_message, self.error_class, self.error_message, self.exception = row[7:]
        told = read_exception(self.exception) if self.exception else ExceptionText()
        self.cls = told.error_class or self.error_class or None
        self.text = told.message or self.error_message or self.log_message or self.event or "unknown error"
        self.pattern = normalise(self.text)
        self.frame = told.frame or None
        self.tells = 4 * bool(self.frame) + 2 * bool(self.cls) + bool(told.message or self.error_message)
        self.fault = 0
        self.fingerprint = ""


def _read(con: duckdb.DuckDBPyConnection, events: str) -> list[_Event]:
    """The error events of a relation by time, each with the fingerprint of its fault."""
    found = [_Event(row) for row in engine.again(con, _ERROR_EVENTS.format(events=events)).fetchall()]
    _number_faults(found)
    _set_fingerprints(found)
    return found


def _number_faults(events: list[_Event]) -> None:
    """In one trace, events whose patterns are equal or contain each other are one fault; an event that tells nothing of
    what failed joins the nearest of those that it may be about, before or behind it."""
    by_trace: dict[str, list[_Event]] = {}
    patterns: dict[str, dict[str, int]] = {}
    for row, event in enumerate(events):
        event.fault = row
        if event.trace and event.tells:
            # The latest fault of each pattern, the latest last; of a trace with very many, only those are looked at.
            known = patterns.setdefault(event.trace, {})
            alike = (known[p] for p in islice(reversed(known), _COMPARED_PATTERNS) if _is_same(p, event.pattern))
            event.fault = next(alike, row)
            known.pop(event.pattern, None)
            known[event.pattern] = event.fault
            by_trace.setdefault(event.trace, []).append(event)
    for event in events:
        if not event.tells:
            event.fault = _nearest(by_trace.get(event.trace, []), event)


def _nearest(events: list[_Event], event: _Event) -> int:
    """Of events by time, the fault of the first of those nearest to `event`; its own where it can be about none of them."""
    low = bisect_left(events, event.began - _ROUGHLY, key=_ts)
    high = bisect_right(events, event.ts + _ROUGHLY, key=_ts)
    behind = bisect_left(events, event.ts, low, high, key=_ts)
    # Of a trace with very many, only the next ones.
    near = events[max(low, behind - _COMPARED_PATTERNS) : min(high, behind + _COMPARED_PATTERNS)]
    found = [other for other in near if _may_be_one(event, other)]
    return min(found, key=lambda other: abs(other.ts - event.ts)).fault if found else event.fault


def _may_be_one(event: _Event, other: _Event) -> bool:
    """Calls do not stand in calls: two of them that failed are two faults."""
    both = (event.operation, other.operation)
    return not (event.kind == other.kind in _CALLS and all(both) and both[0] != both[1])


def _ts(event: _Event) -> datetime:
    return event.ts


def _is_same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= 12 and (one in other or other in one))


def _set_fingerprints(events: list[_Event]) -> None:
    """Every event takes the identity of its fault's most telling event; one without class or frame that of the most
    frequent identity with the same message."""
    best: dict[int, _Event] = {}
    for event in events:
        if event.fault not in best or event.tells > best[event.fault].tells:
            best[event.fault] = event
    frequent = Counter((e.pattern, e.cls or "", e.frame or "") for e in best.values() if e.tells >= 4)
    by_message: dict[str, tuple[str, str]] = {}
    for (pattern, cls, frame), _ in sorted(frequent.items(), key=lambda item: (-item[1], item[0])):
        by_message.setdefault(pattern, (cls, frame))
    identity = {fault: _identity(event, by_message.get(event.pattern)) for fault, event in best.items()}
    names = {parts: fingerprint(*parts) for parts in set(identity.values())}
    for event in events:
        parts = identity[event.fault]
        event.cls, event.pattern, event.frame = parts
        event.fingerprint = names[parts]


def _identity(event: _Event, richer: tuple[str, str] | None) -> tuple[str | None, str, str | None]:
    if richer and event.tells < 4 and event.cls in (None, richer[0]):
        return richer[0] or None, event.pattern, richer[1] or None
    return event.cls, event.pattern, event.frame


def _group(
    name: str, part: list[_Event], past: Past, total: int, bucket_of: Callable[[datetime], int], buckets: int
) -> ErrorGroup:
    """`part`: the group's events by time."""
    most = max(event.tells for event in part)
    tells = [event for event in part if event.tells == most]
    telling = tells[-1]
    traces = dict.fromkeys(event.trace for event in reversed(part) if event.trace)
    kinds = [kind for kind, _ in Counter(event.kind for event in part).most_common()]
    operations = [name for name, _ in Counter(event.operation for event in part if event.operation).most_common()]
    first_of_fault = {event.fault: event.text for event in reversed(tells)}
    variants = Counter(reversed(first_of_fault.values()))
    latest_of_text: dict[str, int] = {}
    for event in reversed(tells):
        latest_of_text.setdefault(event.text, event.id)
    shown = [telling.id, tells[0].id, *latest_of_text.values()]
    trend = Counter(bucket_of(event.ts) for event in part)
    return ErrorGroup(
        name,
        next((kind for kind in kinds if kind != "log"), "log"),
        tuple(kinds),
        telling.cls,
        telling.text,
        telling.pattern,
        telling.frame,
        len(part),
        len({event.fault for event in part}),
        len(part) / total,
        part[0].ts,
        part[-1].ts,
        tuple(operations),
        tuple(traces)[:_SHOWN_TRACES],
        len(traces),
        name not in past.ever,
        name in past.ever and name not in past.lately,
        tuple(variants.most_common(_SHOWN_VARIANTS)),
        tuple(trend[n] for n in range(buckets)),
        tuple(dict.fromkeys(shown))[:_SHOWN_OCCURRENCES],
    )
