"""traces.html: every trace of the window; and the data files behind it and the trace viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.trace_data import DETAILED_TRACES
from reporter.site.output import SiteFile
from reporter.site.render import data_script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
    from reporter.analysis.trace_data import TraceData
    from reporter.analysis.traces import TraceSummary

FILE, TITLE = "traces.html", "Traces"


@dataclass(frozen=True)
class TracesContext:
    """`notable`: rows that can be read without scripts; all are in data/traces.js. `zone`: what times are shown in."""

    title: str
    notable: tuple[TraceSummary, ...]
    total: int
    carried: int
    detailed: int
    zone: str


def context(results: Results, zone: ZoneInfo) -> TracesContext:
    view = results.traces
    return TracesContext(TITLE, view.notable, view.total, view.carried, min(view.carried, DETAILED_TRACES), zone.key)


def data_files(data: TraceData) -> Iterator[SiteFile]:
    """data/traces.js (the list), trace-ids.js (other ids to rows of it), operations.js (what the filter computes with),
    trace-places.js (which shard holds what id) and trace-N.js (the traces of shard N), each made when it is written."""
    yield SiteFile("data/traces.js", data_script("traces", data.index))
    yield SiteFile("data/trace-ids.js", data_script("trace-ids", data.ids))
    yield SiteFile("data/operations.js", data_script("operations", data.operations))
    yield SiteFile("data/trace-places.js", data_script("trace-places", data.places))
    for shard in data.shards:
        yield SiteFile(f"data/trace-{shard.name}.js", data_script(f"trace-{shard.name}", shard.json))
