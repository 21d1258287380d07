"""A clock that is wrongly ahead costs nothing; an archive holds an event once, whatever happens to run or log."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from reporter.settings.app import find_app
from reporter.sink.archive import archive
from reporter.sink.file import open_sink
from reporter.sink.taking_in import let_go, take_in
from reporter.sink.whole import Host, mark
from reporter.sources import Listener
from tests.helpers import entry, run, write_database, write_log

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def line(at: datetime, message: str = "x") -> str:
    return entry(message, {}, at=f"{at:%Y-%m-%d %H:%M:%S}")


def kept(app: Path) -> list[tuple]:
    with open_sink(find_app(str(app), None, (), None).sink, read_only=True) as sink:
        return sink.connection.execute("SELECT ts FROM events ORDER BY ts").fetchall()


def taken(app: Path, now: datetime) -> list[str]:
    notes: list[str] = []
    take_in(find_app(str(app), None, (), None), now, Listener(on_note=notes.append))
    return notes


@pytest.mark.parametrize("ahead_days", [2, 5, 40, 4000])
def test_a_run_with_the_clock_ahead_lets_nothing_go_that_the_true_clock_keeps(app, ahead_days):
    write_log(app, *(line(NOW - timedelta(days=day)) for day in range(7, -1, -1)))
    assert taken(app, NOW) == []
    ahead = NOW + timedelta(days=ahead_days)
    write_log(app, line(ahead, "logged ahead"))
    taken(app, ahead)
    let_go(find_app(str(app), None, (), None), ahead, print)
    assert len(kept(app)) == 9
    write_log(app, line(NOW + timedelta(hours=1), "true again"))
    assert taken(app, NOW + timedelta(hours=2)) == [
        f"1 event lies in the future, the latest at {ahead:%Y-%m-%d %H:%M}Z: a clock is, or was, wrong"
    ]
    assert len(kept(app)) == 10


def test_rows_are_not_refused_for_a_floor_that_a_clock_ahead_has_set(app):
    write_database(app, tools=[("a", "t", "c-1", "ok", 1.0, "2026-11-20 10:00:00")])
    taken(app, NOW)
    with open_sink(find_app(str(app), None, (), None).sink) as sink:
        sink.tell("kept:tool", "2027-06-01T00:00:00")
    write_database(app, tools=[("b", "t", "c-2", "ok", 1.0, "2026-11-20 11:00:00")])
    taken(app, NOW)
    assert len(kept(app)) == 2


def test_a_clock_that_stays_ahead_is_believed_after_as_long_as_events_are_kept(app):
    """So an app that was at rest for long does not keep its last week for ever."""
    write_log(app, line(NOW))
    taken(app, NOW)
    for day in (30, 31, 36, 37):
        write_log(app, line(NOW + timedelta(days=day)))
        taken(app, NOW + timedelta(days=day, hours=1))
        assert len(kept(app)) == {30: 2, 31: 3, 36: 4, 37: 4}[day]


def archived(folder: Path) -> list[tuple]:
    return duckdb.connect().execute(f"SELECT message, count(*) FROM '{folder}/**/events.parquet' GROUP BY 1 ORDER BY 1").fetchall()  # fmt: skip


def test_the_archive_holds_plain_lines_and_rows_once_when_a_run_dies_before_the_delete(app, tmp_path):
    log = write_log(app, *(line(NOW - timedelta(days=n), f"m{n}") for n in range(3, -1, -1)), line(NOW, "m0"))
    write_database(app, tools=[("a", "t", "c-1", "ok", 1.0, "2026-11-18 10:00:00")])
    taken(app, NOW)
    settings = find_app(str(app), None, (), None)
    with open_sink(settings.sink) as sink:
        archive(sink, "true", tmp_path / "kept", Host("desk", mark(sink.about("salt"))))  # the run dies here
    once = archived(tmp_path / "kept")
    assert once == [("m0", 2), ("m1", 1), ("m2", 1), ("m3", 1), (None, 1)]
    log.rename(log.with_name("laravel-2026-11-20.log"))
    with sqlite3.connect(app / "database" / "database.sqlite") as db:
        db.execute("UPDATE tool_invocations SET created_at = created_at")
    run("sources", "--app", str(app))
    with open_sink(settings.sink) as sink:
        archive(sink, "true", tmp_path / "kept", Host("desk", mark(sink.about("salt"))))
    assert archived(tmp_path / "kept") == once
    settings.sink.unlink()
    taken(app, NOW)
    with open_sink(settings.sink) as sink:
        archive(sink, "true", tmp_path / "kept", Host("desk", mark(sink.about("salt"))))
    assert archived(tmp_path / "kept") == once
