"""errors.html: what failed, grouped by fault; and error-<fingerprint>.html, all that is known of a group."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reporter.analysis.messages import shapes
from reporter.events.exceptions import exception_chain
from reporter.format import words
from reporter.site import series, tickets
from reporter.site.context import TimeAxis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reporter.analysis.error_details import ErrorDetails, Occurrence
    from reporter.analysis.errors import ErrorGroup, Errors
    from reporter.analysis.messages import Shape
    from reporter.analysis.overview import Totals
    from reporter.analysis.results import Results
    from reporter.events.exceptions import ExceptionPart
    from reporter.site.context import Chart

FILE, TITLE = "errors.html", "Errors"
SHOWN_GROUPS = 500
# Of what messages have in common, where a trace is carried without its records.
_SHORT = 300
# Of what a legend calls a group.
_NAMED = 44
_NAMESPACE = "\\"


@dataclass(frozen=True)
class Row:
    """A group in the list. `href`: its page, where it has one; `colour`: its series in the chart."""

    group: ErrorGroup
    href: str | None
    colour: str


@dataclass(frozen=True)
class ErrorsContext:
    """`groups`: how many there are; `rows`: open ones; `closed`: ignored and resolved ones, `closed_in_words` says how many. `hidden`: groups beyond those shown, the least frequent."""

    title: str
    groups: int
    rows: tuple[Row, ...]
    closed: tuple[Row, ...]
    closed_in_words: str
    hidden: int
    totals: Totals
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
    """`shapes`: its messages by what differs. `place`: which of `of` groups with a page it is; `before`, `after`: those beside it, worst first.
    `ticket`: Markdown."""

    title: str
    group: ErrorGroup
    has_past: bool
    details: ErrorDetails
    occurrences: tuple[Shown, ...]
    shapes: tuple[Shape, ...]
    place: int
    of: int
    before: str | None
    after: str | None
    ticket: str


def href(fingerprint: str) -> str:
    return f"error-{fingerprint}.html"


def context(results: Results, zone: ZoneInfo) -> ErrorsContext:
    groups = results.errors.open
    colours = series.colours({g.fingerprint: g.count for g in groups})

    def row(g: ErrorGroup, colour: str) -> Row:
        return Row(g, href(g.fingerprint) if g.fingerprint in results.error_details else None, colour)

    return ErrorsContext(
        TITLE,
        len(results.errors.groups) + results.errors.more,
        tuple(row(g, colours[g.fingerprint]) for g in groups[:SHOWN_GROUPS]),
        tuple(row(g, "") for g in results.errors.groups if not g.is_open),
        results.errors.closed_in_words,
        max(0, len(groups) - SHOWN_GROUPS) + results.errors.more,
        results.overview.totals,
        results.errors.has_past,
        (_chart(results.errors, colours, zone),) if groups else (),
    )


def group_contexts(results: Results, zone: ZoneInfo) -> Iterator[tuple[str, GroupContext]]:
    """The page of each group with details: (file, context)."""
    groups = [group for group in results.errors.groups if group.fingerprint in results.error_details]
    names = [href(group.fingerprint) for group in groups]
    for n, group in enumerate(groups):
        details = results.error_details[group.fingerprint]
        shown = tuple(
            Shown(o, exception_chain(o.exception or ""), _laid_out(o.context), _laid_out(o.extra))
            for o in details.occurrences
        )
        yield (
            names[n],
            GroupContext(
                (group.error_class or group.pattern)[:80],
                group,
                results.errors.has_past,
                details,
                shown,
                shapes(group.variants),
                n + 1,
                len(groups),
                names[n - 1] if n else None,
                names[n + 1] if n + 1 < len(groups) else None,
                tickets.of_group(
                    group,
                    details,
                    shown[0].exceptions if shown else (),
                    _without_exception(shown[0]) if shown else None,
                    zone,
                    has_past=results.errors.has_past,
                ),
            ),
        )


def faults(results: Results) -> str:
    """JSON for the trace viewer: `groups`, (fingerprint, where it is read, class, pattern of messages) each; `events`, of each error event the number
    of its group."""
    groups = results.errors.groups
    pages = results.error_details
    named = [
        (
            g.fingerprint,
            href(g.fingerprint) if g.fingerprint in pages else f"{FILE}#g-{g.fingerprint}",
            g.error_class,
            g.pattern[:_SHORT],
        )
        for g in groups
    ]
    events = {str(number): group for number, _, _, group in results.errors.of_events if group >= 0}
    return json.dumps({"groups": named, "events": events}, separators=(",", ":"))


def _without_exception(shown: Shown) -> str | None:
    """The context of an occurrence, without what its frames say."""
    if not shown.exceptions or not shown.context:
        return shown.context
    try:
        told = json.loads(shown.context)
    except (ValueError, RecursionError):
        return shown.context
    rest = {name: value for name, value in told.items() if name != "exception"} if isinstance(told, dict) else told
    return json.dumps(rest, indent=2, ensure_ascii=False)


def _laid_out(text: str | None) -> str | None:
    """JSON indented; what is none as it stands."""
    if not text or text in ("[]", "{}"):
        return None
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _chart(errors: Errors, colours: series.Colours, zone: ZoneInfo) -> Chart:
    names = _names(errors.open)
    rows = [
        (start, g.fingerprint, float(count))
        for g in errors.open
        for start, count in zip(errors.buckets, g.trend, strict=True)
        if count
    ]
    points = pd.DataFrame(rows, columns=["start", "name", "value"])
    title = "Error events over time by group"
    axis = TimeAxis.of(errors.window, zone)
    return series.bars("errors_groups", title, points, colours, axis, _say, shown=names, follow={"of": "groups"})


def _names(groups: tuple[ErrorGroup, ...]) -> dict[str, str]:
    """What each is called in a legend, by fingerprint: its class, else its message; of those that share one, both; and where these are the
    same too, how the fingerprint begins."""
    found = {g.fingerprint: words.cut(g.error_class or g.pattern, _NAMED) for g in groups}
    shared = Counter(found.values())
    found |= {
        g.fingerprint: words.cut(f"{g.error_class.rsplit(_NAMESPACE, 1)[-1]}: {g.pattern}", _NAMED)
        for g in groups
        if shared[found[g.fingerprint]] > 1 and g.error_class
    }
    shared = Counter(found.values())
    return {name: f"{text} {name[:4]}" if shared[text] > 1 else text for name, text in found.items()}


def _say(count: float) -> str:
    return words.counted(round(count), "error event")
