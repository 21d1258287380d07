"""The real command line in-process, and entries as Monolog writes them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from reporter.cli import cli


def run(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
    """The command line in this process; `env`: variables while it runs, None for one that is not set."""
    return CliRunner().invoke(cli, list(arguments), env=env)


def command(*arguments: str, env: dict[str, str] | None = None, **given: object) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own; `env`: variables beside this process's, None for one that is not set."""
    around = {name: value for name, value in {**os.environ, **(env or {})}.items() if value is not None}
    call = [sys.executable, "-m", "reporter", *arguments]
    return subprocess.run(call, env=around, text=True, stdin=subprocess.DEVNULL, **{"capture_output": True, **given})


class Started(subprocess.Popen):
    """A process that is ended where its block fails: leaving the block would wait for it, and nothing ends a watch."""

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind:
            self.kill()
        super().__exit__(kind, *rest)


def ask(command: str, app: Path, *arguments: str) -> dict:
    """A command's JSON over the day 2026-11-20; of `trace`, which has no period, whenever it was."""
    day = () if command == "trace" else ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    done = run(command, "--app", str(app), *day, "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def entry(message: str, context: dict | None = None, *, at: str = "2026-11-20 10:00:00", level: str = "INFO") -> str:
    tail = f" {json.dumps(context, separators=(',', ':'))} \n" if context is not None else "  \n"
    return f"[{at}] local.{level}: {message}{tail}"


def event(name: str, at: str, trace: str | None = "trace-0001", **data: object) -> str:
    """A nested telemetry entry; `at` is a time of day with fraction."""
    meta = {"timestamp": f"2026-11-20T{at}Z"}
    body = {"event": name, "data": data, "meta": meta, "correlation": {"correlation_id": trace}}
    return entry(name, body, at=f"2026-11-20 {at[:8]}")


def write_log(app: Path, *entries: str, name: str = "laravel.log") -> Path:
    path = app / "storage" / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write("".join(entries).encode("utf-8", "surrogateescape"))
    return path


def write_database(app: Path, tools: list[tuple] = (), commands: list[tuple] = ()) -> Path:
    """tools: (id, slug, correlation, status, ms, created_at); commands: (id, name, executed_at, result)."""
    (app / "database").mkdir(exist_ok=True)
    path = app / "database" / "database.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE IF NOT EXISTS tool_invocations (id varchar PRIMARY KEY, user_id integer, tool_slug varchar, correlation_id varchar, request text, response text, status varchar, duration_ms float, created_at datetime)"
        )
        db.execute(
            "CREATE TABLE IF NOT EXISTS command_executions (id varchar PRIMARY KEY, command_name varchar, executed_at datetime, dry_run tinyint DEFAULT 0, result text, created_at datetime)"
        )
        db.executemany(
            "INSERT INTO tool_invocations (id, tool_slug, correlation_id, status, duration_ms, created_at) VALUES (?,?,?,?,?,?)",
            tools,
        )
        db.executemany(
            "INSERT INTO command_executions (id, command_name, executed_at, result) VALUES (?,?,?,?)", commands
        )
    db.close()
    return path
