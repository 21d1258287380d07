"""Finished work as a frame: what pages compute of single operations.

What the terminal answers too is a statement over the sink (overview.py, performance.py); no figure stands in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reporter import frames

if TYPE_CHECKING:
    import duckdb

# Of the columns of spans those that pages compute with.
COLUMNS = (
    "id", "kind", "type", "operation", "ts", "duration_ms", "status", "correlation_id", "ttft_ms", "prompt_tokens",
    "completion_tokens", "cost_usd", "counts_tokens",
)  # fmt: skip
_FINISHED = "(SELECT * FROM window_spans WHERE (is_operation AND status <> 'unfinished') OR counts_tokens)"
_BINS_A_DECADE = 10


def work(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """COLUMNS of the window's finished operations by time; a duration that does not count (infinite, negative) is missing."""
    found = frames.spans(con, COLUMNS, _FINISHED)
    counts = np.isfinite(found["duration_ms"]) & (found["duration_ms"] >= 0)
    return found.assign(duration_ms=found["duration_ms"].where(counts))


def unfolded(con: duckdb.DuckDBPyConnection, done: pd.DataFrame) -> pd.DataFrame:
    """Without the LLM calls that their chat stream shows (`analysis.fold`)."""
    return done[~done["id"].isin(frames.query(con, "SELECT id FROM folded_calls", {"id": "Int64"})["id"])]


def timed(done: pd.DataFrame) -> pd.DataFrame:
    """What has a duration."""
    return done[done["duration_ms"].notna()]


def bucket(ts: pd.Series, seconds: int) -> pd.Series:
    """The start of the stretch of `seconds` that each moment lies in; stretches begin at multiples since 1970, in UTC."""
    starts: pd.Series = ts.dt.floor(f"{seconds}s")
    return starts


def bins(done: pd.DataFrame) -> pd.DataFrame:
    """Durations by kind and operation in bins, ten a decade: `kind, operation, low_ms, high_ms, count`, in that order."""
    durations = timed(done)
    number = pd.Series(
        np.floor(np.log10(np.maximum(durations["duration_ms"], 0.1)) * _BINS_A_DECADE + 1e-9),
        durations.index,
        name="bin",
    )
    counted = durations.groupby(["kind", "operation", number], observed=True).size().rename("count").reset_index()
    low, high = counted["bin"] / _BINS_A_DECADE, np.minimum((counted["bin"] + 1) / _BINS_A_DECADE, 308)
    return counted.assign(low_ms=10.0**low, high_ms=10.0**high)[["kind", "operation", "low_ms", "high_ms", "count"]]
