"""Charts as SVG without scripts, for files whose readers strip scripts: drawn at build by vl-convert."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reporter.site.specs import vega

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_LIGHT = re.compile(r"(--[\w-]+):\s*(#[0-9a-fA-F]{3,8})\b")
# What the page's policy would stop, or a reader of the ticket could trip over.
_NOT_NEEDED = re.compile(r'\s(?:style|xmlns:xlink|id)="[^"]*"')
_PLACE = re.compile(r'(<div [^>]*data-chart="([\w-]+)"[^>]*>)(</div>)')
_STATIC = re.compile(r'<svg data-static="".*?</svg>', re.S)
_WIDTH = 900


def with_static_charts(body: str, charts: Mapping[str, Any], style: str) -> str:
    """A page's main part with every chart in its place as an SVG, in the light colours of `style`. Scripts draw over it."""
    colours = dict(reversed(_LIGHT.findall(style)))

    def put(place: re.Match[str]) -> str:
        chart = charts.get(place[2])
        return f"{place[1]}{_svg(chart, colours)}{place[3]}" if chart else place[0]

    return _PLACE.sub(put, body)


def _svg(chart: Mapping[str, Any], colours: Mapping[str, str]) -> str:
    import vl_convert

    spec = vega(chart["spec"], chart["height"], chart["signals"])
    for data in spec["data"]:
        columns = chart["data"].get(data["name"])
        if columns and "source" not in data:
            names = list(columns)
            data["values"] = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    _give_size(spec)
    drawn: str = vl_convert.vega_to_svg(spec)
    coloured = _VARIABLE.sub(lambda name: colours.get(name[1], "currentColor"), drawn)
    # The place has the name; the picture is not read out again.
    return _NOT_NEEDED.sub("", coloured).replace("<svg ", '<svg data-static="" aria-hidden="true" ', 1)


def _give_size(spec: dict[str, Any]) -> None:
    """A fixed width in place of the container's."""
    for signal in spec.get("signals", []):
        if signal.get("name") == "width":
            signal.pop("init", None)
            signal.pop("on", None)
            signal["value"] = _WIDTH


def without_static_charts(body: str) -> tuple[str, int]:
    """The part with empty places for its charts again; and how many were taken out."""
    return _STATIC.subn("", body)
