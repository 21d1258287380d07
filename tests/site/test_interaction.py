"""What people do with pages: filter over pages, choose a period on a chart, take tables and charts along."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from tests.browser import look
from tests.helpers import entry, event, run, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


def visible(page, table: str) -> int:
    return page.locator(f"{table} tbody tr:visible").count()


def test_a_filter_stays_over_pages_and_in_the_address(report, browser):
    page, heard = look(browser, f"file://{report}/performance.html")
    everything = visible(page, "#ops")
    page.select_option("#page-filters [name=kind]", "tool")
    page.wait_for_selector("[data-applied='kind=tool']")
    kinds = set(page.locator("#ops tbody tr:visible td:first-child").all_inner_texts())
    assert kinds == {"tool"}
    assert page.url.endswith("#kind=tool")
    assert "finished operations" in page.inner_text("#filter-note")
    page.click(".top nav a:has-text('Overview')")
    page.wait_for_selector(".chip:visible")
    assert page.url.endswith("index.html#kind=tool")
    page.click(".top nav a:has-text('Traces')")
    page.wait_for_selector("#traces[data-shown]")
    assert page.input_value("#page-filters [name=kind]") == "tool"
    page.click(".top nav a:has-text('Performance')")
    page.wait_for_selector(".chip:visible")
    page.click(".chip")
    page.wait_for_selector("[data-applied='']")
    assert visible(page, "#ops") == everything
    assert "#" not in page.url
    assert heard == []


def test_a_period_is_chosen_by_dragging_over_a_chart(report, browser):
    page, heard = look(browser, f"file://{report}/index.html", "[data-chart=overview_events][data-drawn]")
    page.locator("[data-chart=overview_events] svg").scroll_into_view_if_needed()
    box = page.locator("[data-chart=overview_events] svg").bounding_box()
    middle = box["y"] + box["height"] * 0.6
    page.mouse.move(box["x"] + box["width"] * 0.30, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.36, middle, steps=4)
    page.mouse.up()
    page.wait_for_selector(".chip:visible")
    assert page.inner_text(".chip").startswith("2026-11-18")
    page.wait_for_selector("[data-chart=overview_errors] .brush:visible")
    page.click(".top nav a:has-text('Traces')")
    page.wait_for_selector("#traces[data-shown]")
    starts = page.locator("#traces tbody td:nth-child(4)").all_inner_texts()
    assert 0 < len(starts) < 60
    assert {start[:10] for start in starts} <= {"2026-11-18", "2026-11-19"}
    assert heard == []


def saved(page, action) -> str:
    with page.expect_download() as download:
        action()
    return download.value.path().read_bytes().decode("utf-8-sig")


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """A report of two tools whose names are trouble, and of one that failed; a fault before its day."""
    app = tmp_path_factory.mktemp("few") / "app"
    own = {"duration_ms": 5, "error_type": "App\\Boom", "error": "no table"}
    write_log(
        app,
        event("tool.invocation.completed", "10:00:00.000001", tool_name="=cmd|'/c calc'!A1", duration_ms=5),
        event("tool.invocation.completed", "10:00:00.000002", tool_name='a,"b"', duration_ms=7.5),
        event("tool.invocation.failed", "10:00:00.000001", tool_name="db", **own),
        entry("gone before", at="2026-11-18 10:00:00", level="ERROR"),
    )
    assert run("build", "--app", str(app), "-o", str(app.parent / "out"), *DAY).exit_code == 0
    return app.parent / "out"


def test_a_table_is_saved_as_csv_without_formulas(few, browser):
    page, heard = look(browser, f"file://{few}/performance.html")
    text = saved(page, lambda: page.get_by_role("button", name="Save this table as CSV").first.click())
    head, *rows = csv.reader(io.StringIO(text))
    assert head[:3] == ["Kind", "Operation", "Count"]
    assert (head[4], head[12]) == ("Error rate (0–1)", "max (ms)")
    shown = {row[1]: (row[2], row[12]) for row in rows}
    assert shown == {"'=cmd|'/c calc'!A1": ("1", "5.0"), 'a,"b"': ("1", "7.5"), "db": ("1", "5.0")}
    assert heard == []


def test_a_saved_table_of_error_groups_has_a_column_for_each_thing(few, browser):
    page, heard = look(browser, f"file://{few}/errors.html")
    assert page.inner_text("#groups td.what").split("\n") == ["new App\\Boom", "no table"]
    head, row = csv.reader(
        io.StringIO(saved(page, lambda: page.get_by_role("button", name="Save this table as CSV").click()))
    )
    told = dict(zip(head, row, strict=True))
    wanted = {
        "Faults": "1",
        "Share (0–1)": "1.0",
        "State": "new",
        "Error": "App\\Boom",
        "Message": "no table",
        "Kind": "tool",
        "Where": "db",
    }
    assert {name: told[name] for name in wanted} == wanted
    assert re.fullmatch("[0-9a-f]{16}", told["Fingerprint"])
    assert told["Last seen (UTC)"] == "2026-11-20T10:00:00.000001Z"
    assert not {"Colour", "Trend"} & set(head)
    assert heard == []


def test_a_chart_is_saved_as_svg_and_png(report, browser):
    page, heard = look(browser, f"file://{report}/index.html", "[data-chart=overview_events][data-drawn]")
    text = saved(page, lambda: page.get_by_role("button", name="Save this chart as SVG").first.click())
    assert text.startswith("<svg")
    assert "var(" not in text
    assert "#3b76d6" in text
    with page.expect_download() as download:
        page.get_by_role("button", name="Save this chart as PNG").first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    assert heard == []


def test_a_histogram_is_chosen_by_operation(report, browser):
    page, heard = look(browser, f"file://{report}/performance.html", "[data-chart=performance_histogram][data-drawn]")
    bars = page.locator("[data-chart=performance_histogram] .mark-rect path")
    before = bars.count()
    page.select_option("[data-choose=performance_histogram]", "tool db.query")
    page.wait_for_timeout(300)
    assert 0 < bars.count() < before
    assert heard == []


def test_very_many_operations_are_cut_and_it_is_said(app, tmp_path):
    names = [*(f"tool{n:04}" for n in range(1010)), *["often"] * 3]
    write_log(
        app,
        *(
            event("tool.invocation.completed", f"10:{n // 60:02}:{n % 60:02}.000001", tool_name=name, duration_ms=5)
            for n, name in enumerate(names)
        ),
    )
    output = tmp_path / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    page = (output / "performance.html").read_text()
    assert page.count('<tr id="op-tool-') == 1000
    assert 'id="op-tool-often"' in page
    assert "11 less frequent operations are not shown" in page


def test_the_first_page_alone_says_what_it_lacks(report, browser, tmp_path):
    alone = tmp_path / "index.html"
    alone.write_bytes((report / "index.html").read_bytes())
    page, _ = look(browser, alone.as_uri(), "h1")
    assert "unpack all of it first" in page.inner_text(".unpack")
    assert page.locator(".unpack").is_visible()
    page, heard = look(browser, f"file://{report}/index.html", "[data-drawn]")
    assert not page.locator(".unpack").is_visible()
    assert heard == []


def test_buttons_are_reached_in_the_order_in_which_they_are_seen(report, browser):
    page, _ = look(browser, f"file://{report}/performance.html", ".exports")
    seen = "all => all.map(one => [one.textContent, one.getBoundingClientRect().x])"
    (png, left), (svg, right) = page.eval_on_selector_all("figure:first-of-type .exports button", seen)[:2]
    assert (png, svg) == ("PNG", "SVG")
    assert left < right


def test_a_narrow_screen_has_a_row_for_an_id_and_no_link_of_a_tile_is_blue_for_nothing(report, browser):
    page, _ = look(browser, f"file://{report}/traces.html", "#traces", viewport={"width": 420, "height": 900})
    heights = page.eval_on_selector_all(
        "#traces td > a.mono", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert max(heights) < 25
    page, _ = look(browser, f"file://{report}/processing.html")
    colour = "one => getComputedStyle(one).color"
    assert page.eval_on_selector("[data-tile=retries] > a", colour) == page.eval_on_selector(
        "[data-tile=retries]", colour
    )


def test_kinds_among_trends_have_their_colour(report, browser):
    page, _ = look(browser, f"file://{report}/trends.html")
    marks = page.eval_on_selector_all(
        "#p95 tbody tr[data-operation='']", "all => all.map(one => one.querySelector('.swatch').className)"
    )
    assert marks[:2] == ["swatch chat", "swatch command"]
