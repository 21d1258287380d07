"""sources.html: what was read, and what could not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reporter.analysis.results import used
from reporter.site.context import rows

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.coverage import Coverage
    from reporter.analysis.overview import RejectSample
    from reporter.analysis.results import Results

FILE, TITLE = "sources.html", "Sources"


@dataclass(frozen=True)
class SourcesContext:
    title: str
    rejects: tuple[RejectSample, ...]
    total_rejects: int
    coverage: Coverage
    times: dict[str, Any]
    redacted: tuple[tuple[str, int], ...] | None


def context(results: Results, zone: ZoneInfo) -> SourcesContext:
    view = used(results).coverage
    rejects = sum(s.rejects for s in results.overview.sources)
    redacted = (
        None if results.redacted is None else tuple(sorted(results.redacted.items(), key=lambda r: (-r[1], r[0])))
    )
    return SourcesContext(TITLE, results.rejects, rejects, view, {t.name: t for t in rows(view.sources)}, redacted)
