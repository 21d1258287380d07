"""tools.html: how tools answer, how healthy they are, which follows which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import ranked
from reporter.site.pages.performance import histogram

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results
    from reporter.analysis.tools import Tools
    from reporter.site.context import Chart

FILE, TITLE = "tools.html", "Tools"


@dataclass(frozen=True)
class ToolsContext:
    title: str
    view: Tools
    tools: tuple[OperationFigures, ...]
    ranks: ranked.Ranking
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> ToolsContext:
    view = used(results).tools
    tools = tuple(o for o in results.performance.operations if o.type == "tool")
    points = ranked.points(view.points, "operation", "count")
    ranks = ranked.ranking_of(points)
    charts: tuple[Chart, ...] = ()
    if len(points):
        charts = (
            ranked.bars("calls", "Calls over time", points, ranks, results.window.bucket_seconds, zone, ranked.times),
            histogram(results, "tool", "How long calls take"),
        )
    return ToolsContext(TITLE, view, tools, ranks, charts)
