"""What is kept and for how long: events go by age and by size, figures stay, nothing comes back, nothing else is touched."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from reporter.analysis import select_window
from reporter.analysis.changes import changes
from reporter.events.packing import with_contexts
from reporter.window import Window
from tests.helpers import entry, run, write_database, write_log

LAST = datetime(2026, 11, 20, 12)


def logged(day: int, n: int, *, kind: str = "tool", took: float = 10) -> str:
    """An entry so many days before the last one."""
    at = LAST - timedelta(days=day, seconds=n)
    name = {"tool": "tool.invocation.completed", "command": "command.execution.completed"}.get(kind)
    if not name:
        return entry(f"line {day}.{n}", {}, at=f"{at:%Y-%m-%d %H:%M:%S}")
    data = {
        "tool_name": "t",
        "command": "c",
        "duration_ms": took,
        "correlation_id": f"trace-{day:04}{n}",
        "event": name,
    }
    return entry(name, {**data, "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z"}, at=f"{at:%Y-%m-%d %H:%M:%S}")


def view(app: Path, last: str = "30d") -> dict:
    done = run(
        "overview",
        "--app",
        str(app),
        "--until",
        "2026-11-20T12:00:01Z",
        "--last",
        last,
        "--tz",
        "UTC",
        "--format",
        "json",
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def pruned(app: Path, *arguments: str) -> dict:
    done = run("prune", "--app", str(app), "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def sink(app: Path) -> Path:
    return app / "storage" / "telemetry" / "telemetry.duckdb"


def asked(app: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(sink(app)), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_events_of_seven_whole_days_are_kept_back_from_the_latest(app):
    write_log(app, *(logged(day, n) for day in range(10, -1, -1) for n in range(3)))
    found = view(app)
    assert found["totals"]["events"] == 8 * 3  # the days 13 to 20 November
    source = found["sources"][0]
    assert (source["entries"], source["events"], source["pruned"]) == (33, 33, 9)
    assert (
        asked(app, "SELECT min(ts)::DATE::VARCHAR FROM events UNION ALL SELECT min(ts)::DATE::VARCHAR FROM spans")
        == [("2026-11-13",)] * 2
    )


def test_days_are_those_of_the_app(app):
    (app / ".env").write_text("APP_TIMEZONE=America/New_York\n")
    write_log(
        app,
        entry("old", at="2026-11-12 23:59:59"),
        entry("kept", at="2026-11-13 00:00:00"),
        entry("last", at="2026-11-20 23:00:00"),
    )
    run("sources", "--app", str(app))
    assert asked(app, "SELECT message FROM events ORDER BY ts") == [("kept",), ("last",)]


def test_a_future_event_does_not_empty_the_sink(app):
    write_log(app, entry("now", at=f"{datetime.now():%Y-%m-%d %H:%M:%S}"), entry("then", at="2099-01-01 00:00:00"))
    run("sources", "--app", str(app))
    assert asked(app, "SELECT count(*) FROM events") == [(2,)]


def test_a_kind_can_be_kept_for_another_time(app):
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 3\n[retention.kinds]\ncommand = 9\nlog = 1\n")
    write_log(
        app,
        *(logged(day, n, kind=kind) for day in range(10, -1, -1) for n, kind in enumerate(("tool", "command", "log"))),
    )
    kinds = view(app)["kinds"]
    assert (kinds["tool"]["events"], kinds["command"]["events"], kinds["log"]["events"]) == (4, 10, 2)


def test_what_went_is_not_taken_in_again(app):
    log = write_log(app, *(logged(day, n) for day in range(10, -1, -1) for n in range(3)))
    write_database(
        app,
        tools=[
            ("a", "t", "x-000001", "ok", 5.0, "2026-11-08 10:00:00"),
            ("b", "t", "x-000002", "ok", 5.0, "2026-11-20 10:00:00"),
        ],
    )
    before = view(app)["totals"]["events"]
    with gzip.open(log.with_suffix(".log.1.gz"), "wb") as packed:
        packed.write(log.read_bytes())
    log.write_text(logged(0, 99))
    os.utime(app / "database" / "database.sqlite")
    again = view(app)
    assert again["totals"]["events"] == before + 1
    assert asked(app, "SELECT count(*) FROM events WHERE ts < '2026-11-13'") == [(0,)]
    assert {s["name"].rpartition("/")[2]: s["events"] for s in again["sources"]}["tool_invocations"] == 2


def test_rows_pruned_on_the_last_day_stay_away(app):
    """The database is read again from the day before the last: what a cap removed there does not come back."""
    write_database(
        app, tools=[(f"id-{n}", "t", f"x-{n:06}", "ok", 5.0, f"2026-11-20 {n % 24:02}:00:00") for n in range(48)]
    )
    view(app)
    floor = asked(app, "SELECT min(ts) + INTERVAL 10 HOUR FROM events")[0][0]
    with duckdb.connect(str(sink(app))) as con:
        con.execute(f"DELETE FROM events WHERE ts < TIMESTAMP '{floor}'")
        con.execute("INSERT INTO about VALUES ('kept:tool', ?)", [floor.isoformat()])
    os.utime(app / "database" / "database.sqlite", (1, 1))
    view(app)
    assert asked(app, "SELECT count(*), min(ts) FROM events")[0] == (28, floor)


def test_a_dry_run_says_what_would_go_and_changes_nothing(app):
    write_log(app, *(logged(day, n) for day in range(5, -1, -1) for n in range(4)))
    view(app)
    before = sink(app).read_bytes()
    told = pruned(app, "--days", "2", "--dry-run")
    assert (told["events"], told["dry_run"], told["kinds"][0]["kept_since"]) == (12, True, "2026-11-18T00:00:00Z")
    assert sink(app).read_bytes() == before
    done = pruned(app, "--days", "2")
    assert (done["events"], done["kinds"][0]["first"]) == (12, "2026-11-15T11:59:57Z")
    assert view(app)["totals"]["events"] == 12
    assert pruned(app, "--days", "2")["events"] == 0
    text = run("prune", "--app", str(app)).stdout
    assert "Nothing to remove" in text


def test_the_archive_holds_what_left_by_host_and_day(app, tmp_path):
    write_log(app, *(logged(day, n) for day in range(30, -1, -1) for n in range(2)))
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 60\n")
    everything = view(app, "60d")["totals"]["events"]
    rows = asked(app, f'SELECT ts, event, "offset", context FROM {with_contexts()} ORDER BY ts, "offset"')
    archive = tmp_path / "kept"
    first = pruned(app, "--days", "25", "--archive", str(archive), "--host", "desk")["events"]
    second = pruned(app, "--days", "5", "--archive", str(archive), "--host", "desk")["events"]
    assert [path.name for path in archive.iterdir()] == ["host=desk"]
    days = sorted(path.name for path in archive.glob("host=desk/date=*"))
    assert (days[0], days[-1], len(days)) == ("date=2026-10-21", "date=2026-11-14", 25)
    assert {path.name for path in archive.rglob("*.parquet")} == {
        "events.parquet",
        "spans.parquet",
        "sources.parquet",
    }
    kept = (
        duckdb.connect()
        .execute(f'SELECT ts, event, "offset", context FROM \'{archive}/**/events.parquet\' ORDER BY ts, "offset"')
        .fetchall()
    )
    assert len(kept) == first + second
    assert kept == rows[: len(kept)]
    assert view(app, "60d")["totals"]["events"] == everything - len(kept)


def test_an_archive_that_cannot_be_written_keeps_everything(app, tmp_path):
    write_log(app, *(logged(day, 0) for day in range(6, -1, -1)))
    view(app)
    (tmp_path / "file").write_text("")
    done = run("prune", "--app", str(app), "--days", "1", "--archive", str(tmp_path / "file"))
    assert done.exit_code == 2
    assert "Nothing was removed" in done.stderr
    assert asked(app, "SELECT count(*) FROM events") == [(7,)]


def test_a_folder_that_is_set_gets_what_each_ingest_lets_go_of(app):
    (app / "telemetry-report.toml").write_text('[retention]\narchive = "../old"\n')
    write_log(app, *(logged(day, n) for day in range(12, -1, -1) for n in range(2)))
    assert view(app)["totals"]["events"] == 16
    held = f"SELECT count(*), max(ts)::VARCHAR FROM '{app.parent}/old/**/events.parquet'"
    assert duckdb.connect().execute(held).fetchall() == [(10, "2026-11-12 12:00:00")]
    pruned(app, "--days", "1")
    assert duckdb.connect().execute(held).fetchall() == [(22, "2026-11-18 12:00:00")]


def test_an_ingest_that_cannot_archive_keeps_everything_and_says_so(app):
    (app / "telemetry-report.toml").write_text('[retention]\narchive = "file"\n')
    (app / "file").write_text("")
    write_log(app, *(logged(day, 0) for day in range(12, -1, -1)))
    done = run("overview", "--app", str(app), "--until", "2026-11-21T00:00Z", "--last", "30d", "--format", "json")
    assert json.loads(done.stdout)["totals"]["events"] == 13
    assert "not all that is old could be let go of" in done.stderr
    assert "Nothing was removed" in done.stderr


def test_prune_shrinks_the_file_and_ingests_do_when_it_is_worth_it(app):
    """A little at a time adds up to what is worth writing the file anew for."""

    def padded(day: float) -> str:
        at = LAST - timedelta(days=day)
        return entry("x", {"pad": os.urandom(600).hex()}, at=f"{at:%Y-%m-%d %H:%M:%S}")

    write_log(app, *(padded(19 - n / 200) for n in range(3800)))
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 18\n")
    view(app)
    sizes = []
    for days in (17, 16, 15, 14):
        (app / "telemetry-report.toml").write_text(f"[retention]\ndays = {days}\n")
        write_log(app, entry("one more", at="2026-11-20 12:00:00"))
        view(app)
        sizes.append((asked(app, "SELECT value FROM about WHERE key = 'gone'") or [("0",)])[0][0])
    assert sizes == ["300", "0", "200", "0"]
    before = sink(app).stat().st_size
    assert pruned(app, "--days", "13")["bytes_after"] < before


def test_a_file_that_cannot_be_written_anew_stays_and_is_next_time(app, monkeypatch):
    write_log(app, *(logged(day, n) for day in range(12, -1, -1) for n in range(50)))

    def full(*_: object) -> None:
        msg = "No space left on device"
        raise OSError(28, msg)

    with monkeypatch.context() as patched:
        patched.setattr("reporter.sink.store.Sink.copy_to", full)
        done = run("sources", "--app", str(app))
    assert done.exit_code == 0
    assert "No space left on device" in done.stderr
    assert asked(app, "SELECT count(*) FROM events") == [(400,)]
    assert asked(app, "SELECT value FROM about WHERE key = 'gone'") == [("250",)]
    assert pruned(app)["events"] == 0
    assert asked(app, "SELECT value FROM about WHERE key = 'gone'") == [("0",)]
    assert not list(sink(app).parent.glob(".telemetry*"))


def test_trends_keep_the_figures_of_days_whose_events_went(app, tmp_path):
    write_log(app, *(logged(day, n, took=10 * (n + 1)) for day in range(9, -1, -1) for n in range(5)))
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 30\n")
    build = (
        "build",
        "--app",
        str(app),
        "--until",
        "2026-11-20T12:00:01Z",
        "--last",
        "1d",
        "--tz",
        "UTC",
        "-o",
        str(tmp_path / "out"),
    )
    run(*build)
    before = _days((tmp_path / "out" / "trends.html").read_text())
    pruned(app, "--days", "2")
    run(*build)
    page = (tmp_path / "out" / "trends.html").read_text()
    assert _days(page) == before
    assert "Of 7 of them the events are no longer kept" in page
    assert len(before) == 10 + 2  # days; the kind and the operation


def test_what_is_compared_with_days_that_went_in_part_is_all_of_them(app):
    """Not what is left of them beside counts of all: the p95 is the days', weighted, and no median can be told."""
    write_log(app, *(logged(day, n, took=10 * (n + 1)) for day in range(4, 0, -1) for n in range(5)))
    write_log(app, *(logged(0, n, took=900) for n in range(5)))
    view(app)
    pruned(app, "--days", "2")
    assert asked(app, "SELECT count(*) FROM spans") == [(15,)]
    now, before = (
        Window(*(LAST.replace(tzinfo=UTC) + timedelta(days=day) for day in days))
        for days in ((-0.5, 0.5), (-4.5, -0.5))
    )
    with duckdb.connect(str(sink(app)), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        select_window(con, now, before)
        change = changes(con, before).kinds["tool"]
    assert (change.before.count, change.now.count) == (20, 5)
    assert change.before.p95_ms == pytest.approx(
        (10 * 50 + 5 * 48 + 5 * 48) / 20
    )  # of 10 to 50, each twice, and each once a day
    assert (change.before.p50_ms, change.slower, change.duration_chance) == (None, None, None)


def _days(page: str) -> list[str]:
    """The rows of both tables."""
    tables = [page.split(f'id="{name}"')[1].split("</table>")[0].split("<tbody>")[1] for name in ("days", "p95")]
    return [row for table in tables for row in re.split("<tr[^>]*>", table)[1:]]


def test_a_cap_removes_the_oldest_first_says_so_and_the_file_shrinks(app):
    for day in range(6, -1, -1):
        write_log(
            app,
            *(
                entry(
                    "x", {"pad": os.urandom(600).hex()}, at=f"{LAST - timedelta(days=day, seconds=n):%Y-%m-%d %H:%M:%S}"
                )
                for n in range(1500)
            ),
        )
    view(app)
    size = sink(app).stat().st_size
    (app / "telemetry-report.toml").write_text(f'[retention]\nmax_size = "{size // 2000}kB"\n')
    write_log(app, entry("one more", at="2026-11-20 12:00:00"))
    done = run("overview", "--app", str(app), "--until", "2026-11-21T00:00Z", "--last", "30d", "--format", "json")
    assert "grew beyond" in done.stderr
    assert "retention.max_size" in done.stderr
    kept = json.loads(done.stdout)["totals"]["events"]
    assert 1500 < kept < 6 * 1500
    assert sink(app).stat().st_size <= size // 2 + 1_000_000
    assert asked(app, "SELECT max(ts)::VARCHAR FROM events") == [("2026-11-20 12:00:00",)]
    assert not list(sink(app).parent.glob(".telemetry*"))


def test_the_apps_own_files_are_never_touched(app):
    write_log(app, *(logged(day, n) for day in range(10, -1, -1) for n in range(3)))
    write_database(app, tools=[("a", "t", "x-000001", "ok", 5.0, "2026-11-08 10:00:00")])
    kept = shutil.copytree(app, app.parent / "copy")
    view(app)
    pruned(app, "--days", "1")
    for path in (p for p in kept.rglob("*") if p.is_file()):
        assert (app / path.relative_to(kept)).read_bytes() == path.read_bytes()


def test_a_window_that_reaches_before_what_is_kept_says_so(app, tmp_path):
    write_log(app, *(logged(day, n) for day in range(10, -1, -1) for n in range(3)))

    def page(last: str) -> str:
        out = tmp_path / last
        done = run("build", "--app", str(app), "--until", "2026-11-20T12:00:01Z", "--last", last, "-o", str(out))
        assert done.exit_code == 0, done.output
        return (out / "index.html").read_text()

    assert "events before 2026-11-13 00:00Z are no longer kept" in page("10d")
    within = page("7d")
    assert "00:00Z are no longer kept" not in within


@pytest.mark.parametrize("arguments", [("--days", "0"), ("--max-size", "much"), ("--days", "x")])
def test_bad_options(app, arguments):
    write_log(app, logged(0, 0))
    assert run("prune", "--app", str(app), *arguments).exit_code == 2


def test_prune_without_a_sink(app):
    done = run("prune", "--app", str(app))
    assert done.exit_code == 1
    assert "there is no sink yet" in done.stderr
