"""The filter computes: a page's figures under a filter are those of the command line, or of the frames, with the same selection."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from reporter.format import words
from tests.browser import look
from tests.conftest import UNTIL as SAMPLE
from tests.helpers import run

START, END = 1794916800000, 1795176000000  # the sample's window: 2026-11-17 12:00 to 2026-11-20 12:00
# A period of whole buckets within it.
SINCE, UNTIL = START + 5 * 3_600_000, START + 41 * 3_600_000
PERIOD = f"since={SINCE}&until={UNTIL}"
# What the table of operations shows, by the columns' names.
FIGURES = ("count", "errors", "error_rate", "min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms")
ROWS = """table => {
  const heads = [...table.tHead.rows[0].cells].map(head => head.dataset.c);
  return [...table.tBodies[0].rows].filter(row => row.cells.length === heads.length).map(row => Object.fromEntries(
    heads.map((name, n) => [name, row.cells[n].dataset.v ?? row.cells[n].textContent]).filter(([name]) => name)));
}"""


def opened(browser, report, name: str):
    """A page under a filter that has been applied."""
    page, heard = look(browser, f"file://{report}/{name}", "#page-filters[data-applied]")
    assert heard == []
    return page


def rows(page, table: str) -> list[dict[str, str]]:
    return page.eval_on_selector(table, ROWS)


def tile(page, name: str) -> str:
    return page.inner_text(f"[data-tile={name}]").split("\n")[0]


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def asked(samples, command: str) -> dict:
    """The command line's answer of the period."""
    period = ("--since", iso(SINCE), "--until", iso(UNTIL))
    done = run(command, "--app", str(samples["line"]), *period, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def spans(loaded):
    """All spans of the window as a frame."""
    return loaded.spans


def same(shown: str, figure: float | None) -> bool:
    return shown == "" if figure is None else float(shown) == pytest.approx(figure, rel=1e-9)


@pytest.mark.parametrize("kind", ["", "tool"])
def test_operations_of_a_period_are_those_of_the_command_line(report, samples, browser, kind):
    told = [o for o in asked(samples, "performance")["operations"] if not kind or o["kind"] == kind]
    # The sample's LLM calls are all shown by their streams.
    told = [o for o in told if o["kind"] != "llm"]
    page = opened(browser, report, f"performance.html#{PERIOD}" + (f"&kind={kind}" if kind else ""))
    shown = rows(page, "#ops")
    assert [(row["kind"], row["operation"]) for row in shown] == [(o["kind"], o["operation"]) for o in told]
    assert len(shown) >= 5
    for row, figures in zip(shown, told, strict=True):
        assert [name for name in FIGURES if not same(row[name], figures[name])] == [], figures
        assert row["duration_class"] == (figures["class"] or "–")


def test_the_overview_of_a_period_is_that_of_the_command_line(report, samples, browser):
    told = asked(samples, "overview")
    page = opened(browser, report, f"index.html#{PERIOD}")
    shown = {row["kind"]: row for row in rows(page, "[data-table=kinds]")}
    told["kinds"]["chat"]["events"] += told["kinds"].pop("llm")["events"]
    for kind, figures in told["kinds"].items():
        names = ("events", "count", "errors", "success_rate", "unfinished", "p50_ms", "p95_ms")
        assert [name for name in names if not same(shown[kind][name], figures[name])] == [], kind
    totals = told["totals"]
    figures = {
        "events": totals["events"],
        "failed_traces": totals["failed_traces"],
        "count": totals["operations"],
        "faults": totals["faults"],
    }
    figures |= {"total": told["tokens"]["total"]}
    for name, figure in figures.items():
        text = page.eval_on_selector(f"[data-tile={name}]", "e => e.textContent.trim().split(/\\s/)[0]")
        assert text == f"{figure:,}" or float(text.rstrip("kM")) == pytest.approx(figure / 1000, rel=0.005), name
    assert f"{totals['errors']} of {totals['operations']:,} chosen operations" in page.inner_text("h1")
    # The group that the command line lists first, of the period.
    worst = words.cut(" ".join(asked(samples, "errors")["groups"][0]["message"].split()), 80).rstrip(".")
    assert f": {totals['faults']} faults; most often: {worst}" in page.inner_text("h1")


@pytest.mark.parametrize(
    ("later", "page", "says"), [(0, "index", False), (60_000, "index", True), (60_000, "performance", False)]
)
def test_a_period_that_cuts_a_step_says_that_events_are_of_whole_ones(report, browser, later, page, says):
    shown = opened(browser, report, f"{page}.html#since={SINCE + later}&until={UNTIL}")
    assert ("events are those of whole steps" in shown.inner_text("#filter-note")) == says


@pytest.mark.parametrize(
    ("chosen", "fits"),
    [
        ("status=error", lambda s: s[s["status"] == "error"]),
        ("status=ok&kind=command", lambda s: s[(s["status"] == "ok") & (s["kind"] == "command")]),
        ("operation=command%20recall", lambda s: s[(s["kind"] == "command") & (s["operation"] == "recall")]),
        ("q=OPENAI%2F", lambda s: s[s["operation"].str.contains("openai/", regex=False)]),
        (f"q=e2c203b1&{PERIOD}", lambda s: s[s["correlation_id"].str.contains("e2c203b1", na=False) & s["ts"].between(*(datetime.fromisoformat(iso(t)) for t in (SINCE, UNTIL)), inclusive="left")]),
    ],
)  # fmt: skip
def test_percentiles_of_any_selection_are_those_of_the_frames(report, spans, browser, chosen, fits):
    own = fits(spans)
    # The sample's LLM calls are all shown by their streams.
    own = own[own["is_operation"] & (own["status"] != "unfinished") & (own["kind"] != "llm")]
    by_operation = own.groupby(["kind", "operation"], observed=True)["duration_ms"]
    page = opened(browser, report, f"performance.html#{chosen}")
    shown = {(row["kind"], row["operation"]): row for row in rows(page, "#ops") if row["count"] != "0"}
    assert set(shown) == set(by_operation.groups)
    for key, durations in by_operation:
        figures = {"count": len(durations), "mean_ms": durations.mean()}
        figures |= {f"p{n}_ms": durations.quantile(n / 100) for n in (50, 90, 95, 99)}
        assert [n for n, v in figures.items() if not same(shown[key][n], None if v != v else v)] == [], key


def test_what_a_page_shows_without_a_filter_comes_back(report, browser):
    page, heard = look(browser, f"file://{report}/index.html", "#page-filters[data-applied]")
    page.click("[data-table=kinds] th:nth-child(2) button")

    def shown() -> list[str]:
        return [page.inner_html("h1"), page.inner_html(".cards"), page.inner_html("[data-table=kinds] tbody")]

    before = shown()
    page.select_option("[name=kind]", "llm")
    page.wait_for_selector("#page-filters[data-applied='kind=llm']", state="attached")
    assert not set(shown()) & set(before)
    page.click(".chip")
    page.wait_for_selector("#page-filters[data-applied='']", state="attached")
    assert shown() == before
    assert heard == []


CHART = """async name => {
  const counts = {};
  for (const bar of document.querySelectorAll(`[data-chart=${name}] .mark-rect path`)) {
    const tip = bar.__data__.datum.tip;
    counts[tip] = (counts[tip] || 0) + 1;
  }
  return Object.keys(counts);
}"""


def test_charts_of_time_follow_and_keep_the_window_around_the_period(report, browser):
    page = opened(browser, report, f"tools.html#operation=tool%20fs.read&{PERIOD}")
    page.wait_for_selector("[data-chart=calls][data-drawn] .brush:visible")
    tips = page.evaluate(CHART, "calls")
    # All its calls of the window, whenever; those of the period are what the tiles count.
    assert {tip.split(" · ")[1] for tip in tips} == {"fs.read: 1×"}
    assert len(tips) == 3
    assert tile(page, "count") == "0"
    assert page.inner_text(".hint") == "drag to zoom"


def test_a_chart_of_the_whole_window_is_the_same_by_either_way(report, browser):
    """What Python made of all operations, and what the filter makes of all: a text that every operation's kind holds."""
    for name, chart in (("performance", "performance_histogram"), ("commands", "runs"), ("llm", "tokens")):
        page, _ = look(browser, f"file://{report}/{name}.html", f"[data-chart={chart}][data-drawn]")
        before = page.evaluate(CHART, chart)
        page.evaluate(
            f"document.querySelector('[name=since]').value = {START}; document.querySelector('[name=until]').value = {END}; dispatchEvent(new Event('telemetry-set'))"
        )
        page.wait_for_selector(".chip:visible")
        page.wait_for_selector("#page-filters[data-applied^=since]", state="attached")
        assert page.evaluate("telemetryChosen.rows.every(Boolean)")
        assert sorted(page.evaluate(CHART, chart)) == sorted(before)
        assert len(before) > 10


def test_what_cannot_follow_says_so(report, browser):
    page = opened(browser, report, "trends.html#status=error")
    assert "Nothing on this page follows" in page.inner_text("#filter-note")
    assert page.locator("figure .unfiltered").count() == page.locator("figure").count() == 4
    # What rows are of is followed, what their figures are of is not.
    page = opened(browser, report, "trends.html#status=error&kind=tool")
    assert (
        page.locator(".scroll:has(#p95)").evaluate("e => e.previousElementSibling.textContent")
        == "Filtered by kind alone."
    )
    assert {name.split(" ")[0] for name in page.locator("#p95 tbody tr:visible .op").all_inner_texts()} == {"tool"}
    page = opened(browser, report, "index.html#status=error")
    assert page.inner_text("details.ticket > summary").endswith("not filtered")
    assert page.locator("figure:has([data-chart=overview_events]) .unfiltered").count() == 1
    assert page.locator("figure:has([data-chart=overview_errors]) .unfiltered").count() == 0
    assert page.locator(".cards > .unfollowed").all_inner_texts()[0].endswith("not filtered")


NAMES = (
    "index",
    "performance",
    "errors",
    "traces",
    "chat",
    "commands",
    "tools",
    "processing",
    "llm",
    "trends",
    "operation",
    "error",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_nothing_says_so_in_figures_and_charts(report, browser, name):
    """Rates of nothing are a dash, and what draws a chart is not asked to draw nothing."""
    file = min(
        path.name for path in report.glob(f"{name}*.html") if name in {"operation", "error"} or path.stem == name
    )
    page, heard = look(browser, f"file://{report}/{file}#q=zzznothing", "#page-filters[data-applied]")
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        page.wait_for_selector(f"[data-chart={chart.get_attribute('data-chart')}][data-drawn]")
        if chart.locator("xpath=..").locator(".unfiltered").count():
            continue
        assert chart.locator("p").inner_text() == "Nothing fits the filter."
        assert chart.get_attribute("aria-label").endswith("Nothing fits the filter.")
        assert chart.locator("svg").is_hidden()
    text = page.inner_text("body")
    assert [word for word in ("NaN", "undefined", "Infinity") if word in text] == []
    assert heard == []


def test_rates_of_nothing_are_those_of_an_empty_window(report, browser):
    page = opened(browser, report, "index.html#q=zzznothing")
    assert page.inner_text("[data-tile=failed_traces]").split() == ["0", "of", "0,", "–"]
    page.goto(f"file://{report}/errors.html#q=zzznothing")
    page.wait_for_selector("#page-filters[data-applied^=q]", state="attached")
    assert "0 of 0 requests failed (–)" in page.inner_text("[data-sentence=errors]")


def test_a_chart_whose_series_are_all_off_says_so_and_comes_back(report, browser):
    page, heard = look(browser, f"file://{report}/performance.html", "[data-chart=performance_percentiles]")
    chart = page.locator("[data-chart=performance_percentiles]")
    chart.scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=performance_percentiles][data-drawn]")
    series = page.locator("[data-legend=performance_percentiles] button")
    for button in series.all():
        button.click()
    assert chart.inner_text().endswith("All its series are switched off.")
    assert chart.locator("svg").is_hidden()
    series.first.click()
    assert chart.locator("p").inner_text() == ""
    assert chart.locator("svg").is_visible()
    assert heard == []


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ("kind=chat", "under kind llm"),
        ("operation=chat%20openai%2Fgpt-4o", "under kind llm"),
        ("q=chat%20openai", "left out by the text"),
        ("q=openai", ""),
        ("kind=llm", ""),
        ("kind=tool", ""),
        (f"{PERIOD}&status=ok", ""),
    ],
)
def test_streams_say_where_the_tokens_of_their_calls_are(report, browser, chosen, says):
    """The sample's LLM calls are all shown by their streams, and bear the tokens."""
    page = opened(browser, report, f"index.html#{chosen}")
    for name in ("total", "cost"):
        told = page.inner_text(f"[data-tile={name}]")
        assert (f"those of LLM calls: {says}" if says else "") in told
        assert ("LLM calls" in told) == bool(says)
    for file, tiles in (("llm", 3), ("chat", 0)):
        page.goto(f"file://{report}/{file}.html#{chosen}")
        page.wait_for_selector("#page-filters[data-applied*='=']", state="attached")
        assert page.locator("[data-tile] small:has-text('those of LLM calls')").count() == tiles * bool(says)
        note = page.inner_text("#filter-note")
        assert (f"of their LLM calls are {says}" if says else "") in note
        assert ("LLM calls" in note) == bool(says)


def test_what_is_of_everything_read_says_so(report, browser):
    page = opened(browser, report, "trends.html#status=error")
    told = page.locator("p.unfiltered").all_text_contents()
    assert told.count("Not filtered: this is of everything read.") == 3
    assert told.count("Not filtered: this is of the whole window.") == len(told) - 3


def test_the_first_thing_typed_on_traces_stays(report, browser):
    page, heard = look(browser, f"file://{report}/traces.html", "#page-filters[data-applied='']")
    page.fill("[name=q]", "e2c203b1")
    page.wait_for_selector("#traces[data-shown]")
    assert page.input_value("[name=q]") == "e2c203b1"
    assert page.locator("#traces tbody tr").count() == 1
    assert page.url.endswith("#q=e2c203b1")
    assert heard == []


def test_traces_are_as_many_as_the_overview_says(report, browser):
    for chosen in ("kind=tool&status=error", "status=ok", "kind=log", f"operation=command%20recall&{PERIOD}"):
        page = opened(browser, report, f"index.html#{chosen}")
        figure = re.search(r"of ([\d,]*\d)", page.inner_text("[data-tile=failed_traces]"))[1]
        page.goto(f"file://{report}/traces.html#{chosen}")
        page.wait_for_selector("#traces[data-shown]")
        assert page.inner_text("#trace-count").split(" ")[0] == figure, chosen


def test_a_bar_leads_to_what_it_is_of(report, browser):
    page = opened(browser, report, "index.html")
    page.locator("[data-chart=overview_errors]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=overview_errors][data-drawn] svg path", state="attached")
    page.locator("[data-chart=overview_errors] .mark-rect path").first.click()
    page.wait_for_selector("#page-filters[data-applied*=since]")
    assert re.search(r"2026-11-17 13:00:00 – 2026-11-17 14:00:00", page.inner_text("#filter-chips"))
    assert "1 fault" in page.inner_text("h1")


def test_more_operations_than_a_page_can_load_are_told_together(samples, spans, browser, tmp_path, monkeypatch):
    monkeypatch.setattr("reporter.analysis.operations.OPERATIONS_AT_MOST", 700)
    done = run("build", "--app", str(samples["line"]), "-o", str(tmp_path / "out"), *SAMPLE)
    assert done.exit_code == 0, done.output
    page = opened(browser, tmp_path / "out", "performance.html#kind=processing")
    assert page.inner_text("#filter-note").startswith("Approximately ")
    own = spans[spans["is_operation"] & (spans["status"] != "unfinished") & (spans["kind"] == "processing")]
    shown = {row["operation"]: row for row in rows(page, "#ops") if row["count"] != "0"}
    assert len(shown) > 5
    for operation, durations in own.groupby("operation")["duration_ms"]:
        assert int(shown[operation]["count"]) == len(durations)
        assert float(shown[operation]["mean_ms"]) == pytest.approx(durations.mean(), rel=1e-6)
        assert float(shown[operation]["p50_ms"]) == pytest.approx(durations.quantile(0.5), rel=0.35)
    assert page.locator("section:has-text('Outliers') .unfiltered").count() == 1
    # Of calls that stand together it is known what led to them, not whose conversation they were.
    page.goto(f"file://{tmp_path}/out/chat.html#status=error")
    page.wait_for_selector("#page-filters[data-applied='status=error']", state="attached")
    flow = {row["target"]: row["failed"] for row in rows(page, "#flow-table")}
    failed = spans[spans["is_operation"] & (spans["status"] == "error") & (spans["type"] == "stream")]
    told = {f"model {name}": str(n) for name, n in failed["operation"].value_counts().items()}
    assert {name: n for name, n in flow.items() if name.startswith("model ")} == told
    assert told
    assert page.locator("section:has-text('Conversations') .unfiltered").count() == 1
