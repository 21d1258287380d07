"""Which files are read: all of the log folder, each once whatever its names, and nothing that is not a file."""

from __future__ import annotations

import os
import socket

import pytest

from reporter.sources.finding import expanded, find_logs, stem
from tests.helpers import ask, entry, run, write_log


def names(app, *patterns, sink=None):
    return [str(log.path.relative_to(app)) for log in find_logs(app, patterns, sink).logs]


def sources(app, *arguments):
    """Events by source, and notes by source."""
    found = ask("overview", app, *arguments)["sources"]
    return {s["name"].rpartition("/")[2]: s["events"] for s in found}, {
        s["name"].rpartition("/")[2]: s["note"] for s in found if s["note"]
    }


ENDINGS = ("log", "jsonl", "ndjson", "json", "txt", "out", "log~", "log.1", "log-20261120", "err", "md", "")


def test_files_of_the_log_folder_are_read_whatever_their_ending(app):
    for n, ending in enumerate(ENDINGS):
        write_log(app, entry(f"in {n}", {"n": n}), name=f"sub/file-{'abcdefghijkl'[n]}.{ending}".rstrip("."))
    (app / "storage" / "logs" / ".gitignore").write_text("*\n!.gitignore\n")
    events, notes = sources(app)
    assert (len(events), set(events.values()), notes) == (len(ENDINGS), {1}, {})


def test_the_same_short_content_in_files_that_are_new_is_read_from_each(app):
    for ending in ENDINGS:
        write_log(app, entry("the same", {"n": 1}), name=f"laravel.{ending}".rstrip("."))
    assert ask("overview", app)["totals"]["events"] == len(ENDINGS)


def test_what_is_no_log_is_named_with_what_it_is_and_makes_the_report_partial(app, tmp_path):
    logs = app / "storage" / "logs"
    write_log(app, entry("good", {"x": 1}))
    made = {
        "dump.sqlite": (b"SQLite format 3\0" + b"\0" * 200, "a SQLite database"),
        "old.log.7z": (b"7z\xbc\xaf\x27\x1c" + b"\0" * 9, "packed with 7-Zip"),
        "old.log.lz4": (b"\x04\x22\x4d\x18" + b"\0" * 9, "packed with lz4"),
        "shot.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 9, "a picture"),
        "notes.md": (b"# what to do\n- nothing\n", "not called a log, and no entry begins in its first 64 kB"),
        "half.zip": (b"PK\x03\x04" + b"\0" * 40, "not a whole zip file"),
    }
    for name, (data, _) in made.items():
        (logs / name).write_bytes(data)
    os.mkfifo(logs / "fifo.log")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(logs / "socket.log"))
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"))
    listening.close()
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Partial report" in page
    for name, why in [
        *((n, w) for n, (_, w) in made.items()),
        ("fifo.log", "not a regular file"),
        ("socket.log", "not a regular file"),
    ]:
        assert f"note: storage/logs/{name}: {why}" in done.stderr
        assert name in page
    events, notes = sources(app)
    assert events["laravel.log"] == 1
    assert len(notes) == len(made) + 2


def test_a_note_ends_when_the_file_is_readable_or_gone(app):
    logs = app / "storage" / "logs"
    write_log(app, entry("good", {"x": 1}))
    os.mkfifo(logs / "fifo.log")
    (logs / "notes.md").write_text("nothing yet\n")
    (logs / "later.log").symlink_to("not-yet.log")
    assert set(sources(app)[1]) == {"fifo.log", "notes.md", "later.log"}
    assert set(sources(app)[1]) == {"fifo.log", "notes.md", "later.log"}
    (logs / "fifo.log").unlink()
    (logs / "notes.md").write_text(entry("now", {"x": 2}))
    (logs / "not-yet.log").write_text(entry("it is", {"x": 3}))
    assert sources(app) == ({"laravel.log": 1, "notes.md": 1, "not-yet.log": 1}, {})


def test_a_log_that_became_something_else_is_noted_until_it_is_one_again(app):
    path = write_log(app, entry("good", {"x": 1}))
    assert sources(app) == ({"laravel.log": 1}, {})
    path.rename(path.with_name("kept.log"))
    path.mkdir()
    os.mkfifo(path.with_name("laravel-2.log"))
    assert sources(app) == ({"kept.log": 1, "laravel-2.log": 0}, {"laravel-2.log": "not a regular file"})
    path.with_name("laravel-2.log").unlink()
    path.with_name("kept.log").rename(path.with_name("laravel-2.log"))
    assert sources(app) == ({"laravel-2.log": 1}, {})


def test_with_the_same_things_passed_over_the_sink_is_current(app):
    from reporter.settings.app import find_app
    from reporter.sink.current import open_current

    write_log(app, entry("good", {"x": 1}))
    os.mkfifo(app / "storage" / "logs" / "fifo.log")
    run("sources", "--app", str(app))
    sink = open_current(find_app(str(app), None, (), None))
    assert sink is not None
    sink.connection.close()
    (app / "storage" / "logs" / "fifo.log").unlink()
    assert open_current(find_app(str(app), None, (), None)) is None


def test_one_file_is_one_source_whatever_its_names(app):
    logs = app / "storage" / "logs"
    write_log(app, entry("a", {"x": 1}), name="laravel-2026-11-20.log")
    (logs / "laravel.log").symlink_to("laravel-2026-11-20.log")
    os.link(logs / "laravel-2026-11-20.log", logs / "a-hard-link.log")
    (logs / "loop").symlink_to(".")
    assert len(names(app)) == 1
    for release in ("1", "2"):
        (app / "releases" / release).mkdir(parents=True)
        (app / "releases" / release / "storage").symlink_to(app / "storage")
    for pattern in ("**/*.log", "releases/*/storage/logs/*.log", "releases/**/*.log", "storage/logs/loop/loop/*.log"):
        assert len(names(app, str(app / pattern))) == 1, pattern
    assert ask("overview", app, "--logs", str(app / "**" / "*.log"))["totals"]["events"] == 1


def test_two_stars_follow_links_but_none_into_itself(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x.log").touch()
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(".")
    (tmp_path / "c").symlink_to("a")
    found = list(expanded(str(tmp_path), ("**", "*.log")))
    assert len(found) < 30
    assert {os.path.relpath(name, tmp_path) for name in found} >= {"a/b/x.log", "c/b/x.log"}
    assert list(expanded(str(tmp_path), ("nothing", "*.log"))) == []


def test_a_pattern_that_matches_nothing_is_said(app):
    write_log(app, entry("a", {"x": 1}))
    done = run(
        "sources", "--app", str(app), "--logs", str(app / "storage/logs/*.log"), "--logs", str(app / "logs/*.log")
    )
    assert "logs/*.log: no file is called so" in done.stderr


def test_the_sink_is_no_log(app):
    write_log(app, entry("a", {"x": 1}))
    sink = app / "storage" / "logs" / "telemetry.duckdb"
    for _ in range(2):
        events, notes = sources(app, "--sink", str(sink))
        assert (events, notes) == ({"laravel.log": 1}, {})


@pytest.mark.parametrize(
    "name",
    ["laravel.log", "laravel.log.1", "laravel.log.12.gz", "laravel-2026-11-20.log", "laravel.log-20261120", "laravel.log~", "laravel.log.bak", "laravel.log.old.zst", "laravel.jsonl"],
)  # fmt: skip
def test_a_rotated_name_has_the_stem_of_its_log(name):
    assert stem(name) == "laravel"
