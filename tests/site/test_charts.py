"""What every chart keeps to: axes that are aligned and labelled at any range, colours by name, legends that can be clicked."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from reporter.site import series
from reporter.site.context import TimeAxis
from reporter.site.flow import flow_chart
from reporter.site.specs import SHIPPED, _code, compiled, vega
from reporter.site.static import _give_size
from reporter.window import Window
from tests.browser import look
from tests.helpers import entry, run, write_log

AXIS = TimeAxis.of(
    Window(datetime(2026, 11, 19, 10, 7, tzinfo=UTC), datetime(2026, 11, 20, 10, 7, tzinfo=UTC)), ZoneInfo("UTC")
)


def labels(name: str, signals: dict, **data: list[dict]) -> list[str]:
    """What stands at a chart's axes, as Vega draws it."""
    import vl_convert

    spec = vega(name, 190, signals)
    for found in spec["data"]:
        if "source" not in found:
            found["values"] = data[found["name"]]
    _give_size(spec)
    drawn = vl_convert.vega_to_svg(spec)
    axes = re.findall(r'class="mark-group role-axis".*?</g></g></g></g>|role-axis-label.*?</g>', drawn, re.S)
    return [text for axis in axes if "role-axis-label" in axis for text in re.findall(r">([^<]+)</text>", axis)]


def bar(low: float, high: float) -> dict:
    return {"low_ms": low, "high_ms": high, "count": 2, "series": "tool", "tip": ""}


def test_the_charts_that_come_with_the_program_are_those_of_its_code():
    """After a change of reporter/charts/: make charts. A build that has to compile them takes a second longer."""
    shipped = json.loads(SHIPPED.read_text())
    assert shipped["code"] == _code()
    assert shipped["specs"] == compiled()


@pytest.mark.parametrize(
    ("low", "high", "some"),
    [
        (0.1, 90_000, {"1 ms", "100 ms", "10 s", "1 min"}),
        (100, 126, {"100 ms", "110 ms", "120 ms"}),
        (12.6, 63, {"20 ms", "40 ms"}),
        (20_000, 90_000_000, {"1 min", "1 h", "10 h"}),
        (50_000, 700_000, {"1 min", "2 min", "10 min"}),
    ],
)
def test_durations_have_units_and_several_ticks_at_any_range(low, high, some):
    found = labels("histogram", {"unit": "count"}, histogram=[bar(low, high)], marks=[])
    times = {label for label in found if re.search(r" (ms|s|min|h)$", label)}
    assert len(times) >= 3
    assert some <= times


@pytest.mark.parametrize(
    ("unit", "values", "some", "none"),
    [
        ("count", [1, 2], {"0", "1", "2"}, "."),
        ("count", [3, 12_000], {"0", "10k"}, "."),
        ("usd", [0.01, 0.04], {"$0.02"}, "k"),
        ("usd", [0.05, 0.2], {"$0.00", "$0.05", "$0.10", "$0.20"}, "k"),
        ("usd", [100, 12_000], {"$0", "$10,000"}, "."),
        ("usd", [100, 12_000_000], {"$0", "$10M"}, ","),
        ("rate", [0.01, 0.02], {"0.0 %", "0.5 %", "1.0 %", "2.0 %"}, "k"),
        ("rate", [0.1, 0.2], {"0 %", "5 %", "20 %"}, "."),
        ("rate", [0.25, 1.0], {"0 %", "100 %"}, "."),
    ],
)
def test_small_counts_have_whole_ticks_and_amounts_their_unit(unit, values, some, none):
    rows = [
        {"t": n * 3_600_000, "t2": (n + 1) * 3_600_000, "series": "tool", "value": value, "tip": ""}
        for n, value in enumerate(values)
    ]
    signals = {"unit": unit, "period": [0, 7_200_000], "ticks": [], "tick_names": []}
    found = labels("stacked_bars", signals, bars=rows)
    assert some <= set(found)
    assert not any(none in label for label in found)


def test_an_axis_of_time_spans_the_whole_window_whatever_is_in_it():
    start = pd.Timestamp("2026-11-19T18:00Z")
    points = pd.DataFrame({"start": [start], "name": ["a"], "value": [5.0]})
    bars = series.bars("x", "x", points, {"a": "g1"}, AXIS, series.times)
    lines = series.lines("y", "y", points, {"a": "g1"}, AXIS)
    assert bars.signals["period"] == lines.signals["period"]
    assert (
        bars.signals["period"][0]
        <= AXIS.start.timestamp() * 1000
        <= datetime(2026, 11, 19, 10, 7, tzinfo=UTC).timestamp() * 1000
    )
    assert bars.signals["period"][1] >= datetime(2026, 11, 20, 10, 7, tzinfo=UTC).timestamp() * 1000


def test_a_name_keeps_its_colour_whatever_its_rank():
    alone = series.colours({"openai/gpt-4o": 1})["openai/gpt-4o"]
    weights = {"openai/gpt-4o": 1, "openai/gpt-4o-mini": 2, "ollama/llama3": 3}
    turned = {name: 4 - weight for name, weight in weights.items()}
    assert series.colours(weights) == series.colours(turned)
    assert series.colours(weights)["openai/gpt-4o"] == alone
    many = series.colours({f"m{n}": n for n in range(30)})
    assert sorted(many.values()).count(series.OTHERS) == 22
    assert len(set(many.values())) == 9
    assert series.colours({f"m{n}": n for n in range(22, 30)}) == {f"m{n}": many[f"m{n}"] for n in range(22, 30)}


def test_no_name_has_the_red_of_errors(report):
    style = (report / "assets" / "report.css").read_text()
    for found in re.finditer(r"--(g\d+): #(\w\w)(\w\w)(\w\w)", style):
        red, green, blue = (int(part, 16) for part in found.groups()[1:])
        assert red < 1.9 * max(green, blue), found[1]


def test_charts_of_a_page_are_aligned(report, browser):
    for name in ("index", "llm", "trends"):
        page, heard = look(browser, f"file://{report}/{name}.html")
        charts = json.loads(page.inner_text("#charts"))
        bounds = set()
        for chart in (key for key, value in charts.items() if "period" in value["signals"]):
            place = page.locator(f"[data-chart={chart}]")
            place.scroll_into_view_if_needed()
            page.wait_for_selector(f"[data-chart={chart}][data-drawn]")
            box = place.locator(".role-frame .background").first.bounding_box()
            bounds.add((round(box["x"]), round(box["x"] + box["width"])))
        assert len(bounds) == 1, name
        assert len({tuple(c["signals"]["period"]) for c in charts.values() if "period" in c["signals"]}) == 1
        assert heard == []
        page.context.close()


def test_a_click_on_a_legend_takes_a_series_away_and_brings_it_back(report, browser):
    page, heard = look(browser, f"file://{report}/index.html", "[data-chart=overview_events][data-drawn]")
    bars = page.locator("[data-chart=overview_events] .mark-rect path")
    whole = bars.count()
    button = page.get_by_role("button", name="processing")
    button.click()
    page.wait_for_selector("[data-legend=overview_events] [aria-pressed=false]")
    assert 0 < bars.count() < whole
    button.click()
    page.wait_for_selector("[data-legend=overview_events]:not(:has([aria-pressed=false]))")
    assert bars.count() == whole
    assert heard == []


def test_the_heat_map_says_what_its_shades_are(report, browser):
    page, _ = look(browser, f"file://{report}/performance.html")
    page.locator("[data-chart=heat_map]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=heat_map][data-drawn]")
    shades = page.locator("[data-chart=heat_map] .role-legend-label text").all_text_contents()
    assert len(shades) >= 2
    assert all(re.fullmatch(r"[\d.]+ (ms|s|min|h)", shade) for shade in shades)


def test_a_legend_tells_groups_of_one_class_apart(app, tmp_path):
    """By their messages, and where these are the same too, by how the fingerprint begins; one that shares its class with none keeps that."""

    def failed(cls: str, message: str, frame: str) -> str:
        told = f"[object] (App\\{cls}(code: 0): {message} at /var/www/app/{frame}.php:1)\n[stacktrace]\n"
        return entry(message, {"exception": told}, level="ERROR")

    write_log(app, failed("Lone", "gone", "A"), failed("Twin", "first of all that are slow", "A"))
    write_log(
        app, failed("Twin", "second of all that are slow", "A"), failed("Twin", "second of all that are slow", "B")
    )
    day = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
    assert run("build", "--app", str(app), *day, "-o", str(tmp_path / "out")).exit_code == 0
    text = (tmp_path / "out" / "errors.html").read_text()
    charts = json.loads(re.search(r'id="charts">(.*?)</script>', text, re.S)[1])
    names = sorted(name for _, name in charts["errors_groups"]["legend"])
    assert names[:2] == ["App\\Lone", "Twin: first of all that are slow"]
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"Twin: second of all that are slow [0-9a-f]{4}", name) for name in names[2:])


def test_a_name_that_is_cut_in_the_flow_says_so():
    links = pd.DataFrame(
        [(0, "messages", "provider/" + "x" * 40, 3, 0)], columns=["layer", "source", "target", "count", "errors"]
    )
    assert flow_chart(links).data["nodes"]["label"].tolist() == ["messages 3", "provider/" + "x" * 16 + "… 3"]
