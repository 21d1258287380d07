"""Keep the sink small: events older than the retention, or beyond its size, go; their daily figures stay.

Only the sink is ever changed, never the app's files and tables. What went is not taken in again: `kept:KIND` in the sink
says from when on events are kept, and it only moves forward, but for one that a clock wrongly ahead has set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reporter.analysis.overview import COUNTED
from reporter.analysis.weights import added
from reporter.analysis.work import TOKENS
from reporter.events.names import KINDS
from reporter.replacing import replaced
from reporter.sink.faults import forget_faults, keep_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reporter.analysis.given import Retention
    from reporter.sink.store import Sink

# Beyond the cap, days go until the rest is estimated to measure this share of it: not at every ingest again.
_LEAVE = 0.9
# A file is written anew when this share of its events went.
_WORTHWHILE = 0.1
# From one run to the next the latest event is rarely more than this later; beyond it a clock may be wrong.
_STEP = timedelta(days=1)
# The newest stretch that a cap never takes, however large.
_LEAST = timedelta(hours=1)


@dataclass(frozen=True)
class Leaving:
    """What goes of one kind: events before `kept_since` (UTC, without a zone), and the times of the first and last of them."""

    kind: str
    kept_since: datetime
    events: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Pruned:
    """What went, or would go. Sizes of the sink's file in bytes. `by_size`: whether the cap, not the age, decided."""

    leaving: tuple[Leaving, ...]
    bytes_before: int
    bytes_after: int
    by_size: bool

    @property
    def events(self) -> int:
        return sum(part.events for part in self.leaving)


def due(sink: Sink, retention: Retention, now: datetime, zone: str) -> tuple[Leaving, ...]:
    """What is older than the retention. Days are whole ones of the app's zone, counted back from the latest event (or
    from `now`, UTC without a zone, where events lie in the future): an app that has been at rest keeps its last days."""
    newest = reference(sink, now, max(retention.days.values()))
    kept = sink.kept_since()
    starts = {days: _midnight(sink, newest - timedelta(days=days), zone) for days in set(retention.days.values())}
    floors = {kind: max(starts[days], kept.get(kind, starts[days])) for kind, days in retention.days.items()}
    return _leaving(sink, floors)


def reference(sink: Sink, now: datetime, days: int) -> datetime:
    """The time that days are counted back from: the latest event's that does not lie in the future (UTC, without a zone).

    A clock that is wrongly ahead makes such events too. So one more than a day after the last such time is believed only
    when runs have seen it for as long as events are kept; until then days count from where they did.
    """
    return _believed(sink, _latest(sink, now) or now, now, days)


def _latest(sink: Sink, now: datetime) -> datetime | None:
    found: datetime | None = sink.connection.execute("SELECT max(ts) FROM events WHERE ts <= ?", [now]).fetchall()[0][0]
    return found


def _believed(sink: Sink, newest: datetime, now: datetime, days: int) -> datetime:
    before, seen = _moment(sink, "clock"), _moment(sink, "ahead")
    if not before or newest <= before + _STEP:
        return newest
    return newest if seen and now - seen >= timedelta(days=days) else before


def note_clock(sink: Sink, now: datetime, days: int) -> None:
    """Remember what `reference` compares with."""
    latest, seen = _latest(sink, now), _moment(sink, "ahead")
    newest = _believed(sink, latest or now, now, days)
    if latest is not None:
        sink.tell("clock", newest.isoformat())
    if latest is None or newest >= latest:
        sink.tell("ahead", "")
    elif not seen or now < seen:
        sink.tell("ahead", now.isoformat())


def forget_impossible(sink: Sink, now: datetime) -> None:
    """Forget floors that lie in the future: a clock was ahead when they were set, and what comes now is not old."""
    for kind, floor in sink.kept_since().items():
        if floor > now:
            sink.forget(f"kept:{kind}")


def _moment(sink: Sink, key: str) -> datetime | None:
    value = sink.about(key)
    return datetime.fromisoformat(value) if value else None


def _midnight(sink: Sink, moment: datetime, zone: str) -> datetime:
    sql = "SELECT timezone('UTC', timezone($zone, date_trunc('day', timezone($zone, timezone('UTC', $at::TIMESTAMP)))))"
    found: datetime = sink.connection.execute(sql, {"zone": zone, "at": moment}).fetchall()[0][0]
    return found


def _leaving(sink: Sink, floors: Mapping[str, datetime]) -> tuple[Leaving, ...]:
    rows = sink.connection.execute(
        f"SELECT kind, count(*), min(ts), max(ts) FROM events WHERE {_going(sink, floors)} GROUP BY kind ORDER BY kind"
    ).fetchall()
    return tuple(Leaving(kind, floors[kind], *rest) for kind, *rest in rows)


# As often as DuckDB does by itself: what is left is joined, so that the room of what went can be used.
_JOINED = 100


def _before(floors: Mapping[str, datetime]) -> str:
    """SQL for events and spans that lie before their kind's floor."""
    by_floor: dict[datetime, list[str]] = {}
    for kind, floor in floors.items():
        by_floor.setdefault(floor, []).append(kind)
    parts = [
        f"(ts < TIMESTAMP '{floor}' AND kind IN ({', '.join(repr(kind) for kind in kinds)}))"
        for floor, kinds in by_floor.items()
    ]
    return " OR ".join(parts) or "false"


# What work that stays is made of, though it lies before the floor: its start, its row, what else tells of its message. Spans are put
# together anew whenever their trace gets more; without these a call that went with its end would come again as its row's, and a
# stream would lose its model.
_TIED = """
CREATE OR REPLACE TEMP TABLE tied AS
WITH late AS (SELECT id FROM events WHERE phase IS NOT NULL AND NOT ({before})),
staying AS (SELECT * FROM spans WHERE NOT ({before}) OR row_event IN (FROM late) OR start_event IN (FROM late)),
early AS (SELECT id, kind, message_id FROM events WHERE {before})
SELECT e.id FROM early e JOIN (SELECT unnest([id, start_event, row_event]) AS id FROM staying) USING (id)
UNION SELECT e.id FROM early e JOIN staying s ON s.type = 'stream' AND e.kind = 'chat' AND e.message_id = s.message_id"""


def _going(sink: Sink, floors: Mapping[str, datetime]) -> str:
    """SQL for the events and spans that go, over the table `tied` that this makes: before their kind's floor, and no part of what stays."""
    before = _before(floors)
    if not sink.connection.execute(f"SELECT 1 FROM events WHERE {before} LIMIT 1").fetchall():
        return before
    sink.connection.execute(_TIED.format(before=before))
    return f"({before}) AND id NOT IN (FROM tied)"


def prune(
    sink: Sink,
    retention: Retention,
    now: datetime,
    zone: str,
    before_delete: Callable[[str], None] = lambda _: None,
) -> Pruned:
    """Let go of what is too old, then of the oldest while the sink is too large. `before_delete` is called with the
    condition of the events that go; raising there keeps them. The file itself shrinks in `compact`."""
    before = _file_bytes(sink.path)
    if sink.has_underived_events():
        # A run died before it came to their spans: gone without these, the figures of their days would have no operations.
        sink.derive_spans()
    leaving = due(sink, retention, now, zone)
    note_clock(sink, now, max(retention.days.values()))
    _drop(sink, leaving, zone, retention, before_delete)
    oversize = _oversize(sink, retention, zone, sum(part.events for part in leaving))
    _drop(sink, oversize, zone, retention, before_delete)
    keep_faults(sink)
    merged = {part.kind: part for part in leaving}
    for part in oversize:
        old = merged.get(part.kind)
        merged[part.kind] = replace(part, events=part.events + old.events, first=old.first) if old else part
    return Pruned(tuple(merged.values()), before, _file_bytes(sink.path), bool(oversize))


def forecast(sink: Sink, retention: Retention, now: datetime, zone: str) -> Pruned:
    """What `prune` would do, by age and by size, without doing it."""
    leaving = due(sink, retention, now, zone)
    gone, total = sum(part.events for part in leaving), _count(sink)
    used = used_bytes(sink) * (total - gone) // max(1, total)
    oversize: tuple[Leaving, ...] = ()
    if used > retention.max_bytes:
        share = 1 - _LEAVE * retention.max_bytes / used
        oversize = _oldest(sink, int((total - gone) * share) + gone, zone)
    after = {part.kind: part for part in (*leaving, *oversize)}
    left = total - sum(part.events for part in after.values())
    expected = used_bytes(sink) * left // max(1, total)
    return Pruned(tuple(after.values()), _file_bytes(sink.path), expected, bool(oversize))


def _count(sink: Sink) -> int:
    return int(sink.connection.execute("SELECT count(*) FROM events").fetchall()[0][0])


def used_bytes(sink: Sink) -> int:
    """Bytes of the sink's blocks in use, of the last checkpoint."""
    row = sink.connection.execute("SELECT block_size, used_blocks FROM pragma_database_size()").fetchall()[0]
    return int(row[0]) * int(row[1])


def _oversize(sink: Sink, retention: Retention, zone: str, gone: int) -> tuple[Leaving, ...]:
    """The oldest events, of all kinds alike, that make the sink larger than it may be. `gone`: how many went already; their
    room is still counted as used."""
    if _file_bytes(sink.path) <= retention.max_bytes:
        return ()
    sink.connection.execute("CHECKPOINT")
    total = _count(sink)
    used = used_bytes(sink) * total // max(1, total + gone)
    if used <= retention.max_bytes:
        return ()
    return _oldest(sink, int(total * (1 - _LEAVE * retention.max_bytes / used)), zone)


def _oldest(sink: Sink, count: int, zone: str) -> tuple[Leaving, ...]:
    """At least the `count` oldest events: whole days where that leaves the newest one, else up to a full minute."""
    rows = sink.connection.execute(
        "SELECT ts, (SELECT max(ts) FROM events) FROM events ORDER BY ts LIMIT 1 OFFSET ?", [max(0, count)]
    ).fetchall()
    if not rows:
        return ()
    at, newest = rows[0]
    floor = _midnight(sink, at, zone) + timedelta(days=1)
    if floor > newest - _LEAST:
        floor = min(at.replace(second=0, microsecond=0) + timedelta(minutes=1), newest - _LEAST)
    return _leaving(sink, dict.fromkeys(KINDS, floor))


def _drop(
    sink: Sink,
    leaving: tuple[Leaving, ...],
    zone: str,
    retention: Retention,
    before_delete: Callable[[str], None],
) -> None:
    if not leaving:
        return
    sink.join_groups(_JOINED)
    floors = {part.kind: part.kept_since for part in leaving}
    condition = _going(sink, floors)
    before_delete(condition)
    con = sink.connection
    with sink.transaction():
        con.execute(_KEEP_FIGURES.format(condition=condition), {"zone": zone})
        con.execute(
            f"""UPDATE sources SET pruned = pruned + n FROM (SELECT source, count(*) AS n FROM events WHERE {condition} GROUP BY source) gone
            WHERE sources.id = gone.source"""
        )
        con.execute(f"DELETE FROM events WHERE {condition}")
        con.execute(f"DELETE FROM spans WHERE {condition}")
        con.execute(
            "DELETE FROM traces WHERE correlation_id NOT IN (SELECT DISTINCT correlation_id FROM events WHERE correlation_id IS NOT NULL)"
        )
        forget_faults(sink)
        for kind, floor in floors.items():
            sink.tell(f"kept:{kind}", floor.isoformat())
        con.execute(
            "DELETE FROM daily WHERE day < (SELECT max(day) FROM daily) - to_days(?)", [retention.aggregate_days]
        )


# The same figures as analysis/trends.py's of a day, of what goes.
_KEEP_FIGURES = f"""
INSERT INTO daily
WITH e AS (
  SELECT timezone($zone, timezone('UTC', ts))::DATE AS day, kind, count(*) AS events, count(*) FILTER (status = 'error') AS error_events
  FROM events WHERE {{condition}} GROUP BY ALL),
s AS (
  SELECT timezone($zone, timezone('UTC', ts))::DATE AS day, kind, operation, count(*) FILTER (is_operation) AS operations,
    count(*) FILTER (is_operation AND status = 'error') AS errors,
    sum({TOKENS}) FILTER (counts_tokens) AS tokens, {added("cost_usd", "counts_tokens")} AS cost,
    count(duration_ms) FILTER (is_operation AND {COUNTED}) AS timed,
    {added("duration_ms", f"is_operation AND {COUNTED}")} AS total_ms,
    quantile_cont(duration_ms, 0.95) FILTER (is_operation AND {COUNTED}) AS p95_ms
  FROM spans WHERE status <> 'unfinished' AND ({{condition}}) GROUP BY GROUPING SETS ((day, kind), (day, kind, operation)))
SELECT day, kind, operation, CASE WHEN operation IS NULL THEN coalesce(events, 0) ELSE 0 END,
  CASE WHEN operation IS NULL THEN coalesce(error_events, 0) ELSE 0 END, coalesce(operations, 0), coalesce(errors, 0),
  coalesce(tokens, 0), coalesce(cost, 0), coalesce(timed, 0), coalesce(total_ms, 0), p95_ms
FROM e FULL JOIN s USING (day, kind)"""


def compact(sink: Sink, gone: int, *, at_once: bool = False) -> None:
    """Write the file anew, and close the sink, where the events that went since that was last done, `gone` ones right now, were a
    tenth of it or more; `at_once`: where any went. DuckDB frees whole row groups only, not what was deleted within one. Needs
    room for what is in use."""
    loose = int(sink.about("gone") or 0) + gone
    if gone:
        sink.tell("gone", str(loose))
    if not loose or (loose < _WORTHWHILE * (_count(sink) + loose) and not at_once):
        return
    with replaced(sink.path) as fresh:
        sink.copy_to(fresh)
        sink.connection.close()


def _file_bytes(path: Path) -> int:
    return path.stat().st_size
