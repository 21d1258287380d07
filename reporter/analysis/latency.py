"""Where the time of operations lies: by hour of the day, in outliers, over the window, within the class limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reporter.analysis.given import CLASS_LIMITS_MS
from reporter.analysis.performance import LIMITS_OF_TYPE
from reporter.analysis.work import bins, timed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

HEAT_ROWS, _OUTLIERS, _LEAST_COUNT = 12, 20, 20
_OPERATION = ["kind", "operation"]


@dataclass(frozen=True)
class Latency:
    """Frames, and by (kind, operation) `within`: the share (0–1) of durations that are fast or normal for their type of work.

    `heat`: kind, operation, hour (0 to 23, in the viewer's zone), count, p95_ms: of the twelve operations that took most
    time in all, over all days, the longest first. `outliers`: kind, operation, ts, duration_ms, times_median,
    correlation_id: single work of operations with at least 20 durations, by times their median. `bins`: kind, operation,
    low_ms, high_ms, count, ten bins a decade.
    """

    within: dict[tuple[str, str], float]
    heat: pd.DataFrame
    outliers: pd.DataFrame
    bins: pd.DataFrame


def latency(done: pd.DataFrame, zone: str, limits_ms: Mapping[str, tuple[float, ...]] = CLASS_LIMITS_MS) -> Latency:
    """Of finished work (`work.work`). `zone`: whose hours of the day."""
    durations = timed(done)
    return Latency(_within(durations, limits_ms), _heat(durations, zone), _outliers(durations), bins(durations))


def _within(durations: pd.DataFrame, limits_ms: Mapping[str, tuple[float, ...]]) -> dict[tuple[str, str], float]:
    limit = durations["type"].map(lambda name: limits_ms[LIMITS_OF_TYPE.get(name, "step")][:2][-1]).astype(float)
    shares = (durations["duration_ms"] < limit).groupby([durations[name] for name in _OPERATION], observed=True).mean()
    found: dict[Any, Any] = shares.to_dict()
    return found


def _heat(durations: pd.DataFrame, zone: str) -> pd.DataFrame:
    totals = durations.groupby(_OPERATION, observed=True)["duration_ms"].sum().rename("total").reset_index()
    most = totals.sort_values(["total", *_OPERATION], ascending=[False, True, True]).head(HEAT_ROWS)
    local = durations.assign(hour=durations["ts"].dt.tz_convert(zone).dt.hour.astype("Int64"))
    cells = local.merge(most, on=_OPERATION).groupby(["total", *_OPERATION, "hour"], observed=True)["duration_ms"]
    heat = cells.quantile(0.95).rename("p95_ms").to_frame().assign(count=cells.size()).reset_index()
    ordered = heat.sort_values(["total", *_OPERATION, "hour"], ascending=[False, True, True, True])
    return ordered[[*_OPERATION, "hour", "count", "p95_ms"]].reset_index(drop=True)


def _outliers(durations: pd.DataFrame) -> pd.DataFrame:
    of_operation = durations.groupby(_OPERATION, observed=True)["duration_ms"]
    median, count = of_operation.transform("median"), of_operation.transform("size")
    known = durations.assign(times_median=durations["duration_ms"] / median)[(count >= _LEAST_COUNT) & (median > 0)]
    worst = known.sort_values(["times_median", "id"], ascending=[False, True]).head(_OUTLIERS)
    return worst[[*_OPERATION, "ts", "duration_ms", "times_median", "correlation_id"]].reset_index(drop=True)
