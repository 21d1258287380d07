"""What follows the filter beside operations: under a period, pages show what a report of that period shows; under a status, parts of the whole."""

from __future__ import annotations

import shutil

import pytest

from reporter.site.pages.operation import href
from tests.browser import look
from tests.helpers import run
from tests.site.test_filter import PERIOD, SINCE, UNTIL, iso, opened

# Of each page: tables, of which these columns are not the same (what they are of lies outside a period too).
PAGES = {
    "chat": {"chat-models": ["keep"], "flow-table": [], "conversations": ["first", "last", "lasted_ms", "messages"]},
    "tools": {"sizes": [], "health": [], "chains": [], "callers": []},
    "commands": {"steps": ["meter"]},
    "llm": {"llm-models": ["keep"]},
    "errors": {"groups": ["keep", "trend", "title"]},
}
CELLS = """([id, without]) => {
  const table = document.getElementById(id);
  const heads = [...table.tHead.rows[0].cells].map(head => head.dataset.c);
  return [...table.tBodies[0].rows].map(row => [...row.cells].filter((_, n) => !without.includes(heads[n])).map(cell => cell.textContent.replace(/\\s+/g, " ").trim()));
}"""
TILES = """[...document.querySelectorAll(".cards > div")].map(tile => tile.textContent.replace(/\\s+/g, " ").trim())"""


@pytest.fixture(scope="module")
def of_period(samples, tmp_path_factory):
    """A report of the period alone."""
    output = tmp_path_factory.mktemp("period") / "out"
    period = ("--since", iso(SINCE), "--until", iso(UNTIL), "--tz", "UTC")
    done = run("build", "--app", str(samples["line"]), "-o", str(output), *period)
    assert done.exit_code == 0, done.output
    return output


@pytest.mark.parametrize("name", [*PAGES, "processing"])
def test_a_period_is_shown_as_by_a_report_of_it(report, of_period, browser, name):
    own, heard = look(browser, f"file://{of_period}/{name}.html")
    page = opened(browser, report, f"{name}.html#{PERIOD}")
    assert page.locator(".unfollowed").count() == 0
    assert page.evaluate(TILES) == own.evaluate(TILES)
    for table, without in PAGES.get(name, {}).items():
        shown, told = (one.evaluate(CELLS, [table, without]) for one in (page, own))
        assert shown == told, table
        assert shown
    assert heard == []


def test_failed_parts_are_those_of_the_whole(report, browser):
    """Each row's failures are all that a choice of failures leaves of it."""
    whole, _ = look(browser, f"file://{report}/chat.html")
    page = opened(browser, report, "chat.html#status=error")
    flow = {tuple(row[:2]): row[3].split(" ")[0] for row in whole.evaluate(CELLS, ["flow-table", []])}
    shown = {tuple(row[:2]): (row[2], row[3].split(" ")[0]) for row in page.evaluate(CELLS, ["flow-table", []])}
    assert shown == {key: (failed, failed) for key, failed in flow.items() if failed != "0"}
    assert shown
    whole.goto(f"file://{report}/tools.html")
    page.goto(f"file://{report}/tools.html#status=error")
    page.wait_for_selector("#page-filters[data-applied='status=error']", state="attached")
    health = {row[0]: row[2] for row in whole.evaluate(CELLS, ["health", []])}
    failing = [row[:3] for row in page.evaluate(CELLS, ["health", []]) if row[1] != "0"]
    assert failing == [[tool, failed, failed] for tool, failed in health.items() if failed != "0"]


def test_the_flow_of_all_is_laid_out_alike(report, browser):
    """By Python, and by the filter of the whole window."""
    page = opened(browser, report, f"chat.html#since={SINCE - 5 * 3_600_000}&until={UNTIL + 31 * 3_600_000}")
    assert page.evaluate("telemetryChosen.rows.every(Boolean)")
    built, made = page.evaluate(
        "[JSON.parse(document.getElementById('charts').textContent).flow.data, TelemetryCharts.data('flow')]"
    )
    for part, columns in built.items():
        for name, values in columns.items():
            numbers = [isinstance(value, (int, float)) for value in values]
            assert made[part][name] == (pytest.approx(values) if any(numbers) else values), (part, name)
    assert len(built["links"]["path"]) > 10


def both(browser, report, of_period, file: str):
    """A page under the period, and the period's own page."""
    page = opened(browser, report, f"{file}#{PERIOD}")
    return page, look(browser, f"file://{of_period}/{file}")[0]


@pytest.mark.parametrize("name", ["chat openai/gpt-4o-mini", "processing pipeline", "command recall", "tool db.query"])
def test_a_page_of_one_operation_follows(report, of_period, browser, name):
    page, own = both(browser, report, of_period, href(*name.split(" ")))
    assert page.evaluate(TILES) == own.evaluate(TILES)
    assert len(page.evaluate(TILES)) >= 7
    for table in ("callers", "steps"):
        if own.locator(f"#{table}").count():
            assert page.evaluate(CELLS, [table, []]) == own.evaluate(CELLS, [table, []])
    # What it is compared with, and days, are of other windows.
    assert {text.split()[0] for text in page.locator(".unfollowed").all_inner_texts()} <= {"Against", "Nothing", "Day"}


def test_a_page_of_one_error_follows(report, of_period, browser):
    files = {path.name for path in of_period.glob("error-*.html")}
    page, own = both(browser, report, of_period, min(files))
    # The trend is over another window.
    shown, told = ([text for text in one.evaluate(TILES) if not text.startswith("Trend")] for one in (page, own))
    assert shown == told
    traces = "[...document.querySelectorAll('.ids li')].map(one => one.textContent)"
    assert page.evaluate(traces) == own.evaluate(traces)
    assert page.locator("[data-rows] > details:visible").count() <= own.locator("[data-rows] > details").count()


def test_a_period_is_chosen_without_dragging(report, browser, tmp_path):
    """Two moments by the clock of the report's zone, here one that is set back within the window's year."""
    shutil.copytree(report, tmp_path / "copy", copy_function=shutil.copy2)
    text = (tmp_path / "copy" / "index.html").read_text()
    (tmp_path / "copy" / "index.html").write_text(text.replace('data-zone="UTC"', 'data-zone="Asia/Kathmandu"'))
    page, heard = look(browser, f"file://{tmp_path}/copy/index.html", "#page-filters[data-applied]")
    page.locator(".period summary").press("Enter")
    page.get_by_label("from", exact=True).fill("2026-11-18T10:45")
    page.wait_for_selector(".chip")
    page.get_by_label("to", exact=True).fill("2026-11-19T10:45")
    page.wait_for_selector("#page-filters[data-applied*='until=1795064400000']", state="attached")
    # 05:00 UTC, as the charts' steps begin.
    assert page.url.endswith("#since=1794978000000&until=1795064400000")
    page.locator(".chip").click()
    assert page.get_by_label("from", exact=True).input_value() == ""
    page.get_by_label("to", exact=True).fill("2026-11-16T10:45")
    assert page.inner_text("#filter-note") == "This report is of 2026-11-17 17:45:00 – 2026-11-20 17:45:00."
    assert heard == []


def test_a_typed_period_is_of_the_minutes_that_were_typed(report, browser):
    """Whatever the steps of the charts are, which dragging keeps to; what cannot be says why, and of what the page still is."""
    page, heard = look(browser, f"file://{report}/index.html", "#page-filters[data-applied]")
    page.locator(".period summary").press("Enter")
    since, until = page.get_by_label("from", exact=True), page.get_by_label("to", exact=True)
    since.fill("2026-11-18T10:17")
    until.fill("2026-11-19T11:03")
    page.wait_for_selector("#page-filters[data-applied*='until=1795086180000']", state="attached")
    assert page.url.endswith("#since=1794997020000&until=1795086180000")
    assert page.locator(".chip").inner_text() == "2026-11-18 10:17:00 – 2026-11-19 11:03:00 ✕"
    assert page.locator(".period :invalid, .period [aria-invalid=true]").count() == 0
    assert "events are those of whole steps" in page.inner_text("#filter-note")
    since.fill("2026-11-20T10:00")
    told = "The period ends before it begins; what is shown is of the period chosen before."
    assert page.inner_text("#filter-note") == told
    assert page.locator(".period [aria-invalid=true]").count() == 2
    page.locator(".chip").click()
    page.wait_for_selector("#page-filters[data-applied='']", state="attached")
    assert (since.input_value(), until.input_value()) == ("", "")
    assert page.locator(".period [aria-invalid=true]").count() == 0
    assert heard == []


def test_a_typed_moment_of_the_hour_that_comes_twice_is_one_of_both(report, browser):
    page, _ = look(browser, f"file://{report}/index.html", "#page-filters[data-applied]")
    begin = page.evaluate("""() => {
      const form = document.getElementById("page-filters").cloneNode(true);
      const { moment } = Telemetry.clocks("Europe/Berlin");
      const [start, end] = [Date.UTC(2026, 9, 24), Date.UTC(2026, 9, 26)];
      Telemetry.period(form, moment, { start, end, step: 7200000 }, () => {}, () => {});
      const input = form.querySelector("[data-period=since]");
      input.value = "2026-10-25T02:30";
      input.dispatchEvent(new Event("input"));
      return Number(form.elements.since.value);
    }""")
    assert iso(begin)[:16] in {"2026-10-25T00:30", "2026-10-25T01:30"}


def test_days_of_kinds_add_up_to_those_of_all(report, browser):
    whole, _ = look(browser, f"file://{report}/trends.html")
    days = {
        row[0][:10]: [int(cell.replace(",", "")) for cell in row[1:4]] for row in whole.evaluate(CELLS, ["days", []])
    }
    hours = [row[1:] for row in whole.evaluate(CELLS, ["hours", []])]
    found, found_hours = {day: [0, 0, 0] for day in days}, [[0] * 24 for _ in hours]
    for kind in ("chat", "processing", "command", "tool", "llm", "log"):
        whole.goto(f"file://{report}/trends.html#kind={kind}")
        whole.wait_for_selector(f"#page-filters[data-applied='kind={kind}']", state="attached")
        for row in whole.evaluate(CELLS, ["days", []]):
            found[row[0][:10]] = [
                a + int(b.replace(",", "")) for a, b in zip(found[row[0][:10]], row[1:4], strict=True)
            ]
        of_kind = [row[1:] for row in whole.evaluate(CELLS, ["hours", []])]
        found_hours = [
            [a + int(b) for a, b in zip(*two, strict=True)] for two in zip(found_hours, of_kind, strict=True)
        ]
        assert {
            row.split(" ")[0] for row in whole.locator("#p95 tbody tr:visible td:nth-child(2)").all_inner_texts()
        } <= {kind}
    assert found == days
    assert found_hours == [[int(cell) for cell in row] for row in hours]


def test_days_follow_a_period_as_whole_ones(report, browser):
    """The period lies on 17, 18 and 19 November: rows of days, and columns of days."""
    page = opened(browser, report, f"{href('command', 'recall')}#{PERIOD}")
    days = {
        row[0][:10]
        for row in page.evaluate(
            CELLS.replace("tBodies[0].rows]", "tBodies[0].rows].filter(row => !row.matches('.off'))"), ["by-day", []]
        )
    }
    assert days <= {"2026-11-17", "2026-11-18", "2026-11-19"}
    assert days
    page.goto(f"file://{report}/trends.html#{PERIOD}")
    page.wait_for_selector("#page-filters[data-applied^=since]", state="attached")
    assert page.locator("#p95 th:visible").all_inner_texts()[2:] == ["Nov 17", "Nov 18", "Nov 19"]
    assert (
        len(
            set(
                page.eval_on_selector_all(
                    "#p95 tr", "rows => rows.map(row => [...row.cells].filter(cell => !cell.matches('.off')).length)"
                )
            )
        )
        == 1
    )
    page.locator(".chip").click()
    page.wait_for_selector("#page-filters[data-applied='']", state="attached")
    assert page.locator("#p95 th:visible").all_inner_texts()[-1] == "Nov 20"
