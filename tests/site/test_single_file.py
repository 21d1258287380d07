"""The whole site as one file: opens alone, links within itself, stays under its cap and says what that cost."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.browser import look
from tests.conftest import UNTIL
from tests.helpers import entry, event, run, write_log

HOSTILE = '"><img src=x onerror="window.pwned=1"></script><script>window.pwned=1</script> href="errors.html#x"'


@pytest.fixture(scope="module")
def single(samples, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("single") / "report.html"
    done = run("build", "--app", str(samples["line"]), *UNTIL, "--single-file", str(path))
    assert done.exit_code == 0, done.output
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return path


def test_it_opens_alone_and_draws_every_chart(single, browser):
    page, heard = look(browser, single.as_uri(), "[data-drawn]")
    names = page.locator(".top nav a").all_inner_texts()
    assert names[:3] == ["Overview", "Performance", "Errors"]
    drawn = 0
    for name in names:
        link = page.locator(f".top nav a:text-is('{name}')")
        link.click()
        page.wait_for_selector(f"section.page{link.get_attribute('href')}", state="visible")
        assert page.locator("section.page:visible").count() == 1
        for place in page.locator("section.page:visible [data-chart]").all():
            place.scroll_into_view_if_needed()
            page.wait_for_selector(f"[data-chart={place.get_attribute('data-chart')}][data-drawn]", state="attached")
            drawn += 1
    assert drawn == 19
    assert heard == []


def test_its_links_stay_within_it(single, browser):
    text = single.read_text()
    ids = {unquote(m) for m in re.findall(r'\bid="([^"]+)"', text)}
    links = [unquote(m) for m in re.findall(r'href="#([^"]*)"', text)]
    assert not re.findall(r'href="(?!#|data:)', text)
    missing = {link for link in links if link not in ids and not link.startswith("t-")}
    assert missing == set()
    page, heard = look(
        browser, f"{single.as_uri()}#t-e2c203b1-a89c-482f-9519-e3c888ac7bc2", "details.group[open] pre.timeline"
    )
    assert "AI provider timeout" in page.inner_text("details.group[open] pre.timeline")
    assert heard == []


def test_it_reads_without_scripts(single, browser):
    page, _ = look(browser, single.as_uri(), java_script_enabled=False)
    assert page.locator("section.page:visible").count() == page.locator("section.page").count() > 15
    assert re.search(r"\d+ of [\d,]+ requests failed", page.inner_text("main"))


def test_its_filter_holds_on_every_page(single, browser):
    page, heard = look(browser, single.as_uri(), "#page-filters[data-applied]")
    page.select_option("#page-filters [name=kind]", "tool")
    page.wait_for_selector("[data-applied='kind=tool']", state="attached")
    page.click(".top nav a:has-text('Performance')")
    page.wait_for_selector("#ops", state="visible")
    assert set(page.locator("#ops tbody td:first-child").all_inner_texts()) == {"tool"}
    assert heard == []


def test_a_cap_leaves_out_detail_in_its_order_and_says_so(single, samples, tmp_path):
    size = single.stat().st_size
    order = ["filter over all pages", "slowest", "pages of operations", "failing", "error groups"]
    gone: list[str] = []
    for n, limit in enumerate((int(size * 0.8), int(size * 0.61))):
        path = tmp_path / f"{n}.html"
        done = run("build", "--app", str(samples["line"]), *UNTIL, "--single-file", str(path), "--max-size", f"{limit}")
        assert done.exit_code == 0, done.output
        notice = re.search(r"To keep this file small</strong> it leaves out (.*?)\. <code>", path.read_text(), re.S)[1]
        told = [word for word in order if word in notice]
        assert told == order[: len(told)]
        assert len(told) > len(gone)
        assert path.stat().st_size <= limit
        gone = told
    assert gone[-1] in ("failing", "error groups")
    assert "To keep this file small" not in single.read_text()
    assert run("build", "--app", str(samples["line"]), "--single-file", "x.html", "--max-size", "big").exit_code == 2


def test_hostile_text_stays_text(app, browser, tmp_path):
    write_log(
        app,
        event("tool.invocation.failed", "10:00:00.000001", HOSTILE, tool_name=HOSTILE, duration_ms=5, error=HOSTILE),
        entry(HOSTILE, {"correlation_id": HOSTILE, "k</script>": HOSTILE}, level="ERROR"),
    )
    path = tmp_path / "report.html"
    done = run("build", "--app", str(app), "--until", "2026-11-20T12:00Z", "--single-file", str(path))
    assert done.exit_code == 0, done.output
    page, heard = look(browser, path.as_uri(), "[data-drawn]")
    assert page.evaluate("window.pwned") is None
    assert 'href="errors.html#x"' in page.evaluate("document.body.textContent")
    assert heard == []


def test_charts_can_be_seen_without_scripts_and_are_drawn_over_with_them(samples, browser, tmp_path):
    path = tmp_path / "static.html"
    done = run("build", "--app", str(samples["line"]), *UNTIL, "--single-file", str(path), "--static-charts")
    assert done.exit_code == 0, done.output
    text = path.read_text()
    assert text.count("<svg data-static") == 19
    assert "var(--" not in "".join(re.findall(r"<svg data-static.*?</svg>", text, re.S))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("[data-chart=performance-performance_histogram] svg path").count() > 10
    context.close()
    page, heard = look(browser, path.as_uri(), "[data-drawn]")
    assert page.locator("[data-drawn] svg[data-static]").count() == 0
    assert page.locator("[data-drawn] svg").count() >= 1
    assert heard == []
    small = run(
        "build",
        "--app",
        str(samples["line"]),
        *UNTIL,
        "--single-file",
        str(path),
        "--static-charts",
        "--max-size",
        f"{len(text) - 1000}",
    )
    assert small.exit_code == 0
    assert "<svg data-static" not in path.read_text()
    assert "charts as pictures without scripts" in path.read_text()
