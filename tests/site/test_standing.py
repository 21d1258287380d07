"""A build with nothing new leaves the report as it stands; one of another window writes only what differs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reporter.redaction.gate import Privacy
from reporter.settings.app import find_app
from reporter.sink import standing
from tests.helpers import entry, event, run, write_database, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A report, and what builds it again: whether it was written anew."""
    home = tmp_path_factory.mktemp("standing")
    app, output = home / "app", home / "output"
    write_log(app, event("chat.started", "10:00:00.5"), event("chat.completed", "10:00:01.5"))

    def again(*options: str) -> bool:
        before = (output / "data" / "build.js").stat().st_ino if output.exists() else 0
        done = run("build", "--app", str(app), "-o", str(output), *(options or DAY))
        assert done.exit_code == 0, done.output
        return (output / "data" / "build.js").stat().st_ino != before

    assert again()
    return app, output, again


@pytest.fixture
def built(made):
    """The same where the report stands, whatever the test before has changed."""
    _, _, again = made
    again()
    assert not again()
    return made


def test_a_report_stands_while_nothing_is_new(built):
    app, output, again = built
    before = {path: path.stat().st_ino for path in output.rglob("*")}
    assert not again()
    assert {path: path.stat().st_ino for path in output.rglob("*")} == before
    write_log(app, event("chat.started", "10:00:02.5", "trace-0002"))
    assert again()
    assert not again()
    assert "trace-0002" in (output / "traces.html").read_text()


def test_what_is_asked_and_all_it_is_made_of_is_told_by_a_digest(app, monkeypatch):
    log = write_log(app, event("chat.started", "10:00:00.5"))

    def digest(window: str = "day", **changed: object) -> str:
        return standing.asked(find_app(str(app), None, (), None)._replace(**changed), window)

    seen = [digest()]
    assert digest() == seen[0]
    for change in (
        lambda: os.utime(log),
        lambda: (app / "telemetry-report.toml").write_text("[report]\nlast = '2h'\n"),
        lambda: write_database(app),
        lambda: write_log(app, entry("x"), name="other.log"),
        lambda: (app / ".env").write_text("APP_TIMEZONE=Europe/Vienna\nAPP_KEY=secret-of-the-app\n"),
        lambda: log.rename(log.with_name("renamed.log")),
        lambda: monkeypatch.setattr(standing, "__version__", "another"),
    ):
        change()
        seen.append(digest())
    seen += [digest("week"), digest(privacy=Privacy(is_off=True)), digest(logs=(str(log.with_name("other.log")),))]
    assert len(set(seen)) == len(seen)
    assert digest(database_url="postgresql://localhost/app", is_database_named=True) == ""


def test_it_does_not_stand_where_a_file_of_it_or_the_sink_is_not_as_it_was(built):
    app, output, again = built
    (output / "errors.html").unlink()
    assert again()
    (output / "errors.html").write_text("<p>mine")
    assert again()
    # Another command has written the sink.
    write_log(app, event("chat.started", "10:00:03.5", "trace-0003"))
    assert run("overview", "--app", str(app), *DAY).exit_code == 0
    assert again()


def test_notes_are_said_again(app, tmp_path):
    write_log(app, event("chat.started", "10:00:00.5"))
    (app / "storage" / "logs" / "packed.log.gz").write_bytes(b"no gzip at all\n")
    said = [run("build", "--app", str(app), "-o", str(tmp_path / "output"), *DAY) for _ in range(2)]
    assert ", 0 new" in said[1].stdout
    assert "packed.log.gz" in said[1].stderr
    assert said[1].stderr == said[0].stderr


def test_a_report_that_stands_is_told_before_anything_heavy_is_loaded(built):
    app, output, _ = built
    code = "import sys, os, reporter.__main__ as m; m._leave = lambda code: print(sorted(sys.modules)); m.main()"
    told = subprocess.run(
        [sys.executable, "-c", code, "build", "--app", str(app), "-o", str(output), *DAY],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "0 new" in told.stdout
    loaded = set(re.findall(r"'(\w+)'", told.stdout))
    assert not loaded & {"pandas", "pyarrow", "numpy", "duckdb", "_duckdb", "jinja2", "altair", "sqlalchemy", "rich"}


def test_of_another_window_what_is_the_same_is_taken_over(built):
    """Pages, and what the filter computes with, say of which window they are; assets, the list of traces and theirs do not."""
    _, output, again = built

    def files() -> dict[str, int]:
        return {str(path.relative_to(output)): path.stat().st_ino for path in Path(output).rglob("*.*")}

    before = files()
    assert again("--since", "2026-11-19T00:00Z", "--until", "2026-11-21T00:00Z")
    after = files()
    assert after.keys() == before.keys()
    changed = {name for name, inode in after.items() if inode != before[name]}
    assert {name for name in changed if not name.endswith(".html")} <= {
        "data/build.js",
        "data/trace-page.js",
        "data/operations.js",
    }
    assert {"data/traces.js", "data/trace-0.js", "assets/vega-runtime.js"} & changed == set()
