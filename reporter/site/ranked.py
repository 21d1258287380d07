"""Charts by name: the six largest names have a colour each (`--g1` and so on), the rest are one.

Points are frames: `start` (aware), `name`, `value`, and where a stretch is not as long as the others, its `end`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter.analysis.results import used
from reporter.format import words
from reporter.site.context import Chart, chart, epoch_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results

# As many as charts.py has colours for.
COLOURED = 6
Ranking = dict[str, str]


def ranking(weights: Mapping[Any, float]) -> Ranking:
    """Name → its colour's name, the heaviest first; ties by name."""
    ordered = sorted(weights, key=lambda name: (-weights[name], name))
    return {name: str(n + 1) if n < COLOURED else "other" for n, name in enumerate(ordered)}


def ranking_of(points: pd.DataFrame) -> Ranking:
    """The ranking by each name's sum."""
    return ranking(points.groupby("name")["value"].sum().to_dict())


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
    name: str, title: str, points: pd.DataFrame, ranks: Ranking, seconds: int, zone: ZoneInfo,
    say: Callable[[float], str], shown: Mapping[str, str] | None = None,
) -> Chart:  # fmt: skip
    """Stacked bars, each `seconds` long; `say` writes a value, `shown` has names to be read."""
    rank = points["name"].map(ranks).fillna("other")
    label = points["name"].map(shown).fillna(points["name"]) if shown else points["name"]
    end = points["end"] if "end" in points else points["start"] + pd.Timedelta(seconds=seconds)
    told = points.assign(rank=rank, end=end, label=label.where(rank != "other", "others"))
    sums = told.groupby(["start", "rank"], sort=False).agg(
        value=("value", "sum"), label=("label", "last"), end=("end", "last")
    )
    rows = sums[sums["value"] != 0].reset_index()
    tips = [
        f"{words.moment(start, zone)} · {what}: {say(value)}"
        for start, what, value in zip(rows["start"], rows["label"], rows["value"], strict=True)
    ]
    data = {
        "t": epoch_ms(rows["start"]),
        "t2": epoch_ms(rows["end"]),
        "rank": rows["rank"],
        "value": rows["value"],
        "tip": tips,
    }
    return chart("ranked_bars", title, 190, name, zone, bars=pd.DataFrame(data))


def lines(name: str, title: str, points: pd.DataFrame, ranks: Ranking, zone: ZoneInfo) -> Chart:
    """A line of durations in ms for each of the coloured names."""
    rank = points["name"].map(ranks).fillna("other")
    rows = points.assign(rank=rank)[rank != "other"]
    tips = [
        f"{words.moment(start, zone)} · {what}: {words.ms(value)}"
        for start, what, value in zip(rows["start"], rows["name"], rows["value"], strict=True)
    ]
    data = {"t": epoch_ms(rows["start"]), "rank": rows["rank"], "ms": rows["value"].clip(lower=0.1), "tip": tips}
    return chart("ranked_lines", title, 190, name, zone, lines=pd.DataFrame(data))
