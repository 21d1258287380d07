"""`traces`: what comes first, which are chosen, by whose id; and a trace that goes over days says them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers import ask, event, run, write_log


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Three traces: a chat of 2 s whose tool failed at 10:00, a job of 5 s at 11:00, a stream that never ended at 12:00."""
    app = tmp_path_factory.mktemp("traces") / "app"
    chat = {"message_id": "m-1", "conversation_id": "c-1", "session_id": "s-1"}
    model = {"provider": "openai", "model": "gpt-4o"}
    write_log(
        app,
        event("chat.streaming.started", "10:00:00.100", "aaaa-chat", **chat, **model),
        event("tool.invocation.failed", "10:00:01.100", "aaaa-chat", tool_name="db", invocation_id="i", duration_ms=50, error="no"),
        event("chat.streaming.completed", "10:00:02.100", "aaaa-chat", duration_ms=2000, **chat, **model),
        event("fragment.processing.job.started", "11:00:00.100", "bbbb-job", job_id="j-1", fragment_id="f-1"),
        event("fragment.processing.job.completed", "11:00:05.100", "bbbb-job", job_id="j-1", fragment_id="f-1", duration_ms=5000),
        event("chat.streaming.started", "12:00:00.100", "cccc-open", message_id="m-2", conversation_id="c-1", **model),
    )  # fmt: skip
    return app


def ids(app: Path, *arguments: str) -> list[str]:
    return [trace["correlation_id"] for trace in ask("traces", app, *arguments)["traces"]]


def test_what_comes_first(made):
    assert ids(made) == ["bbbb-job", "aaaa-chat", "cccc-open"]
    assert ids(made, "--sort", "latest") == ["cccc-open", "bbbb-job", "aaaa-chat"]
    assert ids(made, "--sort", "errors")[0] == "aaaa-chat"
    found = ask("traces", made, "--top", "1")
    assert (found["total"], len(found["traces"])) == (3, 1)
    assert found["traces"][0] == {
        "correlation_id": "bbbb-job", "start": "2026-11-20T11:00:00.100000Z", "duration_ms": 5000.0, "status": "ok", "events": 2,
        "error_events": 0, "operations": 1, "root": "processing fragment.processing.job", "failed": 0,
    }  # fmt: skip
    assert "… 2 more: --top 3" in run("traces", "--app", str(made), "--since", "2026-11-20", "--top", "1").stdout


def test_by_status_and_by_operation(made):
    assert ids(made, "--status", "error") == ["aaaa-chat"]
    assert ids(made, "--status", "unfinished") == ["cccc-open"]
    assert ids(made, "--operation", "openai/gpt-4o") == ["aaaa-chat", "cccc-open"]
    assert ids(made, "--operation", "openai/*", "--status", "error") == ["aaaa-chat"]
    assert ids(made, "--operation", "openai") == []
    assert "No such trace" in run("traces", "--app", str(made), "--since", "2026-11-20", "--operation", "none").stdout


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (("--message", "m-1"), ["aaaa-chat"]),
        (("--conversation", "c-1"), ["aaaa-chat", "cccc-open"]),
        (("--session", "s-1"), ["aaaa-chat"]),
        (("--job", "j-1"), ["bbbb-job"]),
        (("--fragment", "f"), ["bbbb-job"]),
    ],
)
def test_by_the_id_of_what_happened_in_it_whenever_that_was(made, named, found):
    done = run("traces", "--app", str(made), *named, "--format", "json")
    assert [trace["correlation_id"] for trace in json.loads(done.stdout)["traces"]] == found
    assert json.loads(done.stdout)["window"] is None
    assert ids(made, *named) == found


def test_an_id_that_nothing_has_and_two_ids(made):
    done = run("traces", "--app", str(made), "--message", "m-")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no trace with message id m-." in done.stderr
    assert run("traces", "--app", str(made), "--message", "m-1", "--job", "j-1").exit_code == 2
    day_after = ("--since", "2026-11-21", "--until", "2026-11-22")
    assert run("traces", "--app", str(made), "--message", "m-1", *day_after).exit_code == 1


def test_a_trace_that_goes_over_days_says_them(app):
    write_log(app, event("chat.streaming.started", "23:59:00.500", message_id="m", provider="openai", model="gpt"))
    over = event("chat.streaming.completed", "01:00:00.500", message_id="m", provider="openai", model="gpt")
    write_log(app, over.replace("2026-11-20", "2026-11-22"))
    shown = run("trace", "trace-0001", "--app", str(app), "--tz", "UTC").stdout
    assert "2026-11-20 23:59:00.500" in shown
    assert "2026-11-22 01:00:00.500" in shown
    text = run("trace", "trace-0001", "--app", str(app), "--tz", "UTC", "--format", "timeline").stdout
    assert "\n2026-11-20 23:59:00" in text
    near = run("trace", "trace-0001", "--app", str(app), "--tz", "America/New_York").stdout
    assert "2026-11-20 18:59:00.500" in near
