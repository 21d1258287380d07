"""Where the time of operations lies: by hour of the day, in outliers, over the window, within the class limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reporter import frames
from reporter.analysis.given import CLASS_LIMITS_MS
from reporter.analysis.local import LOCAL
from reporter.analysis.overview import COUNTED
from reporter.analysis.performance import LIMITS_OF_TYPE
from reporter.analysis.weights import how_many, percentile, total
from reporter.analysis.work import finished
from reporter.events.names import SPAN_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pandas as pd

HEAT_ROWS, _OUTLIERS, _LEAST_COUNT, _LEAST_TIMES = 12, 20, 20, 2
_BINS_A_DECADE = 10


@dataclass(frozen=True)
class Latency:
    """Frames, and by (kind, operation) `within`: the share (0–1) of durations that are fast or normal for their type of work.

    `heat`: kind, operation, hour (0 to 23, in the viewer's zone), count, p95_ms: of the twelve operations that took most
    time in all, over all days, the longest first. `outliers`: kind, operation, ts, duration_ms, times_median,
    correlation_id: single work of operations with at least 20 durations that took twice their median and more, by times it. `bins`: kind, operation,
    low_ms, high_ms, count, ten bins a decade.
    """

    within: dict[tuple[str, str], float]
    heat: pd.DataFrame
    outliers: pd.DataFrame
    bins: pd.DataFrame


_DONE = f"(SELECT * FROM {finished('listed_spans')} WHERE {COUNTED})"
_NAMES = {"kind": frames.CATEGORIES["kind"], "operation": frames.TEXT}
_WITHIN = f"""
SELECT kind, operation, {how_many("duration_ms < list_extract($limits::DOUBLE[], list_position($types::VARCHAR[], type))")} / sum(weight)
FROM {_DONE} GROUP BY ALL ORDER BY kind, operation"""

_HEAT_DTYPES = {**_NAMES, "hour": "Int64", "count": "int64", "p95_ms": "float64"}
# Summed as decimals, which add up to the same in any order.
_HEAT = f"""
WITH most AS (SELECT kind, operation, {total("duration_ms")} AS total FROM {_DONE} GROUP BY ALL
  ORDER BY total DESC, kind, operation LIMIT {HEAT_ROWS})
SELECT kind, operation, hour({LOCAL}) AS hour, {how_many()}, {percentile("duration_ms", 0.95)}
FROM {_DONE} JOIN most USING (kind, operation) GROUP BY kind, operation, hour, total ORDER BY total DESC, kind, operation, hour"""

_OUTLIERS_DTYPES = {
    **_NAMES, "ts": frames.TIME, "duration_ms": "float64", "times_median": "float64", "correlation_id": frames.TEXT,
}  # fmt: skip
_OUTLYING = f"""
WITH usual AS (SELECT kind, operation, {percentile("duration_ms", 0.5)} AS median FROM {_DONE} GROUP BY ALL
  HAVING {how_many()} >= {_LEAST_COUNT} AND median > 0)
SELECT kind, operation, timezone('UTC', ts), duration_ms, duration_ms / median AS times_median, correlation_id
FROM {_DONE} JOIN usual USING (kind, operation) WHERE duration_ms >= {_LEAST_TIMES} * median ORDER BY times_median DESC, id LIMIT {_OUTLIERS}"""

_BINS_DTYPES = {**_NAMES, "bin": "float64", "count": "int64"}
_BINS = f"""
SELECT kind, operation, floor(log10(greatest(duration_ms, 0.1)) * {_BINS_A_DECADE} + 1e-9) AS bin, {how_many()}
FROM {_DONE} GROUP BY ALL ORDER BY kind, operation, bin"""


def latency(con: duckdb.DuckDBPyConnection, limits_ms: Mapping[str, tuple[float, ...]] = CLASS_LIMITS_MS) -> Latency:
    """Of the finished work in `listed_spans`, which `analysis.fold` makes; by hours of the day of the zone that `local.know_zone` made known."""
    limits = {name: limits_ms[LIMITS_OF_TYPE.get(name, "step")][:2][-1] for name in SPAN_TYPES}
    within = con.execute(_WITHIN, {"types": list(limits), "limits": list(limits.values())}).fetchall()
    return Latency(
        {(kind, operation): share for kind, operation, share in within},
        frames.query(con, _HEAT, _HEAT_DTYPES),
        frames.query(con, _OUTLYING, _OUTLIERS_DTYPES),
        _bins(con),
    )


def _bins(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    counted = frames.query(con, _BINS, _BINS_DTYPES)
    low, high = counted["bin"] / _BINS_A_DECADE, np.minimum((counted["bin"] + 1) / _BINS_A_DECADE, 308)
    return counted.assign(low_ms=10.0**low, high_ms=10.0**high)[["kind", "operation", "low_ms", "high_ms", "count"]]
