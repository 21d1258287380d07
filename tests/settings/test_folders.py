"""An app is found as Laravel and NativePHP lay it out, by folder or by name; what is there and not read is named."""

from __future__ import annotations

import json
import os

import pytest

from tests.helpers import entry, run, write_database, write_log

DAY = ("--since", "2026-11-20", "--until", "2026-11-21", "--tz", "UTC", "--format", "json")


def sources(app, **env: str | None) -> tuple[list[tuple[str, int]], str]:
    told = run("sources", "--app", str(app), *DAY, env=env)
    assert told.exit_code == 0, told.stderr
    return sorted((s["name"], s["events"]) for s in json.loads(told.stdout)["sources"]), told.stderr


def built(folder):
    write_log(folder, entry("a", at="2026-11-20 10:00:00"))
    write_database(folder, [("t1", "fs.read", None, "ok", 5.0, "2026-11-20 10:00:00")])
    return folder


@pytest.mark.parametrize("home", [".config", "Library/Application Support", "given by XDG", "Roaming"])
def test_a_built_app_is_found_by_its_name(tmp_path, home):
    env = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "given by XDG") if home == "given by XDG" else None,
        "APPDATA": str(tmp_path / "Roaming"),
    }
    folder = built(tmp_path / home / "My Notes")
    expected = [("command_executions", 0), ("storage/logs/laravel.log", 1), ("tool_invocations", 1)]
    for name in ("My Notes", "my-notes", str(folder)):
        assert sources(name, **env) == (expected, "")
    assert (folder / "storage" / "telemetry" / "telemetry.duckdb").is_file()
    told = run("overview", "--app", "no-such", env=env)
    assert told.exit_code == 3
    assert "no app of that name" in told.stderr


def test_of_two_databases_the_one_written_last_is_read_and_the_other_named(app):
    write_log(app, entry("a", at="2026-11-20 10:00:00"))
    own = write_database(app, [(f"t{n}", "t", None, "ok", 5.0, "2026-11-20 10:00:00") for n in range(3)])
    native = own.rename(own.with_name("nativephp.sqlite"))
    own = write_database(app, [("u1", "t", None, "ok", 5.0, "2026-11-20 10:00:00")])
    for newer, older, count in ((native, own, 3), (own, native, 1)):
        os.utime(older, (1, 1))
        os.utime(newer)
        found, said = sources(app)
        assert f"{older} is there too and not read: {newer.name} was written last" in said
        # One database's tables are another source than the other's.
        assert ("tool_invocations", count) in found
    os.utime(native, (1, 1))
    (app / ".env").write_text("DB_CONNECTION=nativephp\n")
    assert f"{own} is there too" in sources(app)[1]


def test_logs_of_native_serve_are_read_with_the_projects(app, tmp_path):
    (app / ".env").write_text('APP_NAME="My Notes"\n')
    write_log(app, entry("a", at="2026-11-20 10:00:00"))
    write_log(tmp_path / ".config" / "my-notes-dev", entry("b", at="2026-11-20 10:00:00"))
    write_log(tmp_path / ".config" / "my-notes", entry("c", at="2026-11-20 10:00:00"))
    found, said = sources(app, HOME=str(tmp_path), XDG_CONFIG_HOME=None)
    assert [events for _, events in found] == [1, 1]
    assert f"{tmp_path}/.config/my-notes is a built app's and not read" in said


@pytest.mark.parametrize("is_in_env", [True, False])
def test_laravel_storage_path_counts(app, tmp_path, is_in_env):
    write_log(app, entry("old", at="2026-11-20 10:00:00"))
    there = tmp_path / "elsewhere"
    write_log(tmp_path / "x", entry("a", at="2026-11-20 10:00:00"), name="../../../elsewhere/logs/laravel.log")
    (app / ".env").write_text(f"LARAVEL_STORAGE_PATH={there}\n" if is_in_env else "")
    found, said = sources(app, LARAVEL_STORAGE_PATH=None if is_in_env else str(there))
    assert found == [(str(there / "logs" / "laravel.log"), 1)]
    assert f"{app}/storage/logs is there too and not read" in said
    assert (there / "telemetry" / "telemetry.duckdb").is_file()


def test_the_logs_time_zone_is_given_by_option_or_setting(app, tmp_path):
    write_log(app, entry("a", at="2026-11-20 10:00:00"))

    def hour(*arguments: str) -> str:
        sink = tmp_path / f"{len(list(tmp_path.iterdir()))}.duckdb"
        told = run("export", "--app", str(app), *DAY, "--sink", str(sink), *arguments)
        return json.loads(told.stdout)["ts"][11:16]

    assert hour() == "10:00"
    assert hour("--log-tz", "Europe/Berlin") == "09:00"
    (app / "telemetry-report.toml").write_text('[app]\ntimezone = "America/New_York"\n')
    assert hour() == "15:00"
    assert hour("--log-tz", "Europe/Berlin") == "09:00"
    told = run("overview", "--app", str(app), "--log-tz", "Mars/Base")
    assert (told.exit_code, "“Mars/Base” is not a time zone" in told.stderr) == (2, True)
