"""A report's chart with its data, as a notebook shows it: a chart on its own, without the page's style."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reporter.charts import spec

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
WIDTH = 720


def with_data(
    name: str,
    title: str,
    height: int,
    signals: Mapping[str, Any],
    legend: Mapping[str, str],
    data: Mapping[str, pd.DataFrame | Mapping[str, list[Any]]],
    colours: Mapping[str, str],
) -> alt.TopLevelMixin:
    """The chart `name` of CHARTS over its frames. `signals`: what a page gives with its data; `legend`: what its series are called;
    `colours`: what the page's style calls them (`--bad`: `#c0272d`)."""
    made = _alone(spec(name), colours, legend)
    frames = {key: pd.DataFrame(columns) for key, columns in data.items()}
    rows = {key: frame.astype(object).where(frame.notna(), None).to_dict("records") for key, frame in frames.items()}
    sort = alt.LayerChart if "layer" in made else alt.Chart
    params = [{"name": key, "value": value} for key, value in signals.items()]
    chart: alt.TopLevelMixin = sort.from_dict(
        {**made, "title": title, "width": WIDTH, "height": height, "params": params, "datasets": rows}
    )
    return chart


def _alone(part: Any, colours: Mapping[str, str], legend: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a spec
    if isinstance(part, str):
        return _VARIABLE.sub(lambda found: colours.get(found[1], "currentColor"), part)
    if isinstance(part, list):
        return [_alone(item, colours, legend) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("field") == "series":
        # The legend that stands beside the chart in a page.
        label = f"({json.dumps(dict(legend))})[datum.label]"
        part = {**part, "legend": {"values": list(legend), "labelExpr": label} if legend else None}
    return {key: _alone(item, colours, legend) for key, item in part.items()}
