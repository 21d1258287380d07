"""Where the time of operations lies: by hour of the day, in outliers, over the window, within the class limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.given import CLASS_LIMITS_MS
from reporter.analysis.overview import COUNTED, bucket_seconds
from reporter.analysis.performance import LIMITS_OF_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

    from reporter.window import Window

_HEAT_ROWS, _OUTLIERS, _LEAST_COUNT = 12, 20, 20


@dataclass(frozen=True)
class HourCell:
    """p95 in ms of an operation's work that ended in an hour of the day (0 to 23, in the viewer's zone), over all days."""

    kind: str
    operation: str
    hour: int
    count: int
    p95_ms: float


@dataclass(frozen=True)
class Outlier:
    """A single piece of work that took many times its operation's median."""

    kind: str
    operation: str
    ts: datetime
    duration_ms: float
    times_median: float
    correlation_id: str | None


@dataclass(frozen=True)
class OperationBin:
    """Finished work of an operation that took from `low_ms` up to `high_ms`; ten bins a decade."""

    kind: str
    operation: str
    low_ms: float
    high_ms: float
    count: int


@dataclass(frozen=True)
class Latency:
    """By (kind, operation): `counts`, finished work by bucket; `within`, the share (0–1) of durations that are fast or
    normal for their type of work. `heat`: the operations that took most time in all; `outliers`: by times the median, of
    operations with at least 20 durations."""

    window: Window
    counts: dict[tuple[str, str], tuple[int, ...]]
    within: dict[tuple[str, str], float]
    heat: tuple[HourCell, ...]
    outliers: tuple[Outlier, ...]
    bins: tuple[OperationBin, ...]


_DONE = f"is_operation AND status <> 'unfinished' AND {COUNTED}"
_COUNTS = """
SELECT kind, operation, (epoch_us(ts) // 1000000) // $step::BIGINT - $first::BIGINT AS bucket, count(*)
FROM window_spans WHERE is_operation AND status <> 'unfinished' GROUP BY ALL"""


def _within(limits_ms: Mapping[str, tuple[float, ...]]) -> str:
    """SQL for the share of operations that are fast or normal."""
    of_type = {name: limits_ms[limits][:2][-1] for name, limits in LIMITS_OF_TYPE.items()}
    cases = " ".join(f"WHEN '{name}' THEN {limit}" for name, limit in of_type.items())
    limit = f"CASE type {cases} ELSE {limits_ms['step'][:2][-1]} END"
    return f"SELECT kind, operation, avg((duration_ms < {limit})::INT) FROM window_spans WHERE {_DONE} GROUP BY ALL"


_HEAT = f"""
WITH most AS (SELECT kind, operation, sum(duration_ms) AS total FROM window_spans WHERE {_DONE} GROUP BY ALL ORDER BY total DESC, kind, operation LIMIT {_HEAT_ROWS})
SELECT kind, operation, extract(hour FROM timezone($zone, timezone('UTC', ts)))::INT AS hour, count(*), quantile_cont(duration_ms, 0.95)
FROM window_spans JOIN most USING (kind, operation) WHERE {_DONE} GROUP BY kind, operation, hour, total ORDER BY total DESC, kind, operation, hour"""

_OUTLIERS_SQL = f"""
WITH typical AS (SELECT kind, operation, quantile_cont(duration_ms, 0.5) AS median FROM window_spans WHERE {_DONE}
  GROUP BY ALL HAVING count(*) >= {_LEAST_COUNT} AND median > 0)
SELECT kind, operation, ts, duration_ms, duration_ms / median AS times, correlation_id
FROM window_spans JOIN typical USING (kind, operation) WHERE {_DONE} ORDER BY times DESC, id LIMIT {_OUTLIERS}"""

_BINS = f"""
SELECT kind, operation, floor(log10(greatest(duration_ms, 0.1)) * 10 + 1e-9)::INTEGER AS bin, count(*)
FROM window_spans WHERE {_DONE} GROUP BY ALL ORDER BY kind, operation, bin"""


def latency(
    con: duckdb.DuckDBPyConnection,
    window: Window,
    zone: str,
    limits_ms: Mapping[str, tuple[float, ...]] = CLASS_LIMITS_MS,
) -> Latency:
    """Of `window_spans`. `zone`: whose hours of the day."""
    return Latency(
        window,
        counts_over_time(con, window),
        {(kind, operation): share for kind, operation, share in con.execute(_within(limits_ms)).fetchall()},
        tuple(HourCell(*row) for row in con.execute(_HEAT, {"zone": zone}).fetchall()),
        tuple(Outlier(*row) for row in con.execute(_OUTLIERS_SQL).fetchall()),
        tuple(
            OperationBin(kind, operation, 10 ** (b / 10), 10 ** min((b + 1) / 10, 308), n)
            for kind, operation, b, n in con.execute(_BINS).fetchall()
        ),
    )


def counts_over_time(con: duckdb.DuckDBPyConnection, window: Window) -> dict[tuple[str, str], tuple[int, ...]]:
    """Finished operations in each bucket of the window, by kind and operation."""
    step = bucket_seconds(window)
    first = int(window.start.timestamp()) // step
    buckets = -(-int(window.end.timestamp()) // step) - first
    counts: dict[tuple[str, str], list[int]] = {}
    for kind, operation, bucket, count in con.execute(_COUNTS, {"step": step, "first": first}).fetchall():
        counts.setdefault((kind, operation), [0] * buckets)[min(bucket, buckets - 1)] = count
    return {key: tuple(values) for key, values in counts.items()}
