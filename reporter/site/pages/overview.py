"""index.html: is anything wrong, and what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reporter.format import words
from reporter.site import series
from reporter.site.context import Chart, TimeAxis

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.changes import Changes
    from reporter.analysis.errors import ErrorGroup
    from reporter.analysis.overview import KindFigures, Tokens, Totals
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results
    from reporter.analysis.traces import TraceSummary

FILE, TITLE = "index.html", "Overview"


@dataclass(frozen=True)
class OverviewContext:
    """`headline`: what is wrong, in words; `mood`: ok, warn, bad or empty."""

    title: str
    headline: str
    mood: str
    totals: Totals
    kinds: tuple[tuple[str, KindFigures], ...]
    tokens: Tokens
    charts: tuple[Chart, ...]
    errors: tuple[ErrorGroup, ...]
    slowest: tuple[OperationFigures, ...]
    failing: tuple[TraceSummary, ...]
    unfinished: int
    changes: Changes
    open_traces: tuple[TraceSummary, ...]
    busiest: tuple[OperationFigures, ...]


def context(results: Results, zone: ZoneInfo) -> OverviewContext:
    view = results.overview
    unfinished = sum(figures.unfinished for figures in view.kinds.values())
    headline, mood = _headline(results, unfinished)
    failing = [s for s in results.traces.notable if s.status == "error"]
    return OverviewContext(
        TITLE,
        headline,
        mood,
        view.totals,
        tuple(view.kinds.items()),
        view.tokens,
        _charts(results, zone) if view.buckets else (),
        results.errors.groups[:6],
        tuple(o for o in results.performance.operations if o.count)[:6],
        tuple(failing[:6]),
        unfinished,
        results.changes,
        tuple(s for s in results.traces.notable if s.status == "unfinished")[:6],
        tuple(sorted(results.performance.operations, key=lambda o: (-o.count, o.kind, o.operation))[:8]),
    )


def _headline(results: Results, unfinished: int) -> tuple[str, str]:
    totals = results.overview.totals
    if not totals.events:
        return "Nothing was logged in this period.", "empty"
    parts = []
    if totals.errors:
        groups = len(results.errors.groups)
        parts.append(
            f"{_number(totals.errors, 'operation')} of {totals.operations:,} failed ({words.rate(totals.error_rate)}), "
            f"in {_number(groups, 'error group')}"
        )
    elif totals.error_events:
        parts.append(f"no operation failed, but {_number(totals.error_events, 'error')} stood in the logs")
    if unfinished:
        parts.append(f"{_number(unfinished, 'operation')} started and never ended")
    if not parts:
        return f"All {totals.operations:,} operations finished without an error.", "ok"
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:] + ".", "bad" if totals.errors else "warn"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


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
            lambda n: f"{n:,} events",
            follow={"of": "events"},
        )
    ]
    sums = buckets.groupby("start", as_index=False)["error_events"].sum()
    if sums["error_events"].any():
        errors = sums.assign(name="error events").rename(columns={"error_events": "value"})
        title, colours = "Error events over time", {"error events": "error"}
        charts.append(
            series.bars(
                "overview_errors", title, errors, colours, axis, lambda n: f"{n:,}", height=90, follow={"of": "errors"}
            )
        )
    return tuple(charts)
