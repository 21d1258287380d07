"""A trace as text: what a ticket takes. The same words as the viewer's “copy as Markdown” (assets/trace.js)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

Json = dict[str, Any]
LINES = 400
# Starts are ends less durations, which are rounded.
_ROUNDED = timedelta(milliseconds=2)
# From here on when something was says more than how long after the start; as in assets/trace.js.
_LONG_MS = 86_400_000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f`\u202a-\u202e\u2066-\u2069]+")
_MARKS = {"error": "✕", "unfinished": "…"}


def timeline(trace: Json, zone: ZoneInfo) -> str:
    """`trace` (what `analysis.trace.trace` gives) as Markdown: a heading, a summary and one line a span or record."""
    start = _at(trace["start"])
    lines = list(_lines(trace, start, zone))
    more = [f"… {len(lines) - LINES} more"] if len(lines) > LINES else []
    return "\n".join(
        [
            f"### {plain(trace['root'])}: {trace['status']}",
            "",
            f"Trace `{plain(trace['correlation_id'])}` · {words.moment(start, zone)} {zone.key} · {summary(trace)}",
            "",
            "```text",
            *lines[:LINES],
            *more,
            "```",
        ]
    )


def summary(trace: Json) -> str:
    """Duration, spans by kind, tokens and cost, failures."""
    spans = [span for span in trace["spans"] if span["type"] != "root"]
    kinds: dict[str, int] = {}
    for span in spans:
        kinds[span["kind"]] = kinds.get(span["kind"], 0) + 1
    counted = [span for span in trace["spans"] if span.get("counts_tokens")]
    tokens = sum((span.get("prompt_tokens") or 0) + (span.get("completion_tokens") or 0) for span in counted)
    cost = sum(span.get("cost_usd") or 0 for span in counted)
    waiting = sum(span["status"] == "unfinished" for span in trace["spans"])
    parts = (
        words.ms(trace["duration_ms"]),
        ", ".join(f"{kind} {count}×" for kind, count in kinds.items()),
        (f"{tokens:,} tokens" + (f", {words.usd(cost)}" if cost else "")) if tokens else "",
        f"{trace['failed']} failed" if trace["failed"] else "",
        f"{waiting} unfinished" if waiting else "",
    )
    return " · ".join(part for part in parts if part)


def plain(text: object) -> str:
    """One short line without control characters or backticks."""
    return _CONTROLS.sub(" ", str(text))[:120]


def _lines(trace: Json, start: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Depth first, each level by time; records that belong to no span stand under the smallest span around them."""
    spans = {span["id"]: span for span in trace["spans"]}
    events = {event["id"]: event for event in trace["events"] or ()}
    own = {key for span in spans.values() for key in _own(span)}
    inside: dict[object, list[tuple[datetime, Json]]] = {}
    for span in spans.values():
        parent = span.get("parent")
        inside.setdefault(parent if parent in spans else None, []).append((_at(span["start"]), span))
    bounds = [(_at(s["start"]), _at(s.get("end") or trace["end"]), s) for s in spans.values()]
    for key, event in events.items():
        if key not in own:
            around = _around(event, bounds)
            ts = max(_at(event["ts"]), start, around[0] if around else start)
            inside.setdefault(around[1] if around else None, []).append((ts, event))
    stack = [(0, item) for item in reversed(_sorted(inside.get(None, [])))]
    told: set[object] = set()
    while stack:
        depth, (ts, item) = stack.pop()
        if item["id"] in told:
            continue
        told.add(item["id"])
        offset = f"+{words.ms(max(0.0, (ts - start).total_seconds() * 1000))}"
        yield from _line(item, depth, words.moment(ts, zone) if trace["duration_ms"] > _LONG_MS else offset, events)
        stack += [(depth + 1, child) for child in reversed(_sorted(inside.get(item["id"], [])))]


def _around(event: Json, bounds: list[tuple[datetime, datetime, Json]]) -> tuple[datetime, object] | None:
    """Start and id of the span a record stands in: the smallest around it; for a log line of a whole second, written
    somewhere in the second that follows, a failed one that it may tell of, else the longest."""
    ts = _at(event["ts"])
    is_rough = ts.microsecond == 0
    found = [f for f in bounds if f[0] <= ts + timedelta(seconds=is_rough) and ts <= f[1]] or [
        f for f in bounds if f[0] - _ROUNDED <= ts <= f[1] + _ROUNDED
    ]
    if not found:
        return None
    failed = event["status"] == "error"

    def rank(item: tuple[datetime, datetime, Json]) -> tuple[bool, float, bool]:
        start, end, span = item
        length = (
            (end - start).total_seconds() * 1000 if span["status"] == "unfinished" else span.get("duration_ms") or 0
        )
        other = is_rough and not (failed and span["status"] == "error")
        return other, -length if is_rough else length, span["kind"] != event["kind"]

    start, _, span = min(found, key=rank)
    return start, span["id"]


def _own(span: Json) -> list[object]:
    return [span["id"], span.get("start_event"), span.get("row_event")]


def _sorted(items: list[tuple[datetime, Json]]) -> list[tuple[datetime, Json]]:
    return sorted(items, key=lambda item: (item[0], -(item[1].get("duration_ms") or 0), item[1]["id"]))


def _line(item: Json, depth: int, at: str, events: dict[object, Json]) -> Iterator[str]:
    is_span = "ts" not in item
    took = words.ms(item.get("duration_ms")) if is_span and item["status"] != "unfinished" else ""
    name = item["operation"] if is_span else item["event"] or item["message"] or item["level"] or ""
    mark = _MARKS.get(item.get("status") or "", " ")
    yield f"{at:>10}{took:>11} {mark} {'  ' * depth}{item['kind']} {plain(name)}"
    for key in _own(item) if is_span else [item["id"]]:
        reason = _reason(events.get(key))
        if reason:
            yield f"{'':24}{'  ' * depth}→ {plain(reason)}"
            return


def _reason(event: Json | None) -> str | None:
    """Why it failed, as the record says."""
    if not event or event["status"] != "error" or not isinstance(event["context"], dict):
        return None
    data = event["context"].get("data")
    facts = data if isinstance(data, dict) else event["context"]
    found = facts.get("error_message") or facts.get("error")
    return found if isinstance(found, str) else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
