"""A trace as text: what a ticket takes. The same words as the viewer's “copy as Markdown” (assets/trace-text.js)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reporter.format import words
from reporter.format.reasons import Reason, reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

Json = dict[str, Any]
LINES = 400
# Starts are ends less durations, which are rounded.
_ROUNDED = timedelta(milliseconds=2)
# From here on when something was says more than how long after the start; as in assets/trace-text.js.
_LONG_MS = 86_400_000
_MS = timedelta(milliseconds=1)
# A time of a whole second is of a moment in the second that follows.
_SECOND = timedelta(seconds=1)
# A name that is no longer stands in too many texts.
_SHORT = 2
_REASON_CHARS = 300
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
    tokens = sum(_tokens(span) for span in counted)
    cost = sum(span.get("cost_usd") or 0 for span in counted)
    waiting = sum(span["status"] == "unfinished" for span in trace["spans"])
    parts = (
        words.ms(trace["duration_ms"]),
        ", ".join(f"{kind} {count}×" for kind, count in kinds.items()),
        (f"{tokens:,} tokens" + (f", {words.usd(cost)}" if cost else "")) if tokens else "",
        f"{words.counted(trace['failed'], 'operation')} failed" if trace["failed"] else "",
        f"{waiting} unfinished" if waiting else "",
    )
    return " · ".join(part for part in parts if part)


def _tokens(span: Json) -> int:
    """As analysis/work.py's TOKENS."""
    total = span.get("total_tokens")
    return (span.get("prompt_tokens") or 0) + (span.get("completion_tokens") or 0) if total is None else int(total)


def plain(text: object, chars: int = 120) -> str:
    """One short line without control characters or backticks."""
    return _CONTROLS.sub(" ", str(text))[:chars]


def _lines(trace: Json, start: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Depth first, each level by time; records that belong to no span stand under the smallest span around them."""
    spans = {span["id"]: span for span in trace["spans"]}
    events = {event["id"]: event for event in trace["events"] or ()}
    own = {key for span in spans.values() for key in _own(span)}
    inside: dict[object, list[tuple[datetime, Json]]] = {}
    for span in spans.values():
        parent = span.get("parent")
        inside.setdefault(parent if parent in spans else None, []).append((_at(span["start"]), span))
    free = [event for key, event in events.items() if key not in own]
    for event, around in zip(free, _around(free, list(spans.values()), events, _at(trace["end"])), strict=True):
        ts = max(_at(event["ts"]), start, around[0] if around else start)
        inside.setdefault(around[1] if around else None, []).append((ts, event))
    stack = [(0, item) for item in reversed(_sorted(inside.get(None, [])))]
    told: set[object] = set()
    while stack:
        depth, (ts, item) = stack.pop()
        if item["id"] in told:
            continue
        told.add(item["id"])
        offset = f"+{words.ms(max(0.0, (ts - start) / _MS))}"
        yield from _line(item, depth, words.moment(ts, zone) if trace["duration_ms"] > _LONG_MS else offset, events)
        stack += [(depth + 1, child) for child in reversed(_sorted(inside.get(item["id"], [])))]


# Start and end of a span, its name in lower case, why it failed.
_Bounds = tuple[datetime, datetime, str, str | None, Json]


def _around(
    free: list[Json], spans: list[Json], events: dict[object, Json], end: datetime
) -> Iterator[tuple[datetime, object] | None]:
    """Start and id of the span that each of the records stands in: the smallest around it; of a whole second, written
    somewhere in the second that follows, one that it tells of (`_tells`), else the longest. Both are in order of time, so that of
    25,000 spans few are looked at for each."""
    waiting = sorted(
        (
            (
                _at(span["start"]),
                _at(span["end"]) if span.get("end") else end,
                span["operation"].lower(),
                _why(span, events),
                span,
            )
            for span in spans
        ),
        key=lambda bounds: bounds[0],
    )
    active: list[_Bounds] = []
    taken = 0
    for event in free:
        ts = _at(event["ts"])
        while taken < len(waiting) and waiting[taken][0] <= ts + _SECOND + _ROUNDED:
            active.append(waiting[taken])
            taken += 1
        active = [bounds for bounds in active if bounds[1] >= ts - _ROUNDED]
        yield _smallest(event, ts, active)


def _smallest(event: Json, ts: datetime, active: list[_Bounds]) -> tuple[datetime, object] | None:
    is_rough = ts.microsecond == 0
    latest = ts + _SECOND if is_rough else ts
    found = [b for b in active if b[0] <= latest and ts <= b[1]] or [b for b in active if b[0] <= ts + _ROUNDED]
    if not found:
        return None
    why = reason(event)
    text = f"{event['message'] or ''} {event['operation'] or ''}".lower()

    def rank(bounds: _Bounds) -> tuple[int, float, bool]:
        start, end, _, _, span = bounds
        length = (end - start) / _MS if span["status"] == "unfinished" else span.get("duration_ms") or 0
        tells = _tells(event["status"] == "error", why.message if why else None, text, bounds) if is_rough else 0
        return -tells, -length if is_rough else length, span["kind"] != event["kind"]

    start, _, _, _, span = min(found, key=rank)
    return start, span["id"]


def _tells(has_failed: bool, why: str | None, text: str, bounds: _Bounds) -> int:
    """How much a record says of a span: why it failed in the same words, its name, or that it failed too."""
    _, _, name, own, span = bounds
    fails_too = has_failed and span["status"] == "error"
    if fails_too and why and own == why:
        return 3
    if (
        span.get("type") != "root"
        and len(name) > _SHORT
        and name in text
        and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
    ):
        return 2
    return int(fails_too)


def _own(span: Json) -> list[object]:
    return [span["id"], span.get("start_event"), span.get("row_event")]


def _sorted(items: list[tuple[datetime, Json]]) -> list[tuple[datetime, Json]]:
    """By time; of what began together the longest span first, records as they came."""

    def key(item: tuple[datetime, Json]) -> tuple[datetime, float, object]:
        ts, one = item
        return ts, -(one.get("duration_ms") or 0) if "ts" not in one else 0, one["id"]

    return sorted(items, key=key)


def _line(item: Json, depth: int, at: str, events: dict[object, Json]) -> Iterator[str]:
    is_span = "ts" not in item
    took = words.ms(item.get("duration_ms")) if is_span and item["status"] != "unfinished" else ""
    name = item["operation"] if is_span else item["event"] or item["message"] or item["level"] or ""
    mark = _MARKS.get(item.get("status") or "", " ")
    at = at if is_span or _at(item["ts"]).microsecond else f"≈ {at}"
    yield f"{at:>10}{took:>11} {mark} {'  ' * depth}{item['kind']} {plain(name)}"
    found = _reason(item, events) if item.get("status") == "error" else None
    if found and found.message and found.message != name:
        named = f"{found.error_class}: " if found.error_class else ""
        yield f"{'':24}{'  ' * depth}→ {named}{plain(found.message, _REASON_CHARS)}"


def _reason(item: Json, events: dict[object, Json]) -> Reason | None:
    """Why it failed, as the first of its records that says it has it."""
    keys = _own(item) if "ts" not in item else [item["id"]]
    own = sorted((events[key] for key in dict.fromkeys(keys) if key in events), key=lambda e: (e["ts"], e["id"]))
    return next((found for found in map(reason, own) if found and found.message), None)


def _why(span: Json, events: dict[object, Json]) -> str | None:
    found = _reason(span, events) if span["status"] == "error" else None
    return found.message if found else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
