"""commands.html: how each command runs, and where its time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import ranked

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.commands import Commands, StepShare
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results
    from reporter.site.context import Chart

FILE, TITLE = "commands.html", "Commands"

SHOWN_STEPS = 8


@dataclass(frozen=True)
class CommandsContext:
    """`steps`: by command, in the order of their time in all: its step types, the one that takes most first."""

    title: str
    view: Commands
    commands: tuple[OperationFigures, ...]
    steps: tuple[tuple[str, tuple[StepShare, ...]], ...]
    ranks: ranked.Ranking
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> CommandsContext:
    usage = used(results)
    commands = tuple(o for o in results.performance.operations if o.type == "command")
    steps: dict[str, list[StepShare]] = {}
    for step in usage.commands.steps:
        steps.setdefault(step.command, []).append(step)
    ranks = ranked.ranking({o.operation: o.count for o in commands})
    charts: tuple[Chart, ...] = ()
    if commands:
        points = ranked.counted(results, [o for o in commands if o.count])
        step_s = results.performance.bucket_seconds
        charts = (ranked.bars("runs", "Executions over time", points, ranks, step_s, zone, ranked.times),)
    return CommandsContext(
        TITLE, usage.commands, commands, tuple((name, tuple(rows)) for name, rows in steps.items()), ranks, charts
    )
