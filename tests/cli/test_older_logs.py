"""Logs that were last written before what is asked for are read after the answer, where they are much and somebody waits."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from tests.helpers import event, run, write_log

PERIOD = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
FAILED = {"duration_ms": 5, "error": "Disk quota exceeded"}


def call(at: str, n: int, day: str = "2026-11-20", **data: object) -> str:
    name = "tool.invocation.failed" if "error" in data else "tool.invocation.completed"
    told = {"duration_ms": n, "tool_name": "fs.read", "invocation_id": f"{day}-{n}", **data}
    return event(name, at, f"trace-{day}-{n}", **told).replace("2026-11-20", day)


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Calls of the period and of before, a log a day; all of them failed alike now and then. The first day is older than what is kept."""
    monkeypatch.setattr("reporter.sink.ingest_logs.OLDER_BYTES", 1)
    for module in ("asking", "build"):
        monkeypatch.setattr(f"reporter.cli.{module}.is_interactive", lambda: True)
    home = tmp_path / "app"
    for day in ("2026-11-10", "2026-11-15", "2026-11-19", "2026-11-20"):
        calls = [call(f"10:{n:02}:00.000000", n, day, **(FAILED if n % 5 == 0 else {})) for n in range(1, 40)]
        path = write_log(home, *calls, name=f"tools-{day}.log")
        at = (datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=12)).timestamp()
        os.utime(path, (at, at))
    return home


def asked(app, sink, *given: str):
    done = run(*given, "--app", str(app), "--sink", str(sink), *PERIOD)
    assert done.exit_code == 0, done.output
    return done


def events(sink) -> int:
    with duckdb.connect(sink, read_only=True) as con:
        return con.execute("SELECT count(*) FROM events").fetchall()[0][0]


def numberless(told: object) -> object:
    """Without the numbers of events, which are those of sources in the order in which these were read, and the moment of the build."""
    if isinstance(told, dict):
        return {name: numberless(value) for name, value in told.items() if name not in ("id", "built_at")}
    return [numberless(value) for value in told] if isinstance(told, list) else told


def test_an_answer_comes_before_older_logs_are_read_and_says_so(app, tmp_path):
    sink = tmp_path / "s.duckdb"
    first = asked(app, sink, "errors")
    told = first.stderr.splitlines()
    assert told[0].startswith("note: 2 logs (0 MB) last written before 2026-11-18 23:00Z are not read yet")
    assert told[-1] == "note: all logs are read"
    assert "7 faults in 1 group" in first.stdout
    # What stands in logs that are not read yet is not new.
    assert "new" not in first.stdout
    assert events(sink) == 3 * 39
    second = asked(app, sink, "errors")
    assert second.stderr == ""
    assert second.stdout == first.stdout


def test_figures_are_then_as_if_all_had_been_read_at_once(app, tmp_path):
    for name, first in (("later", ("errors", *PERIOD)), ("once", ("sources",))):
        sink, document = tmp_path / f"{name}.duckdb", tmp_path / f"{name}.json"
        done = run(*first, "--app", str(app), "--sink", str(sink))
        assert ("are read now" in done.stderr) == (name == "later")
        asked(app, sink, "build", "-o", str(tmp_path / name), "--json", str(document))
    later, once = (json.loads((tmp_path / f"{name}.json").read_bytes()) for name in ("later", "once"))
    assert later["trends"]
    assert numberless(later) == numberless(once)


def test_what_of_the_period_stands_in_an_older_log_is_told(app, tmp_path):
    path = write_log(app, call("11:00:00.000000", 99), name="tools-2026-11-10.log")
    os.utime(path, (1_762_776_000, 1_762_776_000))
    assert (
        "all logs are read; 1 more event of the period came, so ask again"
        in asked(app, tmp_path / "s", "errors").stderr
    )


@pytest.mark.parametrize("given", [("errors", "--format", "json"), ("errors", "--new"), ("export",)])
def test_who_needs_all_waits_for_all(app, tmp_path, given):
    assert "read" not in asked(app, tmp_path / "s", *given).stderr
    assert events(tmp_path / "s") == 3 * 39


def test_a_few_are_read_at_once(app, tmp_path, monkeypatch):
    monkeypatch.setattr("reporter.sink.ingest_logs.OLDER_BYTES", 1_000_000)
    assert asked(app, tmp_path / "s", "errors").stderr == ""


def test_what_was_broken_off_goes_on_with_the_next(app, tmp_path, monkeypatch):
    sink = tmp_path / "s.duckdb"
    with monkeypatch.context() as patch:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("reporter.sink.taking_in.take_in_older", interrupt)
        assert run("errors", "--app", str(app), "--sink", str(sink), *PERIOD).exit_code == 130
    assert events(sink) == 2 * 39
    # They are still left by who waits, and told; not by a script.
    with monkeypatch.context() as patch:
        patch.setattr("reporter.sink.taking_in.take_in_older", lambda *_: 0)
        assert "not read yet" in asked(app, sink, "overview").stderr
    assert "not read yet" not in asked(app, sink, "errors", "--format", "json").stderr
    assert events(sink) == 3 * 39


def test_a_report_is_written_before_and_after(app, tmp_path, monkeypatch):
    sink, out = tmp_path / "s.duckdb", tmp_path / "out"

    def interrupt(text: str) -> None:
        if "are read now" in text:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reporter.cli.build.note", interrupt)
        assert run("build", "--app", str(app), "--sink", str(sink), "-o", str(out), *PERIOD).exit_code == 130
    assert "2 logs (0 MB) last written before 2026-11-18 23:00Z are not read yet" in (out / "index.html").read_text()
    # What was made without them does not stand.
    first = asked(app, sink, "build", "-o", str(out))
    assert first.stdout.count("index.html") == 2
    assert "not read yet" not in (out / "index.html").read_text()
    assert events(sink) == 3 * 39
    again = asked(app, sink, "build", "-o", str(out))
    assert "0 new" in again.stdout
    assert again.stderr == ""


def test_a_report_that_is_written_anew_repeats_no_note(app, tmp_path):
    write_log(
        app, event("tool.invocation.completed", "23:00:00.1", tool_name="x").replace("2026", "2199"), name="z.log"
    )
    told = asked(app, tmp_path / "s.duckdb", "build", "-o", str(tmp_path / "out")).stderr.splitlines()
    assert sum("not read yet" in line for line in told) == 1
    assert len(told) > 2
    assert sorted(set(told)) == sorted(told)
