"""Whatever the circumstances: one line that says what, where and what to do, never a traceback."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers import command, entry, event, run, write_log

DAY = ("--since", "2026-11-20", "--until", "2026-11-21")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """An app whose answers are more than a pipe holds, with its sink: only read here."""
    app = tmp_path_factory.mktemp("full") / "app"
    write_log(app, *[entry(f"event {n} {'x' * 200}", at="2026-11-20 10:00:00") for n in range(500)])
    assert run("sources", "--app", str(app)).exit_code == 0
    return app


def one_line(told: subprocess.CompletedProcess[str] | Result, code: int) -> str:
    assert (told.exit_code if isinstance(told, Result) else told.returncode) == code, told.stderr
    (line,) = [line for line in told.stderr.splitlines() if not line.startswith("note: ")]
    assert line.startswith("telemetry-report: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("overview", "--app", "~nosuch/x"), "no such home folder"),
        (("overview", "--app", __file__), "is no folder"),
        (("overview", "--sink", "~nosuch/x"), "no such home folder"),
        (("overview", "--tz", "Mars/Base"), "is not a time zone"),
        (("overview", "--tz", "CET-1CEST,M3.5.0,M10.5.0/3"), "is not a time zone"),
        (("overview", "--tz", "../../etc/passwd"), "is not a time zone"),
        (("overview", "--tz", "x" * 3000), "is not a time zone"),
        (("overview", "--logs", "a.log", "b.log"), "needs quotes"),
        (
            ("overview", "--logs", ""),
            "Invalid value for '--logs': it is empty.",
        ),
        (("overview", "--app", ""), "'--app': it is empty"),
        (("build", "--output", ""), "it is empty"),
        (("build", "--max-size", "1MB"), "--max-size goes with --single-file only"),
        (("demo", "/proc/nowhere"), "cannot be written to /proc/nowhere"),
        (("build", "-o", "/proc/nowhere/x"), "cannot be written"),
        (("build", "--single-file", "/nowhere/x.html"), "cannot be written"),
    ],
)
def test_an_option_that_cannot_be_used(app, arguments, told):
    write_log(app, entry("a"))
    app_of = () if arguments[0] == "demo" or "--app" in arguments else ("--app", str(app))
    assert told in one_line(run(*arguments, *app_of), 2)


def test_a_trace_with_a_period_has_to_have_happened_in_it(app):
    write_log(app, event("tool.invocation.completed", "10:00:00.000001", "abcdefgh", tool_name="db", duration_ms=5))
    where = ("trace", "abcdefgh", "--app", str(app), "--format", "json")
    assert run(*where, *DAY).exit_code == 0
    told = one_line(run(*where, "--since", "2026-11-20T11:00Z", "--until", "2026-11-20T12:00Z"), 1)
    assert "was not in this period: it ran from 2026-11-20T09:59:59.995001Z to 2026-11-20T10:00:00.000001Z" in told


@pytest.mark.parametrize("zone", ["localtime", "EST5EDT", ""])
def test_zones_of_the_machine(app, zone):
    write_log(app, entry("a"))
    assert run("overview", "--app", str(app), *DAY, "--tz", zone).exit_code == 0
    assert command("overview", "--app", str(app), *DAY, env={"TZ": f"CET-1CEST{zone}"}).returncode == 0


def test_no_home(app):
    write_log(app, entry("a"))
    assert run("overview", "--app", str(app), *DAY, env={"HOME": None}).exit_code == 0


def test_no_home_and_nobody_knows_the_user(app, tmp_path, monkeypatch):
    """As in a container that is run under a number: there is no cache folder, and none is made of a name."""

    def unknown(number: int) -> None:
        msg = f"getpwuid(): uid not found: {number}"
        raise KeyError(msg)

    write_log(app, entry("a"))
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    done = run("build", "--app", str(app), *DAY, "--no-redact", "-o", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} <= {"app", "out"}


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        ("storage/logs", 3, "its files cannot be listed: Permission denied"),
        ("storage/logs/laravel.log", 3, "storage/logs/laravel.log: Permission denied"),
        ("storage", 3, "Permission denied"),
        (".", 2, "telemetry-report.toml cannot be read: Permission denied"),
        (".env", 0, "note: .env: cannot be read (Permission denied)"),
    ],
)
def test_what_this_user_may_not_see(app, closed, code, said):
    """Root may see all: it is run without what lets it."""
    write_log(app, entry("a"))
    (app / ".env").write_text("APP_NAME=x\n")
    (app / closed).chmod(0)
    may_all = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    told = subprocess.run(
        [*may_all, sys.executable, "-m", "reporter", "overview", "--app", str(app), *DAY],
        capture_output=True,
        text=True,
        check=False,
    )
    (app / closed).chmod(0o755)
    assert told.returncode == code, told.stderr
    assert said in told.stderr
    assert "Traceback" not in told.stderr
    assert "--debug shows where" not in told.stderr or closed == "storage"


def test_an_output_that_is_a_mount_point_keeps_its_place(app, tmp_path, monkeypatch):
    """It cannot be moved: its content is made anew, and what a user keeps in it is not ours to take."""
    write_log(app, entry("a"))
    output = tmp_path / "out"
    output.mkdir()
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == output)
    place = output.stat().st_ino
    for n in range(2):
        write_log(app, entry(f"and {n}"))
        done = run("build", "--app", str(app), *DAY, "-o", str(output))
        assert done.exit_code == 0, done.output
        assert output.stat().st_ino == place
        assert (output / "index.html").read_text().rstrip().endswith("</html>")
        assert [path.name for path in output.iterdir() if path.name.startswith(".")] == []
        assert not (output / "old.html").exists()
        (output / "old.html").write_text("of the report before")


VALUES = st.one_of(st.text(max_size=12), st.sampled_from(["-1", "0", "1e99", "24h", "0h", "99999999999d", "2026-11-20", "2026-02-30", "T", "now", "∞", "%s", "%(x)s", "{}", "=", "''", "../..", "~", "a\x00b"]))  # fmt: skip
OPTIONS = ("--last", "--since", "--until", "--tz", "--log-tz", "--format")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(option=st.sampled_from(OPTIONS), value=VALUES)
def test_an_option_of_any_value_is_one_line_or_an_answer(app, tmp_path, monkeypatch, option, value):
    if not (app / "storage" / "logs" / "laravel.log").exists():
        write_log(app, entry("a"))
    monkeypatch.chdir(tmp_path)
    done = run("overview", "--app", str(app), *DAY, option, value)
    assert done.exception is None or isinstance(done.exception, SystemExit), (option, value, done.exc_info)
    assert done.exit_code in (0, 1, 2, 3), (option, value)
    if done.exit_code:
        told = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
        assert told
        assert all(len(line) < 600 for line in told)


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
    told = run(*(part.format(fifo) for part in asked))
    assert told.exit_code == 0, told.stderr
    reader.join(30)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert len(came[0]) > 1000
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    assert run(*(part.format(tmp_path / "link") for part in asked)).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert len((tmp_path / "real").read_bytes()) > 1000
    one_line(run("build", "--app", str(full), *DAY, "-o", str(fifo)), 2)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_what_holds_nothing_is_named(app, tmp_path, monkeypatch):
    empty = write_log(app, "")
    said = run("overview", "--app", str(app)).stderr
    assert "note: nothing is logged yet: 1 source read, no event in it" in said
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DIR.log").mkdir()
    done = run("build", "--logs", "DIR.log")
    assert done.exit_code == 3
    assert "DIR.log: a folder without a log file" in done.stderr
    assert "nothing could be read in DIR.log: no log file and no table" in done.stderr
    done = run("build", "--db", "sqlite:////nowhere/none.sqlite")
    assert done.exit_code == 3
    assert "neither storage/logs nor the database sqlite:////nowhere/none.sqlite is there" in done.stderr
    # Beside logs that can be read it is told, and the rest is answered.
    done = run("overview", "--app", str(app), "--db", "sqlite:////nowhere/none.sqlite")
    assert done.exit_code == 0
    assert "no such database file" in done.stderr
    empty.write_text(entry("later", at="2026-11-22 10:00:00"))
    said = run("overview", "--app", str(app), *DAY, "--tz", "UTC").stderr
    assert "note: no event in this period; the first after it is of 2026-11-22 10:00:00Z" in said


def test_without_a_browser_open_says_so(app, tmp_path, monkeypatch):
    write_log(app, event("tool.invocation.completed", "10:00:00.5", tool_name="x", duration_ms=1))
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: asked.append(address) or len(asked) > 1)
    for says in (True, False):
        done = run("build", "--app", str(app), "-o", str(tmp_path / "out"), "--open")
        assert done.exit_code == 0, done.output
        assert ("note: --open found no browser" in done.stderr) == says
    assert asked == [(tmp_path / "out" / "index.html").as_uri()] * 2
