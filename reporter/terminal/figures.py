"""`overview`, `performance` and `sources`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reporter.format import words
from reporter.terminal import problems
from reporter.terminal.layout import as_csv, as_json, bad, cell, flowing, spark, table, window_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import OperationCount, Overview, RejectSample, Source
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.problems import Problems
    from reporter.window import Window

_KIND_COLUMNS = ("kind", "events", "count", "ok", "errors", "unfinished", "success_rate", "p50_ms", "p95_ms")
_OPERATION_COLUMNS = (
    "kind", "operation", "count", "errors", "error_rate", "min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms", "class",
)  # fmt: skip
_SOURCE_COLUMNS = (
    "name", "kind", "entries", "events", "rejects", "duplicates", "waiting_bytes", "note", "format", "offset", "size", "pruned",
)  # fmt: skip
# What --sort takes → the figure it sorts by, the largest first.
SORTS = {
    "p95": "p95_ms", "p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "max": "max_ms", "mean": "mean_ms", "count": "count",
    "errors": "errors", "rate": "error_rate",
}  # fmt: skip
TYPES = {"chat": "chat", "commands": "command", "tools": "tool", "processing": "processing", "llm": "llm"}


def _heading(window: Window, zone: ZoneInfo) -> str:
    start, end = words.moment(window.start, zone), words.moment(window.end, zone)
    return f"{start} – {end} {zone.key} ({words.period(window.length)})"


def overview(view: Overview, found: Problems | None, form: str, zone: ZoneInfo) -> str:
    """`found`: what is wrong, for people."""
    if form == "json":
        return as_json(
            {
                "window": window_json(view.window),
                "sources": [vars(s) for s in view.sources],
                "totals": vars(view.totals),
                "kinds": {kind: vars(figures) for kind, figures in view.kinds.items()},
                "top": {"tools": [vars(o) for o in view.tools], "commands": [vars(o) for o in view.commands]},
                "tokens": vars(view.tokens),
            }
        )
    if form == "csv":
        rows = ([kind, *(getattr(f, name) for name in _KIND_COLUMNS[1:])] for kind, f in view.kinds.items())
        return as_csv(_KIND_COLUMNS, rows)
    listed = f"{problems.listed(found, view, zone)}\n\n" if found else ""
    return f"{_heading(view.window, zone)}\n{listed}{_totals(view)}\n\n{_kinds(view)}{_top(view)}"


def _totals(view: Overview) -> str:
    t = view.totals
    unfinished = sum(figures.unfinished for figures in view.kinds.values())
    cost = f", {words.usd(view.tokens.cost_usd)}" if view.tokens.cost_usd else ""
    parts = [
        ", ".join(
            words.counted(n, noun)
            for n, noun in ((t.events, "event"), (t.traces, "trace"), (t.operations, "operation"))
        ),
        f"{words.count(t.errors)} failed ({words.rate(t.error_rate)})",
        f"{words.counted(t.error_events, 'error event')} of {words.counted(t.faults, 'fault')}",
        f"{words.count(unfinished)} unfinished" if unfinished else "",
        f"{words.count(view.tokens.total)} tokens{cost}",
    ]
    return flowing(", ".join(part for part in parts if part))


def _kinds(view: Overview) -> str:
    starts = sorted({bucket.start for bucket in view.buckets})
    by_kind: dict[str, dict[Any, int]] = {}
    for bucket in view.buckets:
        by_kind.setdefault(bucket.kind, {})[bucket.start] = bucket.events
    rows = [
        (kind, words.count(f.events), words.count(f.count), bad(f.errors), words.rate(f.success_rate), words.count(f.unfinished),
         words.ms(f.p50_ms), words.ms(f.p95_ms), cell(spark([by_kind.get(kind, {}).get(start, 0) for start in starts]), "cyan"))
        for kind, f in view.kinds.items() if not f.is_empty
    ]  # fmt: skip
    names = (
        "kind!", "events ", "operations ", "failed ", "success ", "unfinished ", "p50 ", "p95 ", "events over time!",
    )  # fmt: skip
    return table(names, rows, spare=("events over time!", "events ", "success ", "unfinished "))


def _top(view: Overview) -> str:
    lines = [
        f"\n{flowing(f'busiest {name}: {_named(found)}')}"
        for name, found in (("tools", view.tools), ("commands", view.commands))
        if found
    ]
    return f"\n{''.join(lines)}" if lines else ""


def _named(found: Sequence[OperationCount]) -> str:
    return ", ".join(f"{words.name(o.operation)} {words.count(o.count)}×" for o in found[:5])


def of_type(found: Sequence[OperationFigures], kind: str) -> list[OperationFigures]:
    """Those of a type of TYPES; of all, all."""
    return [o for o in found if kind == "all" or TYPES.get(kind) == o.kind]


def sorted_by(found: Sequence[OperationFigures], sort: str) -> list[OperationFigures]:
    """By a figure of SORTS, the largest first (none last); ties by kind and operation."""

    def key(o: OperationFigures) -> tuple[bool, float, str, str]:
        value = getattr(o, SORTS[sort])
        return value is None, -(value or 0), o.kind, o.operation

    return sorted(found, key=key)


def performance(
    window: Window,
    operations: Sequence[OperationFigures],
    hidden: int,
    counts: Mapping[tuple[str, str], Sequence[int]],
    form: str,
    kind: str,
    zone: ZoneInfo,
) -> str:
    """`operations`: those to show, in order; `hidden`: how many there are beside them; `counts`: finished ones over time, by kind and
    operation."""
    if form != "table":
        rows = [_figures(o) for o in operations if o.count]
        if form == "csv":
            return as_csv(_OPERATION_COLUMNS, (list(row.values()) for row in rows))
        return as_json({"window": window_json(window), "type": kind, "operations": rows})
    shown = [
        (o.kind, words.name(o.operation), words.count(o.count), bad(o.errors), words.rate(o.error_rate), words.ms(o.p50_ms), words.ms(o.p90_ms),
         words.ms(o.p95_ms), words.ms(o.p99_ms), words.ms(o.max_ms), o.duration_class or words.DASH,
         cell(spark(counts.get((o.kind, o.operation), ()), 12), "cyan"))
        for o in operations
    ]  # fmt: skip
    names = (
        "kind!", "operation…", "count ", "failed ", "rate ", "p50 ", "p90 ", "p95 ", "p99 ", "max ", "class!", "over time!",
    )  # fmt: skip
    spare = ("over time!", "p90 ", "p99 ", "class!", "max ", "rate ")
    more = f"\n… {hidden:,} more: --top {len(operations) + hidden}" if hidden else ""
    if not shown:
        return f"{_heading(window, zone)}\nNo operation finished in this period."
    return f"{_heading(window, zone)}\n\n{table(names, shown, spare=spare)}{more}"


def _figures(o: OperationFigures) -> dict[str, Any]:
    return {name: o.duration_class if name == "class" else getattr(o, name) for name in _OPERATION_COLUMNS}


def sources(found: Sequence[Source], rejected: Sequence[RejectSample], form: str) -> str:
    if form == "json":
        return as_json({"sources": [vars(s) for s in found], "rejects": [vars(r) for r in rejected]})
    if form == "csv":
        return as_csv(_SOURCE_COLUMNS, ([getattr(s, name) for name in _SOURCE_COLUMNS] for s in found))
    rows = [
        (s.name, s.kind, words.count(s.entries), words.count(s.events), bad(s.rejects), words.count(s.duplicates),
         words.count(s.pruned), words.size(s.waiting_bytes) if s.waiting_bytes else words.DASH, cell(s.note, "yellow"))
        for s in found
    ]  # fmt: skip
    names = (
        "source…",
        "kind!",
        "entries ",
        "events ",
        "rejects ",
        "duplicates ",
        "no longer kept ",
        "waiting ",
        "note",
    )
    shown = table(names, rows, spare=("duplicates ", "no longer kept ", "waiting ", "entries "))
    if rejected:
        samples = [(f"{r.source}:{r.offset}", r.reason, r.sample[:100]) for r in rejected[:10]]
        shown += "\n\n" + table(("rejected at", "why", "it began"), samples)
    return shown
