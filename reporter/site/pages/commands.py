"""commands.html: how each command runs, and where its time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import series
from reporter.site.context import TimeAxis

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.commands import Commands
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results
    from reporter.site.context import Chart

FILE, TITLE = "commands.html", "Commands"


@dataclass(frozen=True)
class CommandsContext:
    title: str
    view: Commands
    commands: tuple[OperationFigures, ...]
    colours: series.Colours
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> CommandsContext:
    commands = tuple(o for o in results.performance.operations if o.type == "command")
    colours = series.colours({o.operation: o.count for o in commands})
    charts: tuple[Chart, ...] = ()
    if commands:
        points = series.counted(results, [o for o in commands if o.count])
        axis = TimeAxis.of(results.window, zone)
        charts = (
            series.bars(
                "runs",
                "Executions over time",
                points,
                colours,
                axis,
                series.times,
                follow={"of": "finished", "types": ["command"]},
            ),
        )
    return CommandsContext(TITLE, used(results).commands, commands, colours, charts)
