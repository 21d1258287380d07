"""Charts over time by name: the largest names have a colour each, the rest share one.

Points are frames: `start` (aware), `name`, `value`, and where a stretch is not as long as the others, its `end`.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, TimeAxis, chart, epoch_ms, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
    found = frame[["start", name, value]].set_axis(["start", "name", "value"], axis=1)
    return found[found["value"].notna()].astype({"value": "float64"})


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
    series = points["name"].astype(object).map(colours).fillna(OTHERS)
    label = points["name"].map(shown).fillna(points["name"]) if shown else points["name"]
    end = points["end"] if "end" in points else points["start"] + pd.Timedelta(seconds=axis.seconds)
    told = points.assign(series=series, end=end, label=label.astype(object).where(series != OTHERS, "others"))
    sums = told.groupby(["start", "series"], sort=False).agg(
        value=("value", "sum"), label=("label", "last"), end=("end", "last")
    )
    rows = sums[sums["value"] != 0].reset_index()
    tips = [
        f"{words.moment(start, axis.zone)} · {what}: {say(value)}"
        for start, what, value in zip(moments(rows["start"]), rows["label"], rows["value"], strict=True)
    ]
    data = {
        "t": epoch_ms(rows["start"]),
        "t2": epoch_ms(rows["end"]),
        "series": rows["series"],
        "value": rows["value"],
        "tip": tips,
    }
    legend = _legend(rows, colours)
    made = chart("stacked_bars", title, height, name, axis, unit, legend, bars=pd.DataFrame(data))
    return _following(made, follow, colours, shown or {})


def lines(
    name: str, title: str, points: pd.DataFrame, colours: Mapping[str, str], axis: TimeAxis, *, height: int = 190,
    follow: Recipe | None = None,
) -> Chart:  # fmt: skip
    """A line of durations in ms for each name that has a colour of its own. `tip`: where a point says more than its value."""
    series = points["name"].astype(object).map(colours).fillna(OTHERS)
    rows = points.assign(series=series, label=points["name"].astype(object))[series != OTHERS]
    tips = rows["tip"] if "tip" in rows else [
        f"{words.moment(start, axis.zone)} · {what}: {words.ms(value)}"
        for start, what, value in zip(moments(rows["start"]), rows["label"], rows["value"], strict=True)
    ]  # fmt: skip
    data = {"t": epoch_ms(rows["start"]), "series": rows["series"], "ms": rows["value"].clip(lower=0.1), "tip": tips}
    legend = _legend(rows, colours)
    made = chart("lines", title, height, name, axis, "ms", legend, lines=pd.DataFrame(data))
    return _following(made, follow, colours, {})


def _following(made: Chart, follow: Recipe | None, colours: Mapping[str, str], shown: Mapping[str, str]) -> Chart:
    """With the recipe for the filter: names keep their colours."""
    if follow is None:
        return made
    own = {name: colour for name, colour in colours.items() if colour != OTHERS}
    return made.following(**follow, colours=own, names={name: shown[name] for name in own if name in shown})


def _legend(rows: pd.DataFrame, colours: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(series, what it is called) of what is drawn, in the order of `colours`, `others` last."""
    told = dict(zip(rows["series"], rows["label"], strict=True))
    order = list(dict.fromkeys(colours.values()))
    return tuple(
        sorted(told.items(), key=lambda one: (one[0] == OTHERS, order.index(one[0]) if one[0] in order else 0))
    )
