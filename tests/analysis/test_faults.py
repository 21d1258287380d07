"""What is one fault and what is two: a failure counts once, however many layers logged it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import ask, entry, event, write_database, write_log


def counted(app: Path) -> tuple[int, int, int]:
    """Failed operations, faults, failed traces."""
    totals = ask("overview", app)["totals"]
    return totals["errors"], totals["faults"], totals["failed_traces"]


def groups(app: Path) -> dict[str, tuple[int, int]]:
    """Message → error events, faults."""
    return {g["message"]: (g["count"], g["faults"]) for g in ask("errors", app)["groups"]}


def command(trace: str | None, *inside: str, error: str = "Command recall gave up", end: str = "10:00:09") -> list[str]:
    """A command that fails, with what happens in it."""
    return [
        event("command.execution.started", "10:00:00.000001", trace, command="recall"),
        *inside,
        event("command.execution.failed", f"{end}.000001", trace, command="recall", duration_ms=9000, error=error),
    ]


def tool(at: str, trace: str | None, name: str, error: str | None, **facts: object) -> str:
    ended = "failed" if error else "completed"
    told = {"error": error} if error else {}
    return event(f"tool.invocation.{ended}", at, trace, tool_name=name, duration_ms=50, **told, **facts)


def test_a_failure_that_each_layer_words_its_own_way_is_one_fault_named_by_where_it_began(app):
    write_log(app, *command("t1", tool("10:00:08.500001", "t1", "fs.read", "Permission denied on notes")))
    assert counted(app) == (2, 1, 1)
    assert groups(app) == {"Permission denied on notes": (2, 1)}


def test_work_between_that_did_not_fail_does_not_break_the_chain(app):
    step = [
        event("command.step.started", "10:00:08.000001", "t1", step_type="tool.call", step_id="step-0"),
        tool("10:00:08.500001", "t1", "fs.read", "Permission denied on notes"),
        event("command.step.completed", "10:00:08.600001", "t1", step_type="tool.call", step_id="step-0", duration_ms=600, success=True),
    ]  # fmt: skip
    write_log(app, *command("t1", *step))
    assert counted(app) == (2, 1, 1)


def test_a_failure_that_was_got_over_is_another_fault_than_the_one_that_came_after_it(app):
    later = tool("10:00:08.900001", "t1", "db.query", None)
    write_log(app, *command("t1", tool("10:00:02.000001", "t1", "fs.read", "Permission denied on notes"), later))
    assert counted(app) == (2, 2, 1)
    assert groups(app) == {"Permission denied on notes": (1, 1), "Command recall gave up": (1, 1)}


def test_two_calls_that_failed_stay_two_faults_whatever_stands_around_them(app):
    both = (
        tool("10:00:08.000001", "t1", "fs.read", "Permission denied on notes"),
        tool("10:00:08.010001", "t1", "db.query", "Table is locked"),
    )
    write_log(app, *command("t1", *both))
    assert counted(app) == (3, 2, 1)
    assert groups(app) == {"Permission denied on notes": (1, 1), "Table is locked": (2, 1)}


def test_a_fault_is_of_one_trace(app):
    write_log(app, *(tool("10:00:08.000001", name, "fs.read", "Permission denied on notes") for name in ("t1", "t2")))
    write_log(
        app, tool("10:00:09.000001", "t2", "fs.read", "Permission denied on notes"), tool("10:00:09.5", "t3", "a", None)
    )
    assert counted(app) == (3, 2, 2)
    assert groups(app) == {"Permission denied on notes": (3, 2)}


def test_without_a_trace_each_failed_call_is_a_fault_with_its_row_and_what_a_log_line_says_of_it(app):
    failed = [tool(f"10:0{n}:00.200001", None, "fs.read", "Permission denied on notes") for n in (1, 2)]
    line = entry("fs.read broke", {"error": "Permission denied on notes"}, at="2026-11-20 10:01:00", level="ERROR")
    write_log(app, *failed, line)
    write_database(app, tools=[("row-1", "fs.read", None, "error", 50.0, "2026-11-20 10:01:00")])
    assert counted(app) == (2, 2, 0)
    assert groups(app) == {"Permission denied on notes": (4, 2)}


@pytest.mark.parametrize("has_line", [True, False])
def test_an_error_that_no_operation_knows_of_is_a_fault_of_its_trace(app, has_line):
    write_log(app, tool("10:00:08.000001", "t1", "fs.read", None))
    if has_line:
        write_log(app, entry("Disk is full", {"correlation_id": "t1"}, at="2026-11-20 10:30:00", level="CRITICAL"))
    assert counted(app) == (0, int(has_line), int(has_line))
