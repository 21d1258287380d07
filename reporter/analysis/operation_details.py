"""What an operation's page tells beyond its figures: over the window and by day, single calls, what it stands in and is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from reporter import frames
from reporter.analysis.changes import failing_verdict, rank_sums, slower_verdict
from reporter.analysis.local import LOCAL
from reporter.analysis.overview import BUCKET, COUNTED
from reporter.analysis.trends import P95_OF_PARTS
from reporter.analysis.weights import ALL_SPANS, how_many, percentile, total
from reporter.analysis.work import DONE
from reporter.redaction.cut import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from reporter.analysis.performance import OperationFigures
    from reporter.window import Window

# Operations with a page of their own, the most frequent; and what a page holds at most.
DETAILED_OPERATIONS = 300
_DAYS, _CALLS, _LINKS, _CHARS = 14, 10, 15, 300
Key = tuple[str, str]


@dataclass(frozen=True)
class OperationDetails:
    """Of the operations `detailed`: frames, each with `kind` and `operation`.

    `points`: start (of a bucket of the window), count, errors, p95_ms; earliest first. `days`: day (its midnight in the viewer's
    zone, without a zone), count, errors, p95_ms of the latest 14 days in the sink, `has_durations` (False: of it, or of the day before, only daily figures
    are kept), and against the day before `slower`, `failing`
    (True: worse, False: better, missing: no change or too few), `duration_chance`, `error_chance` (missing: too few to tell).
    `slow`, `failed`: ts, duration_ms, status, correlation_id, and of failed ones `error_message`; the slowest, the latest failing.
    `links`: is_caller, other_kind, name, count, errors, total_ms: spans it stands right in (a caller), or that stand right in it.
    """

    detailed: tuple[Key, ...]
    points: pd.DataFrame
    days: pd.DataFrame
    slow: pd.DataFrame
    failed: pd.DataFrame
    links: pd.DataFrame


_NAMES = {"kind": frames.TEXT, "operation": frames.TEXT}
_POINTS_DTYPES = {**_NAMES, "start": frames.TIME, "count": "Int64", "errors": "Int64", "p95_ms": "float64"}
_POINTS = f"""
SELECT kind, operation, {BUCKET} AS start, {how_many()},
  {how_many("status = 'error'")}, {percentile("duration_ms", 0.95, COUNTED)}
FROM listed_spans SEMI JOIN detailed USING (kind, operation) WHERE is_operation AND status <> 'unfinished'
GROUP BY ALL ORDER BY kind, operation, start"""

# Each day's work once as its own, and once as what the next day is judged against: the day's columns (_DAYS_DTYPES up to `has_durations`),
# the medians, the day before and the ranks that its verdicts are of. Of days whose events are gone, or some of them, there are
# figures alone, a row a prune.
_DAILY = f"""
WITH own AS MATERIALIZED (
  SELECT kind, operation, date_trunc('day', {LOCAL}) AS day, status, duration_ms, weight
  FROM {ALL_SPANS} SEMI JOIN detailed USING (kind, operation)
  WHERE is_operation AND status <> 'unfinished' AND ts >= $first AND ts < $last),
both_sides AS (
  SELECT kind, operation, day, true AS is_now, status, duration_ms, weight FROM own
  UNION ALL SELECT kind, operation, day + INTERVAL 1 DAY, false, status, duration_ms, weight FROM own),
{rank_sums("kind, operation, day")},
parts AS (
  SELECT kind, operation, day, {how_many()} AS n, {how_many("status = 'error'")} AS errors, {how_many(COUNTED)} AS timed,
    {percentile("duration_ms", 0.5, COUNTED)} AS p50_ms, {percentile("duration_ms", 0.95, COUNTED)} AS p95_ms, true AS is_kept
  FROM own GROUP BY kind, operation, day
  UNION ALL SELECT kind, operation, day::TIMESTAMP, operations, errors, timed, NULL, p95_ms, false
  FROM daily SEMI JOIN detailed USING (kind, operation) WHERE operations > 0 AND day >= $first::DATE AND day < $last),
days AS (
  SELECT kind, operation, day, sum(n)::BIGINT AS n, sum(errors)::BIGINT AS errors, any_value(p50_ms) AS p50_ms, {P95_OF_PARTS} AS p95_ms,
    bool_and(is_kept) AS is_kept
  FROM parts GROUP BY ALL)
SELECT d.kind, d.operation, d.day, d.n, d.errors, d.p95_ms, d.is_kept AND coalesce(b.is_kept, true), d.p50_ms,
  coalesce(b.n, 0), coalesce(b.errors, 0), b.p50_ms, here, there, rank_sum, ties
FROM days d LEFT JOIN days b ON b.kind = d.kind AND b.operation = d.operation AND b.day = d.day - INTERVAL 1 DAY
  LEFT JOIN ranks r ON r.kind = d.kind AND r.operation = d.operation AND r.day = d.day
ORDER BY d.kind, d.operation, d.day"""
_DAYS_DTYPES = {
    **_NAMES, "day": "datetime64[us]", "count": "Int64", "errors": "Int64", "p95_ms": "float64", "has_durations": "bool",
    "slower": "boolean", "duration_chance": "float64", "failing": "boolean", "error_chance": "float64",
}  # fmt: skip

# The first calls of each operation.
_CALLS_DTYPES = {
    **_NAMES, "id": "Int64", "ts": frames.TIME, "duration_ms": "float64", "status": frames.CATEGORIES["status"],
    "correlation_id": frames.TEXT,
}  # fmt: skip
# Found by their ids first, as the least of each: to sort all there was takes five times as long.
_FIRST_CALLS = f"""
WITH firsts AS (SELECT unnest(arg_min(id, ({{order}}), {_CALLS})) AS id FROM {DONE} SEMI JOIN detailed USING (kind, operation) WHERE {{which}}
  GROUP BY kind, operation)
SELECT kind, operation, id, timezone('UTC', ts), CASE WHEN {COUNTED} THEN duration_ms END, status, correlation_id
FROM {DONE} SEMI JOIN firsts USING (id) ORDER BY {{order}}"""
_SLOW = _FIRST_CALLS.format(which=COUNTED, order="-duration_ms, id")
_FAILED = _FIRST_CALLS.format(which="status = 'error'", order="-epoch_us(ts), -id")
# What the records of these say went wrong.
_ERRORS_DTYPES = {"id": "Int64", "error_message": frames.TEXT}
_ERRORS = f"""
SELECT id, {cut("coalesce(error_message, error_class, message)", _CHARS)} FROM window_events
WHERE id IN (SELECT unnest($ids::BIGINT[])) ORDER BY id"""

_LINKS_DTYPES = {
    **_NAMES, "is_caller": "bool", "other_kind": frames.TEXT, "name": frames.TEXT, "count": "Int64", "errors": "Int64", "total_ms": "float64",
}  # fmt: skip
# Each link once as the caller of what stands in it, and once as what is made of that.
_LINKED = f"""
WITH found AS (
  SELECT p.kind AS caller_kind, p.operation AS caller, c.kind AS step_kind, c.operation AS step, {how_many(of="c.")} AS n,
    {how_many("c.status = 'error'", of="c.")} AS errors,
    coalesce({total("c.duration_ms", COUNTED.replace("duration_ms", "c.duration_ms"), of="c.")}, 0) AS total_ms
  FROM listed_spans c JOIN window_spans p ON c.parent = p.id
  WHERE c.is_operation AND c.status <> 'unfinished' AND p.type <> 'root' GROUP BY ALL),
linked AS (
  SELECT step_kind AS kind, step AS operation, true AS is_caller, caller_kind AS other_kind, caller AS name, n, errors, total_ms FROM found
  UNION ALL SELECT caller_kind, caller, false, step_kind, step, n, errors, total_ms FROM found)
SELECT * FROM linked SEMI JOIN detailed USING (kind, operation)
QUALIFY row_number() OVER (PARTITION BY kind, operation, is_caller ORDER BY n DESC, other_kind, name) <= {_LINKS}
ORDER BY n DESC, other_kind, name, is_caller DESC, kind, operation"""


def operation_details(
    con: duckdb.DuckDBPyConnection,
    window: Window,
    operations: Sequence[OperationFigures],
) -> OperationDetails:
    """Of the DETAILED_OPERATIONS most frequent of `operations`. As many statements however many operations there are. Reads `listed_spans`, which `analysis.fold` makes; days are those of the zone that `local.know_zone` made known; leaves the temporary table `detailed`."""
    most = sorted(operations, key=lambda o: (-o.count - o.unfinished, o.kind, o.operation))[:DETAILED_OPERATIONS]
    detailed = tuple((o.kind, o.operation) for o in most)
    con.execute("CREATE OR REPLACE TEMP TABLE detailed (kind VARCHAR, operation VARCHAR)")
    if detailed:
        con.execute(
            "INSERT INTO detailed SELECT unnest($1), unnest($2)", [list(part) for part in zip(*detailed, strict=True)]
        )
    return OperationDetails(
        detailed,
        frames.query(con, _POINTS, _POINTS_DTYPES, {"seconds": window.bucket_seconds}),
        _days(con, window),
        frames.query(con, _SLOW, _CALLS_DTYPES),
        _told(con),
        frames.query(con, _LINKED, _LINKS_DTYPES),
    )


def _told(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The latest failed calls with what their own record says went wrong."""
    calls = frames.query(con, _FAILED, _CALLS_DTYPES)
    texts = frames.query(con, _ERRORS, _ERRORS_DTYPES, {"ids": [int(number) for number in calls["id"]]})
    return calls.merge(texts, how="left", on="id")


def _days(con: duckdb.DuckDBPyConnection, window: Window) -> pd.DataFrame:
    last = window.sql[1]
    days = []
    for *day, p50_ms, count_before, errors_before, p50_before, here, there, rank_sum, ties in con.execute(
        _DAILY, {"first": last - timedelta(days=_DAYS), "last": last}
    ).fetchall():
        _, _, _, count, errors, _, has_durations = day
        ranks = [here, there, rank_sum, ties] if has_durations and here is not None else None
        durations = slower_verdict(ranks, p50_before, p50_ms)
        days.append((*day, *durations, *failing_verdict(errors, count, errors_before, count_before)))
    return frames.typed(pd.DataFrame(days, columns=list(_DAYS_DTYPES)), _DAYS_DTYPES)
