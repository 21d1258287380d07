"""The figures at a glance: totals, each kind's rates and percentiles, tokens, the busiest operations, time series."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.event_names import KINDS

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window


@dataclass(frozen=True)
class Source:
    """A log file or table and what was read of it, over all time: entries = events + rejects.

    `offset`: unpacked bytes (log) or rows (table) taken in; `size`: the file's own, in bytes. `pruned`: of the events,
    no longer kept.
    """

    name: str
    kind: str
    entries: int
    events: int
    rejects: int
    duplicates: int
    waiting_bytes: int
    note: str
    format: str = ""
    offset: int = 0
    size: int = 0
    pruned: int = 0


@dataclass(frozen=True)
class RejectSample:
    """One entry that could not be read."""

    source: str
    offset: int
    reason: str
    sample: str


@dataclass(frozen=True)
class Totals:
    """`error_rate`: errors / operations, 0–1, null without operations. `error_events`: all events that tell of an error."""

    events: int
    traces: int
    operations: int
    errors: int
    error_rate: float | None
    error_events: int


@dataclass(frozen=True)
class KindFigures:
    """`count`: finished operations; `unfinished`: started and not ended; rates 0–1; percentiles in ms."""

    events: int
    count: int
    ok: int
    errors: int
    unfinished: int
    success_rate: float | None
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True)
class Tokens:
    """Each call's tokens once: the llm call's where there is one, else the chat stream's. Cost in USD."""

    prompt: int
    completion: int
    total: int
    cost_usd: float


@dataclass(frozen=True)
class OperationCount:
    operation: str
    count: int


@dataclass(frozen=True)
class Bucket:
    """Events of one kind in one stretch of time: from `start` on, `seconds` long."""

    start: datetime
    kind: str
    events: int
    error_events: int


@dataclass(frozen=True)
class Overview:
    window: Window
    sources: tuple[Source, ...]
    totals: Totals
    kinds: dict[str, KindFigures]
    tools: tuple[OperationCount, ...]
    commands: tuple[OperationCount, ...]
    tokens: Tokens
    bucket_seconds: int
    buckets: tuple[Bucket, ...]


# Durations that count: finite and not negative.
COUNTED = "duration_ms >= 0 AND isfinite(duration_ms)"
_STEPS = (60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def overview(con: duckdb.DuckDBPyConnection, window: Window, sources: tuple[Source, ...] = ()) -> Overview:
    """All figures of the overview over `window_events` and `window_spans`.

    Percentiles are linear between order statistics (Hyndman & Fan type 7), in ms, null where there is no duration.
    """
    step = bucket_seconds(window)
    return Overview(
        window,
        sources,
        totals(con),
        kinds(con),
        _top(con, "kind = 'tool'"),
        _top(con, "type = 'command'"),
        _tokens(con),
        step,
        buckets(con, step),
    )


def bucket_seconds(window: Window) -> int:
    """The smallest round step that cuts the window into at most 96 pieces."""
    seconds = window.length.total_seconds()
    days = math.ceil(seconds / 96 / 86400)
    return next((step for step in _STEPS if seconds / step <= 96), days * 86400)


_BUCKETS = """
SELECT make_timestamp((epoch_us(ts) // ($step::BIGINT * 1000000)) * $step::BIGINT * 1000000) AS start, kind, count(*),
  count(*) FILTER (status = 'error')
FROM window_events GROUP BY ALL ORDER BY start, kind"""


def buckets(con: duckdb.DuckDBPyConnection, step: int) -> tuple[Bucket, ...]:
    """`window_events` by kind in stretches of `step` seconds, earliest first."""
    return tuple(Bucket(*row) for row in con.execute(_BUCKETS, {"step": step}).fetchall())


def totals(con: duckdb.DuckDBPyConnection) -> Totals:
    """Of `window_events` and `window_spans`."""
    events, traces, error_events = con.execute(
        """SELECT count(*), count(DISTINCT correlation_id), count(*) FILTER (status = 'error') FROM window_events"""
    ).fetchall()[0]
    operations, errors = con.execute(
        """SELECT count(*) FILTER (is_operation), count(*) FILTER (is_operation AND status = 'error') FROM window_spans
        WHERE status <> 'unfinished'"""
    ).fetchall()[0]
    return Totals(events, traces, operations, errors, errors / operations if operations else None, error_events)


def kinds(con: duckdb.DuckDBPyConnection) -> dict[str, KindFigures]:
    """All kinds' figures of `window_events` and `window_spans`, in the order of KINDS."""
    events = dict(con.execute("SELECT kind, count(*) FROM window_events GROUP BY kind").fetchall())
    rows = con.execute(
        f"""SELECT kind, count(*) FILTER (is_operation AND status <> 'unfinished') AS n,
          count(*) FILTER (is_operation AND status = 'error'), count(*) FILTER (status = 'unfinished'),
          quantile_cont(duration_ms, [0.5, 0.95]) FILTER (is_operation AND {COUNTED})
        FROM window_spans GROUP BY kind"""
    ).fetchall()
    figures = {
        kind: KindFigures(
            events.get(kind, 0),
            count,
            count - errors,
            errors,
            unfinished,
            (count - errors) / count if count else None,
            *(percentiles or (None, None)),
        )
        for kind, count, errors, unfinished, percentiles in rows
    }
    return {k: figures.get(k, KindFigures(events.get(k, 0), 0, 0, 0, 0, None, None, None)) for k in KINDS}


def _top(con: duckdb.DuckDBPyConnection, condition: str) -> tuple[OperationCount, ...]:
    rows = con.execute(
        f"""SELECT operation, count(*) AS n FROM window_spans
        WHERE is_operation AND status <> 'unfinished' AND {condition} GROUP BY operation ORDER BY n DESC, operation LIMIT 10"""
    ).fetchall()
    return tuple(OperationCount(*row) for row in rows)


def _tokens(con: duckdb.DuckDBPyConnection) -> Tokens:
    row = con.execute(
        """SELECT coalesce(sum(prompt_tokens), 0)::BIGINT, coalesce(sum(completion_tokens), 0)::BIGINT,
          coalesce(sum(coalesce(total_tokens, coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0))), 0)::BIGINT,
          coalesce(sum(cost_usd ORDER BY id), 0)
        FROM window_spans WHERE counts_tokens"""
    ).fetchall()[0]
    return Tokens(*row)
