"""sources.html: what was read, and what could not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import RejectSample
    from reporter.analysis.results import Results

FILE, TITLE = "sources.html", "Sources"


@dataclass(frozen=True)
class SourcesContext:
    title: str
    rejects: tuple[RejectSample, ...]
    total_rejects: int


def context(results: Results, zone: ZoneInfo) -> SourcesContext:
    return SourcesContext(TITLE, results.rejects, sum(s.rejects for s in results.overview.sources))
