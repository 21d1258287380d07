"""`--from-archive`: the same figures as before the events went, from what `prune --archive` wrote alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers import event, run, write_log

OLD = ("--since", "2026-11-10T00:00Z", "--until", "2026-11-12T00:00Z", "--tz", "UTC")


def day_of(entry: str, day: int) -> str:
    return entry.replace("2026-11-20", f"2026-11-{day}")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path, dict]:
    """An app whose first two days are in an archive only, and what overview said of them before."""
    folder = tmp_path_factory.mktemp("archived")
    app = folder / "app"
    for day in (10, 11, 12, 13):
        # The same log's name each day, and the same offsets: it was rotated and let go of in between.
        write_log(
            app,
            day_of(event("chat.streaming.started", "10:00:00.100", f"t-{day}", message_id=f"m-{day}", provider="openai", model="gpt"), day),
            day_of(event("tool.invocation.failed", "10:00:01.100", f"t-{day}", tool_name="db", duration_ms=50, error="jane@example.org"), day),
            day_of(event("chat.streaming.completed", "10:00:02.100", f"t-{day}", message_id=f"m-{day}", duration_ms=day * 100), day),
        )  # fmt: skip
        run("sources", "--app", str(app))
        if day < 13:
            (app / "storage" / "logs" / "laravel.log").unlink()
    before = json.loads(run("overview", "--app", str(app), *OLD, "--format", "json").stdout)
    assert before["totals"]["events"] == 6
    assert run("prune", "--app", str(app), "--days", "1", "--archive", str(folder / "kept")).exit_code == 0
    assert json.loads(run("overview", "--app", str(app), *OLD, "--format", "json").stdout)["totals"]["events"] == 0
    return app, folder / "kept", before


def archived(made, command: str, *arguments: str):
    app, folder, _ = made
    return run(command, *arguments, "--app", str(app), "--from-archive", str(folder), "--tz", "UTC")


def test_the_figures_are_those_from_before(made):
    done = archived(made, "overview", "--format", "json", *OLD)
    found, before = json.loads(done.stdout), made[2]
    for name in ("window", "totals", "kinds", "top", "tokens"):
        assert found[name] == before[name], name
    # What was read until the archive was written: the log of four days, rotated away each night.
    read = [(s["name"], s["kind"], s["entries"], s["events"]) for s in found["sources"]]
    assert read == [("storage/logs/laravel.log", "log", 3, 3)] * 4


def test_without_a_period_it_is_about_all_of_it_and_by_itself(made, tmp_path, monkeypatch):
    app, _, _ = made
    before = {path: path.stat().st_mtime_ns for path in app.rglob("*")}
    assert "6 events, 2 traces" in archived(made, "overview").stdout
    trace = json.loads(archived(made, "trace", "t-11", "--format", "json").stdout)
    assert [event["event"] for event in trace["events"]] == [
        "chat.streaming.started", "tool.invocation.failed", "chat.streaming.completed",
    ]  # fmt: skip
    assert trace["events"][2]["offset"] != trace["events"][0]["offset"]
    rows = run(
        "query", "SELECT count(*) FROM events", "--app", str(app), "--from-archive", str(made[1]), "--format", "json"
    )
    assert json.loads(rows.stdout)["rows"] == [[6]]
    assert {path: path.stat().st_mtime_ns for path in app.rglob("*")} == before


def test_a_report_of_it_is_redacted(made, tmp_path):
    done = archived(made, "build", "-o", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert "(6 events in the window, 0 new" in done.stdout
    assert not [page for page in (tmp_path / "out").rglob("*.*") if b"jane@example.org" in page.read_bytes()]


def test_what_is_no_archive(made, tmp_path):
    app = str(made[0])
    (tmp_path / "events-2026-11.parquet").write_text("no parquet")
    done = run("overview", "--app", app, "--from-archive", str(tmp_path))
    assert done.exit_code == 3
    assert f"{tmp_path}/events-2026-11.parquet is passed over" in done.stderr
    assert "there is no event to read" in done.stderr
    assert archived(made, "overview", "--logs", "x").exit_code == 2
    assert run("watch", "--app", app, "--from-archive", str(tmp_path)).exit_code == 2
