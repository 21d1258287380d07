"""The sink's whole memory by day: how much, how well, how slow, at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reporter import frames
from reporter.analysis.local import LOCAL
from reporter.analysis.overview import COUNTED
from reporter.analysis.weights import ALL_EVENTS, ALL_SPANS, added, how_many, percentile, total
from reporter.analysis.work import TOKENS

if TYPE_CHECKING:
    import duckdb

_OPERATIONS = 6


@dataclass(frozen=True)
class Trends:
    """Frames, earliest day first; a day is its midnight in the viewer's zone, without a zone.

    `days`: day, events, error_events, operations, errors, tokens, cost_usd, of all kinds together; `of_kinds`: the same of each `kind`. `kinds`: day, name, count,
    p95_ms of a kind's finished work; `operations`: the same of the six operations that took most time in all. `kept_days`: of
    how many days (some of) the events are gone, so that only daily figures remain. `hours`: kind, weekday (1: Monday), hour (0 to 23),
    count (finished operations), days (how many such weekdays had any operation): of what is kept, by weekday and hour.
    """

    days: pd.DataFrame
    kinds: pd.DataFrame
    operations: pd.DataFrame
    kept_days: int
    hours: pd.DataFrame
    of_kinds: pd.DataFrame


_DAY_DTYPE = "datetime64[us]"
_OF_KINDS_DTYPES = {
    "day": _DAY_DTYPE, "kind": frames.TEXT, **dict.fromkeys(("events", "error_events", "operations", "errors", "tokens"), "Int64"),
    "cost_usd": "float64",
}  # fmt: skip
_DAY = f"date_trunc('day', {LOCAL})"
_OF_KINDS = f"""
WITH e AS (SELECT {_DAY} AS day, kind, {how_many()} AS events, {how_many("status = 'error'")} AS error_events
  FROM {ALL_EVENTS} GROUP BY 1, 2),
s AS (SELECT {_DAY} AS day, kind, {how_many("is_operation")} AS operations, {how_many("is_operation AND status = 'error'")} AS errors,
    sum({TOKENS}) FILTER (counts_tokens) AS tokens, {added("cost_usd", "counts_tokens")} AS cost
  FROM {ALL_SPANS} WHERE status <> 'unfinished' GROUP BY 1, 2),
parts AS (
  SELECT day, kind, events, error_events, operations, errors, tokens, cost AS cost_usd FROM e FULL JOIN s USING (day, kind)
  UNION ALL
  SELECT day::TIMESTAMP, kind, events, error_events, operations, errors, tokens, cost_usd FROM daily WHERE operation IS NULL)
SELECT day, kind, coalesce(sum(events), 0)::BIGINT, coalesce(sum(error_events), 0)::BIGINT, coalesce(sum(operations), 0)::BIGINT,
  coalesce(sum(errors), 0)::BIGINT, coalesce(sum(tokens), 0)::BIGINT, coalesce(sum(cost_usd), 0) FROM parts GROUP BY day, kind ORDER BY day, kind"""

_PARTS_DTYPES = {
    "day": _DAY_DTYPE, "kind": frames.TEXT, "operation": frames.TEXT, "timed": "Int64", "total_ms": "float64", "p95_ms": "float64",
}  # fmt: skip
# SQL: the p95 of a day of which there may be parts. One that went in parts has none of its own any more: the parts' ones, weighted by their
# counts.
P95_OF_PARTS = "CASE count(*) WHEN 1 THEN any_value(p95_ms) ELSE sum(p95_ms * timed) / nullif(sum(timed), 0) END"
# Of each kind (without an operation) and each operation.
_PARTS = f"""
SELECT day, kind, operation, sum(timed)::BIGINT, sum(total_ms), {P95_OF_PARTS} FROM (
  SELECT {_DAY} AS day, kind, operation, {how_many()} AS timed, {total("duration_ms")} AS total_ms, {percentile("duration_ms", 0.95)} AS p95_ms
  FROM {ALL_SPANS} WHERE is_operation AND status <> 'unfinished' AND {COUNTED} GROUP BY GROUPING SETS ((1, kind), (1, kind, operation))
  UNION ALL SELECT day::TIMESTAMP, kind, operation, timed, total_ms, p95_ms FROM daily WHERE timed > 0)
GROUP BY ALL"""


_HOURS_DTYPES = {"kind": frames.TEXT, "weekday": "Int64", "hour": "Int64", "count": "Int64", "days": "Int64"}
_HOURS = f"""
WITH local AS (SELECT kind, weight, {LOCAL} AS told FROM {ALL_SPANS} WHERE is_operation AND status <> 'unfinished'),
weekdays AS (SELECT isodow(told) AS weekday, count(DISTINCT told::DATE) AS days FROM local GROUP BY 1),
cells AS (SELECT kind, isodow(told) AS weekday, hour(told) AS hour, {how_many()} AS count FROM local GROUP BY ALL)
SELECT kind, weekday, hour, count, days FROM cells JOIN weekdays USING (weekday) ORDER BY weekday, hour, kind"""


def busiest(parts: pd.DataFrame) -> pd.DataFrame:
    """`kind` and `operation` of those that took longest, of rows with their `total_ms` of a day."""
    # Days come in any order, which the last bits of their sum depend on: what is the same to a nanosecond goes by name.
    totals = parts.groupby(["kind", "operation"])["total_ms"].sum().round(6).reset_index()
    return totals.sort_values(["total_ms", "kind", "operation"], ascending=[False, True, True]).head(_OPERATIONS)


def trends(con: duckdb.DuckDBPyConnection) -> Trends:
    """All days in `events` and `spans`, whatever the window, and in `daily` (figures of what was removed, by days of the
    app's zone); days are those of the zone that `local.know_zone` made known."""
    parts = frames.query(con, _PARTS, _PARTS_DTYPES)
    of_kinds, of_operations = parts[parts["operation"].isna()], parts[parts["operation"].notna()]
    chosen = of_operations.merge(busiest(of_operations)[["kind", "operation"]])
    by_kind = frames.query(con, _OF_KINDS, _OF_KINDS_DTYPES)
    return Trends(
        by_kind.drop(columns="kind").groupby("day").sum().reset_index(),
        _by_day(of_kinds, of_kinds["kind"]),
        _by_day(chosen, chosen["kind"] + " " + chosen["operation"]),
        con.execute("SELECT count(DISTINCT day) FROM daily").fetchall()[0][0],
        frames.query(con, _HOURS, _HOURS_DTYPES),
        by_kind,
    )


def _by_day(parts: pd.DataFrame, name: pd.Series) -> pd.DataFrame:
    """day, name, count, p95_ms."""
    named = pd.DataFrame({"day": parts["day"], "name": name, "count": parts["timed"], "p95_ms": parts["p95_ms"]})
    return named.sort_values(["day", "name"], ignore_index=True)
