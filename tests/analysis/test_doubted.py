"""Figures people doubted: ends before their starts, negative durations, very long names, table rows without a text."""

from __future__ import annotations

import re

import pytest

from reporter.events.spans import derive
from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from tests.helpers import ask, entry, event, run, write_database, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
CALL = {"tool_name": "http.get", "invocation_id": "call-1"}
STREAM = {"message_id": "m-1", "provider": "openai", "model": "gpt"}


@pytest.mark.parametrize(
    ("begun", "ended", "name", "facts", "told"),
    [
        ("10:00:03.500000", "10:00:03.000000", "tool.invocation", CALL, {"duration_ms": 100}),
        ("10:59:59.000001", "10:00:04.000001", "tool.invocation", CALL, {"duration_ms": 4000}),
        ("10:00:03.500000", "10:00:03.000000", "chat.streaming", STREAM, {}),
        # Without an id: only where the end's time is a whole second.
        ("10:00:03.500000", "10:00:03.000000", "tool.invocation", {"tool_name": "http.get"}, {"duration_ms": 100}),
    ],
)
def test_an_end_before_its_start_is_one_piece_of_work(app, begun, ended, name, facts, told):
    write_log(app, event(f"{name}.started", begun, **facts), event(f"{name}.completed", ended, **facts, **told))
    trace = ask("trace", app, "trace-0001")
    (span,) = trace["spans"]
    assert (trace["status"], span["status"]) == ("ok", "ok")
    assert span["duration_ms"] == told.get("duration_ms")
    assert trace["start"] <= span["start"] <= span["end"] <= trace["end"]


def test_an_end_long_before_a_start_of_the_same_name_is_another_call(app):
    write_log(
        app,
        event("tool.invocation.completed", "10:00:01.300000", tool_name="http.get", duration_ms=100),
        event("tool.invocation.started", "10:00:01.500000", tool_name="http.get"),
    )
    assert sorted(s["status"] for s in ask("trace", app, "trace-0001")["spans"]) == ["ok", "unfinished"]


def test_a_negative_duration_counts_the_work_and_is_never_shown(app, tmp_path):
    write_log(
        app,
        event("tool.invocation.started", "10:00:01.000000", tool_name="paired"),
        event("tool.invocation.completed", "10:00:02.250000", tool_name="paired", duration_ms=-50),
        event("tool.invocation.completed", "10:00:03.000000", tool_name="alone", duration_ms=-50),
        event("some.thing.completed", "10:00:04.000000", duration_ms=-50),
        event("chat.streaming.first_token", "10:00:05.000000", **STREAM, time_to_first_token_ms=-50),
        event("chat.streaming.completed", "10:00:06.000000", **STREAM),
    )
    write_database(app, tools=[("row-1", "row", None, "ok", -50.0, "2026-11-20 10:00:07")])
    told = {o["operation"]: (o["count"], o["p50_ms"]) for o in ask("performance", app)["operations"]}
    assert told["paired"] == (1, 1250)
    assert told["alone"] == told["some.thing"] == told["row"] == (1, None)
    trace = ask("trace", app, "trace-0001")
    assert all((item["duration_ms"] or 0) >= 0 for item in (*trace["spans"], *trace["events"]))
    for form in ("table", "timeline"):
        assert "-50" not in run("trace", "trace-0001", "--app", str(app), "--format", form).stdout.replace("=-50", "")
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    assert not [p.name for p in (tmp_path / "out").glob("*.html") if re.search(r"[-−]50(\.0)? ms", p.read_text())]


def test_a_table_row_without_a_text_stays_apart_from_a_fault_seconds_away(app):
    boom = {"correlation_id": "trace-0001", "exception": "[object] (RuntimeException(code: 0): Boom at /app/X.php:1)"}
    write_log(app, entry("Boom", boom, at="2026-11-20 10:00:00", level="ERROR"))
    row = ("row-1", "fs.read", "trace-0001", "error", 20.0)
    write_database(app, tools=[(*row, "2026-11-20 10:00:05")])
    groups = ask("errors", app)["groups"]
    assert sorted((g["kind"], g["count"]) for g in groups) == [("log", 1), ("tool", 1)]


@pytest.mark.parametrize(("ended", "took"), [("10:00:01", 20.0), ("10:00:08", 8500.0)])
def test_one_that_ran_while_it_happened_is_the_same_fault(app, ended, took):
    boom = {"correlation_id": "trace-0001", "exception": "[object] (RuntimeException(code: 0): Boom at /app/X.php:1)"}
    write_log(app, entry("Boom", boom, at="2026-11-20 10:00:00", level="ERROR"))
    write_database(app, tools=[("row-1", "fs.read", "trace-0001", "error", took, f"2026-11-20 {ended}")])
    (group,) = ask("errors", app)["groups"]
    assert (group["count"], group["faults"], group["error_class"]) == (2, 1, "RuntimeException")


def test_a_call_without_a_text_is_not_another_calls_failure(app):
    write_log(
        app, event("tool.invocation.failed", "10:00:00.100000", tool_name="a", duration_ms=5, error="disk is full")
    )
    write_database(app, tools=[("row-1", "b", "trace-0001", "error", 20.0, "2026-11-20 10:00:00")])
    assert sorted(g["operations"][0] for g in ask("errors", app)["groups"]) == ["a", "b"]


def test_names_of_300_characters_leave_the_layout_alone(app, tmp_path, browser):
    tool, model, command = "tool_" + "n" * 295, "m" * 300, "c" * 300
    write_log(
        app,
        event("tool.invocation.failed", "10:00:00.000001", tool_name=tool, duration_ms=50, error="E" * 300),
        event("llm.call.completed", "10:00:01.000001", provider="p" * 300, model=model, duration_ms=9, tokens_prompt=3),
        event("chat.streaming.completed", "10:00:01.500001", provider="p" * 300, model=model, duration_ms=9),
        event("command.execution.completed", "10:00:02.000001", command=command, duration_ms=50, success=True),
    )
    for command_line in (("performance",), ("overview",), ("errors",), ("trace", "trace-0001")):
        lines = run(*command_line, "--app", str(app), *DAY).stdout.splitlines()
        assert len(lines) < 60, command_line
        assert max(map(len, lines)) <= 250, command_line
    assert any(o["operation"] == tool for o in ask("performance", app)["operations"])
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    for name in ("index", "performance", "errors", "tools", "commands", "llm", "chat"):
        page.goto((tmp_path / "out" / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        tallest = page.evaluate(
            "Math.max(0, ...[...document.querySelectorAll('td.op, .rows li')].map((e) => e.offsetHeight))"
        )
        assert tallest < 200, (name, tallest)
    # What is cut is there in full for those who ask.
    assert f'title="{tool}">{tool}<' in (tmp_path / "out" / "tools.html").read_text()


@pytest.mark.parametrize("order", ["id", "id DESC"])
def test_spans_are_the_same_in_whatever_order_events_come(app, order):
    """Two models of one message were told in the same second, and the start of its answer was lost."""
    told = {"message_id": "m-1"}
    write_log(
        app,
        event("chat.message.received", "10:00:03", **told, provider="openai", model="gpt"),
        event("chat.message.queued", "10:00:03", **told, provider="anthropic", model="claude"),
        event("chat.streaming.completed", "10:00:05", **told, duration_ms=1000),
    )
    ask("overview", app, *DAY)
    with open_sink(find_app(str(app), None, (), None).sink) as sink:
        derived = derive(sink.connection, f"SELECT * EXCLUDE (batch) FROM events ORDER BY {order}")
        found = sink.connection.execute(f"SELECT operation FROM ({derived}) WHERE type = 'stream'").fetchall()
    assert found == [("openai/gpt",)]
