"""Commands: how often and how well each runs, where its time goes by step, and which runs were slow or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.overview import COUNTED

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

_RUNS = 10


@dataclass(frozen=True)
class StepShare:
    """A step type of a command: how often, its time in all, and that time's share of the time of the command's runs (0–1)."""

    command: str
    step: str
    count: int
    errors: int
    total_ms: float
    share: float | None


@dataclass(frozen=True)
class Run:
    """One execution of a command."""

    command: str
    ts: datetime
    duration_ms: float | None
    status: str
    correlation_id: str | None


@dataclass(frozen=True)
class Outcome:
    """What a look-up or a condition found (`state`, as logged; null where it does not say), and how often."""

    event: str
    state: str | None
    count: int


@dataclass(frozen=True)
class Commands:
    """`dry_runs`: finished ones by command. `slow`: by duration; `failing`: latest first."""

    window: Window
    dry_runs: dict[str, int]
    steps: tuple[StepShare, ...]
    slow: tuple[Run, ...]
    failing: tuple[Run, ...]
    outcomes: tuple[Outcome, ...]


_STEPS = f"""
WITH runs AS (SELECT operation, sum(duration_ms ORDER BY id) FILTER ({COUNTED}) AS total FROM window_spans WHERE type = 'command' AND is_operation GROUP BY 1),
steps AS (
  SELECT c.operation AS command, s.operation AS step, count(*) AS n, count(*) FILTER (s.status = 'error') AS errors,
    coalesce(sum(s.duration_ms ORDER BY s.id) FILTER (s.duration_ms >= 0 AND isfinite(s.duration_ms)), 0) AS total
  FROM window_spans s JOIN window_spans c ON c.id = s.parent
  WHERE s.type IN ('step', 'generation', 'template') AND c.type = 'command' AND s.is_operation GROUP BY ALL)
SELECT command, step, n, errors, steps.total, steps.total / nullif(runs.total, 0)
FROM steps LEFT JOIN runs ON runs.operation = command ORDER BY runs.total DESC NULLS LAST, command, steps.total DESC, step"""

_RUNS_SQL = "SELECT operation, ts, duration_ms, status, correlation_id FROM window_spans WHERE type = 'command' AND is_operation"

_OUTCOMES = """
SELECT event, state, count(*) FROM window_events WHERE event IN ('command.template.rendered', 'command.condition.evaluated')
GROUP BY ALL ORDER BY event, count(*) DESC, state"""


def commands(con: duckdb.DuckDBPyConnection, window: Window) -> Commands:
    """Command figures of `window_events` and `window_spans`."""
    dry = con.execute(
        "SELECT operation, count(*) FROM window_spans WHERE type = 'command' AND is_operation AND dry_run GROUP BY 1"
    ).fetchall()
    slow = con.execute(f"{_RUNS_SQL} AND {COUNTED} ORDER BY duration_ms DESC, id LIMIT {_RUNS}").fetchall()
    failing = con.execute(f"{_RUNS_SQL} AND status = 'error' ORDER BY ts DESC, id LIMIT {_RUNS}").fetchall()
    return Commands(
        window,
        dict(dry),
        tuple(StepShare(*row) for row in con.execute(_STEPS).fetchall()),
        tuple(Run(*row) for row in slow),
        tuple(Run(*row) for row in failing),
        tuple(Outcome(*row) for row in con.execute(_OUTCOMES).fetchall()),
    )
