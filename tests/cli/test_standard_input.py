"""`--logs -`: standard input is read like a log file, and nothing of it stays."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from reporter.cli import cli
from tests.helpers import event

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
LINES = "".join(event("tool.invocation.completed", f"10:00:0{n}.500", tool_name="db", duration_ms=5) for n in range(3))


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def piped(said: str, *arguments: str):
    return CliRunner().invoke(cli, list(arguments), input=said.encode())


def test_it_is_read_and_nothing_stays(app, temporary):
    before = sorted(path for path in app.rglob("*"))
    done = piped(LINES, "sources", "--app", str(app), "--logs", "-", *DAY, "--format", "json")
    (source,) = json.loads(done.stdout)["sources"]
    assert (source["name"], source["entries"], source["events"], source["rejects"]) == ("standard input", 3, 3, 0)
    assert "3 operations" in piped(LINES, "overview", "--app", str(app), "--logs", "-", *DAY).stdout
    assert list(temporary.iterdir()) == []
    assert sorted(path for path in app.rglob("*")) == before


def test_beside_files_and_with_a_sink_that_keeps_it(app, temporary, tmp_path):
    (tmp_path / "more.log").write_text(LINES.replace("trace-0001", "trace-0002"))
    place = (
        "--app",
        str(app),
        "--logs",
        "-",
        "--logs",
        str(tmp_path / "more.log"),
        "--sink",
        str(tmp_path / "s.duckdb"),
    )
    for _ in range(2):
        view = json.loads(piped(LINES, "overview", *place, *DAY, "--format", "json").stdout)
        assert view["totals"]["events"] == 6
        assert view["totals"]["traces"] == 2
    assert list(temporary.iterdir()) == []


def test_a_report_of_it(app, temporary, tmp_path):
    done = piped(LINES, "build", "--app", str(app), "--logs", "-", *DAY, "-o", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert "standard input" in (tmp_path / "out" / "sources.html").read_text()
    assert str(temporary) not in (tmp_path / "out" / "sources.html").read_text()


def test_nothing_in_it_and_a_watch_of_it(app, temporary):
    done = piped("", "overview", "--app", str(app), "--logs", "-")
    assert "Traceback" not in done.output
    assert piped("", "watch", "--app", str(app), "--logs", "-").exit_code == 2
    assert list(temporary.iterdir()) == []
