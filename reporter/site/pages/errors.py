"""errors.html: what failed, grouped by fault; and error-<fingerprint>.html, all that is known of a group."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter import format as words
from reporter.analysis.fingerprints import exception_chain
from reporter.site.context import Chart, Columns, chart, shown_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reporter.analysis.error_details import ErrorDetails, Occurrence
    from reporter.analysis.errors import ErrorGroup, Errors
    from reporter.analysis.fingerprints import ExceptionPart
    from reporter.analysis.results import Results

FILE, TITLE = "errors.html", "Errors"
SHOWN_GROUPS = 500
# As in the chart errors_groups.
_COLOURED = 6


@dataclass(frozen=True)
class Row:
    """A group in the list. `href`: its page, where it has one; `rank`: its colour in the chart."""

    group: ErrorGroup
    href: str | None
    rank: str


@dataclass(frozen=True)
class ErrorsContext:
    """`hidden`: groups beyond those shown, the least frequent."""

    title: str
    rows: tuple[Row, ...]
    hidden: int
    error_events: int
    has_past: bool
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Shown:
    """An occurrence with its exceptions taken apart and its context laid out."""

    occurrence: Occurrence
    exceptions: tuple[ExceptionPart, ...]
    context: str | None
    extra: str | None


@dataclass(frozen=True)
class GroupContext:
    title: str
    group: ErrorGroup
    has_past: bool
    details: ErrorDetails
    occurrences: tuple[Shown, ...]


def href(fingerprint: str) -> str:
    return f"error-{fingerprint}.html"


def context(results: Results, zone: ZoneInfo) -> ErrorsContext:
    groups = results.errors.groups
    rows = tuple(
        Row(g, href(g.fingerprint) if g.fingerprint in results.error_details else None, _rank(n))
        for n, g in enumerate(groups[:SHOWN_GROUPS])
    )
    charts = (_chart(results.errors, zone),) if groups else ()
    hidden = max(0, len(groups) - SHOWN_GROUPS)
    return ErrorsContext(TITLE, rows, hidden, results.overview.totals.error_events, results.errors.has_past, charts)


def group_contexts(results: Results) -> Iterator[tuple[str, GroupContext]]:
    """The page of each group with details: (file, context)."""
    for group in results.errors.groups:
        details = results.error_details.get(group.fingerprint)
        if details:
            shown = tuple(
                Shown(o, exception_chain(o.exception or ""), _laid_out(o.context), _laid_out(o.extra))
                for o in details.occurrences
            )
            title = (group.error_class or group.pattern)[:80]
            yield href(group.fingerprint), GroupContext(title, group, results.errors.has_past, details, shown)


def _rank(index: int) -> str:
    return str(index + 1) if index < _COLOURED else "other"


def _laid_out(text: str | None) -> str | None:
    """JSON indented; what is none as it stands."""
    if not text or text in ("[]", "{}"):
        return None
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _chart(errors: Errors, zone: ZoneInfo) -> Chart:
    ranked: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    for index, group in enumerate(errors.groups):
        rank = _rank(index)
        sums = ranked.setdefault(rank, [0] * len(errors.buckets))
        ranked[rank] = [a + b for a, b in zip(sums, group.trend, strict=True)]
        names[rank] = "other groups" if rank == "other" else (group.error_class or group.pattern)[:60]
    points = [(rank, n, sums[n]) for rank, sums in ranked.items() for n in range(len(sums)) if sums[n]]
    begins = [shown_ms(moment, zone) for moment in errors.buckets]
    data: Columns = {
        "t": [begins[n] for _, n, _ in points],
        "t2": [begins[n] + errors.bucket_seconds * 1000 for _, n, _ in points],
        "rank": [rank for rank, _, _ in points],
        "errors": [count for _, _, count in points],
        "tip": [
            f"{words.moment(errors.buckets[n], zone)} · {names[r]}: {count:,} error events" for r, n, count in points
        ],
    }
    return chart("errors_groups", "Error events over time by group", 190, groups=data)
