"""Error groups and their pages: what is new, what is back, what failing traces share, what led up to it."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from reporter.analysis.error_details import chance, lift
from reporter.events.exceptions import exception_chain
from tests.browser import look
from tests.helpers import ask, entry, event, run, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]
LINE = (
    "[object] (App\\\\Exceptions\\\\ToolTimeout(code: 0): too (slow) at /srv/x/app/Jobs/Tag.php:7)\n[stacktrace]\n"
    "#0 /srv/x/vendor/laravel/Bus.php(3): run()\n#1 /srv/x/app/Jobs/Tag.php(40): App\\\\Jobs\\\\Tag->go('a')\n#2 {main}\n\n"
    "[previous exception] [object] (PDOException(code: HY000): gone away at /srv/x/app/Db.php:9)\n[stacktrace]\n#0 {main}\n"
)
JSON = {
    "class": "App\\Exceptions\\ToolTimeout",
    "message": "too (slow)",
    "code": 0,
    "file": "/srv/x/app/Jobs/Tag.php:7",
    "trace": ["/srv/x/vendor/laravel/Bus.php:3", "/srv/x/app/Jobs/Tag.php:40"],
    "previous": {
        "class": "PDOException",
        "message": "gone away",
        "code": 0,
        "file": "/srv/x/app/Db.php:9",
        "trace": [],
    },
}


def site(app: Path, tmp_path: Path, *options: str) -> Path:
    output = tmp_path / "out"
    done = run("build", "--app", str(app), "-o", str(output), *(options or DAY))
    assert done.exit_code == 0, done.output
    return output


def group_page(output: Path, message: str) -> str:
    (found,) = [p.read_text() for p in output.glob("error-*.html") if message in p.read_text()]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


@pytest.fixture(scope="module")
def first_day(tmp_path_factory) -> Path:
    """The report of an app without any earlier data: a failed step, what was logged about it, and faults of two other files."""
    app = tmp_path_factory.mktemp("first") / "app"
    write_log(
        app,
        entry("Tagging failed for 12", {"exception": JSON, "user": {"plan": "pro"}}, level="ERROR"),
        entry("Tagging failed for 13", {"exception": JSON | {"message": "too (slow) 3"}}, level="ERROR"),
    )
    write_log(
        app,
        event("chat.message.received", "10:00:00.500001", "t1"),
        event("chat.message.received", "10:00:00.600000", "other"),
        event("dsl.step.failed", "10:00:01.500001", "t1", step_type="parse", duration_ms=9, error="bad token"),
        name="steps.log",
    )
    write_log(app, entry("Starting up"), entry("Disk is full", level="CRITICAL"), entry("Going on"), name="worker.log")
    return site(app, app.parent)


@pytest.mark.parametrize("text", [LINE, json.dumps(JSON)])
def test_an_exception_is_read_with_previous_ones_and_its_vendor_frames_apart(text):
    outer, cause = exception_chain(text)
    assert (outer.error_class, outer.message, outer.at) == (
        "App\\Exceptions\\ToolTimeout",
        "too (slow)",
        "/srv/x/app/Jobs/Tag.php:7",
    )
    assert [("Tag.php" in f) for f in outer.frames] == [True]
    assert ["Bus.php" in f or "{main}" in f for f in outer.vendor] == [True] * len(outer.vendor)
    assert (cause.error_class, cause.message, cause.at) == ("PDOException", "gone away", "/srv/x/app/Db.php:9")


def test_what_is_no_exception_has_no_chain():
    for text in ("RuntimeException", "", "{", "[1]", '{"a":', "[object] (", "{" * 100_000):
        assert [part.error_class for part in exception_chain(text)] in ([], ["None"])


def test_new_regressed_and_lasting_groups_are_told_apart(app, tmp_path):
    write_log(
        app,
        entry("Lasting fault", at="2026-11-19 10:00:00", level="ERROR"),
        entry("Returning fault", at="2026-11-17 10:00:00", level="ERROR"),
        *(
            entry(f"{what} fault", at="2026-11-20 10:00:00", level="ERROR")
            for what in ("Lasting", "Returning", "Fresh")
        ),
    )
    assert {g["message"]: g["new"] for g in ask("errors", app)["groups"]} == {
        "Lasting fault": False, "Returning fault": False, "Fresh fault": True,
    }  # fmt: skip
    page = (site(app, tmp_path) / "errors.html").read_text()
    flags = {
        m[2]: m[1]
        for m in re.finditer(r'<td class="what">(?:<span class="new">(\w+)</span> )?<a [^>]*>(\w+ fault)<', page, re.S)
    }
    assert flags == {"Lasting fault": None, "Returning fault": "back", "Fresh fault": "new"}


def test_without_older_data_nothing_is_called_new(first_day):
    page = (first_day / "errors.html").read_text()
    assert 'class="new"' not in page
    assert "No earlier data" in page


def test_lift_and_chance_are_fishers():
    assert lift(4, 4, 0, 10) == 1 / (0.5 / 10.5)
    assert chance(4, 4, 0, 10) == 1 / math.comb(14, 4)
    # Fisher's tea: 3 of 4 cups right.
    assert chance(3, 4, 1, 4) == pytest.approx(17 / 70)


def test_what_failing_traces_share_is_ranked_with_counts(app, tmp_path):
    calls = []
    for n in range(14):
        failing = n < 4
        facts = {"provider": "ollama" if failing or n == 13 else "openai", "model": "m", "message_id": f"m{n}"}
        at = f"10:00:{n:02}"
        calls += [
            event("chat.streaming.started", f"{at}.000001", f"t{n}", **facts),
            event("tool.invocation.completed", f"{at}.200000", f"t{n}", tool_name="db", duration_ms=5),
            event("dsl.step.failed" if failing else "dsl.step.executed", f"{at}.300000", f"t{n}", step_type="parse", duration_ms=9,
                  **({"error": f"bad token {n}"} if failing else {})),
        ]  # fmt: skip
    write_log(app, *calls)
    text = group_page(site(app, tmp_path), "bad token")
    assert "The latest 4 failing traces against the latest 10 succeeding ones" in text
    # ollama: 4 of 4 against 1 of 10; by chance C(5,4) / C(14,4)
    assert f"provider ollama 4 (100 %) 1 (10.0 %) {lift(4, 4, 1, 10):.1f}× 0.50 %" in text
    assert "tool db" not in text
    assert "parse 4" not in text


def test_too_little_data_is_said(first_day):
    assert "Too little data: 1 failing traces and 0 succeeding ones" in group_page(first_day, "bad token")


def test_what_led_up_to_it_comes_from_its_trace_or_its_file(first_day):
    head = "Before it Kind Event Operation Status"
    assert f"{head} 1.00 s chat chat.message.received Occurrences" in group_page(first_day, "bad token")
    assert f"{head} 0 ms log Starting up Occurrences" in group_page(first_day, "Disk is full")


def test_what_led_up_to_it_stands_before_the_operation_that_failed_first_and_names_operations(app):
    """The log line about it bears the whole second before all of it, its command failed later."""
    exception = {"exception": {"class": "App\\Denied", "message": "Permission denied on notes"}, "correlation_id": "t1"}
    write_log(
        app,
        event("command.execution.started", "10:00:00.900001", "t1", command="recall"),
        event("tool.invocation.started", "10:00:01.100001", "t1", tool_name="fs.read", invocation_id="i1"),
        event(
            "tool.invocation.failed",
            "10:00:01.500001",
            "t1",
            tool_name="fs.read",
            invocation_id="i1",
            error="Permission denied on notes",
        ),
        event("tool.invocation.completed", "10:00:01.700001", "t1", tool_name="db", duration_ms=1),
        event(
            "command.execution.failed", "10:00:01.900001", "t1", command="recall", error="Permission denied on notes"
        ),
        entry("Command failed", exception, at="2026-11-20 10:00:01", level="ERROR"),
    )
    (group,) = ask("errors", app)["groups"]
    answer = ask("errors", app, group["fingerprint"])
    assert answer["path"] == ["command recall", "tool fs.read"]
    before = answer["before"]
    assert [(b["before_ms"], b["name"], b["operation"]) for b in before] == [
        (600, "command.execution.started", "recall"),
        (400, "tool.invocation.started", "fs.read"),
    ]


def test_a_groups_page_reads_without_scripts(first_day, browser):
    pages = {path: path.read_text() for path in first_day.glob("error-*.html")}
    (path,) = [path for path, text in pages.items() if "too (slow)" in text and "too (slow) 3" not in text]
    page, _ = look(browser, path.as_uri(), java_script_enabled=False)
    text = page.inner_text("main")
    for known in (
        "App\\Exceptions\\ToolTimeout",
        "too (slow)",
        "caused by PDOException",
        "Tag.php:40",
        "1 vendor frame",
        "laravel.log at byte 0",
    ):
        assert known in text
    page.locator("summary", has_text="Context").click()
    assert '"plan": "pro"' in page.inner_text("main")


def test_the_list_is_filtered_and_sorted(report, browser):
    page, heard = look(browser, f"file://{report}/errors.html", "#page-filters[data-applied]")
    rows = page.locator("#groups tbody tr")
    assert rows.count() == 5
    page.fill("#page-filters [name=q]", "rate limit")
    page.wait_for_selector("[data-applied='q=rate+limit']", state="attached")
    assert page.locator("#groups tbody tr:visible").count() == 1
    page.fill("#page-filters [name=q]", "")
    page.wait_for_selector("[data-applied='']", state="attached")
    page.click("#groups th:nth-child(10) button")
    seen = page.locator("#groups tbody td:nth-child(10)").all_inner_texts()
    assert seen == sorted(seen, reverse=True)
    assert heard == []


def test_shares_and_trends_add_up(report):
    page = (report / "errors.html").read_text()
    shares = [float(s) for s in re.findall(r'data-v="(0\.\d+|1\.0)">\d+(?:\.\d)? %', page)]
    assert sum(shares) == pytest.approx(1)
    trends = [int(n) for n in re.findall(r'aria-label="(\d+) events, at most', page)]
    assert sum(trends) == 25
