"""Charts as Altair specs over named data: no rows and no user text in a spec. One function a chart; no groupby.

Colours are CSS variables, so one spec serves light and dark. Channels are written out: a shorthand string costs 2 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Callable

AltairChart: TypeAlias = alt.Chart | alt.LayerChart
KIND_COLOURS = {
    "chat": "var(--fill-chat)",
    "processing": "var(--fill-processing)",
    "command": "var(--fill-command)",
    "tool": "var(--fill-tool)",
    "llm": "var(--fill-llm)",
    "log": "var(--fill-log)",
}
# Error groups that have a colour of their own (report.css: --g1 and so on), and the others.
_RANKS = ["1", "2", "3", "4", "5", "6", "other"]
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
_MS_LABELS = "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g') + ' ms'"
_COUNT_LABELS = "datum.value >= 1000 ? format(datum.value, '~s') : format(datum.value, '~g')"
# What a time is called depends on the viewer's zone: a page gives ticks and their names with its data.
TICKS, TICK_NAMES = "ticks", "tick_names"
_DECADES_MS = [0.1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]
UTC = alt.Scale(type="utc")
TIME_AXIS = alt.Axis(
    labelOverlap=True,
    grid=False,
    values=alt.ExprRef(TICKS),
    labelExpr=f"{TICK_NAMES}[indexof({TICKS}, +datum.value)]",
)


def spec(name: str) -> dict[str, Any]:
    """The chart `name` of CHARTS as Vega-Lite."""
    made: dict[str, Any] = CHARTS[name]().to_dict(validate=False)
    return {**made, "config": THEME}


def _sized(chart: AltairChart, height: int) -> AltairChart:
    return chart.properties(
        width="container", height=height, autosize=alt.AutoSizeParams(type="fit", contains="padding")
    )


def _kind_colour() -> alt.Color:
    return alt.Color(
        "kind",
        type="nominal",
        scale=alt.Scale(domain=list(KIND_COLOURS), range=list(KIND_COLOURS.values())),
        title=None,
    )


def overview_events() -> AltairChart:
    """Events over time, stacked by kind, of data `events`: t, t2 (epoch ms), kind, events, tip."""
    bars = (
        alt.Chart(alt.NamedData(name="events"))
        .mark_bar(tooltip=alt.TooltipContent("data"))
        .encode(
            x=alt.X("t", type="temporal", scale=UTC, title=None, bin="binned", axis=TIME_AXIS),
            x2=alt.X2("t2"),
            y=alt.Y("events", type="quantitative", title="events", axis=alt.Axis(tickCount=4)),
            color=_kind_colour(),
        )
    )
    return _sized(bars, 190)


def overview_errors() -> AltairChart:
    """Error events over time, of data `errors`: t, t2, errors, tip."""
    bars = (
        alt.Chart(alt.NamedData(name="errors"))
        .mark_bar(tooltip=alt.TooltipContent("data"), color="var(--bad)")
        .encode(
            x=alt.X("t", type="temporal", scale=UTC, title=None, bin="binned", axis=TIME_AXIS),
            x2=alt.X2("t2"),
            y=alt.Y(
                "errors",
                type="quantitative",
                title="error events",
                axis=alt.Axis(tickCount=3, format="~d", tickMinStep=1),
            ),
        )
    )
    return _sized(bars, 90)


def _rank_colour() -> alt.Color:
    return alt.Color(
        "rank",
        type="nominal",
        scale=alt.Scale(domain=_RANKS, range=[f"var(--g{name})" for name in _RANKS]),
        legend=None,
    )


def ranked_bars() -> AltairChart:
    """Something counted over time, stacked by what it is of: data `bars`: t, t2, rank (1 to 6, other), value, tip."""
    bars = (
        alt.Chart(alt.NamedData(name="bars"))
        .mark_bar(tooltip=alt.TooltipContent("data"))
        .encode(
            x=alt.X("t", type="temporal", scale=UTC, title=None, bin="binned", axis=TIME_AXIS),
            x2=alt.X2("t2"),
            y=alt.Y("value", type="quantitative", title=None, axis=alt.Axis(tickCount=4, labelExpr=_COUNT_LABELS)),
            color=_rank_colour(),
        )
    )
    return _sized(bars, 190)


def ranked_lines() -> AltairChart:
    """Durations over time on a log axis, a line each: data `lines`: t, rank, ms, tip."""
    base = alt.Chart(alt.NamedData(name="lines")).encode(
        x=alt.X("t", type="temporal", scale=UTC, title=None, axis=TIME_AXIS),
        y=alt.Y("ms", type="quantitative", scale=alt.Scale(type="log"), title=None,
                axis=alt.Axis(labelExpr=_MS_LABELS, values=_DECADES_MS)),
        color=_rank_colour(),
    )  # fmt: skip
    return _sized(
        base.mark_line(strokeWidth=1.5)
        + base.mark_point(filled=True, size=28, opacity=1, tooltip=alt.TooltipContent("data")),
        190,
    )


def heat_map() -> AltairChart:
    """Hours × rows, darker where slower: data `cells`: hour (0 to 23), row, ms, tip. Rows in the order of their first cell."""
    cells = (
        alt.Chart(alt.NamedData(name="cells"))
        .mark_rect(tooltip=alt.TooltipContent("data"))
        .encode(
            x=alt.X("hour", type="ordinal", title="hour of the day", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("row", type="ordinal", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
            opacity=alt.Opacity("ms", type="quantitative", scale=alt.Scale(type="log", range=[0.12, 1]), legend=None),
            color=alt.value("var(--accent)"),
        )
    )
    return _sized(cells, 320)


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


def performance_histogram() -> AltairChart:
    """Distribution of durations on a log axis, of data `histogram`: low_ms, high_ms, count, kind, tip."""
    bars = (
        alt.Chart(alt.NamedData(name="histogram"))
        .mark_bar(tooltip=alt.TooltipContent("data"))
        .encode(
            x=alt.X("low_ms", type="quantitative", bin="binned", scale=alt.Scale(type="log"), title="duration (log scale)",
                    axis=alt.Axis(labelExpr=_MS_LABELS, values=_DECADES_MS, grid=False)),
            x2=alt.X2("high_ms"),
            y=alt.Y("count", type="quantitative", title="operations", axis=alt.Axis(tickCount=4)),
            color=_kind_colour(),
        )
    )  # fmt: skip
    return _sized(bars, 200)


def performance_percentiles() -> AltairChart:
    """p95 of each kind over time on a log axis, of data `percentiles`: t, kind, p95_ms, tip."""
    base = alt.Chart(alt.NamedData(name="percentiles")).encode(
        x=alt.X("t", type="temporal", scale=UTC, title=None, axis=TIME_AXIS),
        y=alt.Y("p95_ms", type="quantitative", scale=alt.Scale(type="log"), title="p95 (log scale)",
                axis=alt.Axis(labelExpr=_MS_LABELS, values=_DECADES_MS)),
        color=_kind_colour(),
    )  # fmt: skip
    return _sized(
        base.mark_line(strokeWidth=1.5)
        + base.mark_point(filled=True, size=28, opacity=1, tooltip=alt.TooltipContent("data")),
        220,
    )


CHARTS: dict[str, Callable[[], AltairChart]] = {
    "overview_events": overview_events,
    "overview_errors": overview_errors,
    "ranked_bars": ranked_bars,
    "ranked_lines": ranked_lines,
    "heat_map": heat_map,
    "performance_histogram": performance_histogram,
    "performance_percentiles": performance_percentiles,
}
# Those that are Vega already.
VEGA_CHARTS = {"flow": flow}
