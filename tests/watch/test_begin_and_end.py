"""A watch begins whatever there is to read, waits where there is nothing yet, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers import Started, entry, write_log
from tests.watch.watching import hearing, now_entry, processes, under_way, until, watching


def _log_of_yesterday(app: Path) -> None:
    write_log(app, entry("old", at=f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d %H:%M:%S}"))


def _empty_log(app: Path) -> None:
    write_log(app)


def _no_folder(app: Path) -> None:
    (app / "storage" / "logs").rmdir()
    (app / "storage").rmdir()


@pytest.mark.parametrize("made", [_log_of_yesterday, _empty_log, _no_folder])
def test_a_watch_begins_and_shows_the_first_line_whatever_was_there(app, made):
    made(app)
    with watching(app, "--terminal") as started:
        under_way(app, hearing(started))
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 0
        assert "Traceback" not in started.stderr.read()


def test_a_watch_that_waits_says_so_once_and_makes_the_report_when_there_is_something(app, tmp_path):
    with watching(app, "-o", str(tmp_path / "out"), "--rebuild", "1s") as started:
        said = ""
        while "waiting for the first" not in said:
            said += (line := started.stderr.readline())
            assert line, said
        write_log(app, now_entry("first of all"))
        assert str(tmp_path / "out") in started.stdout.readline()
        assert (tmp_path / "out" / "index.html").is_file()
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 0
        said += started.stderr.read()
    assert said.count("waiting for the first") == 1


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("name", "is_busy"),
    [("SIGHUP", False), ("SIGTERM", True), ("SIGINT", True), ("SIGKILL", False), ("SIGKILL", True)],
)
def test_no_process_is_left_behind(app, tmp_path, name, is_busy):
    write_log(app, *(now_entry(f"line {n}") for n in range(20)))
    with watching(app, "-o", str(tmp_path / "out"), "--rebuild", "1s") as started:
        if not is_busy:
            started.stdout.readline()
        until(lambda: len(processes(started)) > 1)
        known = processes(started)
        started.send_signal(getattr(signal, name))
        started.wait(30)
        until(lambda: not any(map(is_running, known)), 15)
        if name != "SIGKILL":
            assert "Traceback" not in started.stderr.read()
            assert {path.name for path in tmp_path.iterdir()} <= {"app", "out"}


def test_a_terminal_that_is_closed_ends_the_watch(app):
    """As a terminal does it: SIGHUP to all of its processes, and nothing can be written any more."""
    write_log(app, now_entry("a"))
    shown, terminal = os.openpty()
    command = [sys.executable, "-m", "reporter", "watch", "--app", str(app), "--terminal"]
    with Started(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True) as started:
        os.close(terminal)
        until(lambda: len(processes(started)) > 1)
        assert os.read(shown, 100)
        known = processes(started)
        os.killpg(started.pid, signal.SIGHUP)
        os.close(shown)
        started.wait(30)
        until(lambda: not any(map(is_running, known)), 15)


def test_a_watch_of_an_app_without_a_log_begins_and_ends_when_its_reader_goes(app):
    with watching(app, "--terminal") as started:
        under_way(app, hearing(started))
        started.stdout.close()
        write_log(app, now_entry("nobody reads this"))
        started.wait(30)


def test_a_console_script_without_a_guard_can_watch(app, tmp_path):
    """What runs it may be any file: it is not run once more in the second process."""
    script = tmp_path / "run.py"
    script.write_text("from reporter.__main__ import main\nmain()\n")
    write_log(app, now_entry("a"))
    command = [sys.executable, str(script), "watch", "--app", str(app), "-o", str(tmp_path / "out")]
    with Started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert "index.html" in started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == 0
