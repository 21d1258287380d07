"""A report's chart with its data, as a notebook shows it: a chart on its own, without the page's style and signals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import altair as alt

from reporter.charts import TICKS, spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
WIDTH = 720


def with_data(name: str, title: str, data: Mapping[str, pd.DataFrame], colours: Mapping[str, str]) -> alt.TopLevelMixin:
    """The chart `name` of CHARTS over its frames. `colours`: what the page's style calls them (`--bad`: `#c0272d`).

    Times are labelled in UTC: the viewer's clock is a page's own doing.
    """
    made = _alone(spec(name), colours)
    rows = {key: frame.astype(object).where(frame.notna(), None).to_dict("records") for key, frame in data.items()}
    sort = alt.LayerChart if "layer" in made else alt.Chart
    chart: alt.TopLevelMixin = sort.from_dict({**made, "title": title, "width": WIDTH, "datasets": rows})
    return chart


def _alone(part: Any, colours: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a spec
    if isinstance(part, str):
        return _VARIABLE.sub(lambda found: colours.get(found[1], "currentColor"), part)
    if isinstance(part, list):
        return [_alone(item, colours) for item in part]
    if not isinstance(part, dict):
        return part
    # An axis that the page names the ticks of; Vega names them by itself.
    is_named = part.get("values") == {"expr": TICKS}
    return {
        key: _alone(item, colours) for key, item in part.items() if not (is_named and key in ("values", "labelExpr"))
    }
