"""operation-<hash>.html: all that is known of one operation. Which operations have a page, and where, is decided here alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, TimeAxis, chart, rows
from reporter.site.output import SiteFile
from reporter.site.pages.performance import bins, marks
from reporter.site.render import data_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import pandas as pd

    from reporter.analysis.changes import Change, Changes
    from reporter.analysis.errors import ErrorGroup
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results

FILE, TITLE = "operation.html", "Operation"
_GROUPS = 20
_MODELS = ("stream", "llm")
Key = tuple[str, str]


@dataclass(frozen=True)
class OperationContext:
    """`change`: against the window compared with, where both have it. `use`: tokens and cost, of a model. Rows: of the frames of
    `OperationDetails`."""

    title: str
    figures: OperationFigures
    change: Change | None
    changes: Changes
    counts: tuple[int, ...]
    use: Any
    charts: tuple[Chart, ...]
    days: tuple[Any, ...]
    slow: tuple[Any, ...]
    failed: tuple[Any, ...]
    callers: tuple[Any, ...]
    steps: tuple[Any, ...]
    groups: tuple[ErrorGroup, ...]


def href(kind: str, operation: str) -> str:
    """The file of an operation's page: the same in every build, whatever the name holds and however long it is."""
    digest = hashlib.sha256(f"{kind}\0{operation}".encode("utf-8", "replace")).hexdigest()
    return f"operation-{digest[:20]}.html"


def hrefs(results: Results) -> dict[Key, str]:
    """Of all operations that have a page; a model's calls that its streams show are told of on theirs."""
    own = {key: href(*key) for key in used(results).operations.detailed}
    shown = {("llm", name): file for (kind, name), file in own.items() if kind == "chat"}
    return {**shown, **own}


def pages(results: Results) -> dict[str, str]:
    """`kind name` → its page, for names that scripts write."""
    return {f"{kind} {name}": file for (kind, name), file in hrefs(results).items()}


def data_file(results: Results) -> SiteFile:
    """data/operation-pages.js: `pages`."""
    found = json.dumps(pages(results), ensure_ascii=False)
    return SiteFile("data/operation-pages.js", data_script("operation-pages", found))


def contexts(results: Results, zone: ZoneInfo) -> Iterator[tuple[str, OperationContext]]:
    """Each page: (file, context)."""
    details = used(results).operations
    axis = TimeAxis.of(results.window, zone)
    parts = {
        name: _by_operation(frame)
        for name, frame in (
            ("points", details.points), ("days", details.days), ("slow", details.slow), ("failed", details.failed),
            ("links", details.links), ("bins", used(results).latency.bins),
        )
    }  # fmt: skip
    groups = _groups(results)
    use = {row.operation: row for row in rows(used(results).llm.models)}
    figures = {(o.kind, o.operation): o for o in results.performance.listed}
    for key in details.detailed:
        own = {name: found.get(key, []) for name, found in parts.items()}
        shown = figures[key]
        yield (
            href(*key),
            OperationContext(
                words.name(shown.operation),
                shown,
                results.changes.operations.get(key),
                results.changes,
                used(results).counts.get(key, ()),
                use.get(shown.operation) if shown.type in _MODELS else None,
                _charts(own["bins"], own["points"], shown, axis),
                tuple(reversed(own["days"])),
                tuple(own["slow"]),
                tuple(own["failed"]),
                tuple(link for link in own["links"] if link.is_caller),
                tuple(link for link in own["links"] if not link.is_caller),
                tuple(groups.get(key, ())),
            ),
        )


def _by_operation(frame: pd.DataFrame) -> dict[Key, list[Any]]:
    """Rows of a frame, taken apart once: pandas takes a millisecond for each look into a small one."""
    found: dict[Key, list[Any]] = {}
    for row in rows(frame):
        found.setdefault((row.kind, row.operation), []).append(row)
    return found


def _groups(results: Results) -> Mapping[Key, list[ErrorGroup]]:
    """Open error groups with a page, by operation."""
    found: dict[Key, list[ErrorGroup]] = {}
    for group in results.errors.open:
        if group.fingerprint in results.error_details:
            for key in ((kind, name) for kind in group.kinds for name in group.operations):
                known = found.setdefault(key, [])
                if len(known) < _GROUPS:
                    known.append(group)
    return found


def _charts(found: list[Any], points: list[Any], figures: OperationFigures, axis: TimeAxis) -> tuple[Chart, ...]:
    charts: tuple[Chart, ...] = ()
    own = f"{figures.kind} {figures.operation}"
    if found:
        made = chart("histogram", "How long it takes", 200, histogram=bins(found), marks=marks(figures))
        charts += (made.following("histogram", operation=own),)
    timed = [p for p in points if p.p95_ms is not None]
    if timed:
        lines: dict[str, list[Any]] = {
            "t": [_ms(p.start) for p in timed],
            "series": [figures.kind] * len(timed),
            "ms": [max(0.1, p.p95_ms) for p in timed],
            "tip": [f"{words.moment(p.start, axis.zone)}: p95 {words.ms(p.p95_ms)} of {p.count:,}" for p in timed],
        }
        charts += (
            chart("lines", "p95 over time", 190, "p95", axis, "ms", lines=lines).following(
                "p95", operation=own, series=figures.kind
            ),
        )
    failing = [p for p in points if p.errors]
    if failing:
        bars: dict[str, list[Any]] = {
            "t": [_ms(p.start) for p in failing],
            "t2": [_ms(p.start) + axis.seconds * 1000 for p in failing],
            "series": ["error"] * len(failing),
            "value": [p.errors / p.count for p in failing],
            "tip": [
                f"{words.moment(p.start, axis.zone)}: {p.errors:,} of {p.count:,} failed ({words.rate(p.errors / p.count)})"
                for p in failing
            ],
        }
        charts += (
            chart("stacked_bars", "Error rate over time", 110, "error_rate", axis, "rate", bars=bars).following(
                "error_rate", operation=own
            ),
        )
    return charts


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
