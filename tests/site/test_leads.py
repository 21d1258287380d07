"""What is drawn, and names, lead to what they are of."""

from __future__ import annotations

import re

import pytest

from reporter.site.pages.operation import href
from tests.browser import look

# A click on a mark: the first of which the text on hover fits.
CLICK = """([chart, kind, fits]) => {
  const marks = [...document.querySelectorAll(`[data-chart=${chart}] .mark-${kind} path`)];
  const mark = marks.find(one => one.__data__.datum && new RegExp(fits).test(one.__data__.datum.tip));
  const { x, y, width, height } = mark.getBoundingClientRect();
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"])
    mark.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: x + width / 2, clientY: y + height / 2, button: 0, detail: 1 }));
  return mark.__data__.datum.tip;
}"""


def opened(browser, report, name: str, chart: str):
    page, heard = look(browser, f"file://{report}/{name}", "#page-filters[data-applied]")
    page.locator(f"[data-chart={chart}]").scroll_into_view_if_needed()
    page.wait_for_selector(f"[data-chart={chart}][data-drawn]")
    assert heard == []
    return page


def test_a_point_of_a_line_leads_to_its_period(report, browser):
    page = opened(browser, report, "performance.html", "performance_percentiles")
    tip = page.evaluate(CLICK, ["performance_percentiles", "symbol", "tool"])
    page.wait_for_selector("#filter-chips button")
    begin = re.match(r"[\d-]+ [\d:]+", tip)[0]
    assert begin in page.inner_text("#filter-chips")


def test_a_cell_leads_to_its_operations_page(report, browser):
    page = opened(browser, report, "performance.html", "heat_map")
    tip = page.evaluate(CLICK, ["heat_map", "rect", "^command "])
    page.wait_for_url(f"**/{href(*tip.split(',')[0].split(' '))}")


def test_a_cell_of_the_week_leads_to_its_latest_hour(report, browser):
    page = opened(browser, report, "trends.html", "hours")
    tip = page.evaluate(CLICK, ["hours", "rect", "^Thursday"])
    page.wait_for_selector("#filter-chips button")
    hour = int(re.match(r"Thursday (\d+):00", tip)[1])
    # The window's only Thursday is the 19th.
    assert page.inner_text("#filter-chips").startswith(f"2026-11-19 {hour:02}:00:00 – 2026-11-19 {hour + 1:02}:00:00")


def test_a_place_in_the_flow_leads_to_its_page(report, browser):
    page = opened(browser, report, "chat.html", "flow")
    page.evaluate(CLICK, ["flow", "rect", "^recall"])
    page.wait_for_url(f"**/{href('command', 'recall')}")


def test_a_bar_of_durations_leads_to_its_kind(report, browser):
    page = opened(browser, report, "performance.html", "performance_histogram")
    page.evaluate(CLICK, ["performance_histogram", "rect", "tool"])
    page.wait_for_selector("#page-filters[data-applied='kind=tool']", state="attached")


def test_the_operation_chosen_beside_a_chart_has_its_page_there(report, browser):
    page = opened(browser, report, "performance.html", "performance_histogram")
    page.select_option("[data-choose=performance_histogram]", "command recall")
    assert page.locator(".own-page").get_attribute("href") == href("command", "recall")
    page.select_option("[data-choose=performance_histogram]", "")
    page.wait_for_selector(".own-page", state="detached")


@pytest.mark.parametrize("place", ["h1 a", "#trace .row .to-page"])
def test_a_trace_names_lead_to_pages(report, browser, place):
    trace = re.search(r"trace\.html#([\w-]+)", (report / "notable.html").read_text())[1]
    page, heard = look(browser, f"file://{report}/trace.html#{trace}", "#trace[data-shown]")
    found = page.wait_for_selector(place, state="attached")
    assert (report / found.get_attribute("href")).is_file()
    assert heard == []


def test_notable_traces_lead_to_pages(report):
    text = (report / "notable.html").read_text()
    files = re.findall(r'all calls of <a href="(operation-\w+\.html)"', text)
    assert len(files) > 5
    assert all((report / file).is_file() for file in files)


TILES = """[...document.querySelectorAll(".cards > div")].filter(tile => !tile.matches(".wide")).map(tile =>
  [tile.querySelector("dt").textContent, tile.querySelector("dd a")?.getAttribute("href")])"""


@pytest.mark.parametrize("name", ["chat", "tools", "processing", "llm", "index"])
def test_tiles_lead_to_their_traces_or_tables_with_the_filter(report, browser, name):
    page, heard = look(
        browser, f"file://{report}/{name}.html#status=error", "#page-filters[data-applied='status=error']"
    )
    tiles = page.evaluate(TILES)
    # The sample has no retries, so there is no list of them to lead to.
    assert [label for label, href in tiles if href is None] == (["Retries"] if name == "processing" else [])
    assert all("status=" in href for _, href in tiles if href and href.startswith("traces"))
    assert heard == []


def test_a_tile_of_an_operation_leads_to_as_many_traces(report, browser):
    page, _ = look(browser, f"file://{report}/{href('command', 'recall')}", "#page-filters[data-applied]")
    failed = page.inner_text("[data-tile=errors]").split()[0]
    page.click("[data-tile=errors] a")
    page.wait_for_selector("#traces[data-shown]")
    assert page.inner_text("#trace-count").startswith(f"{failed} of ")
