"""commands.html: how each command runs, and where its time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import ranked

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
    ranks: ranked.Ranking
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> CommandsContext:
    commands = tuple(o for o in results.performance.operations if o.type == "command")
    ranks = ranked.ranking({o.operation: o.count for o in commands})
    charts: tuple[Chart, ...] = ()
    if commands:
        points = ranked.counted(results, [o for o in commands if o.count])
        seconds = results.window.bucket_seconds
        charts = (ranked.bars("runs", "Executions over time", points, ranks, seconds, zone, ranked.times),)
    return CommandsContext(TITLE, used(results).commands, commands, ranks, charts)
