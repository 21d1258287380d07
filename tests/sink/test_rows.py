"""Table rows: one that changed is mended, a bad one is one reject once, a late one is found whatever the app deleted."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.helpers import ask, event, run, write_database, write_log


def change(app: Path, *statements: str) -> None:
    with sqlite3.connect(app / "database" / "database.sqlite") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def source(app: Path, name: str = "tool_invocations") -> tuple[int, int, int]:
    found = next(s for s in ask("sources", app)["sources"] if s["name"] == name)
    return found["entries"], found["events"], found["rejects"]


def tool(key: str, day: int, trace: str = "trace-0001", status: str = "ok") -> tuple:
    return (key, "fs.read", trace, status, 5.0, f"2026-11-{day} 10:00:00")


def test_a_row_that_changed_is_mended_with_the_spans_of_both_its_traces(app):
    write_log(app, event("chat.message.sent", "09:00:00.0", "trace-0002"))
    write_database(app, tools=[tool("a", 20), tool("b", 20)])
    assert ask("overview", app)["totals"]["errors"] == 0
    change(
        app,
        "UPDATE tool_invocations SET status = 'error', duration_ms = 9, correlation_id = 'trace-0002' WHERE id = 'a'",
    )
    found = ask("overview", app)["totals"]
    assert (found["errors"], found["operations"], found["events"]) == (1, 2, 3)
    old, new = (ask("trace", app, f"trace-000{n}") for n in (1, 2))
    assert [span["status"] for span in old["spans"]] == ["ok"]
    assert [(span["status"], span["duration_ms"]) for span in new["spans"]] == [("error", 9)]
    assert source(app) == (2, 2, 0)


def test_a_row_that_changed_days_ago_is_mended_too(app):
    write_database(app, tools=[tool("a", 15), tool("b", 20)], commands=[("c", "note", "2026-11-15 10:00:00", "{}")])
    ask("overview", app)
    change(
        app,
        "UPDATE tool_invocations SET status = 'error' WHERE id = 'a'",
        """UPDATE command_executions SET result = '{"error":"x"}'""",
    )
    run("sources", "--app", str(app))
    assert [span["status"] for span in ask("trace", app, "trace-0001")["spans"]] == ["error", "ok"]
    assert source(app, "command_executions") == (1, 1, 0)


def test_a_row_without_a_valid_time_is_one_reject_until_it_has_one(app):
    write_database(
        app, tools=[tool("a", 20), ("bad", "t", "x-1", "ok", 1.0, "soon"), ("none", "t", "x-1", "ok", 1.0, None)]
    )
    for n in range(3):
        change(app, f"UPDATE tool_invocations SET duration_ms = {n} WHERE id = 'a'")
        assert source(app) == (3, 1, 2)
    change(app, "UPDATE tool_invocations SET created_at = '2026-11-20 11:00:00' WHERE id IN ('bad', 'none')")
    assert source(app) == (3, 3, 0)
    change(app, "UPDATE tool_invocations SET created_at = 'never' WHERE id = 'a'")
    assert source(app) == (3, 2, 1)


@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_database_that_moved_is_known_by_its_rows(app, tmp_path, is_awaited):
    """With the app's folder, in which the sink lies: what the retention has removed would come again, and go into the daily figures twice."""
    write_database(
        app, tools=[tool(f"t-{day}", day) for day in range(10, 21)], commands=[("c", "x", "2026-11-12 10:00:00", "{}")]
    )
    moved, answers = tmp_path / "moved", []
    for place in (app, moved):
        if place == moved:
            app.rename(moved)
        if place == moved and is_awaited:
            # Not there yet, though it is named: sources that hold nothing.
            (moved / ".env").write_text(f"DB_CONNECTION=sqlite\nDB_DATABASE={moved}/database/later.sqlite\n")
            run("overview", "--app", str(moved))
            (moved / "database" / "database.sqlite").rename(moved / "database" / "later.sqlite")
        done = run(
            "build", "--app", str(place), "--until", "2026-11-21T00:00Z", "--json", str(tmp_path / "json"), "-o", str(tmp_path / "out")
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        told = json.loads((tmp_path / "json").read_text())
        counts = [(s["name"], s["entries"], s["events"], s["pruned"]) for s in told["sources"]]
        answers.append((told["trends"]["days"], told["overview"]["totals"], counts))
    assert answers[0] == answers[1]
    assert counts == [("command_executions", 1, 1, 1), ("tool_invocations", 11, 11, 3)]
    with sqlite3.connect(next((moved / "database").iterdir())) as db:
        db.execute("UPDATE tool_invocations SET status = 'error' WHERE id = 't-20'")
    db.close()
    assert ask("overview", moved)["totals"]["errors"] == 1


def test_a_database_that_moved_is_known_where_none_of_its_rows_is_kept(app, tmp_path):
    write_database(app, tools=[tool("a", 10)])
    write_log(app, event("tool.invocation.completed", "10:00:00.0", tool_name="t", duration_ms=1))
    ask("overview", app)
    assert source(app) == (1, 1, 0)
    app.rename(tmp_path / "moved")
    write_database(tmp_path / "moved", tools=[tool("b", 20)])
    assert source(tmp_path / "moved") == (2, 2, 0)


def test_another_database_is_another_source(app):
    write_database(app, tools=[tool("a", 20)])
    ask("overview", app)
    (app / "database" / "database.sqlite").rename(app / "database" / "old.sqlite")
    write_database(app, tools=[tool("b", 20)])
    (app / ".env").write_text(f"DB_CONNECTION=sqlite\nDB_DATABASE={app}/database/new.sqlite\n")
    (app / "database" / "database.sqlite").rename(app / "database" / "new.sqlite")
    assert ask("overview", app)["totals"]["operations"] == 2
    assert [s["entries"] for s in ask("sources", app)["sources"] if s["name"] == "tool_invocations"] == [1, 1]


def test_a_late_row_is_found_although_the_app_deleted_old_ones(app, monkeypatch):
    monkeypatch.setattr("reporter.sink.ingest_tables.WHOLE_ROWS", 0)
    write_database(app, tools=[tool(f"old-{n}", 14 + n % 3) for n in range(9)] + [tool("last", 20)])
    ask("overview", app)
    change(app, "DELETE FROM tool_invocations WHERE id LIKE 'old-%' AND id <> 'old-0'")
    write_database(app, tools=[tool("late", 15, "late-0001")])
    assert source(app) == (11, 11, 0)
    assert len(ask("trace", app, "late-0001")["events"]) == 1


def test_one_bad_row_costs_that_row(app):
    """Double-encoded JSON, epoch times, infinities, bytes, text that is no UTF-8, JSON beyond reading."""
    good = ("fs.read", "trace-0001", "ok", 5.0, "2026-11-20 10:00:00")
    write_database(app, tools=[("a", *good)])
    at = 1795168800  # 2026-11-20 10:00:00 UTC
    change(
        app,
        *(
            f"INSERT INTO tool_invocations (id, tool_slug, correlation_id, status, duration_ms, created_at, request) VALUES ({row})"
            for row in (
                f"'b', 'fs.read', 'trace-0001', 'ok', 5, {at}, NULL",
                f"'c', 'fs.read', 'trace-0001', 'ok', 5, '{at}123', NULL",
                "'d', 'fs.read', 'trace-0001', 'ok', 9e999, '2026-11-20 10:00:00', NULL",
                "'e', 'fs.read', 'trace-0001', 'ok', 'infinity', '2026-11-20 10:00:00', NULL",
                "'f', 'fs.read', 'trace-0001', 'ok', 5, '2026-11-20 10:00:00', CAST(x'ff41fe' AS TEXT)",
                "'g', 'fs.read', 'trace-0001', 'ok', 5, '2026-11-20 10:00:00', x'00ff'",
                f"'h', 'fs.read', 'trace-0001', 'ok', 5, '2026-11-20 10:00:00', '{'[' * 5000}'",
                "'i', 'fs.read', 'trace-0001', 'ok', 5, 'infinity', NULL",
                "'j', 'fs.read', 'trace-0001', 'ok', 5, '0000-00-00 00:00:00', NULL",
                "NULL, 'fs.read', 'trace-0001', 'ok', 5, '2026-11-20 10:00:00', NULL",
            )
        ),
        """INSERT INTO command_executions (id, command_name, executed_at, result)
        VALUES ('x', 'todo', '2026-11-20 10:00:00', '"{\\"error\\":\\"boom\\",\\"correlation_id\\":\\"trace-0001\\"}"')""",
    )
    assert source(app) == (11, 9, 2)
    (tool_row, command_row) = ask("performance", app)["operations"]
    assert (tool_row["operation"], tool_row["count"], tool_row["max_ms"]) == ("fs.read", 9, 5.0)
    assert (command_row["operation"], command_row["errors"]) == ("todo", 1)
    assert [span["status"] for span in ask("trace", app, "trace-0001")["spans"]].count("error") == 1


def test_in_the_night_the_hour_comes_twice_rows_are_dated_by_the_order_they_were_written_in(app):
    """Times in a table are the app's: 02:30 after 02:59 is an hour later. All were taken for the second hour."""
    (app / "config").mkdir()
    (app / "config" / "app.php").write_text("<?php return ['timezone' => 'Europe/Berlin'];")
    clock = ("01:59:59", "02:00:00", "02:59:30", "02:10:00", "02:59:00", "03:00:00")
    night = [(f"row-{9 - n}", "fs.read", "t", "ok", 5.0, f"2026-10-25 {time}") for n, time in enumerate(clock)]
    period = ("--since", "2026-10-24T00:00Z", "--until", "2026-10-26T00:00Z")
    for rows in (night[:4], night[4:]):
        write_database(app, tools=rows)
        told = run("export", "--app", str(app), *period).stdout.splitlines()
    times = [json.loads(line)["ts"][11:19] for line in told]
    assert times == ["23:59:59", "00:00:00", "00:59:30", "01:10:00", "01:59:00", "02:00:00"]
    assert source(app) == (6, 6, 0)


# A tool's call and a command in log and table, by one id; their rows know another trace, or none.
ROWS = {
    "tool": lambda app, trace: write_database(
        app, tools=[("i1", "fs.read", trace, "error", 5.0, "2026-11-20 10:00:01")]
    ),
    "command": lambda app, trace: write_database(
        app,
        commands=[("i1", "note", "2026-11-20 10:00:01", f'{{"error": "x", "correlation_id": "{trace or ""}"}}')],
    ),
}
WORK = {
    "tool": ("tool.invocation", {"tool_name": "fs.read", "invocation_id": "i1"}),
    "command": ("command.execution", {"command": "note", "execution_id": "i1"}),
}


@pytest.mark.parametrize(
    ("kind", "logged", "told", "at_once"),
    [
        ("tool", "trace-0001", None, 1_000_000),
        ("tool", "trace-0001", None, 1),
        ("command", "trace-0001", "trace-0002", 1_000_000),
        ("command", None, "trace-0002", 1_000_000),
    ],
)
def test_a_row_of_another_trace_than_its_call_is_that_call_whichever_comes_first(
    app, monkeypatch, kind, logged, told, at_once
):
    """Spans are derived by traces: this row stood twice, alone and with its call, or its call did not know it."""
    if at_once == 1:
        monkeypatch.setattr("reporter.sink.turns.DERIVED_AT_ONCE", 1)
        monkeypatch.setattr("reporter.sink.turns._NAMED_TRACES", 0)
    family, data = WORK[kind]
    parts = (
        lambda app: write_log(
            app,
            event(f"{family}.started", "10:00:00.900000", logged, **data),
            event(f"{family}.completed", "10:00:01.000000", logged, duration_ms=100, success=True, **data),
        ),
        lambda app: ROWS[kind](app, told),
        lambda app: write_log(app, event("chat.stream.started", "10:00:09.000000", None, message_id="m"), name="b.log"),
        lambda app: write_log(app, event("chat.stream.started", "10:00:08.000000", told, message_id="n"), name="c.log"),
    )
    for n, (log, row) in enumerate([parts[:2], parts[1::-1]]):
        each = app / str(n)
        each.mkdir()
        for part in (log, row, *parts[2:]):
            part(each)
            run("sources", "--app", str(each))
        found = ask("overview", each)["kinds"][kind]
        assert (found["count"], found["errors"], found["unfinished"], found["p50_ms"]) == (1, 1, 0, 100), n
