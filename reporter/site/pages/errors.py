"""errors.html: what failed, grouped by fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.errors import ErrorGroup
    from reporter.analysis.results import Results

FILE, TITLE = "errors.html", "Errors"
SHOWN_GROUPS = 500


@dataclass(frozen=True)
class ErrorsContext:
    """`hidden`: groups beyond those shown, the least frequent."""

    title: str
    groups: tuple[ErrorGroup, ...]
    hidden: int
    error_events: int


def context(results: Results, zone: ZoneInfo) -> ErrorsContext:
    groups = results.errors.groups
    return ErrorsContext(
        TITLE, groups[:SHOWN_GROUPS], max(0, len(groups) - SHOWN_GROUPS), results.overview.totals.error_events
    )
