"""The one template environment, and charts as compiled Vega specs."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from reporter import format as words
from reporter.site.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reporter.site.context import Chart


def environment(zone: ZoneInfo) -> jinja2.Environment:
    """Autoescape on, undefined names fail, filters are format.py's functions in the viewer's zone."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_dir("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    for name in ("ms", "count", "rate", "usd", "size", "iso"):
        env.filters[name] = getattr(words, name)
    env.filters["moment"] = lambda value: words.moment(value, zone)
    env.filters["chart_data"] = chart_data
    env.filters["bars"] = bars
    return env


def bars(values: Sequence[int], height: int = 20) -> str:
    """An SVG path of bars, each one wide: a sparkline."""
    most = max(values, default=0) or 1
    return "".join(f"M{n} {height}v-{max(1.5, height * v / most):.1f}h.8V{height}z" for n, v in enumerate(values) if v)


def chart_data(charts: tuple[Chart, ...]) -> dict[str, Any]:
    """What report.js draws: by chart name, its spec and its columnar data."""
    return {chart.name: {"spec": chart.spec, "data": chart.data, "height": chart.height} for chart in charts}


@cache
def vega(name: str) -> dict[str, Any]:
    """The Vega spec of the chart `name`. The first compilation takes 0.3 s, the others 4 ms."""
    import vl_convert

    from reporter.charts import CHARTS

    spec: dict[str, Any] = vl_convert.vegalite_to_vega(CHARTS[name](), vl_version="6.4")
    return spec


def prepare() -> None:
    """Compile all charts and load what rendering needs: work for a thread while the database is busy."""
    import pandas  # noqa: F401

    from reporter.charts import CHARTS
    from reporter.site.runtime import runtime_js

    for name in CHARTS:
        vega(name)
    runtime_js()


def script_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON that is safe inside a script file: no `<`, no line separators."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for char, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(char, escape)
    return text


def data_script(name: str, text: str) -> bytes:
    """A data file: `text` handed to data.js under `name`, which parses it when it is asked for."""
    for char, escape in (("\\", "\\\\"), ("'", "\\x27"), ("<", "\\x3c"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(char, escape)
    return f"telemetryData('{name}','{text}');\n".encode("utf-8", "replace")
