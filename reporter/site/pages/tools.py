"""tools.html: how tools answer, how healthy they are, which follows which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import series
from reporter.site.context import TimeAxis
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
    colours: series.Colours
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> ToolsContext:
    view = used(results).tools
    tools = tuple(o for o in results.performance.operations if o.type == "tool")
    points = series.points(view.points, "operation", "count")
    colours = series.colours_of(points)
    charts: tuple[Chart, ...] = ()
    if len(points):
        charts = (
            series.bars(
                "calls",
                "Calls over time",
                points,
                colours,
                TimeAxis.of(results.window, zone),
                series.times,
                follow={"of": "finished", "types": ["tool"]},
            ),
            histogram(results, "tool", "How long calls take"),
        )
    return ToolsContext(TITLE, view, tools, colours, charts)
