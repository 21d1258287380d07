"""Traces: all events of one correlation id, listed and, for those worth a look, with every event and span in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window


@dataclass(frozen=True)
class TraceSummary:
    """One trace within the window. `status`: error, unfinished or ok; `duration_ms` from first start to last end."""

    correlation_id: str
    start: datetime
    duration_ms: float
    status: str
    events: int
    error_events: int
    operations: int
    root: str


@dataclass(frozen=True)
class TraceEvent:
    ts: datetime
    kind: str
    event: str | None
    operation: str | None
    status: str | None
    duration_ms: float | None
    level: str | None
    message: str | None
    source: str
    offset: int
    context: str | None


@dataclass(frozen=True)
class TraceSpan:
    id: int
    kind: str
    operation: str
    start: datetime
    duration_ms: float | None
    status: str


@dataclass(frozen=True)
class Trace:
    summary: TraceSummary
    events: tuple[TraceEvent, ...]
    spans: tuple[TraceSpan, ...]


@dataclass(frozen=True)
class Traces:
    """`summaries`: all of the window, latest first; `detailed`: the failing, unfinished, slowest and latest of them."""

    window: Window
    summaries: tuple[TraceSummary, ...]
    detailed: tuple[Trace, ...]


# How many traces a report carries with all their events, and how much context at most.
DETAILED_TRACES = 1000
CONTEXT_CHARS = 20_000

_SUMMARIES = """
WITH e AS (
  SELECT correlation_id, min(ts) AS first, max(ts) AS last, count(*) AS events, count(*) FILTER (status = 'error') AS errors,
    arg_min(coalesce(event, message), (ts, id)) AS first_event
  FROM window_events WHERE correlation_id IS NOT NULL GROUP BY correlation_id),
s AS (
  SELECT correlation_id, min(start_ts) AS first, count(*) FILTER (is_operation AND status <> 'unfinished') AS operations,
    count(*) FILTER (status = 'unfinished') AS unfinished,
    arg_max(kind || ' ' || operation, (CASE type WHEN 'command' THEN 3 WHEN 'root' THEN 2 WHEN 'stream' THEN 1 ELSE 0 END, duration_ms)) AS root
  FROM window_spans WHERE correlation_id IS NOT NULL GROUP BY correlation_id)
SELECT correlation_id, least(e.first, coalesce(s.first, e.first)) AS start,
  (epoch_us(e.last) - epoch_us(least(e.first, coalesce(s.first, e.first)))) / 1000 AS duration_ms,
  CASE WHEN errors > 0 THEN 'error' WHEN unfinished > 0 THEN 'unfinished' ELSE 'ok' END AS status,
  events, errors, coalesce(operations, 0), coalesce(root, first_event, '')
FROM e LEFT JOIN s USING (correlation_id) ORDER BY start DESC, correlation_id"""

_EVENTS = """
SELECT correlation_id, ts, kind, event, operation, status, duration_ms, level, left(message, 4000),
  coalesce(n.name, 'source ' || e.source), "offset", left(context, $chars)
FROM window_events e LEFT JOIN source_names n ON n.id = e.source
WHERE correlation_id IN (SELECT unnest($ids)) ORDER BY correlation_id, ts, e.id"""

_SPANS = """
SELECT correlation_id, id, kind, operation, start_ts, duration_ms, status FROM window_spans
WHERE correlation_id IN (SELECT unnest($ids)) ORDER BY correlation_id, start_ts, duration_ms DESC NULLS LAST, id"""


def traces(con: duckdb.DuckDBPyConnection, window: Window, detailed: int = DETAILED_TRACES) -> Traces:
    """The window's traces. Beside `window_events` and `window_spans` it reads `source_names` (id, name)."""
    summaries = tuple(TraceSummary(*row) for row in con.execute(_SUMMARIES).fetchall())
    chosen = notable(summaries, detailed)
    ids = [summary.correlation_id for summary in chosen]
    events: dict[str, list[TraceEvent]] = {name: [] for name in ids}
    spans: dict[str, list[TraceSpan]] = {name: [] for name in ids}
    if ids:
        for name, *row in con.execute(_EVENTS, {"ids": ids, "chars": CONTEXT_CHARS}).fetchall():
            events[name].append(TraceEvent(*row))
        for name, *row in con.execute(_SPANS, {"ids": ids}).fetchall():
            spans[name].append(TraceSpan(*row))
    full = tuple(Trace(s, tuple(events[s.correlation_id]), tuple(spans[s.correlation_id])) for s in chosen)
    return Traces(window, summaries, full)


def notable(summaries: tuple[TraceSummary, ...], count: int) -> list[TraceSummary]:
    """The `count` traces worth carrying whole: failing first, then unfinished, then half of the rest by duration and
    the other half by age."""
    if len(summaries) <= count:
        return list(summaries)
    rank = {"error": 0, "unfinished": 1, "ok": 2}
    by_need = sorted(summaries, key=lambda s: (rank[s.status], -s.duration_ms, s.correlation_id))
    bad = [s for s in by_need if s.status != "ok"][:count]
    rest = [s for s in by_need if s.status == "ok"]
    slow = rest[: (count - len(bad)) // 2]
    taken = {s.correlation_id for s in bad + slow}
    latest = [s for s in summaries if s.status == "ok" and s.correlation_id not in taken]
    return bad + slow + latest[: count - len(bad) - len(slow)]
