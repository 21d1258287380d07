"""notable.html: the failing, unfinished and slowest traces as text, for readers without scripts, and for printing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.format.timeline import timeline

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
    from reporter.analysis.trace_data import TraceData
    from reporter.analysis.traces import TraceSummary

FILE, TITLE = "notable.html", "Notable traces"


@dataclass(frozen=True)
class Told:
    """A trace and its timeline as text; None where the report does not carry its events."""

    summary: TraceSummary
    text: str | None


@dataclass(frozen=True)
class NotableContext:
    title: str
    traces: tuple[Told, ...]


def context(results: Results, data: TraceData, zone: ZoneInfo) -> NotableContext:
    told = []
    for summary in results.traces.notable:
        document = data.documents.get(summary.correlation_id)
        told.append(Told(summary, timeline(json.loads(document), zone) if document else None))
    return NotableContext(TITLE, tuple(told))
