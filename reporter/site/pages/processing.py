"""processing.html: pipelines, jobs and steps: throughput, failures, what never ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import series
from reporter.site.context import TimeAxis

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.processing import Processing
    from reporter.analysis.results import Results
    from reporter.site.context import Chart

FILE, TITLE = "processing.html", "Processing"


@dataclass(frozen=True)
class ProcessingContext:
    """`whole`: pipelines, jobs, enrichments; `steps`: their steps."""

    title: str
    view: Processing
    whole: tuple[OperationFigures, ...]
    steps: tuple[OperationFigures, ...]
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> ProcessingContext:
    view = used(results).processing
    work = [o for o in results.performance.operations if o.kind == "processing"]
    steps = tuple(o for o in work if o.type == "step")
    charts: tuple[Chart, ...] = ()
    done = series.points(view.points, "operation", "count")
    if len(done):
        axis = TimeAxis.of(results.window, zone)
        charts = (
            series.bars(
                "throughput",
                "Finished over time",
                done,
                series.colours_of(done),
                axis,
                series.times,
                follow={"of": "finished", "kind": "processing", "types": ["pipeline", "job", "enrichment"]},
            ),
        )
    return ProcessingContext(TITLE, view, tuple(o for o in work if o.type != "step"), steps, charts)
