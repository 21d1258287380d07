"""What a report begins with: the sentence, the list, and what it is compared with."""

from __future__ import annotations

import json
import re
from pathlib import Path

from reporter.settings.app import find_app
from tests.helpers import entry, event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


def told(app: Path, *period: str) -> str:
    """The terminal's overview, in one line."""
    done = run("overview", "--app", str(app), *(period or DAY))
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


def day(number: int, *entries: str) -> list[str]:
    """Entries of the 20th on another day of the month."""
    return [text.replace("2026-11-20", f"2026-11-{number:02}") for text in entries]


def calls(took: float, *minutes: int, hour: int = 0, **facts: object) -> list[str]:
    """Calls of a tool, a minute apart, each in a trace of its own."""
    return [
        event("tool.invocation.completed", f"{hour + n // 60:02}:{n % 60:02}:30.000001", f"t-{hour}-{n}", tool_name="db", duration_ms=took + n % 3, **facts)
        for n in range(*minutes)
    ]  # fmt: skip


def test_nothing_is_wrong(app):
    write_log(app, *calls(10, 3))
    assert "All 3 operations finished without an error." in told(app)


def test_one_operation_is_no_all_and_none_did_not_finish(app):
    write_log(app, entry("Started"))
    assert "No operation finished, none failed." in told(app)
    write_log(app, *calls(10, 1))
    assert "The one operation finished without an error." in told(app)


def test_work_that_never_ended_beyond_what_is_listed_is_told(app):
    for n in range(7):
        start = {"command": f"c{n}", "execution_id": f"e{n}"}
        write_log(app, event("command.execution.started", f"10:00:0{n}.000001", f"t{n}", **start))
    text = told(app)
    assert "7 operations never ended." in text
    assert text.count("never ended, latest in trace") == 5
    assert "… 2× other work never ended: telemetry-report traces --status unfinished" in text


def test_a_sentence_that_is_cut_ends_so(app):
    write_log(app, entry("no " * 60, level="ERROR"))
    assert re.search(r"most often: no [no ]+… ✕", told(app))


def test_nothing_was_logged(app):
    write_log(app, *day(18, entry("Started")))
    assert "Nothing was logged in this period." in told(app)


def test_the_sentence_names_the_worst_of_each_sort(app):
    failed = event(
        "tool.invocation.failed", "09:00:00.000001", "bad-1", tool_name="fs", duration_ms=5, error="Permission denied"
    )
    write_log(app, *day(18, *calls(10, 30)), *day(19, *calls(10, 60)), *calls(10, 40), *calls(30, 60, hour=14), failed)
    write_log(app, event("command.execution.started", "23:00:00.000001", "open-1", command="recall"))
    text = told(app)
    assert (
        "1 of 102 requests failed; new: Permission denied; db 2.7× slower since 14:00; 1 operation never ended." in text
    )
    assert re.search(r"✕ 1 fault new Permission denied last 09:00 · \S+ · errors [0-9a-f]{16} · trace bad-1", text), (
        text
    )
    assert "▲ tool db 2.7× slower since 14:00: p50 11 ms → 30 ms of 100, p < 0.001, slowest in trace t-14-" in text
    assert "… 1× command recall never ended, latest in trace open-1" in text


def test_what_is_back_is_said_and_without_earlier_data_nothing_is_new(app):
    failed = event(
        "tool.invocation.failed", "09:00:00.000001", "bad-1", tool_name="fs", duration_ms=5, error="Permission denied"
    )
    write_log(app, failed)
    assert "most often: Permission denied" in told(app)
    write_log(app, *day(18, failed), name="older.log")
    assert "back: Permission denied" in told(app)
    assert "✕ 1 fault back Permission denied" in told(app)


def test_faults_outside_of_requests_are_said(app):
    write_log(app, entry("Disk is full", level="CRITICAL"))
    assert "1 fault outside of any request; most often: Disk is full." in told(app)


def test_cost_is_told_of_where_it_grew_by_a_quarter(app):
    spent = event("llm.call.completed", "09:00:00.000001", "c", provider="p", model="m", duration_ms=5, cost_usd=0.5)
    write_log(
        app,
        *day(17, spent),
        *day(19, spent),
        spent,
        event("llm.call.completed", "10:00:00.000001", "d", provider="p", model="m", duration_ms=5, cost_usd=0.13),
    )
    assert "; cost 1.3× that of before." in told(app)
    assert "cost $0.6300, 1.3× the $0.5000 before" in told(app)
    assert (
        "cost"
        not in told(app, "--since", "2026-11-20T00:00Z", "--until", "2026-11-20T09:30Z", "--tz", "UTC").split(
            "events,"
        )[0]
    )


def test_days_whose_events_went_are_compared_by_their_daily_figures(app, tmp_path):
    """Two days are kept of eight: the four before the window are daily figures."""
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 4\n")
    for number in range(13, 21):
        write_log(app, *day(number, *calls(10, 30)))
    period = ("--since", "2026-11-17T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
    done = run("overview", "--app", str(app), *period, "--format", "json")
    assert json.loads(done.stdout)["totals"]["operations"] == 120
    assert run("build", "--app", str(app), *period, "-o", str(tmp_path / "out")).exit_code == 0
    page = " ".join(re.sub(r"<[^>]+>", " ", (tmp_path / "out" / "index.html").read_text()).split())
    assert "against 2026-11-13 00:00:00 – 2026-11-17 00:00:00 (of 3 of its days only daily figures are kept)" in page
    (row,) = re.findall(
        r"<tr[^>]*><td><a href=\"tools.html\">.*?</tr>", (tmp_path / "out" / "index.html").read_text(), re.S
    )
    assert 'data-v="120">120' in row.split("</td>")[8]


def test_twice_the_period_of_reports_is_kept_where_nothing_else_is_said(app):
    assert set(find_app(str(app), None, (), None).retention.days.values()) == {7}
    (app / "telemetry-report.toml").write_text('[report]\nlast = "7d"\n')
    assert set(find_app(str(app), None, (), None).retention.days.values()) == {14}
    (app / "telemetry-report.toml").write_text('[report]\nlast = "7d"\n[retention]\ndays = 3\n')
    assert set(find_app(str(app), None, (), None).retention.days.values()) == {3}


def test_a_call_that_stream_and_model_both_tell_of_stands_once_in_lists(app, tmp_path):
    model = {"provider": "p", "model": "m"}
    for n in range(3):
        failed = {"error": "Provider fell silent"} if n == 2 else {}
        end = "error" if failed else "completed"
        write_log(
            app,
            event("chat.streaming.started", f"10:0{n}:00.000001", f"c{n}", message_id=f"m{n}", **model),
            event(
                f"chat.streaming.{end}", f"10:0{n}:02.000001", f"c{n}", message_id=f"m{n}", duration_ms=2000, **failed
            ),
            event(f"llm.call.{end}", f"10:0{n}:02.000051", f"c{n}", duration_ms=2000, **model, **failed),
        )
    write_log(app, event("llm.call.completed", "11:00:00.000001", "job", duration_ms=100, provider="p", model="alone"))
    answer = json.loads(run("performance", "--app", str(app), *DAY, "--format", "json").stdout)["operations"]
    assert sorted((o["kind"], o["operation"], o["count"]) for o in answer) == [
        ("chat", "p/m", 3), ("llm", "p/alone", 1), ("llm", "p/m", 3),
    ]  # fmt: skip
    table = run("performance", "--app", str(app), *DAY).stdout
    assert re.findall(r"^(chat|llm) +(p/\w+) +(\d)", table, re.M) == [("chat", "p/m", "3"), ("llm", "p/alone", "1")]
    assert run("build", "--app", str(app), *DAY, "-o", str(tmp_path / "out")).exit_code == 0
    rows = re.findall(r'<tr id="op-(\w+)-(p/\w+)">', (tmp_path / "out" / "performance.html").read_text())
    assert sorted(rows) == [("chat", "p/m"), ("llm", "p/alone")]
    models = re.search(r'id="llm-models".*?</table>', (tmp_path / "out" / "llm.html").read_text(), re.S)[0]
    counted = [
        " ".join(re.sub(r"<[^>]+>", " ", row).split()).split()[:3]
        for row in re.findall(r"<tr><td>.*?</tr>", models, re.S)
    ]
    assert sorted(counted) == [["p/alone", "1", "0"], ["p/m", "3", "1"]]


def test_lists_leave_out_kinds_of_which_nothing_is_there(app, tmp_path):
    write_log(app, *calls(10, 1))
    text = told(app)
    assert "1 event, 1 trace, 1 operation, 0 failed" in text
    assert "0 error events of 0 faults" in text
    assert re.search(r" tool 1 1 ", text)
    assert " llm " not in text
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert re.findall(r'<tr data-key="(\w+)">', page) == ["tool"]
    # What was there before is told to be no more.
    write_log(
        app,
        *day(
            19, *[event("command.execution.completed", "10:00:00.1", command="note", execution_id="e", duration_ms=5)]
        ),
    )
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    assert re.findall(r'<tr data-key="(\w+)">', (tmp_path / "out" / "index.html").read_text()) == ["command", "tool"]
