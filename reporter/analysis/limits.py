"""Limits that a report may break (`build --fail-on`): `errors > 2%`, `p95(llm) > 10s`. They measure figures of the overview and of
performance, and compute none."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, NamedTuple

from reporter.errors import UsageError
from reporter.events.names import KINDS
from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from reporter.analysis.overview import KindFigures, Overview
    from reporter.analysis.performance import OperationFigures, Performance

_COUNTS, _DURATIONS = ("errors", "unfinished", "events", "faults"), ("p50", "p90", "p95", "p99", "mean", "max")
_WRITTEN = re.compile(
    r"\s*([a-z]\w*)\s*(?:\(\s*(.+?)\s*\))?\s*(>=|<=|>|<)\s*(\$?)\s*(\d+(?:\.\d+)?)\s*(%|ms|s|min|h)?\s*"
)
_COMPARED = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_UNIT_MS = {"ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6}
_HINT = (
    "Write such as “errors > 2%”, “errors(tool) > 5”, “faults > 0”, “unfinished > 3”, “cost > $5” or “p95(llm) > 10s”."
)


class Limit(NamedTuple):
    """`figure` of all, of a kind or of the operation `of`, by `sign` compared with `value`: a count, a rate (0–1), ms or USD."""

    text: str
    figure: str
    of: str
    sign: str
    value: float


class Measured(NamedTuple):
    """What a limit found: `said` in words; `is_broken`: it holds, so that the build fails; `is_known`: there was something to measure."""

    said: str
    is_broken: bool
    is_known: bool


def parse_limit(text: str) -> Limit:
    """Raises UsageError for what is none."""
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise _wrong(text, "is no limit")
    figure, of, sign, dollar, number, unit = match.groups()
    of = of or ""
    value = float(number)
    if figure in _DURATIONS:
        if not of:
            raise _wrong(text, "does not say of what: a kind, or an operation")
        if of in KINDS and figure not in ("p50", "p95"):
            raise _wrong(text, "is of a kind, which has p50 and p95; an operation has all")
        if unit not in _UNIT_MS:
            raise _wrong(text, "is a duration and lacks its unit")
        return Limit(text.strip(), figure, of, sign, value * _UNIT_MS[unit])
    if figure == "errors" and unit == "%":
        return Limit(text.strip(), "error_rate", of, sign, value / 100)
    if figure == "cost" and not of and not unit:
        return Limit(text.strip(), "cost", of, sign, value)
    if (
        figure not in _COUNTS
        or unit
        or dollar
        or (of and figure == "faults")
        or (of and of not in KINDS and figure == "events")
    ):
        raise _wrong(text, "is no limit")
    return Limit(text.strip(), figure, of, sign, value)


def measure(limit: Limit, view: Overview, figures: Performance) -> Measured:
    """What the limit's figure is in the report of these results."""
    value = _value(limit, view, figures)
    if value is None:
        return Measured(f"{limit.text}: nothing to measure", is_broken=False, is_known=False)
    is_broken = _COMPARED[limit.sign](value, limit.value)
    return Measured(f"{limit.text}: it is {_say(limit)(value)}", is_broken=is_broken, is_known=True)


def _value(limit: Limit, view: Overview, figures: Performance) -> float | None:
    if limit.of in KINDS:
        return _of(limit, view.kinds[limit.of])
    if limit.of:
        # The worst of operations so called, of which each kind may have one.
        found = [_of(limit, one) for one in figures.operations if one.operation == limit.of]
        return max((value for value in found if value is not None), default=None)
    totals = view.totals
    return {
        "errors": totals.errors, "error_rate": totals.error_rate, "events": totals.events, "faults": totals.faults,
        "unfinished": sum(kind.unfinished for kind in view.kinds.values()), "cost": view.tokens.cost_usd,
    }[limit.figure]  # fmt: skip


def _of(limit: Limit, one: KindFigures | OperationFigures) -> float | None:
    if limit.figure == "error_rate":
        return one.errors / one.count if one.count else None
    found: float | None = getattr(one, f"{limit.figure}_ms" if limit.figure in _DURATIONS else limit.figure, None)
    return found


def _say(limit: Limit) -> Callable[[float], str]:
    if limit.figure in _DURATIONS:
        return words.ms
    if limit.figure in ("error_rate", "cost"):
        return words.rate if limit.figure == "error_rate" else words.usd
    return lambda value: words.count(int(value))


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(f"“{text}” {why}", _HINT)
