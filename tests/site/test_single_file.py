"""The whole site as one file: opens alone, links within itself, stays under its cap and says what that cost."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from reporter.site.cargo import loaded as loaded_cargo
from tests.browser import look
from tests.helpers import entry, event, run, write_log

CAP = 0.68
HOSTILE = '"><img src=x onerror="window.pwned=1"></script><script>window.pwned=1</script> href="errors.html#x"'


@pytest.fixture(scope="module")
def single(loaded, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("single") / "report.html"
    loaded.write(path, single_bytes=20_000_000)
    return path


@pytest.fixture(scope="module")
def capped(single, loaded, tmp_path_factory) -> Path:
    """The same under a cap of 68 % of its size."""
    path = tmp_path_factory.mktemp("capped") / "report.html"
    loaded.write(path, single_bytes=int(single.stat().st_size * CAP))
    return path


def test_it_opens_alone_and_draws_every_chart(single, report, browser):
    page, heard = look(browser, single.as_uri(), "[data-drawn]")
    names = page.locator(".top nav a").all_inner_texts()
    assert names == re.findall(
        r"<a[^>]*>([^<]+)", re.search(r"<nav.*?</nav>", (report / "index.html").read_text(), re.S)[0]
    )
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


def test_every_link_leads_to_what_it_names(single, browser):
    text = single.read_text()
    assert not re.findall(r'href="(?!#|data:)', text)
    assert not re.findall(r'<a [^>]*href="#left-out"', text)
    page, heard = look(browser, single.as_uri(), "[data-drawn]")
    links = page.eval_on_selector_all("a[href]", "all => [...new Set(all.map(link => link.getAttribute('href')))]")
    assert sum(link.startswith("#t-") for link in links) > 30
    # One of each page, and of each sort of place in it.
    tried = {re.sub(r"[\w%-]+$", "", link.split("&")[0]) + link.split("&")[0].split("-")[0]: link for link in links}
    for link in ["#page-errors", *tried.values(), *(link for link in links if "&" in link)][:60]:
        before = page.locator("section.page:visible").get_attribute("id")
        page.evaluate("link => { location.hash = link; }", link)
        name = unquote(link[1:].split("&")[0])
        if name.startswith("t-"):
            page.wait_for_selector("#trace[data-shown]")
            assert page.inner_text("#trace h1 + p.mono") == name.removeprefix("t-")
        if link == "#main":
            # To skip to the content leaves the page that is shown.
            assert page.locator("section.page:visible").count() == 1
            assert page.locator("section.page:visible").get_attribute("id") == before
            continue
        shown = "page-trace" if name.startswith("t-") else name
        assert page.evaluate(
            "id => Boolean(document.getElementById(id).closest('section.page:not([hidden])'))", shown
        ), link
    assert heard == []


def test_it_has_the_viewer_the_list_of_traces_and_the_logs(single, browser):
    failed = "e2c203b1-a89c-482f-9519-e3c888ac7bc2"
    page, heard = look(browser, f"{single.as_uri()}#t-{failed}", "#trace[data-shown]")
    assert "App\\Exceptions\\ToolTimeout: AI provider timeout after 7.27ms" in page.inner_text(".cause")
    assert page.locator("[role=treeitem]").count() == 20
    page.locator(".cause a").click()
    page.wait_for_selector("section.page:not([hidden]) [data-group]")
    page.evaluate("location.hash = '#page-traces&status=error&min=1000'")
    page.wait_for_selector("#traces[data-shown]")
    page.wait_for_selector("#trace-count:text-is('7 of 180 traces')")
    assert page.locator("#page-filters [name=min]").is_visible()
    page.locator("#traces tbody tr a.mono").last.click()
    page.wait_for_selector(".cause")
    # Beside the filter over all pages the logs have their own.
    page.evaluate("location.hash = '#page-logs&level=ERROR&q=timeout'")
    page.wait_for_selector("#logs[data-shown]")
    assert "of 3,718 entries" in page.inner_text("#log-count")
    assert all("timeout" in text for text in page.locator("#logs td.what").all_inner_texts())
    assert not page.locator("#page-filters").is_visible()
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


def test_a_cap_leaves_out_detail_in_its_order_and_says_so(single, capped, loaded, samples, tmp_path, monkeypatch):
    size = single.stat().st_size
    assert "To keep this file small" not in single.read_text()
    order = [
        "the records of",
        "search of logs",
        "filter over all pages",
        "list of traces",
        "slowest",
        "pages of operations",
        "failing traces as text",
    ]
    gone: list[str] = []
    # What has room is found in a few tries, also where little is too much.
    tries: list[int] = []
    monkeypatch.setattr("reporter.site.single.loaded", lambda *given: tries.append(given[-1]) or loaded_cargo(*given))
    for limit in (size - 2000, int(size * CAP), int(size * 0.46)):
        path = capped if limit == int(size * CAP) else tmp_path / "report.html"
        if path != capped:
            tries.clear()
            loaded.write(path, single_bytes=limit)
            assert 1 <= len(tries) <= 3
        assert path.stat().st_size <= limit
        notice = re.search(r"To keep this file small</strong> it leaves out (.*?)\. <code>", path.read_text(), re.S)[1]
        told = [word for word in order if word in notice]
        assert set(gone) <= set(told)
        assert told[0] == order[0]
        gone = told
    assert gone[-1] in order[-2:]
    assert run("build", "--app", str(samples["line"]), "--single-file", "x.html", "--max-size", "big").exit_code == 2


def test_a_link_to_what_was_left_out_says_so(capped, browser):
    page, heard = look(browser, capped.as_uri(), "[data-drawn]")
    links = page.eval_on_selector_all(
        "a[href='#left-out']", "all => all.map(a => getComputedStyle(a, '::after').content)"
    )
    assert links
    assert set(links) == {'" (left out)"'}
    page.evaluate("document.querySelector(\"a[href='#left-out']\").click()")
    page.wait_for_selector("#left-out:focus")
    assert "it leaves out the records of" in page.inner_text("#left-out")
    # The worst are there, the others say in the viewer what they lack, with their text where the file has it.
    page.evaluate("location.hash = '#t-e2c203b1-a89c-482f-9519-e3c888ac7bc2'")
    page.wait_for_selector("#trace[data-shown], #trace[data-missing]")
    page.evaluate("location.hash = '#t-7fee3741-5339-4346-a340-f1c54c97d4a8'")
    page.wait_for_selector("#trace[data-missing]")
    assert "leaves its records out" in page.inner_text("#trace")
    assert heard == []


def test_hostile_text_stays_text(app, browser, tmp_path):
    write_log(
        app,
        event("tool.invocation.failed", "10:00:00.000001", HOSTILE, tool_name=HOSTILE, duration_ms=5, error=HOSTILE),
        entry(HOSTILE, {"correlation_id": HOSTILE, "k</script>": HOSTILE}, level="ERROR"),
    )
    path = tmp_path / "alone" / "report.html"
    path.parent.mkdir()
    done = run("build", "--app", str(app), "--until", "2026-11-20T12:00Z", "--single-file", str(path))
    assert done.exit_code == 0, done.output
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    page, heard = look(browser, path.as_uri(), "[data-drawn]")
    assert page.evaluate("window.pwned") is None
    assert 'href="errors.html#x"' in page.evaluate("document.body.textContent")
    assert heard == []


def test_charts_can_be_seen_without_scripts_and_are_drawn_over_with_them(loaded, browser, tmp_path):
    path = tmp_path / "static.html"
    loaded.write(path, single_bytes=20_000_000, static_charts=True)
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
    # What was asked for stays before the data of scripts.
    for limit, is_there in ((len(text) - 1000, True), (len(text) // 2, False)):
        loaded.write(path, single_bytes=limit, static_charts=True)
        assert ("<svg data-static" in path.read_text()) is is_there
    assert "charts as pictures without scripts" in path.read_text()
