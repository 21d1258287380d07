"""The trace page tells the cause first, holds very many events, and says in its address what is looked at. In Chromium from file://."""

from __future__ import annotations

import re

import pytest

from tests.browser import look
from tests.helpers import ask, entry, event, run, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]
SHOWN = "#trace[data-shown]"
FAILED = "e2c203b1-a89c-482f-9519-e3c888ac7bc2"
STREAM = "a2bce084-6802-4750-959e-8eae10f1a29b"
LIMIT = "Rate limit reached for gpt-4o in organization org-439 on requests per min"
CHOSEN = "[role=treeitem][aria-selected=true]"


def opened(report, browser, address: str, **options):
    page, heard = look(browser, f"file://{report}/trace.html#{address}", SHOWN, **options)
    return page, heard


def address(page) -> str:
    """As the page has it now: playwright's own is told of changes later."""
    return page.evaluate("location.hash.slice(1)")


def test_the_strip_tells_what_failed_first_and_leads_to_it_and_to_its_group(report, browser):
    page, heard = opened(report, browser, STREAM)
    page.wait_for_selector(".cause a")
    said = page.inner_text(".cause")
    assert f"App\\Exceptions\\ProviderException: {LIMIT}" in said
    # The call's own record has no frames: the log line that says the same has.
    assert "/var/www/fragments/app/Services/Chat/StreamService.php:47" in said
    assert "in llm openai/gpt-4o at +30 ms" in said
    assert "✕ next of 4 failures" in said
    page.locator("[role=treeitem]").first.click()
    page.get_by_role("button", name="go to cause").click()
    assert page.get_attribute(CHOSEN, "aria-label").startswith("llm ✕ openai/gpt-4o")
    page.click(".cause a")
    page.wait_for_selector("h1:has-text('ProviderException')")
    assert heard == []


def test_a_failed_row_says_why_and_its_details_begin_with_that(report, browser):
    page, heard = opened(report, browser, FAILED)
    told = page.locator(".row.error").all_inner_texts()
    assert len(told) == 2
    assert all(text.endswith("→ AI provider timeout after 7.27ms for fragment 1024") for text in told)
    parts = page.eval_on_selector_all("#details > *", "all => all.map(e => e.className || e.tagName)")
    assert parts == ["H2", "failure", "facts", "record", "record"]
    assert page.locator("#details > .record").last.inner_text().startswith("Ids")
    assert heard == []


def test_a_record_of_a_whole_second_stands_in_what_it_tells_of(report, browser, samples):
    page, heard = opened(report, browser, STREAM)
    row = page.locator(".row:has-text('Chat streaming failed')")
    assert "≈ +30 ms" in row.inner_text()
    assert row.locator(".dot.rough").count() == 1
    # Not under the chat's root, which the whole second before its start seems to say.
    assert row.get_attribute("aria-level") == "3"
    assert "some time in that second" in page.inner_text(".signs")
    text = run("trace", STREAM, "--app", str(samples["line"]), "--format", "timeline").stdout
    assert "  ≈ +30 ms            ✕     log Chat streaming failed" in text
    assert f"→ App\\Exceptions\\ProviderException: {LIMIT}" in text
    assert heard == []


def test_the_address_holds_the_chosen_row_the_time_and_the_view(report, browser):
    page, heard = opened(report, browser, FAILED)
    page.locator("[role=treeitem]:has-text('ai.generate')").click()
    page.keyboard.press("z")
    page.keyboard.press("2")
    page.wait_for_selector(".frame")
    told = address(page)
    assert re.fullmatch(FAILED + r"&span=\d+&from=[\d.]+&to=[\d.]+&view=flame", told)
    start, end = (float(re.search(rf"{name}=([\d.]+)", told)[1]) for name in ("from", "to"))
    # ai.generate runs from 1.62 s on for 1.58 s.
    assert start == pytest.approx(1616 - 79, abs=3)
    assert end == pytest.approx(1616 + 1580 + 79, abs=6)
    page.keyboard.press("1")
    again, _ = look(browser, f"file://{report}/trace.html#{address(page)}", SHOWN)
    assert again.get_attribute(CHOSEN, "aria-label") == "command ai.generate 1.58 s"
    ticks = again.locator(".tick").all_inner_texts()
    assert ticks[0].startswith("1.5")
    assert heard == []


def test_the_search_says_that_it_waits_for_enter(report, browser):
    page, heard = opened(report, browser, FAILED)
    search = page.get_by_label("Search the trace")
    assert "Enter" in search.get_attribute("placeholder")
    assert "Enter" in search.get_attribute("title")
    assert search.evaluate(
        "box => { const text = document.createElement('canvas').getContext('2d'); text.font = getComputedStyle(box).font; return text.measureText(box.placeholder).width < box.clientWidth - 16; }"
    )
    search.fill("error")
    assert "found" not in page.inner_text(".tools")
    search.press("Enter")
    assert re.search(r"[1-9]\d* found", page.inner_text(".tools"))
    assert heard == []


def test_dragging_over_lanes_or_the_whole_in_small_shows_that_time(report, browser):
    page, heard = opened(report, browser, FAILED)
    page.wait_for_selector(".cause a")
    before = page.locator(CHOSEN).get_attribute("aria-label")
    for place, left, right in ((".axis .lane", 0.25, 0.5), (".minimap svg", 0.5, 1)):
        box = page.locator(place).bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + left * box["width"], y)
        page.mouse.down()
        page.mouse.move(box["x"] + right * box["width"] - (right == 1), y, steps=3)
        page.mouse.up()
        start, end = (float(re.search(rf"{name}=([\d.]+)", address(page))[1]) for name in ("from", "to"))
        assert [start, end] == pytest.approx([left * 3816.6, right * 3816.6], abs=25)
    # What a drag ends on is not chosen.
    assert page.locator(CHOSEN).get_attribute("aria-label") == before
    page.get_by_role("button", name="all of the time").click()
    assert "from=" not in address(page)
    assert heard == []


def test_the_beginning_of_an_id_is_enough(report, browser, app, tmp_path):
    page, heard = opened(report, browser, FAILED[:10])
    assert FAILED in address(page)
    page, _ = look(browser, f"file://{report}/trace.html#nothing-like-it", "#trace[data-missing]")
    assert "Trace not in this report" in page.inner_text("main")
    assert "In the terminal: telemetry-report trace nothing-like-it" in page.inner_text("main")
    page, _ = look(browser, f"file://{report}/trace.html#it's;%20id", "#trace[data-missing]")
    assert r"telemetry-report trace 'it'\''s; id'" in page.inner_text("main")
    page.get_by_role("link", name="All traces of this report").click()
    page.wait_for_selector("#traces")
    write_log(app, event("chat.started", "10:00:00.5", "trace-a"), event("chat.started", "10:00:01.5", "trace-b"))
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page, _ = look(browser, f"file://{tmp_path}/out/trace.html#trace", "#trace[data-missing]")
    page.get_by_role("link", name="trace-b").click()
    page.wait_for_selector(SHOWN)
    assert address(page) == "trace-b&span=" + str(ask("trace", app, "trace-b")["spans"][0]["id"])
    assert heard == []


def test_an_unfinished_trace_is_never_the_fastest(app, browser, tmp_path):
    for name, end, ms in (
        ("own", "completed", 900),
        ("quick", "", 0),
        ("broken", "failed", 100),
        ("fine", "completed", 400),
    ):
        write_log(app, event("tool.invocation.started", "10:00:00.000001", name, tool_name="db"))
        if end:
            write_log(
                app, event(f"tool.invocation.{end}", f"10:00:00.{ms:03}001", name, tool_name="db", duration_ms=ms)
            )
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page, heard = look(browser, f"file://{tmp_path}/out/trace.html#own&with=", SHOWN)
    assert "3 other traces of tool db, 1 of them unfinished" in page.inner_text("main")
    links = page.locator("#trace .links li").all_inner_texts()
    assert [link.split(":")[0] for link in links] == ["the fastest that went well"]
    assert "fine" in links[0]
    assert heard == []


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """One trace of 10,001 events: 2,500 tool calls of 80 ms, in each a step of 40 ms and beside each a log line; every 997th call fails."""
    app = tmp_path_factory.mktemp("large")
    lines = [event("command.execution.started", "10:00:00.000000", "big", command="import")]
    for n in range(2_500):
        second, tenth = divmod(n, 10)
        clock = f"10:{second // 60:02}:{second % 60:02}"
        ended = "failed" if n % 997 == 0 else "completed"
        own = {"tool_name": f"tool{n % 37}", "invocation_id": f"i{n}"}
        at = f"{clock}.{tenth * 100_000 + 90_000:06}"
        lines += [
            event("tool.invocation.started", f"{clock}.{tenth * 100_000 + 1000:06}", "big", **own),
            event("dsl.step.executed", at, "big", step_type=f"step{n % 7}", duration_ms=40),
            event(f"tool.invocation.{ended}", at, "big", duration_ms=80, error=f"boom {n}", **own),
            entry(f"line {n}", {"correlation_id": "big"}, at=f"2026-11-20 {clock}"),
        ]
    write_log(app, *lines)
    (app / ".env").write_text("APP_NAME=Test\n")
    path = app / "big.html"
    asked = ("--app", str(app), "--tz", "UTC", "--html", str(path))
    assert run("trace", "big", *asked).exit_code == 0
    return path


def test_of_10000_events_only_rows_in_view_are_elements(large, browser):
    page, heard = look(browser, large.as_uri(), SHOWN, viewport={"width": 1280, "height": 900})
    assert "✕ next of 3 failures" in page.inner_text(".cause")
    assert page.get_attribute(CHOSEN, "aria-label") == "tool ✕ tool0 80 ms → boom 0, failed"
    rows = page.locator("[role=treeitem]")
    height = "document.querySelector('.tree').offsetHeight"
    # 5,001 spans of 24 px, 3 of them with a reason of 17 px below.
    assert page.evaluate(height) == 5_001 * 24 + 3 * 17
    assert rows.count() < 100
    page.get_by_label("records between").check()
    assert page.evaluate(height) == 7_501 * 24 + 3 * 17
    page.locator(CHOSEN).focus()
    page.keyboard.press("End")
    assert page.get_attribute(CHOSEN, "aria-posinset") == page.get_attribute(CHOSEN, "aria-setsize")
    page.keyboard.press("/")
    page.keyboard.type("line 2499")
    page.keyboard.press("Enter")
    assert page.get_attribute(CHOSEN, "aria-label").startswith("log line 2499 ≈ +4 min 9 s")
    assert page.locator(CHOSEN).is_visible()
    assert rows.count() < 100
    page.get_by_role("button", name="fold all", exact=True).click()
    assert rows.count() == 1
    assert page.locator(".minimap path").count() < 10
    assert heard == []


def test_statistics_and_flame_graph_tell_of_the_same_time(large, browser):
    page, heard = look(browser, f"{large.as_uri()}#view=statistics", SHOWN)
    rows = {
        row[1]: row
        for row in (
            [cell.strip() for cell in text.split("\t")]
            for text in page.locator(".statistics tbody tr").all_inner_texts()
        )
    }
    # 2,500 calls by 37 names: of the first 68, and of these every 997th failed that is a multiple of 37 too: the first alone.
    assert rows["tool0"][:4] == ["tool", "tool0", "68", "1"]
    # 68 calls of 80 ms; 27 of these are among the trace's 1,000 longest spans, which alone can be parents: 31 ms of each is a step's.
    assert rows["tool0"][5:9] == ["5.44 s", "80 ms", "80 ms", "4.60 s"]
    assert rows["step0"][:3] == ["command", "step0", "358"]
    page.keyboard.press("2")
    page.wait_for_selector(".frame")
    frame = page.locator(".frame.tool").filter(has_text=re.compile(r"tool0 68×"))
    # With 27 steps of 40 ms.
    assert "tool tool0: 68×, 5.68 s" in frame.get_attribute("title")
    assert ", 4.60 s of its own, 1 failed" in frame.get_attribute("title")
    frame.click()
    assert page.locator(".frame.above").count() == 2
    page.locator(".frame.tool").dblclick()
    page.wait_for_selector(f"{CHOSEN}:has-text('tool0')")
    assert heard == []
