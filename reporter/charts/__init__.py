"""Charts as Altair specs over named data: no rows and no user text in a spec. One function a chart; no groupby.

Colours are CSS variables, so one spec serves light and dark. What differs from one use of a chart to another (the period an axis
spans, its ticks, what is counted) are signals, which a page gives with its data. Channels are written out: a shorthand string
costs 2 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Callable

AltairChart: TypeAlias = alt.Chart | alt.LayerChart
KINDS = ("chat", "processing", "command", "tool", "llm", "log")
# Colours of report.css that names get (--g1 and so on), and what all other names share. None is the red of errors.
NAMED = tuple(f"g{number}" for number in range(1, 11))
# What is drawn is of a series: a kind, a name's colour, or how work ended.
SERIES_COLOURS = {
    **{kind: f"var(--fill-{kind})" for kind in KINDS},
    **{name: f"var(--{name})" for name in (*NAMED, "gother")},
    "ok": "var(--accent)",
    "error": "var(--bad)",
}
_TEXT, _FAINT, _FONT = "var(--text-soft)", "var(--line)", "system-ui, sans-serif"
THEME: dict[str, Any] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": "transparent"},
    "axis": {
        "labelColor": _TEXT, "titleColor": _TEXT, "gridColor": _FAINT, "domainColor": _FAINT, "tickColor": _FAINT,
        "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
    },
    "legend": {"labelColor": _TEXT, "titleColor": _TEXT, "labelFontSize": 11, "orient": "top", "title": None},
    "aria": False,
}  # fmt: skip
# Signals of a page's own: PERIOD is what an axis of time spans (epoch ms), TICKS where it has ticks (epoch ms) and TICK_NAMES what
# they are called, which depends on the viewer's zone; UNIT is what an axis measures: count, usd, rate or ms.
PERIOD, TICKS, TICK_NAMES, UNIT = "period", "ticks", "tick_names", "unit"

# Hours and minutes where they are whole ones, else seconds.
_MS_LABELS = (
    "datum.value % 3600000 == 0 ? format(datum.value / 3600000, '~g') + ' h' : datum.value % 60000 == 0 ? format(datum.value / 60000, '~g')"
    " + ' min' : datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g') + ' ms'"
)
_COUNT_LABELS = "datum.value >= 1000 ? format(datum.value, '~s') : format(datum.value, '~g')"
# An axis' own label has as many decimals as its closest ticks need: all of USD have these, and rates two fewer.
_UNIT_LABELS = (
    f"{UNIT} == 'usd' ? '$' + (datum.value >= 100000 ? format(datum.value, '~s') : datum.label) : {UNIT} == 'rate' ? replace(format(datum.value, '.' + max(0, length(datum.label) - 4) + '%'), '%', ' %')"
    f" : {UNIT} == 'ms' ? {_MS_LABELS} : {_COUNT_LABELS}"
)
_WIDE_MS = [0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000]
_CLOSE_MS = [
    *(factor * 10.0**decade for decade in range(-1, 3) for factor in (1, 2, 5)),
    *(factor * 1000 for factor in (1, 2, 5, 10, 20, 60, 120, 300, 600, 1200, 3600, 7200, 18_000, 36_000, 86_400)),
]
# The axis takes up as much room on all charts, so that those below one another are aligned.
_EXTENT = 56


def _ms_ticks(scale: str) -> alt.ExprRef:
    """Ticks of a log axis at any range: a tick a decade where it spans three and more, else three; of less than one, Vega's own."""
    span = f"domain('{scale}')[1] / domain('{scale}')[0]"
    return alt.ExprRef(f"{span} >= 1000 ? {_WIDE_MS} : {span} >= 8 ? {_CLOSE_MS} : null")


def _time(field: str, *, is_binned: bool = False) -> alt.X:
    """An axis of time over the whole period."""
    axis = alt.Axis(
        labelOverlap=True,
        labelBound=12,
        labelFlush=False,
        grid=False,
        values=alt.ExprRef(TICKS),
        labelExpr=f"{TICK_NAMES}[indexof({TICKS}, +datum.value)]",
    )
    scale = alt.Scale(type="utc", domain=alt.ExprRef(PERIOD))
    if is_binned:
        return alt.X(field, type="temporal", scale=scale, title=None, bin="binned", axis=axis)
    return alt.X(field, type="temporal", scale=scale, title=None, axis=axis)


def _amount(field: str) -> alt.Y:
    """An axis from 0 of what UNIT says, with whole numbers where it counts."""
    # A least step of 1 would still give halves, for Vega takes it for a number of ticks.
    small = alt.ExprRef(f"{UNIT} == 'count' && domain('y')[1] < 5 ? sequence(0, domain('y')[1] + 1) : null")
    axis = alt.Axis(tickCount=4, values=small, labelExpr=_UNIT_LABELS, minExtent=_EXTENT, maxExtent=_EXTENT)
    return alt.Y(field, type="quantitative", title=None, axis=axis)


def _series() -> alt.Color:
    """The legend stands in the page: its names are the user's, and can be clicked."""
    scale = alt.Scale(domain=list(SERIES_COLOURS), range=list(SERIES_COLOURS.values()))
    return alt.Color("series", type="nominal", scale=scale, legend=None)


def spec(name: str) -> dict[str, Any]:
    """The chart `name` of CHARTS as Vega-Lite."""
    made: dict[str, Any] = CHARTS[name]().to_dict(validate=False)
    return {**made, "config": THEME}


def _sized(chart: AltairChart) -> AltairChart:
    """As wide as its place; a page gives the height."""
    return chart.properties(width="container", height=190, autosize=alt.AutoSizeParams(type="fit", contains="padding"))


def stacked_bars() -> AltairChart:
    """Something counted over time, stacked by what it is of: data `bars`: t, t2 (epoch ms), series, value, tip."""
    bars = (
        alt.Chart(alt.NamedData(name="bars"))
        .mark_bar(tooltip=alt.TooltipContent("data"))
        .encode(x=_time("t", is_binned=True), x2=alt.X2("t2"), y=_amount("value"), color=_series())
    )
    return _sized(bars)


def lines() -> AltairChart:
    """Durations over time on a log axis, a line each: data `lines`: t, series, ms, tip."""
    axis = alt.Axis(
        labelExpr=_MS_LABELS,
        values=_ms_ticks("y"),
        tickCount=10,
        labelOverlap=False,
        minExtent=_EXTENT,
        maxExtent=_EXTENT,
    )
    base = alt.Chart(alt.NamedData(name="lines")).encode(
        x=_time("t"),
        y=alt.Y("ms", type="quantitative", scale=alt.Scale(type="log"), title=None, axis=axis),
        color=_series(),
    )
    return _sized(
        base.mark_line(strokeWidth=1.5)
        + base.mark_point(filled=True, size=28, opacity=1, tooltip=alt.TooltipContent("data"))
    )


def heat_map() -> AltairChart:
    """Hours × rows, darker where more: data `cells`: hour (0 to 23), row, value, tip. Rows in the order of their first cell."""
    legend = alt.Legend(
        labelExpr=_UNIT_LABELS,
        symbolType="square",
        symbolSize=140,
        symbolFillColor="var(--accent)",
        symbolStrokeWidth=0,
        tickCount=5,
        direction="horizontal",
    )
    cells = (
        alt.Chart(alt.NamedData(name="cells"))
        .mark_rect(tooltip=alt.TooltipContent("data"))
        .encode(
            x=alt.X("hour", type="ordinal", title="hour of the day", axis=alt.Axis(labelAngle=0, labelOverlap=True),
                    scale=alt.Scale(domain=list(range(24)))),
            y=alt.Y("row", type="ordinal", title=None, sort=None, axis=alt.Axis(labelLimit=alt.ExprRef("containerSize()[0] < 560 ? 110 : 220"))),
            opacity=alt.Opacity("value", type="quantitative", scale=alt.Scale(type="log", range=[0.12, 1]), legend=legend),
            color=alt.value("var(--accent)"),
        )
    )  # fmt: skip
    return _sized(cells)


def histogram() -> AltairChart:
    """Distribution of durations on a log axis: data `histogram`: low_ms, high_ms, count, series, tip; and `marks`: ms, label, tip of
    what is to be pointed out."""
    axis = alt.Axis(labelExpr=_MS_LABELS, values=_ms_ticks("x"), tickCount=10, grid=False, labelOverlap=True)
    scale = alt.Scale(type="log", nice=False)
    bars = (
        alt.Chart(alt.NamedData(name="histogram"))
        .mark_bar(tooltip=alt.TooltipContent("data"))
        .encode(
            x=alt.X("low_ms", type="quantitative", bin="binned", scale=scale, title="duration (log scale)", axis=axis),
            x2=alt.X2("high_ms"),
            y=_amount("count"),
            color=_series(),
        )
    )
    marks = alt.Chart(alt.NamedData(name="marks")).encode(x=alt.X("ms", type="quantitative", scale=scale))
    return _sized(
        bars
        + marks.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color="var(--text)", tooltip=alt.TooltipContent("data"))
        + marks.mark_text(align="left", dx=4, dy=4, baseline="top", fontSize=11, color="var(--text)").encode(
            text=alt.Text("label", type="nominal"), y=alt.value(0)
        )
    )


def flow() -> dict[str, Any]:
    """A layered flow, laid out before: data `links` (path, width, failed, tip), `nodes` (x, y, width, height, label, lx, ly,
    align, tip). Vega as it is: Vega-Lite has no path mark."""
    text = {"font": {"value": _FONT}, "fontSize": {"value": 11}, "fill": {"value": "var(--text)"}}
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "width": 1000, "height": 300, "padding": 0, "autosize": "none",
        "data": [{"name": "links"}, {"name": "nodes"}],
        "marks": [
            {"type": "path", "from": {"data": "links"}, "encode": {"enter": {
                "path": {"field": "path"}, "strokeWidth": {"field": "width"}, "tooltip": {"signal": "datum"},
                "stroke": [{"test": "datum.failed", "value": "var(--bad)"}, {"value": "var(--accent)"}],
                "strokeOpacity": {"value": 0.35}}}},
            {"type": "rect", "from": {"data": "nodes"}, "encode": {"enter": {
                **{name: {"field": name} for name in ("x", "y", "width", "height")}, "tooltip": {"signal": "datum"},
                "fill": {"value": "var(--text-soft)"}}}},
            {"type": "text", "from": {"data": "nodes"}, "encode": {"enter": {
                **text, "text": {"field": "label"}, "x": {"field": "lx"}, "y": {"field": "ly"}, "align": {"field": "align"},
                "baseline": {"value": "middle"}}}},
        ],
    }  # fmt: skip


CHARTS: dict[str, Callable[[], AltairChart]] = {
    "stacked_bars": stacked_bars,
    "lines": lines,
    "heat_map": heat_map,
    "histogram": histogram,
}
# Those that are Vega already.
VEGA_CHARTS = {"flow": flow}
