"""Both tables in real PostgreSQL, MariaDB and SQLite, as Laravel's migrations make them: types, zones, late rows, refusals."""

from __future__ import annotations

import gc
import json
import sqlite3
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.helpers import entry, run, write_database, write_log
from tests.servers import OLD_TOOLS, TOOLS, TYPES, Server

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


def call(
    server: Server,
    at: str,
    *,
    tool: str = "t",
    ms: float | None = 12.5,
    status: str = "ok",
    table: str = "tool_invocations",
    **more: object,
) -> str:
    row = {"id": str(uuid.uuid4()), "tool_slug": tool, "status": status, "duration_ms": ms, "created_at": at, **more}
    zone = "+00" if server.kind == "postgresql" else ""
    row["created_at"] += zone
    columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    with server.engine().begin() as con:
        con.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)
    return row["id"]


def asked(command: str, app: Path, server: Server, *arguments: str, url: str = "") -> dict:
    done = run(command, "--app", str(app), "--db", url or server.url, *DAY, "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) | {"said": done.stderr}


def test_rows_come_whole_with_their_types(server, app):
    call(
        server,
        "2026-11-20 10:00:00.123456",
        tool="fs.read",
        ms=0.125,
        correlation_id="c-00000001",
        request=json.dumps({"path": "ä/ö"}),
        response=json.dumps({"n": [1, 2]}),
    )
    call(
        server,
        "2026-11-20 10:00:01",
        tool="fs.read",
        ms=None,
        status="error",
        correlation_id="c-00000001",
        response=json.dumps({"error": "disk ✗"}),
    )
    zone = "+02" if server.kind == "postgresql" else ""
    with server.engine().begin() as con:
        con.execute(
            text(
                f"INSERT INTO command_executions (id, command_name, executed_at, dry_run, result) VALUES ('{uuid.uuid4()}', 'note', '2026-11-20 12:00:05{zone}', true, :r)"
            ),
            {"r": json.dumps({"correlation_id": "c-00000001", "steps_executed": 2})},
        )
    trace = json.loads(run("trace", "c-00000001", "--app", str(app), "--db", server.url, "--format", "json").stdout)
    tools = [e for e in trace["events"] if e["kind"] == "tool"]
    assert [(e["ts"], e["status"], e["duration_ms"]) for e in tools] == [
        ("2026-11-20T10:00:00.123456Z", "ok", 0.125),
        ("2026-11-20T10:00:01.000000Z", "error", None),
    ]
    assert tools[0]["context"]["request"] == {"path": "ä/ö"}
    assert tools[0]["context"]["response"] == {"n": [1, 2]}
    assert tools[1]["context"]["error"] == "disk ✗"
    command = next(e for e in trace["events"] if e["kind"] == "command")
    assert command["ts"] == ("2026-11-20T10:00:05.000000Z" if zone else "2026-11-20T12:00:05.000000Z")
    assert command["context"]["dry_run"] is True


def test_times_without_a_zone_are_the_apps(server, app):
    """MariaDB's are; PostgreSQL's bear their offset."""
    (app / ".env").write_text("APP_TIMEZONE=America/New_York\n")
    call(server, "2026-11-20 05:00:00", correlation_id="c-00000001")
    trace = json.loads(run("trace", "c-00000001", "--app", str(app), "--db", server.url, "--format", "json").stdout)
    hour = "10" if server.kind == "mariadb" else "05"
    assert trace["events"][0]["ts"] == f"2026-11-20T{hour}:00:00.000000Z"


def test_reading_again_adds_only_what_is_new_and_rows_that_commit_late_once(server, app):
    for n in range(5):
        call(server, f"2026-11-20 10:00:0{n}")
    assert asked("overview", app, server)["kinds"]["tool"]["count"] == 5
    assert asked("overview", app, server)["kinds"]["tool"]["count"] == 5
    call(server, "2026-11-20 10:00:02.5")
    call(server, "2026-11-17 08:00:00", correlation_id="late-00001")  # three days before what was seen
    assert asked("overview", app, server)["kinds"]["tool"]["count"] == 6
    found = asked("sources", app, server)
    source = next(s for s in found["sources"] if s["name"] == "tool_invocations")
    assert (source["entries"], source["events"]) == (7, 7)
    assert json.loads(run("trace", "late-00001", "--app", str(app), "--db", server.url, "--format", "json").stdout)[
        "events"
    ]
    assert asked("sources", app, server)["sources"][0]["entries"] == found["sources"][0]["entries"]


def test_a_call_in_table_and_log_is_one(server, app):
    key = call(server, "2026-11-20 10:00:01", tool="t", ms=12.5, correlation_id="c-00000001")
    write_log(
        app,
        entry(
            "tool.invocation.completed",
            {
                "tool_name": "t",
                "invocation_id": key,
                "duration_ms": 12.5,
                "correlation_id": "c-00000001",
                "timestamp": "2026-11-20T10:00:01Z",
            },
            at="2026-11-20 10:00:01",
        ),
    )
    view = asked("overview", app, server)
    assert view["kinds"]["tool"]["count"] == 1
    assert view["totals"]["events"] == 2


def test_the_database_cannot_be_written_through_us(server):
    from reporter.sources import databases

    with pytest.raises(Exception, match=r"(?i)read.only"), databases.server(server.url, "UTC").begin() as con:
        con.execute(text("DELETE FROM tool_invocations"))
    slow, limit = {
        "postgresql": ("SELECT pg_sleep(5)", "SET statement_timeout = 200"),
        "mariadb": ("SELECT count(*) FROM seq_1_to_100000 a, seq_1_to_100000 b", "SET max_statement_time = 0.2"),
    }[server.kind]
    with databases.server(server.url, "UTC").connect() as con:
        if server.kind == "mariadb":
            assert con.execute(text("SELECT @@max_statement_time")).scalar() == 60
        else:
            assert con.execute(text("SHOW statement_timeout")).scalar() == "1min"
        con.execute(text(limit))
        with pytest.raises(Exception, match=r"(?i)timeout|interrupted|max_statement"):
            con.execute(text(slow))


def test_older_installs_lack_columns(server, app):
    with server.engine().begin() as con:
        con.execute(text("DROP TABLE tool_invocations"))
        con.execute(text(OLD_TOOLS.format(name="tool_invocations", **TYPES[server.kind])))
        con.execute(text("DROP TABLE command_executions"))
    call(server, "2026-11-20 10:00:00")
    view = asked("overview", app, server)
    assert view["kinds"]["tool"]["count"] == 1
    assert "command_executions: no such table" in view["said"]


def test_renamed_tables_and_columns(server, app):
    with server.engine().begin() as con:
        con.execute(text("DROP TABLE tool_invocations"))
        con.execute(
            text(
                TOOLS.replace("tool_slug", "slug")
                .replace("created_at", "ended_at")
                .format(name="tools", **TYPES[server.kind])
            )
        )
        zone = "+00" if server.kind == "postgresql" else ""
        con.execute(
            text(
                f"INSERT INTO tools (id, slug, status, duration_ms, ended_at) VALUES ('{uuid.uuid4()}', 'fs.read', 'ok', 5, '2026-11-20 10:00:00{zone}')"
            )
        )
    (app / "telemetry-report.toml").write_text(
        '[tables]\ntool_invocations = "tools"\n[tables.columns.tool_invocations]\ntool_slug = "slug"\ncreated_at = "ended_at"\n'
    )
    operations = asked("performance", app, server)["operations"]
    assert [(o["operation"], o["count"]) for o in operations] == [("fs.read", 1)]


def test_a_missing_permission_is_said_and_the_rest_is_read(server, app):
    call(server, "2026-11-20 10:00:00")
    write_log(app, entry("all the same", at="2026-11-20 10:00:00"))
    with server.engine().begin() as con:
        to = "reader" if server.kind == "postgresql" else "reader@'127.0.0.1'"
        con.execute(text(f"GRANT SELECT ON command_executions TO {to}"))
    if server.kind == "postgresql":
        with server.engine().begin() as con:
            con.execute(text("GRANT USAGE ON SCHEMA public TO reader"))
    done = run("overview", "--app", str(app), "--db", server.reader, *DAY, "--format", "json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["totals"]["events"] == 1
    assert "tool_invocations" in done.stderr
    assert "Traceback" not in done.output
    if server.kind == "postgresql":
        assert "permission denied" in done.stderr


def test_a_refused_connection_and_one_that_comes_back(server, app):
    call(server, "2026-11-20 10:00:00")
    write_log(app, entry("all the same", at="2026-11-20 10:00:00"))
    server.stop()
    try:
        done = run("overview", "--app", str(app), "--db", server.url, *DAY, "--format", "json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["totals"]["events"] == 1
        assert "tool_invocations: not read from" in done.stderr
        assert all(len(line) < 400 for line in done.stderr.splitlines())
    finally:
        server.start()
    view = asked("overview", app, server)
    assert view["kinds"]["tool"]["count"] == 1
    assert view["totals"]["events"] == 2


def test_a_million_rows_would_fit(server, app):
    """Rows come in batches: the driver never holds them all."""
    from reporter.sources import databases, tables

    with server.engine().begin() as con:
        rows = [{"id": str(uuid.uuid4()), "at": f"2026-11-20 10:{n // 60 % 60:02}:{n % 60:02}"} for n in range(5000)]
        con.execute(
            text("INSERT INTO tool_invocations (id, tool_slug, status, created_at) VALUES (:id, 't', 'ok', :at)"), rows
        )
    table = tables.named({}, {})[0]
    with databases.connected(server.url, "UTC") as con:
        known = tables.columns(con, table)
        tables.FETCH_ROWS, kept = 500, tables.FETCH_ROWS
        try:
            sizes = [batch.num_rows for batch in tables.rows(con, table, known, "", 1, 0, "UTC")]
        finally:
            tables.FETCH_ROWS = kept
    assert sizes == [500] * 10


def test_sqlite_is_read_while_the_app_writes_it(app):
    """WAL, a writer with an open transaction: neither waits for the other."""
    path = app / "database" / "database.sqlite"
    path.parent.mkdir()
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute(
        "CREATE TABLE tool_invocations (id varchar PRIMARY KEY, tool_slug varchar, status varchar, duration_ms float, created_at datetime)"
    )
    writer.execute("INSERT INTO tool_invocations VALUES ('a', 't', 'ok', 5, '2026-11-20 10:00:00')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO tool_invocations VALUES ('b', 't', 'ok', 5, '2026-11-20 10:00:01')")
    stop, failures, written = threading.Event(), [], [0]

    def write_on() -> None:
        other = sqlite3.connect(path, timeout=0.5)
        while not stop.wait(0.001):
            try:
                other.execute(
                    "INSERT INTO tool_invocations VALUES (?, 't', 'ok', 5, '2026-11-20 11:00:00')", [str(uuid.uuid4())]
                )
                other.commit()
                written[0] += 1
            except sqlite3.OperationalError as exc:
                failures.append(str(exc))
        other.close()

    def count() -> int:
        return json.loads(run("overview", "--app", str(app), *DAY, "--format", "json").stdout)["kinds"]["tool"]["count"]

    begun = datetime.now(UTC)
    assert count() == 1
    assert (datetime.now(UTC) - begun).total_seconds() < 4
    writer.execute("COMMIT")
    assert count() == 2
    thread = threading.Thread(target=write_on)
    thread.start()
    counts = [count() for _ in range(3)]
    stop.set()
    thread.join()
    assert failures == []
    assert counts == sorted(counts)
    assert count() == 2 + written[0]
    writer.close()


def test_a_connection_that_drops_half_way_keeps_what_came_and_the_next_run_the_rest(server, app, monkeypatch):
    from reporter.settings.app import find_app
    from reporter.sink.taking_in import take_in
    from reporter.sources import Listener

    monkeypatch.setattr("reporter.sources.tables.FETCH_ROWS", 500)
    with server.engine().begin() as con:
        rows = [
            {"id": str(uuid.uuid4()), "at": f"2026-11-20 10:{n // 60 % 60:02}:{n % 60:02}", "pad": "x" * 6000}
            for n in range(3000)
        ]
        insert = "INSERT INTO tool_invocations (id, tool_slug, status, created_at, request) VALUES (:id, 't', 'ok', :at, :pad)"
        con.execute(
            text(
                insert.replace(":pad", "to_jsonb(CAST(:pad AS text))")
                if server.kind == "postgresql"
                else insert.replace(":pad", "JSON_QUOTE(:pad)")
            ),
            rows,
        )
    # More than the sockets between hold, or all may have come before the server ends it.
    killed: list[int] = []

    def kill(progress: object) -> None:
        """Once the first rows are in, the server ends all other sessions."""
        if killed or getattr(progress, "name", "") != "tool_invocations":
            return
        with server.engine().connect() as con:
            if server.kind == "postgresql":
                killed.append(
                    con.execute(
                        text(
                            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                        )
                    ).scalar()
                )
            else:
                others = con.execute(
                    text("SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user = 'root'")
                ).fetchall()
                for (number,) in others:
                    con.execute(text(f"KILL {number}"))
                killed.append(len(others))

    notes: list[str] = []
    printed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    done = take_in(find_app(str(app), server.url, (), None), datetime.now(UTC), Listener(kill, notes.append))
    gc.collect()
    assert printed == []  # the driver's tracebacks on a user's terminal
    assert killed[0] >= 1
    assert 0 < done.events < 3000
    assert any(note.startswith("tool_invocations: not read from") for note in notes)
    view = asked("overview", app, server)
    assert view["kinds"]["tool"]["count"] == 3000
    source = next(s for s in asked("sources", app, server)["sources"] if s["name"] == "tool_invocations")
    assert (source["entries"], source["events"]) == (3000, 3000)


def test_a_sqlite_file_is_read_without_sqlalchemy(app):
    """Which takes as long to load as a small app's logs to read."""
    write_database(app, tools=[("a", "x", "t", "ok", 1.0, "2026-11-20 10:00:00")])
    code = f"""
import sys
from click.testing import CliRunner
from reporter.cli import cli
done = CliRunner().invoke(cli, ["overview", "--app", {str(app)!r}, *{DAY!r}, "--format", "json"])
print("sqlalchemy" in sys.modules, done.stdout)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, _, told = done.stdout.partition(" ")
    assert loaded == "False"
    assert json.loads(told)["kinds"]["tool"]["count"] == 1
