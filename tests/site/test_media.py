"""Pages for every reader: forced colours, a narrow screen, no scripts, paper."""

from __future__ import annotations

import re

from tests.browser import look
from tests.site.test_site import families
from tests.site.test_viewer import FAILED, SHOWN


def test_forced_colours_keep_the_waterfall_and_the_current_page(report, browser):
    page, _ = look(browser, f"file://{report}/trace.html#{FAILED}", SHOWN, forced_colors="active")
    shown = """name => { const found = document.querySelector(name), style = getComputedStyle(found);
      return [style.backgroundColor, getComputedStyle(document.body).backgroundColor]; }"""
    for name in (".top nav a[aria-current]", "#trace .bar.chat", "#trace .bar.error"):
        own, behind = page.evaluate(shown, name)
        assert own != behind, name


def test_a_narrow_screen_shows_the_error_first(report, browser):
    page, _ = look(browser, f"file://{report}/errors.html", viewport={"width": 320, "height": 700})
    row = page.locator("#groups tbody tr").first
    text = row.locator(".what").bounding_box()
    others = [cell.bounding_box() for cell in row.locator("td:not(.what)").all()]
    assert all(text["y"] < box["y"] for box in others if box)
    assert text["x"] >= 0
    assert text["x"] + text["width"] <= 320


def test_tables_end_where_the_page_does(report, browser):
    """What floats under one of them takes no room from the next."""
    page, _ = look(browser, f"file://{report}/tools.html", "main .export")
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        ends = page.evaluate("""[...document.querySelectorAll("main > .charts, main > .columns, main > section > .scroll")]
            .map(one => Math.round(one.getBoundingClientRect().right))""")
        assert len(ends) >= 4
        assert {*ends} == {page.evaluate("Math.round(document.getElementById('main').getBoundingClientRect().right)")}


def test_without_scripts_no_control_is_dead_and_events_over_time_are_a_table(report, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in families(report, 3):
        page.goto(path.as_uri())
        assert page.locator("button:visible, select:visible, input:visible").count() == 0, path.name
    page.goto(f"file://{report}/index.html")
    page.click("summary:has-text('Events over time')")
    counts = page.locator("#over-time tbody td:nth-child(2)").all_inner_texts()
    assert sum(int(text.replace(",", "")) for text in counts) == 3718


def test_paper_keeps_every_column_and_draws_every_chart(report, browser):
    page, heard = look(browser, f"file://{report}/performance.html", viewport={"width": 1280, "height": 300})
    assert page.locator("[data-chart]:not([data-drawn])").count() > 0
    pdf = page.pdf(prefer_css_page_size=True)
    assert page.locator("[data-chart]:not([data-drawn])").count() == 0
    width, height = (float(n) for n in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert width > height
    # A landscape A4 page within its margins.
    page.set_viewport_size({"width": 1032, "height": 700})
    page.emulate_media(media="print")
    for name in ("performance", "errors", "llm", "index"):
        page.goto(f"file://{report}/{name}.html")
        wide = page.eval_on_selector_all(
            "table", "tables => tables.filter(t => t.getBoundingClientRect().right > innerWidth + 1).map(t => t.id)"
        )
        assert wide == [], name
    assert heard == []


def test_paper_says_what_it_is_filtered_by(report, browser):
    page, _ = look(browser, f"file://{report}/tools.html#kind=tool&status=error", "#page-filters[data-applied]")
    page.emulate_media(media="print")
    told = page.evaluate("getComputedStyle(document.querySelector('.filters'), '::before').content")
    assert told == '"Filtered by"'
    words = page.inner_text("#page-filters").split("\n")
    assert [word for word in words if word.strip()][:2] == ["kind: tool", "status: failed"]
    assert "finished operation" in words[-1]
    assert (
        page.locator("#page-filters select:visible, #page-filters summary:visible, #filter-clear:visible").count() == 0
    )
    page.emulate_media(media="screen")
    page.click("#filter-clear")
    page.wait_for_selector("#page-filters[data-applied='']", state="attached")
    page.emulate_media(media="print")
    assert page.locator("#page-filters").is_hidden()


def test_paper_is_white_and_a_table_that_goes_on_has_its_head_again(report, browser):
    """Chromium does not repeat a head that holds buttons."""
    page, _ = look(browser, f"file://{report}/performance.html", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    shown = page.evaluate(
        """[getComputedStyle(document.body).getPropertyValue("--bg") + getComputedStyle(document.body).color, ...[...document.querySelectorAll("#ops th")].map(head =>
          getComputedStyle(head.firstElementChild).display + getComputedStyle(head, "::before").content)]"""
    )
    assert shown[:4] == ["#fffrgb(29, 31, 35)", 'none"Kind"', 'none"Operation"', 'none"Count"']
    assert page.evaluate("getComputedStyle(document.querySelector('#ops thead')).display") == "table-header-group"
