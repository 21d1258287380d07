"""How long operations take: counts, rates, percentiles and class by operation, their distribution, and over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis import fold
from reporter.analysis.given import CLASS_LIMITS_MS, CLASS_NAMES
from reporter.analysis.overview import BUCKET, COUNTED
from reporter.analysis.weights import how_many, mean, percentiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

    from reporter.window import Window

LIMITS_OF_TYPE = {
    "command": "command",
    "pipeline": "pipeline",
    "job": "pipeline",
    "enrichment": "pipeline",
    "llm": "llm",
    "stream": "llm",
    "generation": "llm",
}


@dataclass(frozen=True)
class OperationFigures:
    """One operation. `count`: finished; `error_rate` 0–1; durations in ms, null where none was logged.

    `duration_class`: that of its p95. `unfinished`: started in the window and not ended.
    """

    kind: str
    operation: str
    type: str
    count: int
    errors: int
    error_rate: float | None
    unfinished: int
    min_ms: float | None
    mean_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    duration_class: str | None


@dataclass(frozen=True)
class HistogramBin:
    """Finished operations of a kind that took from `low_ms` up to `high_ms`; ten bins a decade."""

    kind: str
    low_ms: float
    high_ms: float
    count: int


@dataclass(frozen=True)
class PercentilePoint:
    """Percentiles of a kind's operations that ended within a bucket from `start` on."""

    start: datetime
    kind: str
    count: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Performance:
    """`operations`: all, as scripts have them; `listed`: those of `listed_spans` (`analysis.fold`), of which `histogram` and
    `over_time` are too."""

    window: Window
    operations: tuple[OperationFigures, ...]
    histogram: tuple[HistogramBin, ...]
    over_time: tuple[PercentilePoint, ...]
    limits_ms: Mapping[str, tuple[float, ...]]
    listed: tuple[OperationFigures, ...]


def duration_class(
    span_type: str, value_ms: float | None, limits_ms: Mapping[str, tuple[float, ...]] = CLASS_LIMITS_MS
) -> str | None:
    """The performance class of a duration in ms, by the limits of its type of work; None without a duration."""
    if value_ms is None:
        return None
    limits = limits_ms[LIMITS_OF_TYPE.get(span_type, "step")]
    return CLASS_NAMES[sum(value_ms >= limit for limit in limits)]


def performance(
    con: duckdb.DuckDBPyConnection,
    window: Window,
    limits_ms: Mapping[str, tuple[float, ...]] = CLASS_LIMITS_MS,
    folded: int | None = None,
) -> Performance:
    """All of `window_spans`' operations, slowest p95 first; ties by kind and operation. `folded`: what `analysis.fold` gave, where
    it was asked for before.

    A duration that is null, infinite or negative counts the operation but not in min, mean, max and percentiles.
    Percentiles are linear between order statistics (Hyndman & Fan type 7, NumPy's default): exact.
    """
    folded = fold(con) if folded is None else folded
    all_of_them = operations(con, limits_ms)
    return Performance(
        window,
        all_of_them,
        tuple(
            HistogramBin(kind, 10 ** (b / 10), 10 ** min((b + 1) / 10, 308), n)
            for kind, b, n in con.execute(_HISTOGRAM).fetchall()
        ),
        tuple(
            PercentilePoint(start, kind, n, *ps)
            for start, kind, n, ps in con.execute(_OVER_TIME, {"seconds": window.bucket_seconds}).fetchall()
        ),
        limits_ms,
        operations(con, limits_ms, "listed_spans") if folded else all_of_them,
    )


def operations(
    con: duckdb.DuckDBPyConnection,
    limits_ms: Mapping[str, tuple[float, ...]] = CLASS_LIMITS_MS,
    spans: str = "window_spans",
) -> tuple[OperationFigures, ...]:
    """`performance`'s figures of the operations of `window_spans`, or of `listed_spans` (`analysis.fold`), alone."""
    return tuple(_figures(limits_ms, *row) for row in con.execute(_OPERATIONS.format(spans=spans)).fetchall())


_OPERATIONS = f"""
WITH figures AS (
  SELECT kind, operation, min(type) AS type, {how_many("status <> 'unfinished'")} AS n,
    {how_many("status = 'error'")} AS errors, {how_many("status = 'unfinished'")} AS unfinished,
    min(duration_ms) FILTER ({COUNTED}) AS low, {mean("duration_ms", COUNTED)} AS mean,
    {percentiles("duration_ms", [0.5, 0.9, 0.95, 0.99], COUNTED)} AS p, max(duration_ms) FILTER ({COUNTED}) AS high
  FROM {{spans}} WHERE is_operation OR (status = 'unfinished' AND type <> 'root') GROUP BY kind, operation)
SELECT kind, operation, type, n, errors, unfinished, low, mean, p, high FROM figures
ORDER BY p[3] DESC NULLS LAST, n DESC, kind, operation"""

_HISTOGRAM = f"""
SELECT kind, floor(log10(greatest(duration_ms, 0.1)) * 10 + 1e-9)::INTEGER AS bin, {how_many()}
FROM listed_spans WHERE is_operation AND status <> 'unfinished' AND {COUNTED} GROUP BY ALL ORDER BY kind, bin"""

_OVER_TIME = f"""
SELECT {BUCKET} AS start, kind, {how_many()}, {percentiles("duration_ms", [0.5, 0.95])}
FROM listed_spans WHERE is_operation AND status <> 'unfinished' AND {COUNTED} GROUP BY ALL ORDER BY start, kind"""


_COUNTS = f"""
SELECT kind, operation, (epoch_us(ts) // 1000000) // $step::BIGINT - $first::BIGINT AS bucket, {how_many()}
FROM window_spans WHERE is_operation AND status <> 'unfinished' GROUP BY ALL ORDER BY kind, operation, bucket"""


def counts_over_time(con: duckdb.DuckDBPyConnection, window: Window) -> dict[tuple[str, str], tuple[int, ...]]:
    """Finished operations in each bucket of the window, by kind and operation."""
    step = window.bucket_seconds
    first = int(window.start.timestamp()) // step
    buckets = -(-int(window.end.timestamp()) // step) - first
    counts: dict[tuple[str, str], list[int]] = {}
    for kind, operation, bucket, count in con.execute(_COUNTS, {"step": step, "first": first}).fetchall():
        counts.setdefault((kind, operation), [0] * buckets)[min(bucket, buckets - 1)] = count
    return {key: tuple(values) for key, values in counts.items()}


def _figures(
    limits_ms: Mapping[str, tuple[float, ...]],
    kind: str, operation: str, span_type: str, count: int, errors: int, unfinished: int,
    low: float | None, mean: float | None, percentiles: list[float] | None, high: float | None,
) -> OperationFigures:  # fmt: skip
    p50, p90, p95, p99 = percentiles or (None, None, None, None)
    return OperationFigures(
        kind, operation, span_type, count, errors, errors / count if count else None, unfinished,
        low, mean, p50, p90, p95, p99, high, duration_class(span_type, p95, limits_ms),
    )  # fmt: skip
