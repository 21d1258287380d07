"""Whatever the circumstances: one line that says what, where and what to do, never a traceback."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.helpers import command, entry, event, write_log

DAY = ("--since", "2026-11-20", "--until", "2026-11-21")


@pytest.fixture
def full(app):
    write_log(app, *[entry(f"event {n} {'x' * 200}", at="2026-11-20 10:00:00") for n in range(2000)])
    return app


def one_line(told: subprocess.CompletedProcess[str], code: int) -> str:
    assert told.returncode == code, told.stderr
    (line,) = [line for line in told.stderr.splitlines() if not line.startswith("note: ")]
    assert line.startswith("telemetry-report: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("overview", "--app", "~nosuch/x"), "no such home folder"),
        (("overview", "--sink", "~nosuch/x"), "no such home folder"),
        (("overview", "--tz", "Mars/Base"), "is not a time zone"),
        (("overview", "--tz", "CET-1CEST,M3.5.0,M10.5.0/3"), "is not a time zone"),
        (("overview", "--tz", "../../etc/passwd"), "is not a time zone"),
        (("overview", "--tz", "x" * 3000), "is not a time zone"),
        (("overview", "--logs", "a.log", "b.log"), "needs quotes"),
        (("build", "--max-size", "1MB"), "--max-size goes with --single-file only"),
        (("demo", "/proc/nowhere"), "cannot be written to /proc/nowhere"),
        (("build", "-o", "/proc/nowhere/x"), "cannot be written"),
        (("build", "--single-file", "/nowhere/x.html"), "cannot be written"),
    ],
)
def test_an_option_that_cannot_be_used(app, arguments, told):
    write_log(app, entry("a"))
    app_of = () if arguments[0] == "demo" or "--app" in arguments else ("--app", str(app))
    assert told in one_line(command(*arguments, *app_of), 2)


def test_a_trace_with_a_period_has_to_have_happened_in_it(app):
    write_log(app, event("tool.invocation.completed", "10:00:00.000001", "abcdefgh", tool_name="db", duration_ms=5))
    where = ("trace", "abcdefgh", "--app", str(app), "--format", "json")
    assert command(*where, *DAY).returncode == 0
    told = one_line(command(*where, "--since", "2026-11-20T11:00Z", "--until", "2026-11-20T12:00Z"), 1)
    assert "was not in this period: it ran from 2026-11-20T09:59:59.995001Z to 2026-11-20T10:00:00.000001Z" in told


@pytest.mark.parametrize("zone", ["localtime", "EST5EDT", ""])
def test_zones_of_the_machine(app, zone):
    write_log(app, entry("a"))
    assert command("overview", "--app", str(app), *DAY, "--tz", zone).returncode == 0
    assert command("overview", "--app", str(app), *DAY, env={"TZ": f"CET-1CEST{zone}"}).returncode == 0


def test_no_home(app):
    write_log(app, entry("a"))
    assert command("overview", "--app", str(app), *DAY, env={"HOME": None}).returncode == 0


@pytest.mark.parametrize("arguments", [("overview",), ("demo",), ("config",)])
def test_a_working_folder_that_is_gone(tmp_path, arguments):
    gone = f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && exec {sys.executable} -m reporter {arguments[0]}"
    root = str(os.path.realpath(f"{__file__}/../../.."))
    told = subprocess.run(["sh", "-c", gone], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root})
    one_line(told, 2)


@pytest.mark.parametrize(
    "arguments", [("export",), ("export", "--format", "csv"), ("--help",), ("config",), ("sources",)]
)
def test_a_reader_that_has_had_enough_is_no_error_and_a_full_disk_is_one_line(full, arguments):
    asked = arguments if arguments[0] in ("--help", "config") else (*arguments, "--app", str(full), *DAY)
    read, write = os.pipe()
    os.close(read)
    told = command(*asked, capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert [line for line in told.stderr.splitlines() if not line.startswith("note: ")] == []
    with Path("/dev/full").open("w") as device:
        told = command(*asked, capture_output=False, stdout=device, stderr=subprocess.PIPE)
    assert told.returncode != 0
    assert "Traceback" not in told.stderr
    assert "No space left on device" in told.stderr
    shell = f"{sys.executable} -m reporter {' '.join(asked)} >&-"
    told = subprocess.run(["sh", "-c", shell], capture_output=True, text=True)
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "write", [("build", "--single-file"), ("export", "-o"), ("export", "--format", "csv", "-o")]
)  # fmt: skip
def test_what_is_no_regular_file_is_written_to_and_a_link_stays_one(full, tmp_path, write):
    asked = (*write, "{}", "--app", str(full), *DAY)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    came: list[bytes] = []
    reader = threading.Thread(target=lambda: came.append(fifo.read_bytes()), daemon=True)
    reader.start()
    told = command(*(part.format(fifo) for part in asked))
    assert told.returncode == 0, told.stderr
    reader.join(30)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert len(came[0]) > 1000
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    assert command(*(part.format(tmp_path / "link") for part in asked)).returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert len((tmp_path / "real").read_bytes()) > 1000
    one_line(command("build", "--app", str(full), *DAY, "-o", str(fifo)), 2)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
