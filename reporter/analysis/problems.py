"""What is wrong, worst first: the ranked list that the first page and `overview` begin with, and the sentence that names the worst."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from reporter.analysis.overview import COUNTED
from reporter.analysis.weights import how_many
from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    import duckdb

    from reporter.analysis.changes import Change, Changes
    from reporter.analysis.errors import ErrorGroup, Errors
    from reporter.analysis.overview import Overview

# By how much cost has to grow to be told of.
_DEARER = 1.25
_NAMED_CHARS = 80


@dataclass(frozen=True)
class Slower:
    """An operation that got slower. `times`: how much its median grew; `since`: from when on, where the single durations are kept;
    `trace`: that of its slowest call in the window."""

    change: Change
    times: float
    since: datetime | None
    trace: str | None


@dataclass(frozen=True)
class Unfinished:
    """Work that started and never ended; `trace`: the latest it stands in."""

    kind: str
    operation: str
    count: int
    trace: str | None


@dataclass(frozen=True)
class Dearer:
    """Cost in USD that grew by a quarter and more against the compared window."""

    before_usd: float
    now_usd: float

    @property
    def times(self) -> float:
        return self.now_usd / self.before_usd


@dataclass(frozen=True)
class Problems:
    """Each list worst first, at most FAILING, SLOWER and UNFINISHED long; `more_failing`: error groups beyond; `closed`:
    how many were ignored and resolved, in words.

    `failing`: error groups, by faults. `has_past`: whether their `new` means something. `open_count`: all unfinished work.
    """

    FAILING: ClassVar[int] = 6
    SLOWER: ClassVar[int] = 4
    UNFINISHED: ClassVar[int] = 5

    failing: tuple[ErrorGroup, ...]
    more_failing: int
    closed: str
    has_past: bool
    slower: tuple[Slower, ...]
    unfinished: tuple[Unfinished, ...]
    open_count: int
    dearer: Dearer | None

    @property
    def more_unfinished(self) -> int:
        """Unfinished work beyond what is listed."""
        return self.open_count - sum(one.count for one in self.unfinished)

    @property
    def is_empty(self) -> bool:
        return not (self.failing or self.slower or self.unfinished or self.dearer)


def problems(con: duckdb.DuckDBPyConnection, view: Overview, errors: Errors, changes: Changes) -> Problems:
    """Of `window_spans` and `compared_spans`, and what other analyses found."""
    unfinished = tuple(Unfinished(*row) for row in con.execute(_UNFINISHED).fetchall())
    before = changes.cost_usd_before
    is_dearer = not changes.since and before > 0 and view.tokens.cost_usd >= _DEARER * before
    return Problems(
        errors.open[: Problems.FAILING],
        len(errors.open[Problems.FAILING :]) + errors.more,
        errors.closed_in_words,
        errors.has_past,
        _slower(con, changes.durations),
        unfinished[: Problems.UNFINISHED],
        sum(one.count for one in unfinished),
        Dearer(before, view.tokens.cost_usd) if is_dearer else None,
    )


_UNFINISHED = f"""
SELECT kind, operation, {how_many()} AS n, arg_max(correlation_id, (ts, id)) FILTER (correlation_id IS NOT NULL)
FROM window_spans WHERE status = 'unfinished' GROUP BY kind, operation ORDER BY n DESC, kind, operation"""

# Pettitt's test: where the sum of ranks so far falls most behind what it would be without a change, there it changed; the next call is
# the first after it.
_SINCE = f"""
WITH calls AS (
  SELECT kind, operation, ts, id, duration_ms, correlation_id, weight, true AS is_now FROM window_spans WHERE is_operation AND {COUNTED}
  UNION ALL
  SELECT kind, operation, ts, id, duration_ms, correlation_id, weight, false FROM compared_spans WHERE is_operation AND {COUNTED}),
ranked AS (
  SELECT *, sum(weight) OVER of_all - (sum(weight) OVER (PARTITION BY kind, operation, duration_ms) - 1) / 2 AS rank,
    sum(weight) OVER in_time AS nth, sum(weight) OVER (PARTITION BY kind, operation) AS n, lead(ts) OVER in_time AS next_ts
  FROM calls WHERE (kind, operation) IN (SELECT (unnest($kinds), unnest($operations)))
  WINDOW of_all AS (PARTITION BY kind, operation ORDER BY duration_ms), in_time AS (PARTITION BY kind, operation ORDER BY ts, id)),
summed AS (SELECT *, 2 * sum(rank * weight) OVER (PARTITION BY kind, operation ORDER BY nth) - nth * (n + 1) AS behind FROM ranked)
SELECT kind, operation, arg_min(next_ts, (behind, nth)) FILTER (next_ts IS NOT NULL),
  arg_max(correlation_id, (duration_ms, id)) FILTER (is_now AND correlation_id IS NOT NULL)
FROM summed GROUP BY kind, operation"""


def _slower(con: duckdb.DuckDBPyConnection, durations: Sequence[Change]) -> tuple[Slower, ...]:
    """Of the operations called slower, the first."""
    chosen = [c for c in durations if c.slower][: Problems.SLOWER]
    if not chosen:
        return ()
    given = {"kinds": [c.kind for c in chosen], "operations": [c.operation for c in chosen]}
    found = {(kind, operation): rest for kind, operation, *rest in con.execute(_SINCE, given).fetchall()}
    made = []
    for change in chosen:
        before, now = change.before.p50_ms, change.now.p50_ms
        since, trace = found.get((change.kind, change.operation or ""), (None, None))
        since = since.replace(tzinfo=UTC) if since and change.before.p50_ms else None
        made.append(Slower(change, now / before if now and before else 1, since, trace))
    return tuple(made)


def sentence(found: Problems, view: Overview, zone: ZoneInfo) -> str:
    """What is wrong in one sentence, the worst of each sort; to be made of results that were redacted."""
    totals = view.totals
    if not totals.events:
        return "Nothing was logged in this period."
    parts = [_failed(view), *_worst(found), *(_slow(one, view, zone) for one in found.slower[:1])]
    if found.open_count:
        parts.append(f"{words.counted(found.open_count, 'operation')} never ended")
    if found.dearer:
        parts.append(f"cost {found.dearer.times:.1f}× that of before")
    told = "; ".join(part for part in parts if part)
    return told if told.endswith("…") else f"{told}."


def mood(found: Problems, view: Overview) -> str:
    """How bad it is: empty, ok, warn or bad."""
    if not view.totals.events:
        return "empty"
    if view.totals.faults:
        return "bad"
    return "ok" if found.is_empty else "warn"


def _failed(view: Overview) -> str:
    totals = view.totals
    if totals.failed_traces:
        return f"{totals.failed_traces:,} of {words.counted(totals.traces, 'request')} failed"
    if totals.faults:
        return f"{words.counted(totals.faults, 'fault')} outside of any request"
    if totals.operations > 1:
        return f"All {totals.operations:,} operations finished without an error"
    return "The one operation finished without an error" if totals.operations else "No operation finished, none failed"


def _worst(found: Problems) -> list[str]:
    """The group with most faults of those that are new, else of those that came back, else of all."""
    flags = (
        ("new", [g for g in found.failing if g.new and found.has_past]),
        ("regressed", [g for g in found.failing if g.state == "regressed"]),
        ("back", [g for g in found.failing if g.regressed]),
    )
    for flag, groups in (*flags, ("most often", found.failing)):
        if groups:
            text = " ".join(groups[0].message.split())
            return [f"{flag}: {words.cut(text, _NAMED_CHARS).rstrip('.')}"]
    return []


def _slow(one: Slower, view: Overview, zone: ZoneInfo) -> str:
    name = words.name(one.change.operation or "")
    return f"{name} {growth(one.times)} slower{f' since {when(one.since, view, zone)}' if one.since else ''}"


def growth(times: float) -> str:
    """3×, 1.4×."""
    return f"{times:.0f}×" if times >= 9.95 else f"{times:.1f}×".replace(".0×", "×")


def when(moment: datetime, view: Overview, zone: ZoneInfo) -> str:
    """The time of day where the window is a day or less and it lies in it, else with its day."""
    told = words.moment(moment, zone)[:16]
    is_short = view.window.length.total_seconds() <= 86400 and moment >= view.window.start
    return told[11:] if is_short else told
