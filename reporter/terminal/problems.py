"""What is wrong, worst first: the sentence and the list that the first page has too."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from reporter.analysis.problems import growth, sentence, when
from reporter.format import words
from reporter.terminal.layout import cell, hanging, joined, plain, spark, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType

    from reporter.analysis.errors import ErrorGroup
    from reporter.analysis.overview import Overview
    from reporter.analysis.problems import Problems, Slower

_CHARS = 160


def listed(found: Problems, view: Overview, zone: ZoneInfo) -> str:
    """The sentence, and a line or two a problem; what to ask for next stands at its end."""
    from rich.text import Text

    return text_of(Text(plain(sentence(found, view, zone)), style="bold"), *_lines(found, view, zone))


def _lines(found: Problems, view: Overview, zone: ZoneInfo) -> Iterator[RenderableType]:
    from rich.text import Text

    for group in found.failing:
        yield _failing(group, view, zone, has_past=found.has_past)
    if found.more_failing:
        more = f"{words.counted(found.more_failing, 'more error group')}: telemetry-report errors"
        yield hanging(Text("  … ", style="dim"), Text(more, style="dim"))
    if found.closed:
        yield hanging(Text("  … ", style="dim"), Text(f"{found.closed}: telemetry-report errors --all", style="dim"))
    for one in found.slower:
        yield _slower(one, view, zone)
    for open_work in found.unfinished:
        trace = f", latest in trace {plain(open_work.trace)}" if open_work.trace else ""
        named = f"{open_work.kind} {plain(words.name(open_work.operation))}"
        never = Text.assemble(f"{words.count(open_work.count)}× {named} never ended", (trace, "dim"))
        yield hanging(Text("  … ", style="yellow"), never)
    if found.more_unfinished:
        more = (
            f"{words.count(found.more_unfinished)}× other work never ended: telemetry-report traces --status unfinished"
        )
        yield hanging(Text("  … ", style="dim"), Text(more, style="dim"))
    if found.dearer:
        cost = f"cost {words.usd(found.dearer.now_usd)}, {growth(found.dearer.times)} the {words.usd(found.dearer.before_usd)} before"
        yield hanging(Text("  $ "), Text(cost))


def _failing(group: ErrorGroup, view: Overview, zone: ZoneInfo, *, has_past: bool) -> RenderableType:
    from rich.text import Text

    state = group.flag(has_past)
    named = f"{group.error_class}: " if group.error_class else ""
    said = Text.assemble(
        (f"{words.counted(group.faults, 'fault')} ", "bold"), cell(state), " " if state else "",
        plain(f"{named}{' '.join(group.message.split())[:_CHARS]}"),
    )  # fmt: skip
    trace = f"trace {plain(group.traces[0])}" if group.traces else ""
    seen = f"last {when(group.last_seen.replace(tzinfo=UTC), view, zone)}"
    mark = Text("  ✕ ", style="red")
    more = joined(seen, spark(group.trend), f"errors {group.fingerprint}", trace, indent=mark.cell_len)
    return hanging(mark, said, Text(more, style="dim"))


def _slower(one: Slower, view: Overview, zone: ZoneInfo) -> RenderableType:
    from rich.text import Text

    change = one.change
    since = f" since {when(one.since, view, zone)}" if one.since else ""
    told = f"p50 {words.ms(change.before.p50_ms)} → {words.ms(change.now.p50_ms)} of {words.count(change.now.count)}, {words.chance(change.duration_chance)}"
    trace = f", slowest in trace {plain(one.trace)}" if one.trace else ""
    named = f"{change.kind} {plain(words.name(change.operation or ''))}"
    said = Text.assemble(f"{named} {growth(one.times)} slower{since}: {told}", (trace, "dim"))
    return hanging(Text("  ▲ ", style="yellow"), said)
