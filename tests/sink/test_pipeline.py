"""The domain's rules, through the command line: files and tables in, JSON out."""

from __future__ import annotations

import gzip
import json

import pytest

from reporter.sources import files
from tests.helpers import ask, entry, event, run, write_log


def operations(app, *arguments):
    found = ask("performance", app, *arguments)["operations"]
    return {(o["kind"], o["operation"]): o for o in found}


def test_percentiles_are_linear_between_order_statistics(app):
    for i, ms in enumerate((10, 20, 30, 40)):
        write_log(
            app,
            event(
                "tool.invocation.completed", f"10:00:0{i}.000000", tool_name="t", invocation_id=f"i{i}", duration_ms=ms
            ),
        )
    write_log(
        app, event("tool.invocation.completed", "10:00:09.000000", tool_name="t", invocation_id="i9", duration_ms=-5)
    )
    found = operations(app)["tool", "t"]
    assert (found["count"], found["p50_ms"], found["p90_ms"], found["mean_ms"]) == (5, 25, 37, 25)
    assert found["class"] == "fast"


def test_the_window_is_half_open(app):
    write_log(
        app,
        event("a.b", "00:00:00.000000"),
        entry("late", {}, at="2026-11-21 00:00:00"),
        entry("early", {}, at="2026-11-19 23:59:59"),
    )
    assert ask("overview", app)["totals"]["events"] == 1


def test_times_without_offset_are_in_the_apps_zone(app):
    (app / "config").mkdir()
    (app / "config" / "app.php").write_text("<?php return ['timezone' => 'Europe/Berlin'];")
    write_log(
        app,
        entry("x", at="2026-11-21 00:30:00"),
        entry("y", at="2026-11-20 00:30:00"),
        entry("z", {"timestamp": "2026-11-20T00:30:00Z"}),
    )
    assert ask("overview", app)["totals"]["events"] == 2


def test_one_failure_is_one_error_group(app):
    text = 'SQLSTATE[HY000]: General error: 5 database is locked (SQL: select 1 where "id" = {})'
    for n, trace in ((1, "trace-0001"), (2, "trace-0002")):
        write_log(
            app,
            event(
                "command.step.completed",
                "10:00:00.000000",
                trace,
                step_type="s",
                step_id="step-0",
                duration_ms=1,
                success=False,
                error=text.format(n),
            ),
            event(
                "command.execution.completed",
                "10:00:00.000000",
                trace,
                command="c",
                duration_ms=2,
                success=False,
                error=text.format(n),
            ),
            event("tool.invocation.failed", "10:00:00.000000", trace, tool_name="t", duration_ms=2),
        )
    groups = ask("errors", app)["groups"]
    assert [(g["count"], g["faults"], len(g["traces"])) for g in groups] == [(6, 2, 2)]


def test_json_formatter_and_bare_json_are_read(app):
    wrapped = {
        "message": "m",
        "context": {"event": "tool.invocation.completed", "tool_name": "t", "duration_ms": 5},
        "level": 200,
        "level_name": "INFO",
        "channel": "x",
        "datetime": "2026-11-20T10:00:00.000000+00:00",
        "extra": {"correlation_id": "eeeeeeee"},
    }
    bare = {
        "event": "tool.invocation.failed",
        "tool_name": "t",
        "duration_ms": 5,
        "timestamp": "2026-11-20T10:00:00Z",
        "correlation_id": "ffffffff",
    }
    write_log(app, json.dumps(wrapped) + "\n", json.dumps(bare) + "\n", "not json\n", name="sub/tool.log")
    view = ask("overview", app)
    assert (view["totals"]["operations"], view["totals"]["errors"], view["totals"]["traces"]) == (2, 1, 2)
    assert [(s["entries"], s["events"], s["rejects"]) for s in view["sources"]] == [(3, 2, 1)]


def test_the_same_record_in_two_channels_counts_once(app):
    body = {
        "event": "a.b",
        "data": {},
        "meta": {"timestamp": "2026-11-20T10:00:00Z", "event_id": "22bb2cec-b0a4-46d1-9e21-efb9442c1ac1"},
    }
    write_log(app, entry("a.b", body), name="a.log")
    write_log(app, entry("a.b", body), name="b.log")
    view = ask("overview", app)
    assert view["totals"]["events"] == 1
    assert [(s["entries"], s["events"], s["duplicates"]) for s in view["sources"]] == [(1, 1, 0), (1, 1, 1)]


def total(app):
    return ask("overview", app)["totals"]["events"]


def test_reading_twice_adds_nothing_and_only_new_bytes_are_read(app, monkeypatch):
    write_log(app, *(entry(f"m{i}", {"i": i}) for i in range(3000)))
    assert total(app) == 3000
    opened = []
    monkeypatch.setattr(
        files.Reader, "_open", lambda self, o=files.Reader._open: opened.append(self.log.name) or o(self)
    )
    assert total(app) == 3000
    assert opened == []
    read = []
    monkeypatch.setattr(files.Reader, "_count", lambda self, data: read.append(len(data)) or data)
    write_log(app, entry("new", {"x": 1}))
    assert total(app) == 3001
    assert sum(read) < 5 * files.HEAD_BYTES


def test_renamed_gzipped_truncated_and_copied_files_are_known_again(app):
    path = write_log(app, *(entry(f"m{i}", {"i": i}) for i in range(50)))
    assert total(app) == 50
    path.rename(path.with_name("laravel.log.1"))
    write_log(app, entry("after", {"x": 1}))
    assert total(app) == 51
    old = path.with_name("laravel.log.1")
    path.with_name("laravel.log.1.gz").write_bytes(gzip.compress(old.read_bytes()))
    old.unlink()
    assert total(app) == 51
    path.write_text(entry("truncated and written anew", {"y": 2}))
    assert total(app) == 52


def test_an_unfinished_entry_is_read_when_it_is_finished(app):
    path = write_log(app, entry("a", {"x": 1}), '[2026-11-20 10:00:00] local.INFO: b {"x"')
    assert total(app) == 1
    with path.open("a") as file:
        file.write(":2} \n")
    assert total(app) == 2


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff" * 5000, b"plain text\nof another program\n", b'{"a":' * 3000, b"\n\n\n"]
)
def test_bad_files_are_counted_never_a_traceback(app, data):
    write_log(app, entry("good", {"x": 1}), name="good.log")
    (app / "storage" / "logs" / "bad.log").write_bytes(data)
    view = ask("overview", app)
    assert view["totals"]["events"] == 1
    for source in view["sources"]:
        assert source["entries"] == source["events"] + source["rejects"]


def test_damaged_gzip_fifo_and_outward_link_are_noted(app, tmp_path):
    import os

    logs = app / "storage" / "logs"
    write_log(app, entry("good", {"x": 1}))
    (logs / "x.log.gz").write_bytes(gzip.compress(entry("packed", {"x": 1}).encode() * 2000)[:-20])
    os.mkfifo(logs / "fifo.log")
    (tmp_path / "secret.log").write_text(entry("outside"))
    (logs / "link.log").symlink_to(tmp_path / "secret.log")
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"))
    assert done.exit_code == 0
    for name in ("fifo.log: not a regular file", "link.log: a link that leads out", "x.log.gz"):
        assert name in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--app", "nowhere"], 3),
        (["--last", "3x"], 2),
        (["--since", "soon"], 2),
        (["--tz", "Mars"], 2),
        (["-o", "{app}/.env"], 2),
        (["-o", "{app}"], 2),
    ],
)
def test_wrong_usage_is_one_line_and_an_exit_code(app, arguments, code):
    write_log(app, entry("x"))
    done = run("build", "--app", str(app), *(a.format(app=app) for a in arguments))
    assert done.exit_code == code
    assert done.stderr.startswith("telemetry-report: ")
    assert done.stderr.count("\n") == 1


def test_broken_missing_and_partial_databases_leave_a_partial_report(app, tmp_path):
    import sqlite3

    write_log(app, entry("x", {"a": 1}))
    (app / "database").mkdir()
    path = app / "database" / "database.sqlite"
    path.write_bytes(b"no database" * 1000)
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert "tool_invocations: not read from" in done.stderr
    assert "Partial report" in (tmp_path / "out" / "index.html").read_text()
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE tool_invocations (id varchar, tool_slug varchar, status varchar, duration_ms float, created_at datetime)"
        )
        db.execute("INSERT INTO tool_invocations VALUES ('a', 't', 'ok', 5, '2026-11-20 10:00:00')")
    db.close()
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"))
    assert "command_executions: no such table" in done.stderr
    assert ask("overview", app)["kinds"]["tool"]["count"] == 1


def test_the_samples_add_up(samples):
    for name, events, operations_, errors in (("line", 3718, 1611, 17), ("json", 1093, 489, 2)):
        done = run(
            "overview", "--app", str(samples[name]), "--until", "2026-11-20T12:00Z", "--last", "3d", "--format", "json"
        )
        view = json.loads(done.stdout)
        assert (view["totals"]["events"], view["totals"]["operations"], view["totals"]["errors"]) == (
            events,
            operations_,
            errors,
        )
        for source in view["sources"]:
            assert source["entries"] == source["events"] + source["rejects"]
            assert source["rejects"] == 0


def test_a_gzip_file_that_is_none_behind_its_header_is_noted(app):
    write_log(app, entry("good", {"x": 1}))
    (app / "storage" / "logs" / "x.log.gz").write_bytes(gzip.compress(b"x")[:10] + b"\xff" * 200)
    view = ask("overview", app)
    assert view["totals"]["events"] == 1
    assert [bool(source["note"]) for source in view["sources"]] == [False, True]
