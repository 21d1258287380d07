"""What changed against another window, and whether that is more than noise.

Durations: Mann and Whitney's U test (normal approximation, corrected for ties and continuity), two-sided. Failures: a
two-proportion z test. A change is called one at p < 0.01; with too few values on a side nothing is called at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reporter.analysis.overview import COUNTED
from reporter.analysis.weights import added, how_many, percentiles
from reporter.events.names import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from reporter.window import Window

LEAST_VALUES, LEAST_FAILURES = 20, 5
LEVEL = 0.01


@dataclass(frozen=True)
class Side:
    """One window's figures: finished operations, failed ones, percentiles in ms (null without durations)."""

    count: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.count if self.count else None


@dataclass(frozen=True)
class Change:
    """One kind's (`operation` null) or operation's figures on both sides.

    `slower`, `failing`: True (worse), False (better), None (noise, or too few to tell: then the chance is null). Slower
    or faster is called only where the median moved the same way. `…_chance`: the tests' p values.
    """

    kind: str
    operation: str | None
    before: Side
    now: Side
    duration_chance: float | None
    error_chance: float | None
    slower: bool | None
    failing: bool | None


@dataclass(frozen=True)
class Changes:
    """`durations`: operations called slower or faster, by the ratio of their medians; `failures`: those called to fail
    oftener or more seldom, by the difference of their error rates; the largest first. `total_before`: finished before.
    A model's calls are told of once: as the streams that show them. `since`: the first time there is anything of, where the compared window begins before it. `kept_days`: of how many of its days
    only daily figures are kept (some or all): counts, error rates, cost and an estimated p95, no single durations. `operations`: all
    of them, by kind and name."""

    compared: Window
    kinds: dict[str, Change]
    durations: tuple[Change, ...]
    failures: tuple[Change, ...]
    total_before: int
    cost_usd_before: float = 0
    since: datetime | None = None
    kept_days: int = 0
    operations: Mapping[tuple[str, str], Change] = field(default_factory=dict)


# Each side's operations, by kind and once more by kind and operation (`key` null: the kind as a whole).
_BOTH = """
WITH both_sides AS (
  SELECT kind, operation, true AS is_now, status, duration_ms, weight FROM window_spans WHERE is_operation AND status <> 'unfinished'
  UNION ALL SELECT kind, operation, false, status, duration_ms, weight FROM compared_spans WHERE is_operation AND status <> 'unfinished')"""

_SIDES = f"""{_BOTH}
SELECT kind, operation, is_now, {how_many()}, {how_many("status = 'error'")}, {how_many(COUNTED)}, {percentiles("duration_ms", [0.5, 0.95], COUNTED)}
FROM both_sides GROUP BY GROUPING SETS ((kind, is_now), (kind, operation, is_now))"""


# Rank sums over distinct durations: `below` values are smaller, `t` are equal.
def rank_sums(by: str, sets: str = "") -> str:
    """What makes `ranks` in a statement with `both_sides` (is_now, duration_ms, weight and the columns `by`): these columns, how many durations
    there are here and there, and what Mann and Whitney's U is of. `sets`: GROUPING SETS in place of `by`."""
    return f"""tied AS (
  SELECT {by}, duration_ms, {how_many()} AS t, {how_many("is_now")} AS here
  FROM both_sides WHERE {COUNTED} GROUP BY {sets or f"{by}, duration_ms"}),
ranked AS (
  SELECT *, coalesce(sum(t) OVER (PARTITION BY {by} ORDER BY duration_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
    AS below FROM tied),
ranks AS (
  SELECT {by}, sum(here)::BIGINT AS here, sum(t - here)::BIGINT AS there, sum(here * (below + (t + 1) / 2)) AS rank_sum, sum(t::DOUBLE ** 3 - t) AS ties
  FROM ranked GROUP BY {by})"""


_RANKS = f"""{_BOTH},
{rank_sums("kind, operation", "GROUPING SETS ((kind, duration_ms), (kind, operation, duration_ms))")}
FROM ranks"""


# Days of the app's zone, of which the middle lies in the compared window; what is here is no longer among the spans.
_KEPT = """
WITH kept AS (SELECT * FROM daily WHERE day + INTERVAL 12 HOUR >= $start::TIMESTAMP AND day + INTERVAL 12 HOUR < $end::TIMESTAMP)
SELECT kind, operation, sum(operations)::BIGINT, sum(errors)::BIGINT, coalesce(sum(timed) FILTER (p95_ms IS NOT NULL), 0)::BIGINT,
  coalesce(sum(p95_ms * timed), 0), sum(cost_usd), (SELECT count(DISTINCT day) FROM kept)
FROM kept GROUP BY kind, operation"""
_BEFORE = f"""
SELECT {how_many("is_operation AND status <> 'unfinished'")}, coalesce({added("cost_usd", "counts_tokens")}, 0) FROM compared_spans"""
_FIRST = "SELECT least((SELECT min(ts) FROM events), (SELECT min(day)::TIMESTAMP FROM daily))"


def changes(con: duckdb.DuckDBPyConnection, compared: Window) -> Changes:
    """`window_spans` against `compared_spans` (the window `compared`) and what `daily` has kept of that window."""
    total, cost = con.execute(_BEFORE).fetchall()[0]
    start, end = compared.sql
    kept = con.execute(_KEPT, {"start": start, "end": end}).fetchall()
    total += sum(count for _, operation, count, *_ in kept if operation is None)
    if not total:
        # Nothing to compare with, so that nothing is looked at.
        return Changes(compared, {}, (), (), 0)
    sides: dict[tuple[str, str | None], dict[bool, Side]] = {}
    singles: dict[tuple[str, str | None], int] = {}
    for kind, operation, is_now, count, errors, timed, found in con.execute(_SIDES).fetchall():
        sides.setdefault((kind, operation), {})[is_now] = Side(count, errors, *(found or (None, None)))
        if not is_now:
            singles[kind, operation] = timed
    ranks = {(kind, operation): rest for kind, operation, *rest in con.execute(_RANKS).fetchall()}
    empty, kept_days = Side(0, 0, None, None), 0
    for kind, operation, count, errors, timed, sum_ms, usd, days in kept:
        both = sides.setdefault((kind, operation), {})
        side = both.get(False, empty)
        both[False] = replace(side, count=side.count + count, errors=side.errors + errors)
        if timed:
            both[False] = _with_kept(both[False], singles.get((kind, operation), 0), timed, sum_ms)
            ranks.pop((kind, operation), None)
        kept_days = days
        cost += usd or 0 if operation is None else 0
    found = [
        _change(*key, both.get(False, empty), both.get(True, empty), ranks.get(key)) for key, both in sides.items()
    ]
    streams = {c.operation: c.now.count for c in found if c.kind == "chat"}
    found = [c for c in found if c.kind != "llm" or c.operation is None or streams.get(c.operation) != c.now.count]
    named = sorted((c for c in found if c.operation is not None), key=lambda c: (c.kind, c.operation or ""))
    durations = sorted((c for c in named if c.slower is not None), key=_times, reverse=True)
    failures = sorted((c for c in named if c.failing is not None), key=_points, reverse=True)
    of_kinds = {c.kind: c for c in found if c.operation is None}
    by_kind = {kind: of_kinds[kind] for kind in KINDS if kind in of_kinds}
    operations = {(c.kind, c.operation or ""): c for c in named}
    since = _since(con, compared)
    return Changes(compared, by_kind, tuple(durations), tuple(failures), total, cost, since, kept_days, operations)


def _with_kept(side: Side, singles: int, timed: int, sum_ms: float) -> Side:
    """A side of `singles` durations with those of which only daily figures are left: `timed` ones, and what their days' p95 come to, by
    these counts. As of a day that went in parts (trends.py) the p95 is the parts', weighted; a median cannot be told."""
    own_ms = singles * side.p95_ms if side.p95_ms is not None else 0
    return replace(side, p50_ms=None, p95_ms=(own_ms + sum_ms) / (singles + timed))


def _since(con: duckdb.DuckDBPyConnection, compared: Window) -> datetime | None:
    first: datetime = con.execute(_FIRST).fetchall()[0][0]
    return first.replace(tzinfo=UTC) if first > compared.sql[0] else None


def _times(change: Change) -> float:
    """By what factor the median moved, up or down."""
    before, now = change.before.p50_ms, change.now.p50_ms
    return max(now / before, before / now) if before and now else math.inf


def _points(change: Change) -> float:
    return abs((change.now.error_rate or 0) - (change.before.error_rate or 0))


def _change(kind: str, operation: str | None, before: Side, now: Side, ranks: list[float] | None) -> Change:
    slower, duration_chance = slower_verdict(ranks, before.p50_ms, now.p50_ms)
    failing, error_chance = failing_verdict(now.errors, now.count, before.errors, before.count)
    return Change(kind, operation, before, now, duration_chance, error_chance, slower, failing)


def slower_verdict(
    ranks: list[float] | None, before_ms: float | None, now_ms: float | None
) -> tuple[bool | None, float | None]:
    """Whether durations are longer (None: noise, or too few to tell) and the chance of that (None: too few). `ranks`: what
    `rank_sums` gives; the medians have to have moved the same way."""
    found = mann_whitney(*ranks) if ranks else None
    if found is None:
        return None, None
    is_one = found[1] < LEVEL and ((now_ms or 0) > (before_ms or 0)) == (found[0] > 0)
    return (found[0] > 0 if is_one else None), found[1]


def failing_verdict(failed: int, count: int, failed_before: int, count_before: int) -> tuple[bool | None, float | None]:
    """Whether more fail, and the chance of that, likewise."""
    found = two_proportions(failed, count, failed_before, count_before)
    if found is None:
        return None, None
    return (found[0] > 0 if found[1] < LEVEL else None), found[1]


def mann_whitney(here: float, there: float, rank_sum: float, ties: float) -> tuple[float, float] | None:
    """(z, two-sided p) of Mann and Whitney's U from the rank sum of `here` values among all, z > 0 where they are larger.

    `ties`: the sum of t³ - t over groups of t equal values. None with fewer than LEAST_VALUES on a side.
    """
    if min(here, there) < LEAST_VALUES:
        return None
    total = here + there
    variance = here * there / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 0.0, 1.0
    excess = rank_sum - here * (here + 1) / 2 - here * there / 2
    z = math.copysign(max(0.0, abs(excess) - 0.5) / math.sqrt(variance), excess)
    return z, math.erfc(abs(z) / math.sqrt(2))


def two_proportions(failed: int, count: int, failed_before: int, count_before: int) -> tuple[float, float] | None:
    """(z, two-sided p) of the pooled two-proportion test; None with too few operations or failures to tell."""
    if min(count, count_before) < LEAST_VALUES or failed + failed_before < LEAST_FAILURES:
        return None
    pooled = (failed + failed_before) / (count + count_before)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / count + 1 / count_before))
    if not spread:
        return 0.0, 1.0
    z = (failed / count - failed_before / count_before) / spread
    return z, math.erfc(abs(z) / math.sqrt(2))
