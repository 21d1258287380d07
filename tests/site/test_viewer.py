"""The trace viewer and the list of traces, in Chromium from file://."""

from __future__ import annotations

import html
import json
import re
import shutil
from zoneinfo import ZoneInfo

import pytest

from reporter.format.timeline import timeline
from tests.browser import look
from tests.helpers import run

FAILED = "e2c203b1-a89c-482f-9519-e3c888ac7bc2"
OK = "7fee3741-5339-4346-a340-f1c54c97d4a8"
SHOWN = "#trace[data-shown]"
WHY = "AI provider timeout after 7.27ms for fragment 1024"


@pytest.fixture
def viewer(report, browser):
    page, heard = look(
        browser, f"file://{report}/trace.html#{FAILED}", SHOWN, permissions=["clipboard-write", "clipboard-read"]
    )
    yield page
    assert heard == []


def chosen(page) -> str:
    return page.locator("[role=treeitem][aria-selected=true]").get_attribute("aria-label")


def test_it_opens_at_the_innermost_failure(viewer):
    assert chosen(viewer) == f"processing ✕ RouteToVault 7.3 ms → {WHY}, failed"
    details = viewer.inner_text("#details")
    for known in ("AI provider timeout after 7.27ms for fragment 1024", "1024", "error_type: App\\Exceptions\\ToolTimeout", "self time",
                  "fragment-processing-telemetry-2026-11-17.log at byte"):  # fmt: skip
        assert known in details


def test_it_is_driven_by_keys(viewer):
    press = viewer.keyboard.press
    viewer.locator("[role=treeitem]").first.click()
    press("ArrowDown")
    press("ArrowDown")
    assert chosen(viewer) == "chat chat.provider.selected +4.6 ms"
    press("Home")
    rows = viewer.locator("[role=treeitem]").count()
    press("ArrowLeft")
    assert viewer.locator("[role=treeitem]").count() == 1
    press("ArrowRight")
    assert viewer.locator("[role=treeitem]").count() == rows
    press("f")
    assert chosen(viewer).endswith(f"→ {WHY}, failed")
    first = chosen(viewer)
    press("f")
    assert chosen(viewer).endswith(f"→ {WHY}, failed")
    assert chosen(viewer) != first
    press("/")
    viewer.keyboard.type("ai.generate")
    press("Enter")
    assert chosen(viewer) == "command ai.generate 1.58 s"
    press("Escape")
    press("Enter")
    assert viewer.evaluate("document.activeElement.id") == "details"
    press("?")
    assert viewer.locator("dialog[open]").count() == 1
    press("Escape")
    assert viewer.locator("dialog[open]").count() == 0


def test_the_critical_path_covers_the_trace_once(viewer):
    pieces = viewer.eval_on_selector_all(
        ".lane .path", "all => all.map(e => [parseFloat(e.style.left), parseFloat(e.style.width)])"
    )
    assert sum(width for _, width in pieces) == pytest.approx(100, abs=3)


def test_ids_lead_to_what_else_bears_them(viewer):
    viewer.locator("#details .facts a").first.click()
    viewer.wait_for_selector("#traces[data-shown]")
    assert FAILED in viewer.inner_text("#traces tbody")


def test_what_is_copied_is_what_the_terminal_prints(viewer, samples):
    viewer.get_by_role("button", name="copy as Markdown").click()
    viewer.wait_for_selector("[role=status]:text('copied')")
    copied = viewer.evaluate("navigator.clipboard.readText()")
    printed = run("trace", FAILED, "--app", str(samples["line"]), "--format", "timeline", "--tz", "UTC").stdout
    block = re.compile(r"```text\n.*```", re.S)
    assert block.search(copied)[0] == block.search(printed)[0]
    assert copied.splitlines()[0] == printed.splitlines()[0]


EVERY = """async () => {
  const T = window.Telemetry;
  const docs = await Promise.all((await T.data("traces")).id.map((id) => T.trace(id)));
  return docs.map((doc) => [doc, T.markdown(T.model(doc), T.clocks("UTC"))]);
}"""


def test_pages_and_terminal_put_every_trace_in_the_same_words(report, browser):
    """180 of them, some with records of whole seconds: which span a record stands in is found in two languages."""
    page, heard = look(browser, f"file://{report}/trace.html", "#trace")
    block = re.compile(r"```text\n.*```", re.S)
    found = page.evaluate(EVERY)
    assert len(found) == 180
    for document, text in found:
        assert block.search(text)[0] == block.search(timeline(document, ZoneInfo("UTC")))[0], document["correlation_id"]
    assert any("≈" in text for _, text in found)
    assert heard == []


def parts(page: str) -> tuple[dict, str]:
    """The trace and its text in a file of one trace."""
    data = json.loads(re.search(r'id="trace-data">(.*?)</script>', page, re.S)[1])
    return data, html.unescape(re.search(r'<pre class="timeline">(.*?)</pre>', page, re.S)[1])


def test_a_saved_trace_is_the_file_that_the_terminal_writes(viewer, samples, browser, tmp_path):
    with viewer.expect_download() as download:
        viewer.get_by_role("button", name="save this trace").click()
    saved = tmp_path / "saved.html"
    download.value.save_as(saved)
    made = tmp_path / "made.html"
    done = run("trace", FAILED, "--app", str(samples["line"]), "--tz", "UTC", "--html", str(made))
    assert done.stdout.strip() == str(made)
    trace, text = parts(made.read_text())
    assert parts(saved.read_text())[0] == trace
    assert parts(saved.read_text())[1].split("```")[1] == text.split("```")[1]
    assert made.stat().st_size - len(json.dumps(trace)) < 150_000
    for path in (saved, made):
        page, heard = look(browser, f"file://{path}", SHOWN)
        assert page.locator("[role=treeitem]").count() == 20
        assert "RouteToVault" in page.inner_text("#details")
        assert heard == []
        page, _ = look(browser, f"file://{path}", java_script_enabled=False)
        assert "✕     processing RouteToVault" in page.inner_text("main")


def test_two_traces_are_compared_step_by_step(report, browser):
    page, heard = look(browser, f"file://{report}/trace.html#{OK}&with={FAILED}", SHOWN)
    rows = [row.split("\t") for row in page.locator(".compare tbody tr").all_inner_texts()]
    told = {re.sub(r"^\w+\s+", "", row[0]).strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert told["todo"][:3] == ["41 ms", "1.60 s", "+1.55 s (38.7×)"]
    assert told["condition"] == ["21 ms", "", "", "", "first only"]
    assert told["RouteToVault"] == ["", "7.3 ms", "", "", "second only"]
    assert heard == []
    again, _ = look(browser, f"file://{report}/trace.html#{OK}&with={FAILED[:9]}", SHOWN)
    assert again.locator(".compare tbody tr").count() == len(rows)
    page, heard = look(browser, f"file://{report}/trace.html#{OK}&with=", SHOWN)
    page.get_by_role("link", name="the slowest").click()
    page.wait_for_selector(f"{SHOWN} .compare")
    assert heard == []


def listed(page) -> list[list[str]]:
    page.wait_for_selector("#traces[data-shown]")
    return [row.split("\t") for row in page.locator("#traces tbody tr").all_inner_texts()]


def test_the_list_is_filtered_and_sorted_by_its_address(report, browser):
    address = f"file://{report}/traces.html"
    page, heard = look(browser, f"{address}#status=error&sort=ms-")
    rows = listed(page)
    assert len(rows) == 9
    assert {row[2] for row in rows} == {"✕ failed"}
    assert [row[4] for row in rows][:3] == ["3.82 s", "2.74 s", "2.51 s"]
    page, _ = look(browser, f"{address}#kind=command&min=3000")
    assert all(row[1].startswith("command") for row in listed(page))
    page.select_option("[name=kind]", "")
    page.select_option("[name=min]", "")
    page.fill("[name=q]", "<img")
    page.wait_for_selector("#traces tbody tr:only-child")
    assert page.url.endswith("#q=%3Cimg")
    assert heard == []


def test_the_list_sorts_by_its_headers_and_keeps_it(report, browser):
    page, heard = look(browser, f"file://{report}/traces.html#status=error")
    listed(page)
    page.click("#traces th:nth-child(6) button")
    page.wait_for_selector("#traces th:nth-child(6)[aria-sort=descending]")
    counts = [int(row[5]) for row in listed(page)]
    assert counts == sorted(counts, reverse=True)
    again, _ = look(browser, page.url)
    assert [int(row[5]) for row in listed(again)] == counts
    assert heard == []


def test_any_other_id_finds_its_traces(report, samples, browser):
    import duckdb

    with duckdb.connect(str(samples["line"] / "storage" / "telemetry" / "telemetry.duckdb"), read_only=True) as con:
        columns = ("message_id", "conversation_id", "execution_id", "pipeline_id")
        for column in columns:
            sql = f"SELECT {column}, list(DISTINCT correlation_id) FROM spans WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 1"
            value, expected = con.execute(sql).fetchone()
            page, _ = look(browser, f"file://{report}/traces.html#q={value}")
            assert {row[0].strip() for row in listed(page)} == {name for name in expected if name}, column


def test_traces_read_without_scripts(report, browser):
    page, _ = look(browser, f"file://{report}/traces.html", java_script_enabled=False)
    assert page.locator("#traces tbody tr").count() >= 59
    page, _ = look(browser, f"file://{report}/notable.html", java_script_enabled=False)
    assert page.locator("details pre.timeline").count() >= 59
    page.locator("summary", has_text=FAILED).click()
    assert "AI provider timeout after 7.27ms" in page.inner_text("main")


def test_a_page_that_stays_open_finds_traces_of_the_report_that_took_its_place(report, browser, tmp_path):
    there = shutil.copytree(report, tmp_path / "there")
    page, heard = look(browser, f"file://{there}/trace.html#{FAILED}", SHOWN)
    # As a report of another window has them: the same traces in shards of other names.
    renamed = [path for path in (there / "data").glob("trace-*.js") if path.stem.removeprefix("trace-").isdigit()]
    places = there / "data" / "trace-places.js"
    for path in renamed:
        name, other = path.stem, f"{path.stem}7"
        path.with_stem(other).write_text(path.read_text().replace(name, other, 1))
        path.unlink()
        places.write_text(places.read_text().replace(name.removeprefix("trace-"), other.removeprefix("trace-")))
    found = page.evaluate("""async () => {
      const { id } = await Telemetry.data("traces");
      const docs = await Promise.all(id.map((one) => Telemetry.trace(one)));
      return [id.length, docs.filter((doc, i) => doc?.correlation_id === id[i]).length];
    }""")
    assert found[0] == found[1] > len(renamed) > 1
    assert any("ERR_FILE_NOT_FOUND" in line for line in heard)
