"""notable.html: the failing, unfinished and slowest traces as text, for readers without scripts, and for printing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reporter.timeline import timeline

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
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


def context(results: Results, zone: ZoneInfo) -> NotableContext:
    found = _documents(results)
    told = []
    for summary in results.traces.notable:
        document = found.get(summary.correlation_id)
        told.append(Told(summary, timeline(document, zone) if document else None))
    return NotableContext(TITLE, tuple(told))


def _documents(results: Results) -> dict[str, Any]:
    import orjson

    found: dict[str, Any] = {}
    for shard in results.traces.shards:
        found.update(orjson.loads(shard.whole))
    return found
