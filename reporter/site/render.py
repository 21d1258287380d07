"""The one template environment, and what charts are drawn of."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from reporter import __version__
from reporter.analysis.problems import growth
from reporter.format import words
from reporter.site.context import rows
from reporter.site.resources import resource_dir
from reporter.site.runtime import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from reporter.site.context import Chart, Columns

# Characters of a name beyond which it is cut where it stands in a row.
LONG_NAME = 60


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Templates compiled once, not at each build: that takes half a second. A folder that cannot be used costs just that."""

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


def environment(zone: ZoneInfo, operations: Mapping[tuple[str, str], str] | None = None) -> jinja2.Environment:
    """Autoescape on, undefined names fail, filters are format.py's functions in the viewer's zone. `operations`: which have a page,
    by kind and name."""
    pages = operations or {}

    def operation_href(name: str, kinds: str | Iterable[str]) -> str:
        """The page of the operation of this name: of the first of these kinds that has one; else nothing."""
        keys = ((kind, name) for kind in ([kinds] if isinstance(kinds, str) else kinds))
        return next((pages[key] for key in keys if key in pages), "")

    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_dir("templates")),
        bytecode_cache=_Compiled(str(_compiled())),
        # Else each page would ask whether each of its templates has changed.
        auto_reload=False,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    for name in ("ms", "took", "count", "cut", "rate", "usd", "size", "iso", "period", "chance", "counted"):
        env.filters[name] = getattr(words, name)
    env.filters["growth"] = growth
    env.filters["short"] = short
    env.filters["name"] = shown_name
    env.filters["moment"] = lambda value: words.moment(value, zone)
    env.filters["clock"] = lambda value: words.clock(value, zone)[:-4]
    env.filters["operation_href"] = operation_href
    env.filters["chart_data"] = chart_data
    env.filters["midnight_ms"] = lambda day, later=0: midnight_ms(day, later, zone)
    env.filters["epoch_ms"] = lambda value: int(value.timestamp() * 1000)
    env.filters["rows"] = rows
    env.filters["bars"] = bars
    return env


def _compiled() -> Path:
    return cache_folder() / f"templates-{__version__}"


def compile_templates() -> None:
    """Compile and keep all templates where none is kept yet, before a page asks for the first."""
    if not _compiled().is_dir():
        env = environment(ZoneInfo("UTC"))
        for name in env.list_templates():
            env.get_template(name)


def midnight_ms(day: datetime, later: int, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 of the viewer's midnight of a day (without a zone), or so many days later."""
    return int((day + timedelta(days=later)).replace(tzinfo=zone).timestamp() * 1000)


def short(value: int) -> str:
    """A figure to three digits, in full on hover."""
    text, full = words.short(value), words.count(value)
    return full if text == full else Markup('<span title="{}">{}</span>').format(full, text)


def shown_name(text: str) -> str:
    """A name; a very long one is shown as two lines of it, in full on hover, in a search and in a table that is saved."""
    return text if len(text) <= LONG_NAME else Markup('<span class="long" title="{0}">{0}</span>').format(text)


def bars(values: Sequence[int], height: int = 20, most: int = 0) -> str:
    """An SVG path of bars, each one wide: a sparkline. The highest value, or `most`, is `height` high."""
    most = most or max(values, default=0) or 1
    return "".join(f"M{n} {height}v-{max(1.5, height * v / most):.1f}h.8V{height}z" for n, v in enumerate(values) if v)


def chart_data(charts: tuple[Chart, ...]) -> dict[str, Any]:
    """What report.js draws: by chart name, its spec's name (all specs stand once, with the runtime) and its columnar data."""
    return {
        chart.name: {
            "spec": chart.spec_name,
            "height": chart.height,
            "signals": chart.signals,
            "legend": chart.legend,
            "data": _columns(chart.data),
            "choices": {name: _columns(data) for name, data in chart.choices.items()},
            "follow": chart.follow,
        }
        for chart in charts
    }


def _columns(data: dict[str, Columns]) -> dict[str, dict[str, list[Any]]]:
    return {name: {str(key): _listed(column) for key, column in columns.items()} for name, columns in data.items()}


def _listed(column: pd.Series | list[Any]) -> list[Any]:
    return column if isinstance(column, list) else column.tolist()


def script_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON that is safe inside a script file: no `<`, no line separators."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for char, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(char, escape)
    return text


_ESCAPED = ((b"\\", b"\\\\"), (b"'", b"\\x27"), (b"<", b"\\x3c"), (b"\n", b"\\n"), (b"\r", b"\\r"))


def data_script(name: str, text: str) -> bytes:
    """A data file: `text` handed to data.js under `name`, which parses it when it is asked for."""
    # As bytes: what is not there is looked for four times as fast as in text.
    data = text.encode("utf-8", "replace")
    for char, escape in _ESCAPED:
        data = data.replace(char, escape)
    return b"telemetryData('%s','%s');\n" % (name.encode(), data)
