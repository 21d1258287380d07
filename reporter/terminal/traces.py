"""`trace`: its events in order, its spans as a tree, or the timeline; and lists of traces."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from reporter.format import timeline, words
from reporter.terminal.layout import as_csv, as_json, bad, cell, flowing, plain, table, window_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reporter.analysis.traces import TraceSummary
    from reporter.window import Window

_EVENT_COLUMNS = (
    "ts", "kind", "event", "operation", "status", "duration_ms", "level", "message", "source", "offset", "context",
)  # fmt: skip


def trace(document: dict[str, Any], form: str, zone: ZoneInfo) -> str:
    """One trace (`analysis.trace.trace`) as a table of its events, as JSON, as CSV of its events, or as the timeline."""
    if form == "json":
        return as_json(document, is_indented=False)
    if form == "timeline":
        return timeline.timeline(document, zone)
    if form == "csv":
        return as_csv(_EVENT_COLUMNS, ([_csv_cell(e[name]) for name in _EVENT_COLUMNS] for e in document["events"]))
    times = [datetime.fromisoformat(e["ts"]) for e in document["events"]]
    has_day = bool(times) and words.spans_days(min(times), max(times), zone)
    numbers = {name: n for n, name in enumerate(dict.fromkeys(e["source"] for e in document["events"]), 1)}
    rows = (
        (words.clock(ts, zone, has_day=has_day), e["kind"], words.name(e["event"] or e["message"] or "", 200),
         words.name(e["operation"]) if e["operation"] and e["operation"] != e["event"] else "",
         e["status"] or "", words.took(e["duration_ms"]), cell(f"[{numbers[e['source']]}] {e['offset']}", "dim"))
        for ts, e in zip(times, document["events"], strict=True)
    )  # fmt: skip
    columns = ("time!", "kind!", "event…", "operation…", "status!", "took ", "source, byte!")
    # An event names its kind.
    spare = ("source, byte!", "kind!", "operation…")
    start = words.moment(datetime.fromisoformat(document["start"]), zone)
    heading = f"{timeline.plain(document['root'])} · {timeline.plain(document['correlation_id'])} · {start} {zone.key} · {timeline.summary(document)}"
    sources = "\n".join(f"[{n}] {plain(name)}" for name, n in numbers.items())
    return f"{flowing(heading)}\n\n{table(columns, rows, spare=spare)}\n\n{sources}"


def _csv_cell(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return as_json(value).replace("\n", " ") if isinstance(value, dict | list) else value


_SUMMARY_COLUMNS = (
    "correlation_id", "start", "duration_ms", "status", "events", "error_events", "operations", "root", "failed",
)  # fmt: skip


def traces(found: Sequence[TraceSummary], total: int, form: str, zone: ZoneInfo, window: Window | None = None) -> str:
    """A list of traces, the first of `total`; `window`: that they are of."""
    if form == "json":
        listed = [{**vars(t), "start": words.iso(t.start)} for t in found]
        return as_json({"window": window_json(window) if window else None, "total": total, "traces": listed})
    if form == "csv":
        columns = _SUMMARY_COLUMNS
        return as_csv(
            columns, ([words.iso(t.start) if n == "start" else getattr(t, n) for n in columns] for t in found)
        )
    if not found:
        return "No such trace in this period."
    rows = [
        (words.moment(t.start, zone), t.correlation_id, t.status, words.ms(t.duration_ms), words.count(t.events),
         bad(t.error_events), t.root)
        for t in found
    ]  # fmt: skip
    names = ("start!", "trace›", "status!", "took ", "events ", "errors ", "what…")
    more = f"\n… {words.count(total - len(found))} more: --top {total}" if total > len(found) else ""
    return f"{table(names, rows, spare=('events ', 'errors ', 'start!'))}{more}"
