"""Conversations, and usage by hour and weekday, of few lines whose figures are computed by hand."""

from __future__ import annotations

import json
import re

import pytest

from tests.browser import look
from tests.helpers import entry, event, run, write_log
from tests.site.test_operations import cells

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


def message(at: str, trace: str, conversation: str, message_id: str) -> str:
    return event("chat.message.received", at, trace, conversation_id=conversation, message_id=message_id)


def stream(
    begin: str, end: str, trace: str, conversation: str, message_id: str, model: str, **ended: object
) -> list[str]:
    """From its start to its end, which names neither model nor, where it failed, tokens."""
    same = {"conversation_id": conversation, "message_id": message_id}
    provider, _, name = model.partition("/")
    last = "chat.streaming.error" if "error" in ended else "chat.streaming.completed"
    return [
        event("chat.streaming.started", begin, trace, provider=provider, model=name, **same),
        event(last, end, trace, **same, **ended),
    ]


def call(at: str, trace: str, prompt: int, completion: int, cost: float) -> str:
    """A model's call, which names no conversation."""
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    return event(
        "llm.call.completed", at, trace, provider="openai", model="gpt-4o", duration_ms=900, token_usage=usage, cost_usd=cost
    )  # fmt: skip


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    """Two conversations. The model's call of trace-0004 is in a trace of both: it counts for neither."""
    app = tmp_path_factory.mktemp("talks") / "app"
    (app / "storage" / "logs").mkdir(parents=True)
    (app / ".env").write_text("APP_NAME=Test\n")
    write_log(
        app,
        message("10:00:00.000001", "trace-0001", "first", "m1"),
        *stream("10:00:01.000001", "10:00:03.000001", "trace-0001", "first", "m1", "openai/gpt-4o", duration_ms=2000),
        call("10:00:03.500001", "trace-0001", 100, 20, 0.002),
        message("10:05:00.000001", "trace-0002", "first", "m2"),
        *stream("10:05:01.000001", "10:05:02.000001", "trace-0002", "first", "m2", "openai/gpt-4o", duration_ms=1000, error="down"),
        message("10:10:00.000001", "trace-0003", "second", "m3"),
        *stream("10:10:02.000001", "10:10:05.000001", "trace-0003", "second", "m3", "anthropic/haiku", duration_ms=3000,
                token_usage={"prompt_tokens": 10, "completion_tokens": 5}),
        message("10:30:00.000001", "trace-0004", "first", "m4"),
        message("10:30:01.000001", "trace-0004", "second", "m5"),
        call("10:30:05.000001", "trace-0004", 1000, 1000, 1.0),
    )  # fmt: skip
    output = app.parent / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    return output


def test_a_conversation_has_its_messages_models_tokens_cost_errors_and_traces(talks):
    shown = [
        [" ".join(cell.split()) for cell in row] for row in cells((talks / "chat.html").read_text(), "conversations")
    ]
    # second: 10:10:00 to 10:30:01, its stream's 15 tokens. first: 10:00:00 to 10:30:00, the call's 120 tokens; its second stream failed,
    # which its one error event says.
    assert shown == [
        ["second", "2026-11-20 10:10:00", "2026-11-20 10:30:01", "20 min 1 s", "2", "anthropic/haiku", "15", "$0.00", "0", "trace-00 trace-00"],
        ["first", "2026-11-20 10:00:00", "2026-11-20 10:30:00", "30 min 0 s", "3", "openai/gpt-4o", "120", "$0.0020", "1", "trace-00 trace-00 trace-00"],
    ]  # fmt: skip


def test_operations_are_counted_by_the_hour_and_weekday_of_the_viewers_clock(app, tmp_path):
    """Two on Friday the 20th and one on Friday the 13th at 11 in Berlin: 3 on 2 Fridays; one on Saturday, late in UTC, is on Sunday there."""
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 30\n")
    at = ("2026-11-20T10:00:01", "2026-11-20T10:59:59", "2026-11-13T10:30:00", "2026-11-21T23:30:00")
    for n, moment in enumerate(at):
        facts = {"timestamp": f"{moment}.000001Z", "tool_name": "fetch", "duration_ms": 10, "invocation_id": f"i{n}"}
        write_log(app, entry("tool.invocation.completed", facts))
    period = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-22T12:00Z", "--tz", "Europe/Berlin")
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *period).exit_code == 0
    page = (tmp_path / "out" / "trends.html").read_text()
    hours = {row[0]: {hour: int(n) for hour, n in enumerate(row[1:]) if n != "0"} for row in cells(page, "hours")}
    assert {day: found for day, found in hours.items() if found} == {"Friday": {11: 3}, "Sunday": {0: 1}}
    charts = json.loads(re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.S)[1])
    shown = charts["hours"]["data"]["cells"]
    assert list(zip(shown["row"], shown["hour"], shown["value"], strict=True)) == [
        ("Friday", 11, 1.5),
        ("Sunday", 0, 1.0),
    ]
    assert shown["tip"][0] == "Friday 11:00 to 12:00: 3 operations on 2 of these days"
    assert charts["hours"]["choices"] == {"tool": {"cells": shown}}


def test_a_call_that_its_stream_shows_is_compared_once(app, tmp_path):
    """A stream and the model's call within it, on the day before and on the day: one row, not two of the same figures."""
    for day in (19, 20):
        lines = (
            *stream("10:00:01.000001", "10:00:03.000001", "trace-0001", "first", "m1", "openai/gpt-4o", duration_ms=2000),
            call("10:00:02.500001", "trace-0001", 100, 20, 0.002),
        )  # fmt: skip
        write_log(app, *(line.replace("2026-11-20", f"2026-11-{day}").replace("-0001", f"-00{day}") for line in lines))
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page = (tmp_path / "out" / "trends.html").read_text()
    table = re.search(r'<table class="sortable" data-rows="kind">.*?</table>', page, re.S)[0]
    assert re.findall(r'<tr data-kind="(\w+)">', table) == ["chat"]


def test_the_filter_makes_the_same_conversations_of_the_whole_day(talks, browser):
    """By Python, and by the page's own filter: a call in a trace of two conversations counts for neither there either."""
    page, heard = look(browser, f"file://{talks}/chat.html", "#page-filters[data-applied]")
    shown = "[...document.querySelectorAll('#conversations tbody tr')].map(row => [...row.cells].map(cell => cell.textContent.trim().replace(/\\s+/g, ' ')))"
    before = page.evaluate(shown)
    page.goto(f"file://{talks}/chat.html#since=1795132800000&until=1795219200000")
    page.wait_for_selector("#page-filters[data-applied^=since]", state="attached")
    assert page.evaluate(shown) == before
    # Of what failed: the first conversation's second stream, in its trace, with the message there.
    page.goto(f"file://{talks}/chat.html#status=error")
    page.wait_for_selector("#page-filters[data-applied='status=error']", state="attached")
    assert [[row[0], *row[4:9]] for row in page.evaluate(shown)] == [["first", "1", "openai/gpt-4o", "0", "$0.00", "1"]]
    assert heard == []


def test_ids_and_models_of_a_conversation_pass_the_redactor(app, tmp_path):
    """They stand in lists within a frame."""
    secret = "sk-proj-" + "Ab3dEf6hIj9kLmN0pQrStUvWxYz12345"
    write_log(
        app,
        message("10:00:00.000001", secret, secret, "m1"),
        *stream("10:00:01.000001", "10:00:03.000001", secret, secret, "m1", f"openai/{secret}", duration_ms=2000),
    )
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    assert 'id="conversations"' in (tmp_path / "out" / "chat.html").read_text()
    held = [path.name for path in (tmp_path / "out").rglob("*.*") if secret in path.read_text("utf-8", "replace")]
    assert held == []
