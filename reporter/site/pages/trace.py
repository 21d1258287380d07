"""trace.html#<correlation id>: one trace, its data loaded from the shard that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.site.pages.traces import shard_count

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results

FILE, TITLE = "trace.html", "Trace"


@dataclass(frozen=True)
class TraceContext:
    title: str
    shards: int
    detailed: int
    total: int


def context(results: Results, zone: ZoneInfo) -> TraceContext:
    view = results.traces
    return TraceContext(TITLE, shard_count(len(view.detailed)), len(view.detailed), len(view.summaries))
