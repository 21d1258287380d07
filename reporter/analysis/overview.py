"""The figures at a glance: totals, each kind's rates and percentiles, tokens, the busiest operations, time series."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reporter import engine
from reporter.analysis import ALL, fold
from reporter.analysis.faults import count_faults
from reporter.analysis.weights import added, how_many, percentiles
from reporter.analysis.work import TOKENS
from reporter.events.names import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    import duckdb

    from reporter.analysis.chosen import Chosen
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
    """`error_rate`: errors / operations, 0–1, null without operations. `error_events`: all events that tell of an error.
    `faults`: as analysis/faults.py has them; `failed_traces`: of `traces`, those that hold an error; `failed_share`: their share."""

    events: int
    traces: int
    operations: int
    errors: int
    error_rate: float | None
    error_events: int
    faults: int
    failed_traces: int
    failed_share: float | None


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

    @property
    def is_empty(self) -> bool:
        """Whether lists for people can leave the kind out."""
        return not (self.events or self.count or self.unfinished)


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
    """`kinds`: each by itself, as scripts have them; `listed_kinds`: those that lists show, LLM calls that their streams show
    (`folded_calls`) counted there alone, and a kind left out of which nothing else is there."""

    window: Window
    sources: tuple[Source, ...]
    totals: Totals
    kinds: dict[str, KindFigures]
    tools: tuple[OperationCount, ...]
    commands: tuple[OperationCount, ...]
    tokens: Tokens
    buckets: tuple[Bucket, ...]
    listed_kinds: dict[str, KindFigures]
    folded_calls: int


# Durations that count: finite and not negative.
COUNTED = "duration_ms >= 0 AND isfinite(duration_ms)"
# The start of the stretch of `$seconds` that `ts` lies in; stretches begin at multiples since 1970, in UTC.
BUCKET = "make_timestamp((epoch_us(ts) // ($seconds::BIGINT * 1000000)) * $seconds::BIGINT * 1000000)"


def overview(
    con: duckdb.DuckDBPyConnection,
    window: Window,
    faults: Callable[[], Collection[tuple[int | None, int]]],
    sources: tuple[Source, ...] = (),
    chosen: Chosen = ALL,
) -> Overview:
    """All figures of the overview over `window_events` and `window_spans`, which are of the `chosen`. `faults`: of each error event the failed span and the fault
    it is of, asked for last, so that it may be found meanwhile.

    Percentiles are linear between order statistics (Hyndman & Fan type 7), in ms, null where there is no duration.
    """
    over_time = buckets(con, window.bucket_seconds)
    by_kind, folded, traces = kinds(con, over_time), fold(con), _all_traces(con, chosen)
    (tools, commands), tokens = _busiest(con), _tokens(con)
    listed = _listed(by_kind, kinds(con, over_time, "listed_spans")) if folded else by_kind
    totals = totals_of(traces, count_faults(con, faults()), over_time, by_kind)
    return Overview(window, sources, totals, by_kind, tools, commands, tokens, over_time, listed, folded)


def _listed(by_kind: Mapping[str, KindFigures], listed: dict[str, KindFigures]) -> dict[str, KindFigures]:
    """Without the kind that is told of elsewhere, its events with those of the calls that show it."""
    if listed["llm"].count or listed["llm"].unfinished:
        return listed
    chat = replace(listed["chat"], events=by_kind["chat"].events + by_kind["llm"].events)
    return {kind: chat if kind == "chat" else figures for kind, figures in listed.items() if kind != "llm"}


_BUCKETS = f"""
SELECT {BUCKET} AS start, kind, {how_many()}, {how_many("status = 'error'")}
FROM window_events GROUP BY ALL ORDER BY start, kind"""


def buckets(con: duckdb.DuckDBPyConnection, step: int) -> tuple[Bucket, ...]:
    """`window_events` by kind in stretches of `step` seconds, earliest first."""
    return tuple(Bucket(*row) for row in engine.again(con, _BUCKETS, {"seconds": step}).fetchall())


# A trace failed or did not as a whole, like its page says it, though it may reach beyond the window; of what is not wanted it may hold more.
_TRACES = """
WITH traces AS (SELECT DISTINCT correlation_id FROM window_events WHERE correlation_id IS NOT NULL)
SELECT count(*), count(*) FILTER (correlation_id IN (
  SELECT correlation_id FROM {events} WHERE status = 'error' UNION ALL SELECT correlation_id FROM {spans} WHERE status = 'error'))
FROM traces"""


def count_traces(con: duckdb.DuckDBPyConnection, chosen: Chosen = ALL) -> tuple[int, int]:
    """How many traces have an event in `window_events`, and in how many of these something of the `chosen`, which is prepared, failed."""
    total, failed = engine.again(con, _TRACES.format(events=chosen.events, spans=chosen.spans)).fetchall()[0]
    return total, failed


def _all_traces(con: duckdb.DuckDBPyConnection, chosen: Chosen) -> tuple[int, int]:
    """With those of which cells tell alone, by when they began: none of them failed."""
    total, failed = count_traces(con, chosen)
    (more,) = con.execute(f"SELECT {how_many()} FROM window_counted WHERE what = 'trace'").fetchall()[0]
    return total + more, failed


def totals_of(
    traces: tuple[int, int], faults: int, over_time: Iterable[Bucket], by_kind: Mapping[str, KindFigures]
) -> Totals:
    """Of all kinds together. `traces`: as `count_traces` has them; `over_time`: the events' `buckets`; `by_kind`: `kinds`."""
    operations, errors = sum(k.count for k in by_kind.values()), sum(k.errors for k in by_kind.values())
    total, failed = traces
    return Totals(
        sum(k.events for k in by_kind.values()),
        total,
        operations,
        errors,
        errors / operations if operations else None,
        sum(bucket.error_events for bucket in over_time),
        faults,
        failed,
        failed / total if total else None,
    )


KIND_COUNTS = ", ".join(
    how_many(which)
    for which in (
        "is_operation AND status <> 'unfinished'",
        "is_operation AND status = 'error'",
        "status = 'unfinished'",
    )
)
KIND_FIGURES = f"{KIND_COUNTS}, {percentiles('duration_ms', [0.5, 0.95], f'is_operation AND {COUNTED}')}"


def kinds(
    con: duckdb.DuckDBPyConnection, over_time: Iterable[Bucket], spans: str = "window_spans"
) -> dict[str, KindFigures]:
    """All kinds' figures of spans and of the events' `buckets`, in the order of KINDS."""
    return kinds_of(con.execute(f"SELECT kind, {KIND_FIGURES} FROM {spans} GROUP BY kind").fetchall(), over_time)


def kinds_of(
    rows: Iterable[tuple[str, int, int, int, list[float] | None]], over_time: Iterable[Bucket]
) -> dict[str, KindFigures]:
    """The same of rows of kind and KIND_FIGURES."""
    events: Counter[str] = Counter()
    for bucket in over_time:
        events[bucket.kind] += bucket.events
    figures = {
        kind: KindFigures(
            events[kind],
            count,
            count - errors,
            errors,
            unfinished,
            (count - errors) / count if count else None,
            *(percentiles or (None, None)),
        )
        for kind, count, errors, unfinished, percentiles in rows
    }
    return {k: figures.get(k, KindFigures(events[k], 0, 0, 0, 0, None, None, None)) for k in KINDS}


_TOP = 10
_BUSIEST = f"""
SELECT type = 'command', operation, {how_many()} AS n FROM window_spans
WHERE is_operation AND status <> 'unfinished' AND (kind = 'tool' OR type = 'command') GROUP BY ALL ORDER BY n DESC, operation"""


def _busiest(con: duckdb.DuckDBPyConnection) -> list[tuple[OperationCount, ...]]:
    """The busiest tools, and the busiest commands."""
    rows = con.execute(_BUSIEST).fetchall()
    return [
        tuple(OperationCount(name, n) for is_command, name, n in rows if is_command == wanted)[:_TOP]
        for wanted in (False, True)
    ]


def _tokens(con: duckdb.DuckDBPyConnection) -> Tokens:
    row = con.execute(
        f"""SELECT coalesce(sum(prompt_tokens), 0)::BIGINT, coalesce(sum(completion_tokens), 0)::BIGINT,
          coalesce(sum({TOKENS}), 0)::BIGINT,
          coalesce({added("cost_usd")}, 0)
        FROM window_spans WHERE counts_tokens"""
    ).fetchall()[0]
    return Tokens(*row)
