"""Commands: how often and how well each runs, where its time goes by step, and which runs were slow or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter import frames
from reporter.analysis.overview import COUNTED
from reporter.analysis.weights import how_many, total
from reporter.analysis.work import DONE

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_RUNS = 10


@dataclass(frozen=True)
class Commands:
    """`dry_runs`: finished ones by command. Frames:

    `steps`: command, step (its type), count, errors, total_ms, share (of the time of the command's runs, 0–1): commands by their
    time in all, each one's steps by theirs. `slow`, `failing`: operation, ts, duration_ms, status, correlation_id of single
    runs: by duration, and latest first. `outcomes`: event, state (as logged; missing where it does not say), count: what
    look-ups and conditions found.
    """

    dry_runs: dict[str, int]
    steps: pd.DataFrame
    slow: pd.DataFrame
    failing: pd.DataFrame
    outcomes: pd.DataFrame


_STEPS_DTYPES = {
    "command": frames.TEXT, "step": frames.TEXT, "count": "Int64", "errors": "Int64", "total_ms": "float64", "share": "float64",
}  # fmt: skip
_STEPS = f"""
WITH runs AS (SELECT operation, {total("duration_ms", COUNTED)} AS total FROM window_spans WHERE type = 'command' AND is_operation GROUP BY 1),
steps AS (
  SELECT c.operation AS command, s.operation AS step, {how_many(of="s.")} AS n, {how_many("s.status = 'error'", of="s.")} AS errors,
    coalesce({total("s.duration_ms", "s.duration_ms >= 0 AND isfinite(s.duration_ms)", of="s.")}, 0) AS total
  FROM window_spans s JOIN window_spans c ON c.id = s.parent
  WHERE s.type IN ('step', 'generation', 'template') AND c.type = 'command' AND s.is_operation GROUP BY ALL)
SELECT command, step, n, errors, steps.total, steps.total / nullif(runs.total, 0)
FROM steps LEFT JOIN runs ON runs.operation = command ORDER BY runs.total DESC NULLS LAST, command, steps.total DESC, step"""

_OUTCOMES_DTYPES = {"event": frames.TEXT, "state": frames.TEXT, "count": "Int64"}
_OUTCOMES = f"""
SELECT event, state, {how_many()} FROM window_events WHERE event IN ('command.template.rendered', 'command.condition.evaluated')
GROUP BY ALL ORDER BY event, {how_many()} DESC, state"""


_RUN_DTYPES = {
    "operation": frames.TEXT, "ts": frames.TIME, "duration_ms": "float64", "status": frames.CATEGORIES["status"], "correlation_id": frames.TEXT,
}  # fmt: skip
_RUN = f"""
SELECT operation, timezone('UTC', ts), CASE WHEN {COUNTED} THEN duration_ms END, status, correlation_id FROM {DONE} WHERE type = 'command'"""
_SLOW = f"{_RUN} AND {COUNTED} ORDER BY duration_ms DESC, id LIMIT {_RUNS}"
_FAILING = f"{_RUN} AND status = 'error' ORDER BY ts DESC, id LIMIT {_RUNS}"


def commands(con: duckdb.DuckDBPyConnection) -> Commands:
    """Command figures of `window_events` and `window_spans`."""
    dry = con.execute(
        f"SELECT operation, {how_many()} FROM window_spans WHERE type = 'command' AND is_operation AND dry_run GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return Commands(
        dict(dry),
        frames.query(con, _STEPS, _STEPS_DTYPES),
        frames.query(con, _SLOW, _RUN_DTYPES),
        frames.query(con, _FAILING, _RUN_DTYPES),
        frames.query(con, _OUTCOMES, _OUTCOMES_DTYPES),
    )
