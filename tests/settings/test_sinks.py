"""Sources that options name in place of the app's own are kept apart from these."""

from __future__ import annotations

import json

import pytest

from reporter.settings.app import find_app
from tests.helpers import ask, entry, run, write_database, write_log


@pytest.fixture
def others(tmp_path):
    """Two customers' logs, beside the app's."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "laravel.log").write_text(entry(f"of customer {name}", {"n": name}, level="ERROR"))
    return tmp_path


def messages(app, *arguments):
    return [group["message"] for group in ask("errors", app, *arguments)["groups"]]


def test_named_logs_never_mix_with_the_apps_or_with_each_other(app, others):
    write_log(app, entry("of the app", {"n": 1}, level="ERROR"))
    for _ in range(2):
        assert messages(app) == ["of the app"]
        assert messages(app, "--logs", str(others / "a" / "*.log")) == ["of customer a"]
        assert messages(app, "--logs", str(others / "b")) == ["of customer b"]


def test_a_named_database_is_kept_apart(app, others):
    row = ("1", "fs.read", "trace-0001", "ok", 5.0, "2026-11-20 10:00:00")
    (others / "c").mkdir()
    database = write_database(others / "c", tools=[row])
    write_database(app, tools=[("2", *row[1:]), ("3", *row[1:4], 7.0, "2026-11-20 11:00:00")])
    count = [
        ask("overview", app, *arguments)["kinds"]["tool"]["count"]
        for arguments in ((), ("--db", str(database)), (), ("--db", str(app / "database" / "database.sqlite")))
    ]
    assert count == [2, 1, 2, 2]


def test_the_same_sources_have_the_same_sink(app, others, monkeypatch):
    def sink(*logs, db=None, named=None):
        return find_app(str(app), db, logs, named).sink

    own = sink()
    write_database(app)
    a = sink(str(others / "a" / "*.log"))
    monkeypatch.chdir(others)
    assert a == sink("a/*.log") == sink("a/../a/*.log")
    assert sink("a/*.log", "b/*.log") == sink("b/*.log", "a/*.log")
    assert len({own, a, sink("b/*.log"), sink("a/*.log", db="x.sqlite"), sink(db="x.sqlite")}) == 5
    assert own == sink(str(app / "storage" / "logs")) == sink(db=str(app / "database" / "database.sqlite"))
    assert sink("a/*.log", named="mine.duckdb").name == "mine.duckdb"
    assert sink(db="postgresql://u:one@h/d") == sink(db="postgresql://u:two@h/d")


def test_what_the_apps_settings_name_is_the_apps_own(app, others):
    (app / "telemetry-report.toml").write_text(f"[sources]\nlogs = {json.dumps([str(others / 'a' / '*.log')])}\n")
    assert find_app(str(app), None, (), None).sink.name == "telemetry.duckdb"
    assert run("sources", "--app", str(app)).exit_code == 0
