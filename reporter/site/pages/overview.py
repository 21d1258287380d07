"""index.html: is anything wrong, and what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reporter.analysis.problems import mood, sentence
from reporter.format import words
from reporter.site import series, tickets
from reporter.site.context import Chart, TimeAxis
from reporter.site.pages import errors

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.changes import Changes
    from reporter.analysis.overview import KindFigures, Tokens, Totals
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.problems import Problems
    from reporter.analysis.results import Results

FILE, TITLE = "index.html", "Overview"


# The page of each kind.
_KIND_FILES = {
    "chat": "chat.html", "processing": "processing.html", "command": "commands.html", "tool": "tools.html", "llm": "llm.html",
    "log": "logs.html",
}  # fmt: skip


@dataclass(frozen=True)
class OverviewContext:
    """`sentence`: what is wrong, in words; `mood`: ok, warn, bad or empty. `group_files`: the page of each error group listed that
    has one. `kinds`: LLM calls that their streams show (`folded_calls`) are not counted twice."""

    title: str
    sentence: str
    mood: str
    problems: Problems
    group_files: dict[str, str]
    totals: Totals
    kinds: tuple[tuple[str, KindFigures], ...]
    kind_files: dict[str, str]
    folded_calls: int
    tokens: Tokens
    charts: tuple[Chart, ...]
    over_time: tuple[tuple[datetime, int, int], ...]
    slowest: tuple[OperationFigures, ...]
    changes: Changes
    busiest: tuple[OperationFigures, ...]
    ticket: str


def context(results: Results, zone: ZoneInfo) -> OverviewContext:
    view, found = results.overview, results.problems
    operations = results.performance.listed
    return OverviewContext(
        TITLE,
        sentence(found, view, zone),
        mood(found, view),
        found,
        {g.fingerprint: errors.href(g.fingerprint) for g in found.failing if g.fingerprint in results.error_details},
        view.totals,
        _there(results),
        _KIND_FILES,
        view.folded_calls,
        view.tokens,
        _charts(results, zone) if view.buckets else (),
        _over_time(results),
        tuple(o for o in operations if o.count)[:6],
        results.changes,
        tuple(sorted(operations, key=lambda o: (-o.count, o.kind, o.operation))[:8]),
        tickets.of_overview(sentence(found, view, zone), view, found, zone),
    )


def _there(results: Results) -> tuple[tuple[str, KindFigures], ...]:
    """Kinds of which something is there, or was in the window compared with."""
    before = results.changes.kinds
    listed = results.overview.listed_kinds.items()
    return tuple((k, found) for k, found in listed if not found.is_empty or (k in before and before[k].before.count))


def _over_time(results: Results) -> tuple[tuple[datetime, int, int], ...]:
    """Events and error events of each bucket that has any, as the charts have them."""
    found: dict[datetime, list[int]] = {}
    for bucket in results.overview.buckets:
        sums = found.setdefault(bucket.start, [0, 0])
        sums[0] += bucket.events
        sums[1] += bucket.error_events
    return tuple((start, events, errors) for start, (events, errors) in found.items())


def _charts(results: Results, zone: ZoneInfo) -> tuple[Chart, ...]:
    axis = TimeAxis.of(results.window, zone)
    buckets = pd.DataFrame(results.overview.buckets)
    events = buckets.rename(columns={"kind": "name", "events": "value"})
    charts = [
        series.bars(
            "overview_events",
            "Events over time by kind",
            events,
            series.KINDS,
            axis,
            lambda n: words.counted(round(n), "event"),
            follow={"of": "events"},
        )
    ]
    sums = buckets.groupby("start", as_index=False)["error_events"].sum()
    if sums["error_events"].any():
        points = sums.assign(name="error events").rename(columns={"error_events": "value"})
        title, colours = "Error events over time", {"error events": "error"}
        charts.append(
            series.bars(
                "overview_errors", title, points, colours, axis, lambda n: f"{n:,}", height=90, follow={"of": "errors"}
            )
        )
    return tuple(charts)
