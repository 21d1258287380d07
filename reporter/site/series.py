"""Charts over time by name: the largest names have a colour each, the rest share one.

Points are frames: `start` (aware), `name`, `value`, and where a stretch is not as long as the others, its `end`.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, TimeAxis, chart, epoch_ms, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results

# As many as charts.py has colours for (NAMED, without loading altair), and how many names of a chart have one.
_COLOURS, COLOURED = tuple(f"g{number}" for number in range(1, 11)), 8
OTHERS = "gother"
Colours = dict[str, str]
Recipe = dict[str, Any]
KINDS: Colours = {kind: kind for kind in ("chat", "processing", "command", "tool", "llm", "log")}


def colours(weights: Mapping[Any, float], own: Callable[[Any], str] = str) -> Colours:
    """Name → its series, which has a colour; the heaviest first. The heaviest names have one of their own: which one, what it is
    called decides (`own`), so that it is the same on every page and in every report. Of two that would have the same the one later
    in the alphabet has the next."""
    ordered = sorted(weights, key=lambda name: (-weights[name], name))
    found: Colours = dict.fromkeys(ordered, OTHERS)
    free = list(_COLOURS)
    for name in sorted(ordered[:COLOURED]):
        wanted = zlib.crc32(own(name).encode("utf-8", "replace")) % len(_COLOURS)
        turned = (*_COLOURS[wanted:], *_COLOURS[:wanted])
        found[name] = next(colour for colour in turned if colour in free)
        free.remove(found[name])
    return found


def colours_of(points: pd.DataFrame, own: Callable[[Any], str] = str) -> Colours:
    """Colours by each name's sum."""
    return colours(points.groupby("name")["value"].sum().to_dict(), own)


def points(frame: pd.DataFrame, name: str, value: str) -> pd.DataFrame:
    """Points of a frame with a column `start`, without those that have no value."""
    found = pd.DataFrame({"start": frame["start"], "name": frame[name], "value": frame[value].astype("float64")})
    return found[found["value"].notna()]


def times(value: float) -> str:
    return f"{value:,.0f}×"


def counted(results: Results, operations: Iterable[OperationFigures]) -> pd.DataFrame:
    """How many of each operation finished, by bucket of the window."""
    counts, starts = used(results).counts, results.errors.buckets
    rows = [
        (start, o.operation, float(n))
        for o in operations
        for start, n in zip(starts, counts.get((o.kind, o.operation), ()), strict=False)
        if n
    ]
    return pd.DataFrame(rows, columns=["start", "name", "value"])


def bars(
    name: str, title: str, points: pd.DataFrame, colours: Mapping[str, str], axis: TimeAxis, say: Callable[[float], str],
    *, shown: Mapping[str, str] | None = None, unit: str = "count", height: int = 190, follow: Recipe | None = None,
) -> Chart:  # fmt: skip
    """Stacked bars; `say` writes a value, `shown` has names to be read. `follow`: what of `Chart.following` is not known here."""
    # Row by row: to group a frame of a few hundred costs five times as much, and a report has ten such charts.
    begins, starts = epoch_ms(points["start"]).tolist(), moments(points["start"])
    ends = epoch_ms(points["end"]).tolist() if "end" in points else [begin + axis.seconds * 1000 for begin in begins]
    stacked: dict[tuple[int, str], _Bar] = {}
    for begin, start, end, what, value in zip(
        begins, starts, ends, points["name"].tolist(), points["value"].tolist(), strict=True
    ):
        series = colours.get(what, OTHERS)
        label = "others" if series == OTHERS else (shown or {}).get(what, what)
        stacked.setdefault((begin, series), _Bar(start, end, label, [])).values.append(value)
    add = math.fsum if points["value"].dtype.kind == "f" else sum
    bars = [(*key, bar, total) for key, bar in stacked.items() if (total := add(bar.values)) != 0]
    data: dict[str, list[Any]] = {
        "t": [begin for begin, _, _, _ in bars],
        "t2": [bar.end for _, _, bar, _ in bars],
        "series": [series for _, series, _, _ in bars],
        "value": [total for _, _, _, total in bars],
        "tip": [f"{words.moment(bar.start, axis.zone)} · {bar.label}: {say(total)}" for _, _, bar, total in bars],
    }
    legend = _legend([(series, bar.label) for _, series, bar, _ in bars], colours)
    made = chart("stacked_bars", title, height, name, axis, unit, legend, bars=data)
    return _following(made, follow, colours, shown or {})


class _Bar(NamedTuple):
    """What is stacked in one bar: of a series, from `start` on, until `end` in epoch ms."""

    start: datetime
    end: int
    label: str
    values: list[float]


def lines(
    name: str, title: str, points: pd.DataFrame, colours: Mapping[str, str], axis: TimeAxis, *, height: int = 190,
    follow: Recipe | None = None,
) -> Chart:  # fmt: skip
    """A line of durations in ms for each name that has a colour of its own. `tip`: where a point says more than its value."""
    names = points["name"].tolist()
    tips = points["tip"].tolist() if "tip" in points else [
        f"{words.moment(start, axis.zone)} · {what}: {words.ms(value)}"
        for start, what, value in zip(moments(points["start"]), names, points["value"].tolist(), strict=True)
    ]  # fmt: skip
    least = points["value"].clip(lower=0.1).tolist()
    drawn = [
        (begin, colours[what], what, ms, tip)
        for begin, what, ms, tip in zip(epoch_ms(points["start"]).tolist(), names, least, tips, strict=True)
        if colours.get(what, OTHERS) != OTHERS
    ]
    data: dict[str, list[Any]] = {
        "t": [begin for begin, _, _, _, _ in drawn],
        "series": [series for _, series, _, _, _ in drawn],
        "ms": [ms for _, _, _, ms, _ in drawn],
        "tip": [tip for _, _, _, _, tip in drawn],
    }
    legend = _legend([(series, what) for _, series, what, _, _ in drawn], colours)
    made = chart("lines", title, height, name, axis, "ms", legend, lines=data)
    return _following(made, follow, colours, {})


def _following(made: Chart, follow: Recipe | None, colours: Mapping[str, str], shown: Mapping[str, str]) -> Chart:
    """With the recipe for the filter: names keep their colours."""
    if follow is None:
        return made
    own = {name: colour for name, colour in colours.items() if colour != OTHERS}
    return made.following(**follow, colours=own, names={name: shown[name] for name in own if name in shown})


def _legend(drawn: Iterable[tuple[str, str]], colours: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(series, what it is called) of what is drawn, in the order of `colours`, `others` last."""
    told = dict(drawn)
    order = list(dict.fromkeys(colours.values()))
    return tuple(
        sorted(told.items(), key=lambda one: (one[0] == OTHERS, order.index(one[0]) if one[0] in order else 0))
    )
