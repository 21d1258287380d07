"""A sink that is damaged, cut off, of an older version or no sink at all: moved aside and made anew, or left alone; never a traceback.

TELEMETRY_FUZZ_ROUNDS sets how many files are damaged at random (default 4).
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from reporter import engine
from tests.helpers import Started, event, run, write_database, write_log

ROUNDS = int(os.environ.get("TELEMETRY_FUZZ_ROUNDS", "4"))
ASKED = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--format", "json")


@pytest.fixture
def filled(app: Path) -> Path:
    """An app with a sink of 400 events."""
    write_log(app, *(event("tool.invocation.completed", f"10:{n // 60:02}:{n % 60:02}.{n:06}", f"trace-{n % 37:04}", tool_name="t", duration_ms=n, pad=os.urandom(20).hex()) for n in range(399)))  # fmt: skip
    write_database(app, tools=[("a", "t", "trace-0001", "ok", 5.0, "2026-11-20 10:00:00")])
    assert run("overview", "--app", str(app), *ASKED).exit_code == 0
    return app


def sink(app: Path) -> Path:
    return app / "storage" / "telemetry" / "telemetry.duckdb"


def answer(command: str, app: Path, *more: str) -> tuple[dict, str]:
    """As a process of its own: what ends it is seen here too."""
    line = [sys.executable, "-m", "reporter", command, *more, "--app", str(app), *ASKED]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout), done.stderr


def aside(app: Path) -> list[Path]:
    return [path for path in sorted(sink(app).parent.glob("*.damaged-*")) if path.suffix != ".wal"]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_sink_damaged_at_random_is_moved_aside_made_anew_and_said_or_answers_as_before(filled, seed):
    chance = random.Random(seed)
    whole = sink(filled).read_bytes()
    if seed % 3 == 0:
        sink(filled).write_bytes(whole[: chance.randrange(1, len(whole))])
    else:
        spoiled = bytearray(whole)
        for _ in range(1 if seed % 3 == 1 else 200):
            at = chance.randrange(len(spoiled) if seed % 2 else min(40_000, len(spoiled)))
            spoiled[at] ^= 1 << chance.randrange(8)
        sink(filled).write_bytes(spoiled)
    if seed % 4 == 3:
        write_log(filled, event("tool.invocation.completed", "12:00:00.5", tool_name="t", duration_ms=1))
    command, more = chance.choice([("overview", ()), ("trace", ("trace-0001",)), ("errors", ()), ("export", ())][:3])
    _, said = answer(command, filled, *more)
    found, again = answer("overview", filled)
    assert found["totals"]["events"] == 400 + (seed % 4 == 3)
    assert len(aside(filled)) <= 1
    assert bool(aside(filled)) == ("was moved to" in said + again)


def test_what_was_moved_aside_is_the_file_as_it_was(filled):
    spoiled = sink(filled).read_bytes()[:5000]
    sink(filled).write_bytes(spoiled)
    _, said = answer("overview", filled)
    assert aside(filled)[0].read_bytes() == spoiled
    assert said.count("\n") == 1
    assert "is made anew from logs and tables" in said
    sink(filled).write_bytes(spoiled)
    answer("overview", filled)
    assert len(aside(filled)) == 2


def test_an_older_version_is_moved_aside_and_a_newer_one_left(filled):
    def version(number: int) -> None:
        with duckdb.connect(str(sink(filled))) as con:
            con.execute(f"UPDATE about SET value = '{number}' WHERE key = 'schema'")

    version(1)
    done = run("overview", "--app", str(filled), *ASKED)
    said = done.stderr
    assert json.loads(done.stdout)["totals"]["events"] == 400
    assert "is of an older version (1): it was moved to" in said
    version(99)
    done = run("overview", "--app", str(filled))
    assert done.exit_code == 3
    assert "newer telemetry-report" in done.stderr
    assert len(aside(filled)) == 1


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "text"])
def test_a_file_that_is_not_ours_is_left_alone(filled, tmp_path, kind):
    other = tmp_path / "other.db"
    if kind == "sqlite":
        with sqlite3.connect(other) as db:
            db.execute("CREATE TABLE a (x)")
        db.close()
    elif kind == "duckdb":
        duckdb.connect(str(other)).execute("CREATE TABLE a (x INTEGER)")
    else:
        other.write_text("my notes\n" * 1000)
    before = other.read_bytes()
    for command in ("overview", "prune"):
        done = run(command, "--app", str(filled), "--sink", str(other))
        assert done.exit_code == 3, done.output
        assert "delete" not in done.stderr
        assert done.stderr.count("\n") == 1
    assert other.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []


def test_another_file_where_the_apps_own_sink_lies_is_moved_aside(filled):
    sink(filled).unlink()
    with sqlite3.connect(sink(filled)) as db:
        db.execute("CREATE TABLE a (x)")
    db.close()
    done = run("overview", "--app", str(filled), *ASKED)
    assert json.loads(done.stdout)["totals"]["events"] == 400
    assert "was moved to" in done.stderr


def test_one_in_use_is_never_said_to_be_damaged_nor_to_be_deleted(filled, monkeypatch):
    monkeypatch.setattr("reporter.sink.file.LOCK_SECONDS", 0.3)
    code = (
        f"import duckdb, sys; con = duckdb.connect({str(sink(filled))!r}); print('held', flush=True); sys.stdin.read()"
    )
    with Started([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        done = run("overview", "--app", str(filled))
        holder.stdin.close()
    assert done.exit_code == 3
    assert "in use by another process" in done.stderr
    assert "delete" not in done.stderr
    assert aside(filled) == []


def test_a_full_disk_is_named_and_what_was_kept_stays(filled):
    write_log(
        filled,
        *(event("a.b", f"11:{n // 60 % 60:02}:{n % 60:02}.{n:06}", pad=os.urandom(300).hex()) for n in range(4000)),
    )
    size = sink(filled).stat().st_size
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 65536},) * 2); import runpy, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); import sys; sys.argv[0] = 'telemetry-report'; runpy.run_module('reporter', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", limit, "overview", "--app", str(filled)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "its disk is full" in done.stderr
    assert "Free some space" in done.stderr
    assert "rollback" not in done.stderr
    assert "Traceback" not in done.stderr
    assert aside(filled) == []
    assert json.loads(run("overview", "--app", str(filled), *ASKED).stdout)["totals"]["events"] == 400 + 4000


def test_duckdb_never_asks_for_an_extension():
    with engine.connect() as con:
        found = con.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'"
        ).fetchall()
    assert sorted(found) == [("autoinstall_known_extensions", "false"), ("autoload_known_extensions", "false")]


def test_a_folder_is_no_damaged_sink_and_stays_where_it_is(filled, tmp_path):
    """Not even with a sink's lock beside it, as a run that was refused may leave."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    folder.with_name("mine.lock").touch()
    for _ in range(2):
        done = run("overview", "--app", str(filled), "--sink", str(folder), *ASKED)
        assert done.exit_code != 0
        assert "is a folder and no sink" in done.output
    assert (folder / "kept.txt").read_text() == "kept"
