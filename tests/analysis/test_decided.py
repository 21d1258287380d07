"""Groups that were ignored, resolved and merged, in the terminal and on pages: by what stands in telemetry-report.toml."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from reporter.analysis.given import Decisions
from reporter.analysis.session import told
from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.window import Window
from tests.browser import look
from tests.helpers import ask, entry, event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


@pytest.fixture
def failing(app):
    """Three groups: 3 faults of “No table”, 2 of a timed out call, 1 of “Disk full”; of the last two one in a trace of tool db."""
    write_log(
        app,
        *(entry("No table a", at=f"2026-11-20 10:0{n}:00", level="ERROR") for n in range(3)),
        *(
            event(
                "tool.invocation.failed",
                f"11:0{n}:00.5",
                f"t{n}",
                tool_name="db",
                duration_ms=5,
                error=f"timed out after {n}7 ms",
            )
            for n in range(2)
        ),
        entry("Disk full", {"correlation_id": "t0"}, at="2026-11-20 11:30:00", level="ERROR"),
    )
    return app


def groups(app, *options: str) -> dict[str, tuple[str | None, int]]:
    return {g["message"]: (g["state"], g["faults"]) for g in ask("errors", app, *options)["groups"]}


def fingerprint(app, message: str) -> str:
    return next(g["fingerprint"] for g in ask("errors", app, "--all")["groups"] if g["message"] == message)


def decide(app, message: str, *options: str) -> str:
    done = run("errors", fingerprint(app, message), "--app", str(app), *DAY, *options)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_an_ignored_group_is_counted_but_not_listed(failing):
    before = ask("overview", failing)["totals"]
    assert "is ignored" in decide(failing, "No table a", "--ignore")
    assert groups(failing) == {"timed out after 17 ms": (None, 2), "Disk full": (None, 1)}
    assert groups(failing, "--all")["No table a"] == ("ignored", 3)
    assert ask("errors", failing)["ignored"] == {"groups": 1, "faults": 3}
    text = run("errors", "--app", str(failing), *DAY).stdout
    assert re.sub(r"\s+", " ", text).startswith(
        "2026-11-20 00:00:00 – 2026-11-21 00:00:00 UTC: 3 faults in 2 groups, 3 error events; 1 ignored (3 faults): --all shows them"
    )
    assert ask("overview", failing)["totals"] == before
    overview = run("overview", "--app", str(failing), *DAY).stdout
    assert "No table" not in overview
    assert "1 ignored (3 faults): telemetry-report errors --all" in overview
    assert "is open again" in decide(failing, "No table a", "--reopen")
    assert groups(failing)["No table a"] == (None, 3)
    assert run("errors", fingerprint(failing, "No table a"), "--app", str(failing), "--reopen").exit_code == 1


def test_a_resolved_group_that_comes_back_is_regressed(failing):
    name = fingerprint(failing, "No table a")
    for at, state in (
        ("2026-11-20T10:01:59Z", "regressed"),
        ("2026-11-20T10:02:00Z", "resolved"),
        ("2026-11-20", "regressed"),
    ):
        (failing / "telemetry-report.toml").write_text(f"[errors.resolved]\n{name} = {at}\n")
        assert groups(failing, "--all")["No table a"] == (state, 3), at
    assert " regressed " in run("errors", "--app", str(failing), *DAY).stdout
    assert "regressed: No table a" in run("overview", "--app", str(failing), *DAY).stdout
    # Resolved now: what is in the log was before.
    decide(failing, "No table a", "--resolve")
    assert groups(failing, "--all")["No table a"] == ("resolved", 3)


def test_merged_groups_are_one(failing):
    into = fingerprint(failing, "timed out after 17 ms")
    decide(failing, "Disk full", "--merge", into[:6])
    assert groups(failing) == {"No table a": (None, 3), "timed out after 17 ms": (None, 3)}
    shown = run("errors", into, "--app", str(failing), *DAY).stdout
    assert "with what was merged into it" in shown
    assert "2 faults: timed out after {1} ms" in shown
    back = run("errors", into, "--app", str(failing), *DAY, "--merge", into)
    assert back.exit_code == 2
    assert "counted as" in back.stderr


def test_groups_are_chosen_by_kind_number_and_news(failing):
    assert list(groups(failing, "--kind", "tool")) == ["timed out after 17 ms"]
    assert list(groups(failing, "--top", "1")) == ["No table a"]
    # Nothing is kept of before.
    listed = " ".join(run("errors", "--app", str(failing), *DAY, "--new").stdout.split())
    assert "; not seen before in what is kept, which does not reach back over the period before this one: which are new cannot be told" in listed  # fmt: skip
    write_log(failing, entry("No table a", at="2026-11-18 10:00:00", level="ERROR"))
    assert set(groups(failing, "--new")) == {"timed out after 17 ms", "Disk full"}
    assert "cannot be told" not in run("errors", "--app", str(failing), *DAY, "--new").stdout
    wrong = run("errors", "--app", str(failing), "--ignore")
    assert wrong.exit_code == 2
    assert "one decision on one group" in wrong.stderr


def test_pages_show_what_was_decided_and_lead_from_one_group_to_the_next(failing, browser, tmp_path):
    decide(failing, "No table a", "--ignore")
    assert run("build", "--app", str(failing), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page, heard = look(browser, f"file://{tmp_path}/out/errors.html", "[data-drawn]")
    assert "6 faults in 3 groups" in page.inner_text("main")
    assert "Of all groups 1 ignored (3 faults)." in page.inner_text("main")
    assert page.locator("#groups tbody tr").count() == 2
    # A filter leaves it out as well: of log entries there are two groups, the one is ignored.
    page.select_option("#page-filters [name=kind]", "log")
    page.wait_for_selector("[data-applied='kind=log']", state="attached")
    assert [row.split("\n")[-1] for row in page.locator("#groups td.what").all_inner_texts()] == ["Disk full"]
    assert "4 faults in 2 groups" in page.inner_text("[data-sentence=errors]")
    first = (tmp_path / "out" / "index.html").read_text()
    assert "No table" not in first
    assert '<a href="errors.html#closed">1 ignored (3 faults)</a>' in first
    page.goto(f"file://{tmp_path}/out/error-{fingerprint(failing, 'No table a')}.html")
    assert page.inner_text(".new") == "ignored"
    assert "1 of 3" in page.inner_text(".beside")
    page.click("[rel=next]")
    page.wait_for_selector("h1:not(:has(.new))")
    # Two messages that differ in one place, and two traces with time and operation, the latest first.
    assert page.inner_text(".shape caption").split() == ["2", "timed", "out", "after", "1", "ms"]
    assert sorted(page.locator(".shape tbody tr").all_inner_texts()) == ["1\t07", "1\t17"]
    traces = page.locator("[data-list=traces] li").all_inner_texts()
    assert [re.sub(r"\s+", " ", text) for text in traces] == [
        "2026-11-20 11:01:00 tool db · t1",
        "2026-11-20 11:00:00 tool db · t0",
    ]
    page.click("dd .kind")
    page.wait_for_selector("#traces[data-shown]")
    assert page.url.endswith("traces.html#kind=tool&status=error")
    assert heard == []


def test_json_says_what_was_decided(failing):
    decide(failing, "Disk full", "--resolve")
    done = run("errors", "--app", str(failing), *DAY, "--all", "--format", "csv")
    head, *rows = done.stdout.splitlines()
    assert head.endswith(",new,state")
    assert [row.rsplit(",", 1)[1] for row in rows if "Disk full" in row] == ["resolved"]
    assert json.loads(run("errors", "--app", str(failing), *DAY, "--format", "json").stdout)["resolved"]["faults"] == 1


def test_a_watch_leaves_decided_groups_out_too(failing):
    name = fingerprint(failing, "No table a")
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    with open_sink(find_app(str(failing), None, (), None).sink, read_only=True) as sink:
        found = told(sink.connection, window, Decisions(ignored={name: ""}))
    assert found.faults == 6
    assert "No table a" not in {group.message for group in found.groups}
    assert len(found.groups) == 2
