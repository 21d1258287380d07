"""traces.html: every trace of the window; and the data files behind it and the trace viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from reporter import format as words
from reporter.site.output import SiteFile
from reporter.site.render import script_json

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
    from reporter.analysis.traces import Trace, TraceSummary

FILE, TITLE = "traces.html", "Traces"
SHOWN_ROWS = 200
TRACES_A_SHARD = 20


@dataclass(frozen=True)
class TracesContext:
    """`summaries`: the first rows, readable without scripts; the rest is in data/traces.js."""

    title: str
    summaries: tuple[TraceSummary, ...]
    total: int
    detailed: int
    shards: int
    has_more: bool


def context(results: Results, zone: ZoneInfo) -> TracesContext:
    view = results.traces
    rank = {"error": 0, "unfinished": 1, "ok": 2}
    first = sorted(view.summaries, key=lambda s: rank[s.status])[:SHOWN_ROWS]
    return TracesContext(
        TITLE,
        tuple(first),
        len(view.summaries),
        len(view.detailed),
        shard_count(len(view.detailed)),
        len(view.summaries) > SHOWN_ROWS,
    )


def shard_count(detailed: int) -> int:
    return max(1, -(-detailed // TRACES_A_SHARD))


def shard_of(correlation_id: str, shards: int) -> int:
    """FNV-1a of the id's UTF-8 bytes: the same in trace.js."""
    value = 0x811C9DC5
    for byte in correlation_id.encode("utf-8", "replace"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value % shards


def data_files(results: Results, zone: ZoneInfo) -> list[SiteFile]:
    """data/traces.js with all summaries, columnar, and data/trace-N.js with the detailed traces of shard N."""
    view = results.traces
    shards = shard_count(len(view.detailed))
    rows: list[dict[str, Any]] = [{} for _ in range(shards)]
    for trace in view.detailed:
        rows[shard_of(trace.summary.correlation_id, shards)][trace.summary.correlation_id] = _trace(trace, zone)
    summaries = {
        "id": [s.correlation_id for s in view.summaries],
        "start": [words.moment(s.start, zone) for s in view.summaries],
        "ms": [round(s.duration_ms, 3) for s in view.summaries],
        "status": [s.status for s in view.summaries],
        "events": [s.events for s in view.summaries],
        "errors": [s.error_events for s in view.summaries],
        "operations": [s.operations for s in view.summaries],
        "root": [s.root for s in view.summaries],
    }
    files = [SiteFile("data/traces.js", f"telemetryTraces({script_json(summaries)});\n".encode("utf-8", "replace"))]
    for number, part in enumerate(rows):
        code = f"telemetryShard({number},{script_json(part)});\n"
        files.append(SiteFile(f"data/trace-{number}.js", code.encode("utf-8", "replace")))
    return files


def _us(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp() * 1000


def _trace(trace: Trace, zone: ZoneInfo) -> dict[str, Any]:
    """Times as ms since the trace's start; `start` in words of the viewer's zone and in UTC."""
    summary = trace.summary
    origin = _us(summary.start)
    return {
        "start": words.moment(summary.start, zone),
        "utc": words.iso(summary.start),
        "ms": summary.duration_ms,
        "status": summary.status,
        "root": summary.root,
        "operations": summary.operations,
        "events": [
            [
                round(_us(e.ts) - origin, 3), words.clock(e.ts, zone), e.kind, e.event, e.operation, e.status, e.duration_ms,
                e.level, e.message, e.source, e.offset, e.context,
            ]
            for e in trace.events
        ],
        "spans": [[round(_us(s.start) - origin, 3), s.duration_ms, s.kind, s.operation, s.status] for s in trace.spans],
    }  # fmt: skip
