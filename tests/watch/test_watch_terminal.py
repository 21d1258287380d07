"""watch --terminal: rows that fit, on a real terminal or as lines, whatever happens to files and machine meanwhile."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from reporter.settings.app import find_app
from reporter.terminal.session import screen
from reporter.watch.live import Live
from tests.helpers import Started, run, write_database, write_log
from tests.watch.watching import call, hearing, now_entry, processes, under_way, until, watching


def test_the_terminal_survives_rotation_truncation_and_a_folder_that_goes_away(app):
    log = write_log(app, now_entry("old"))
    database = write_database(app)
    with watching(app, "--terminal", "--tz", "UTC") as started:
        shows = hearing(started)
        under_way(app, shows)
        write_log(app, now_entry("first line"))
        shows("first line")
        log.rename(log.with_suffix(".log.1"))
        write_log(app, now_entry("after rotation"))
        shows("after rotation")
        log.write_text(now_entry("cut"))
        shows("cut")
        (app / "storage" / "logs").rename(app / "storage" / "away")
        time.sleep(2.5)
        (app / "storage" / "away").rename(app / "storage" / "logs")
        write_log(app, now_entry("the folder is back"))
        shows("the folder is back")
        database.rename(app / "gone")
        time.sleep(2.5)
        (app / "gone").rename(database)
        write_database(app, tools=[("a", "from.table", "x-1", "ok", 5.0, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}")])
        shows("from.table")
        database.write_bytes(b"no database")
        write_log(app, now_entry("all the same \x1b[2J"))
        shows("all the same �[2J")
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0
        assert shows.said.decode().count("first line") == 1
        assert "Traceback" not in started.stderr.read()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40), (60, 20)])
def test_the_rows_fit_the_terminal(app, width, height):
    """A row is a line, whatever was logged; times and durations are whole."""
    long = "an operation whose name is far longer than a terminal is wide and says nothing of interest"
    write_log(app, *(call(f"{long} {n}", n, ok=n % 5 > 0) for n in range(40)))
    run("sources", "--app", str(app))
    now = datetime.now(UTC) + timedelta(seconds=1)
    live = Live(find_app(str(app), None, (), None), now)
    out = io.StringIO()
    shown = screen(live.view(now), ZoneInfo("UTC"), height)
    Console(file=out, width=width, height=height).print(shown)
    live.close()
    lines = out.getvalue().splitlines()
    assert len(lines) < height
    assert "live boom" in out.getvalue()
    assert max(map(len, lines)) <= width
    assert lines[0].startswith(f"{now:%Y-%m-%d}")
    events = [line for line in lines if " tool " in line and line[2] == ":"]
    assert len(events) >= 5
    assert all(line.rstrip().endswith("12 ms") and line[8] == "." and line[9:12].isdigit() for line in events)


def test_the_terminal_follows_its_size_and_ends_with_ctrl_c(app):
    """On a real terminal, made narrower while the watch runs."""
    write_log(app, *(call("t", n) for n in range(30)))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    command = [sys.executable, "-m", "reporter", "watch", "--app", str(app), "--terminal", "--tz", "UTC"]
    # A width that is set (pytest's workers do) goes before the terminal's own.
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment["TERM"] = "xterm-256color"
    said = bytearray()

    def shows(text: str) -> bool:
        while select.select([ours], [], [], 0)[0]:
            said.extend(os.read(ours, 1 << 16))
        return text in said.decode("utf-8", "replace")

    with Started(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as started:
        until(lambda: shows("30 events, 30 operations"))
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
        said.clear()
        write_log(app, call("narrow", 31, ok=False))
        until(lambda: shows("31 events"))
        until(lambda: shows("narrow"))
        drawn = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", said.decode("utf-8", "replace"))
        assert max(map(len, re.split(r"[\r\n]", drawn))) <= 70
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0
        assert not shows("Traceback")
    os.close(ours)
    os.close(theirs)


def test_a_machine_that_slept_goes_on_where_it_was(app):
    log = write_log(app, now_entry("before"))
    with watching(app, "--terminal", "--tz", "UTC") as started:
        shows = hearing(started)
        under_way(app, shows)
        for pid in processes(started):
            os.kill(pid, signal.SIGSTOP)
        write_log(app, *(now_entry(f"asleep {n}") for n in range(3)))
        log.rename(log.with_suffix(".log.1"))
        write_log(app, now_entry("in a new file"))
        time.sleep(3)
        for pid in processes(started):
            os.kill(pid, signal.SIGCONT)
        shows("in a new file")
        lines = [line.split(" log ")[1].strip() for line in shows.said.decode().splitlines()]
        assert lines[-4:] == ["asleep 0", "asleep 1", "asleep 2", "in a new file"]


def test_a_watch_on_the_terminal_loads_neither_pandas_nor_pages():
    code = """
import sys, reporter.watch.watching
from zoneinfo import ZoneInfo
from reporter.cli.shown import OnTerminal
OnTerminal(ZoneInfo("UTC"))
print([name for name in ("pandas", "altair", "jinja2") if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
