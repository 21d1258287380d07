"""The latest events: what a live view shows as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from reporter import engine
from reporter.redaction.cut import cut

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window


@dataclass(frozen=True)
class RecentEvent:
    """One event; `said`: its name, or the beginning of the log line. `message`: why it failed, else what was logged beside the name."""

    ts: datetime
    kind: str
    said: str
    operation: str | None
    status: str | None
    duration_ms: float | None
    correlation_id: str | None
    message: str | None


_SELECTED = f"""SELECT ts, kind, {cut("coalesce(event, message, '')", 200)}, CASE WHEN operation <> event THEN operation END, status,
  duration_ms, correlation_id,
  {cut("coalesce(error_message, CASE WHEN event IS NOT NULL AND message <> event THEN message END)", 200)} FROM"""


def recent(con: duckdb.DuckDBPyConnection, window: Window, count: int) -> tuple[RecentEvent, ...]:
    """The latest `count` of `window_events`, the latest first."""
    # Mostly they are of the last minute: sorting a busy hour takes five times as long.
    for since in (max(window.start, window.end - timedelta(minutes=1)), window.start):
        rows = engine.again(
            con,
            f"{_SELECTED} window_events WHERE ts >= ? ORDER BY ts DESC, id DESC LIMIT {count}",
            [since.replace(tzinfo=None)],
        ).fetchall()
        if len(rows) == count:
            break
    return tuple(RecentEvent(*row) for row in rows)


def since(con: duckdb.DuckDBPyConnection, batch: int) -> tuple[RecentEvent, ...]:
    """The events of `events` that came after the batch, in order of time."""
    rows = con.execute(f"{_SELECTED} events WHERE batch > {batch} ORDER BY ts, id").fetchall()
    return tuple(RecentEvent(*row) for row in rows)
