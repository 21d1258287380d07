"""Error groups: the same fault under one fingerprint, whatever ids, numbers, paths and quoted values it carries.

Plain Python over the window's error events, which are few: the terminal starts without pandas. Faults are those of `faults`;
all events of one stand together in one group.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reporter.analysis.faults import ErrorEvent, error_events, merge, rank, window_errors
from reporter.analysis.given import UNDECIDED
from reporter.analysis.past import Past, past
from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from reporter.analysis.given import Decisions
    from reporter.window import Window


@dataclass(frozen=True)
class Sighting:
    """A trace that a group was seen in: its latest error event of the group there."""

    correlation_id: str
    ts: datetime
    kind: str
    operation: str


@dataclass(frozen=True)
class ErrorGroup:
    """`count`: error events; `faults`: as faults.py has them.

    `share`: of the window's error events, 0–1. `new`: nothing of it in the sink before the window; `regressed`: known
    before, but silent in the window of the same length before this one. `message`: the latest, as logged; `pattern`:
    normalised; `variants`: (message, faults), most frequent first. `trend`: error events by bucket of `Errors.buckets`.
    `telling`: ids of events that show it: the latest, the first, then one a variant. `anchor`: of the latest's fault the end of the
    operation that failed first; the latest where none did. `kind`: the most frequent of `kinds`. `sightings`: of the latest traces.

    `state`: what was decided: `ignored`, `resolved`, `regressed` (an error event since it was resolved), or nothing; `merged`: the
    fingerprints of groups that were merged into it, seen or not.
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
    anchor: int
    sightings: tuple[Sighting, ...]
    state: str = ""
    merged: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Neither ignored nor resolved."""
        return self.state not in ("ignored", "resolved")

    def flag(self, has_past: bool) -> str:
        """What is said in front of it, in a word: what was decided, else `new` or `back`."""
        return self.state or ("new" if self.new and has_past else "back" if self.regressed else "")


@dataclass(frozen=True)
class Errors:
    """Groups, most faults first; ties by error events, last seen (latest first), then fingerprint.

    `more`: how many groups there are beyond the GROUPS_AT_MOST first. `buckets`: starts, in UTC. `has_past`: whether what is kept
    reaches back over the window of the same length before this one, so that `new` means something. `of_events`: of each error event
    its id, the failed span it belongs to (-1: none), its fault, and its group's place in `groups` (-1: one of the `more`).
    """

    window: Window
    groups: tuple[ErrorGroup, ...]
    buckets: tuple[datetime, ...]
    has_past: bool
    more: int = 0
    of_events: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def of_spans(self) -> list[tuple[int | None, int]]:
        """Of each error event the failed span it belongs to (none: null), and its fault."""
        return [(None if span == -1 else span, fault) for _, span, fault, _ in self.of_events]

    @property
    def open(self) -> tuple[ErrorGroup, ...]:
        """Those that lists show: neither ignored nor resolved."""
        return tuple(group for group in self.groups if group.is_open)

    @property
    def closed(self) -> dict[str, tuple[int, int]]:
        """How many groups are ignored and resolved, each with the number of their faults."""
        faults = {
            state: [group.faults for group in self.groups if group.state == state] for state in ("ignored", "resolved")
        }
        return {state: (len(found), sum(found)) for state, found in faults.items()}

    @property
    def closed_in_words(self) -> str:
        """`1 ignored (5 faults), 2 resolved (3 faults)`; empty where none is."""
        told = (f"{n:,} {state} ({words.counted(faults, 'fault')})" for state, (n, faults) in self.closed.items() if n)
        return ", ".join(told)

    def of(
        self, kind: str | None = None, *, only_new: bool = False, top: int | None = None, with_closed: bool = False
    ) -> Errors:
        """Those that are open, with an event of `kind`, new, the first `top`: as they stand here, without `of_events`."""
        chosen = [
            g
            for g in self.groups
            if (g.is_open or with_closed) and (not kind or kind in g.kinds) and (g.new or not only_new)
        ]
        return replace(self, groups=tuple(chosen[:top]), more=0 if kind or only_new or top else self.more, of_events=())


_SHOWN_TRACES, _SHOWN_VARIANTS, _SHOWN_OCCURRENCES, _SHOWN_SIGHTINGS = 500, 20, 5, 50
GROUPS_AT_MOST = 1000


# Not where logs of before are still to be read (sink/ingest_logs.py).
_HAS_PAST = "SELECT count(*) > 0 AND NOT EXISTS (FROM about WHERE key = 'older_logs') FROM events WHERE ts < ?"


def errors(
    con: duckdb.DuckDBPyConnection, window: Window, decisions: Decisions = UNDECIDED, *, has_faults: bool = False
) -> Errors:
    """The error groups of `window_events`; `new` and `regressed` are judged against all earlier `events`. `has_faults`: `faults` covers
    these (past.py)."""
    start, lately = window.sql[0], window.previous().sql[0]
    has_past = bool(con.execute(_HAS_PAST, [lately]).fetchall()[0][0])
    found = window_errors(con)
    merge(found, decisions)
    before = past(con, start, lately, decisions, has_faults=has_faults)
    made = _grouped(found, window, before, has_past=has_past, decisions=decisions)
    return replace(made, of_events=_of_events(found, made.groups))


def error_groups(
    con: duckdb.DuckDBPyConnection, window: Window, decisions: Decisions = UNDECIDED
) -> tuple[ErrorGroup, ...]:
    """The groups of `errors` of events whose spans are not known, and without looking at what was before: none is `new`."""
    found = error_events(con, "window_events", has_spans=False)
    merge(found, decisions)
    known = {event.fingerprint for event in found}
    return _grouped(found, window, Past(known, known), has_past=False, decisions=decisions).groups


def _grouped(
    found: list[ErrorEvent], window: Window, before: Past, *, has_past: bool, decisions: Decisions = UNDECIDED
) -> Errors:
    seconds = window.bucket_seconds
    first = int(window.start.timestamp()) // seconds
    count = -(-int(window.end.timestamp()) // seconds) - first
    buckets = tuple(datetime.fromtimestamp((first + n) * seconds, UTC) for n in range(count))
    origin, length = buckets[0].replace(tzinfo=None), timedelta(seconds=seconds)
    parts: dict[str, list[ErrorEvent]] = {}
    for event in found:
        parts.setdefault(event.fingerprint, []).append(event)

    def bucket_of(ts: datetime) -> int:
        return (ts - origin) // length

    faults = {name: len({event.fault for event in part}) for name, part in parts.items()}
    most = sorted(parts.items(), key=lambda item: (-faults[item[0]], -len(item[1]), item[0]))[:GROUPS_AT_MOST]
    merged: dict[str, list[str]] = {}
    for name in decisions.merged:
        merged.setdefault(decisions.group_of(name), []).append(name)
    groups = [
        replace(
            _group(name, part, before, len(found), bucket_of, count),
            state=_state(name, part, decisions),
            merged=tuple(merged.get(name, ())),
        )
        for name, part in most
    ]
    groups.sort(key=lambda g: (-g.faults, -g.count, -g.last_seen.timestamp(), g.fingerprint))
    return Errors(window, tuple(groups), buckets, has_past, len(parts) - len(groups))


def _of_events(found: list[ErrorEvent], groups: tuple[ErrorGroup, ...]) -> tuple[tuple[int, int, int, int], ...]:
    place = {group.fingerprint: n for n, group in enumerate(groups)}
    return tuple((e.id, -1 if e.span is None else e.span, e.fault, place.get(e.fingerprint, -1)) for e in found)


def _group(
    name: str, part: list[ErrorEvent], before: Past, total: int, bucket_of: Callable[[datetime], int], buckets: int
) -> ErrorGroup:
    """`part`: the group's events by time."""
    ranks = [rank(event) for event in part]
    most = max(ranks)
    tells = [event for event, told in zip(part, ranks, strict=True) if told == most]
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
        name not in before.ever,
        name in before.ever and name not in before.lately,
        tuple(variants.most_common(_SHOWN_VARIANTS)),
        tuple(trend[n] for n in range(buckets)),
        tuple(dict.fromkeys(shown))[:_SHOWN_OCCURRENCES],
        _anchor(telling, part),
        tuple(_sightings(part)),
    )


def _state(name: str, part: list[ErrorEvent], decisions: Decisions) -> str:
    if name in decisions.ignored:
        return "ignored"
    resolved = decisions.resolved.get(name)
    if resolved is None:
        return ""
    return "regressed" if part[-1].ts.replace(tzinfo=UTC) > resolved else "resolved"


def _sightings(part: list[ErrorEvent]) -> Iterator[Sighting]:
    """Of the latest traces, latest first; the operation is that of the trace's latest event that names one."""
    found: dict[str, Sighting] = {}
    for event in reversed(part):
        if not event.trace or (event.trace not in found and len(found) == _SHOWN_SIGHTINGS):
            continue
        known = found.setdefault(
            event.trace, Sighting(event.trace, event.ts, event.kind, event.operation or event.event or "")
        )
        if not known.operation and event.operation:
            found[event.trace] = replace(known, kind=event.kind, operation=event.operation)
    yield from found.values()


def _anchor(telling: ErrorEvent, part: list[ErrorEvent]) -> int:
    """A row's time is a whole second: the log's end of an operation comes before it."""
    ends = [event for event in part if event.fault == telling.fault and event.span is not None]
    first = min(ends, key=lambda event: (event.id != event.span, event.ts, event.id), default=telling)
    return first.id if first.span is None else first.span
