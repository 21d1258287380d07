"""What is copied into a ticket, as Markdown: an error group in full, and the problems of a report. Of results that were redacted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reporter.format import words
from reporter.format.timeline import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from reporter.analysis.error_details import Before, ErrorDetails, Occurrence
    from reporter.analysis.errors import ErrorGroup
    from reporter.analysis.overview import Overview
    from reporter.analysis.problems import Problems
    from reporter.events.exceptions import ExceptionPart

# Frames of an exception, lines of a context: beyond them a ticket is no longer read.
_FRAMES, _LINES, _MESSAGE = 12, 60, 2000
_TICKS = re.compile(r"`{3,}")


def of_group(
    group: ErrorGroup,
    details: ErrorDetails,
    exceptions: tuple[ExceptionPart, ...],
    context: str | None,
    zone: ZoneInfo,
    *,
    has_past: bool,
) -> str:
    """Message, class, where and how often; frames and context of the latest occurrence, what led up to it, the path to what failed."""
    flag = group.flag(has_past)
    seen = f"{words.moment(group.first_seen, zone)} to {words.moment(group.last_seen, zone)} {zone.key}"
    counts = ", ".join(
        (
            words.counted(group.faults, "fault"),
            words.counted(group.trace_count, "trace"),
            words.counted(group.count, "error event"),
        )
    )
    latest = details.occurrences[0] if details.occurrences else None
    facts = [
        f"{counts}, {seen}",
        f"In {', '.join(plain(name) for name in group.operations[:5])}" if group.operations else "",
        f"First in-app frame: `{plain(group.frame, 300)}`" if group.frame else "",
        f"Path: {' → '.join(plain(step) for step in details.path)} ✕" if details.path else "",
        _where(latest, zone) if latest else "",
        f"Group `{group.fingerprint}`{f' ({flag})' if flag else ''}",
    ]
    return "\n".join(
        [
            f"### {_heading(group)}",
            "",
            *(f"- {fact}" for fact in facts if fact),
            *_block("Message", group.message[:_MESSAGE] if "\n" in group.message else ""),
            *_block("Frames", "\n".join(_frames(exceptions))),
            *_block("Context", _cut(context or ""), "json"),
            *_block("What led up to it", "\n".join(_before(details.before))),
        ]
    )


def of_overview(sentence: str, view: Overview, problems: Problems, zone: ZoneInfo) -> str:
    """What is wrong in one sentence, totals, and the problems, worst first."""
    totals = view.totals
    failing = [
        f"{words.counted(g.faults, 'fault')}: {_heading(g)} (group `{g.fingerprint}`, last {words.moment(g.last_seen, zone)}"
        f"{f', trace `{plain(g.traces[0])}`' if g.traces else ''}{f', in {plain(g.operations[0])}' if g.operations else ''})"
        for g in problems.failing
    ]
    slower = [
        f"{plain(one.change.operation)}: median {words.ms(one.change.before.p50_ms)} → {words.ms(one.change.now.p50_ms)}"
        f"{f', the slowest in trace `{plain(one.trace)}`' if one.trace else ''}"
        for one in problems.slower
    ]
    waiting = [
        f"{one.kind} {plain(one.operation)}: {words.count(one.count)}× never ended"
        f"{f', the latest in trace `{plain(one.trace)}`' if one.trace else ''}"
        for one in problems.unfinished
    ]
    counts = (
        f"{words.count(totals.failed_traces)} of {words.counted(totals.traces, 'request')} failed ({words.rate(totals.failed_share)})",
        words.counted(totals.faults, "fault"),
        words.counted(totals.error_events, "error event"),
        f"{words.count(totals.errors)} of {words.counted(totals.operations, 'operation')} failed ({words.rate(totals.error_rate)})",
    )
    listed = [f"{n}. {text}" for n, text in enumerate([*failing, *slower, *waiting], 1)]
    return "\n".join([f"### {plain(sentence, 400)}", "", ", ".join(counts), *(["", *listed] if listed else [])])


def _heading(group: ErrorGroup) -> str:
    named = f"{plain(group.error_class)}: " if group.error_class else ""
    return named + plain(" ".join(group.message.split()), 200)


def _where(latest: Occurrence, zone: ZoneInfo) -> str:
    trace = f", trace `{plain(latest.correlation_id)}`" if latest.correlation_id else ""
    place = f"{plain(latest.source, 300)}:{latest.offset}"
    return f"Latest {words.moment(latest.ts, zone)}: `{place}`{trace}"


def _frames(parts: Iterable[ExceptionPart]) -> Iterator[str]:
    for n, part in enumerate(parts):
        yield f"{'caused by ' if n else ''}{part.error_class}: {part.message[:_MESSAGE]}"
        if part.at:
            yield f"  at {part.at}"
        yield from (f"  {frame}" for frame in part.frames[:_FRAMES])
        if part.vendor:
            yield f"  … {words.counted(len(part.vendor), 'vendor frame')}"


def _before(events: Iterable[Before]) -> Iterator[str]:
    for event in events:
        told = event.operation if event.operation and event.operation != event.said else ""
        status = f" ({event.status})" if event.status else ""
        yield f"{'−' + words.ms(event.before_ms):>10}  {event.kind} {plain(event.said)}{f' · {plain(told)}' if told else ''}{status}"


def _cut(text: str) -> str:
    lines = text.splitlines()
    more = [f"… {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    return "\n".join([*lines[:_LINES], *more])


def _block(title: str, text: str, language: str = "text") -> list[str]:
    """A fenced block; its fence is longer than any within."""
    if not text:
        return []
    fence = "`" * max(3, *(len(found) + 1 for found in _TICKS.findall(text)), 3)
    return ["", f"**{title}**", "", f"{fence}{language}", text, fence]
