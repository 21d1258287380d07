"""What pages say under a filter: what fits it and what more, the same error groups as the terminal, and where nothing of it is of a page."""

from __future__ import annotations

import json
import re
from zoneinfo import ZoneInfo

import pytest

from reporter.site.render import environment
from tests.conftest import UNTIL as SAMPLE
from tests.helpers import run
from tests.site.test_filter import opened, rows


def test_the_overview_under_a_filter_lists_what_fits_and_says_how_much_more(report, browser):
    page = opened(browser, report, "errors.html#status=error")
    groups = int(re.search(r"(\d+) group", page.inner_text("[data-sentence]"))[1])
    page = opened(browser, report, "index.html")
    page.eval_on_selector_all("[data-top='6']", "lists => lists.forEach(list => { list.dataset.top = 2; })")
    page.select_option("[name=status]", "error")
    page.wait_for_selector("#page-filters[data-applied='status=error']", state="attached")
    assert page.locator(".problems > li").count() == 2
    assert page.inner_text("[data-list=more] a") == f"{groups - 2} more error groups"
    assert page.get_attribute("[data-list=more] a", "href") == "errors.html#status=error"
    page = opened(browser, report, "index.html#kind=tool")
    assert [row["kind"] for row in rows(page, "[data-table=kinds]")] == ["tool"]
    # What went well has no problems, which is not nothing.
    page = opened(browser, report, "index.html#status=ok")
    assert page.inner_text("h1").endswith("all finished without an error.")
    assert page.locator(".problems").is_hidden()
    assert page.inner_text("[data-list=more]") == "What got slower or dearer is told of the whole window only."
    page.click(".chip")
    page.wait_for_selector("#page-filters[data-applied='']", state="attached")
    assert page.locator(".problems").is_visible()


@pytest.mark.parametrize("kind", ["tool", "command", "chat", "processing"])
def test_error_groups_of_a_kind_are_those_of_the_command_line(report, samples, browser, kind):
    done = run("errors", "--app", str(samples["line"]), *SAMPLE, "--include", f"kind={kind}", "--format", "json")
    told = {"g-" + g["fingerprint"]: (g["faults"], g["count"]) for g in json.loads(done.stdout)["groups"]}
    page = opened(browser, report, f"errors.html#kind={kind}")
    shown = page.eval_on_selector_all(
        "#groups tbody tr[data-key], #groups tbody tr[id]",
        "rows => rows.map(row => [row.id, +row.cells[1].dataset.v, +row.cells[2].dataset.v])",
    )
    assert {key: (faults, count) for key, faults, count in shown} == told
    assert told


def test_a_page_that_is_of_other_work_says_so(report, browser):
    for name, chosen, says in (
        ("tools", "kind=command", True),
        ("commands", "kind=command&status=error", False),
        # A command's step stands in a table.
        ("commands", "operation=command%20tool.call", False),
        ("index", "kind=command", False),
        ("tools", "q=zzznothing", False),
    ):
        page = opened(browser, report, f"{name}.html#{chosen}")
        assert ("none of them is of this page" in page.inner_text("#filter-note")) == says, (name, chosen)
    # Shares are bars under a filter too.
    page = opened(browser, report, "commands.html#kind=command&status=error")
    shares = page.locator("[data-table=steps] tbody tr")
    assert shares.count() == shares.locator("td:last-child svg.meter rect").count() > 0


def test_an_address_that_holds_no_period_has_none(report, browser):
    for period, is_one in (
        ("since=abc&until=def", False),
        ("since=9&until=3", False),
        ("since=1794934800000", True),
        ("until=9e99", False),
    ):
        page = opened(browser, report, f"index.html#{period}")
        assert page.locator(".chip").count() == is_one, period


def test_a_legend_names_what_the_filter_left(report, browser):
    page = opened(browser, report, "index.html#kind=tool")
    names = "[data-legend=overview_events] li:visible"
    page.wait_for_selector("[data-chart=overview_events][data-drawn]")
    assert page.locator(names).all_inner_texts() == ["tool"]
    page.click(".chip")
    page.wait_for_selector("#page-filters[data-applied='']", state="attached")
    assert page.locator(names).all_inner_texts() == ["chat", "processing", "command", "tool", "llm", "log"]


@pytest.mark.parametrize(("before", "now", "verdict", "says"), [(10, 15, True, "bad"), (10, 9.7, True, "–"), (10, 5, False, "good"), (10, 12, False, "–")])  # fmt: skip
def test_a_percentile_that_went_the_other_way_bears_no_verdict_of_the_median(before, now, verdict, says):
    macros = environment(ZoneInfo("UTC")).get_template("macros.html").module
    assert says in macros.changed(before, now, verdict, 0.001)
    assert ("moved noise" in macros.moved(before, now, verdict, 0.001)) == (says == "–")


def test_an_id_is_set_as_one_and_words_for_it_are_not():
    trace = environment(ZoneInfo("UTC")).get_template("macros.html").module.trace
    set_as_id = [
        ' class="mono"' in trace("7fee3741-0000-4000", text) for text in ("", "7fee3741", "7fee3741-0…", "the latest")
    ]
    assert set_as_id == [True, True, True, False]
