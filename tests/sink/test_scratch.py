"""What a command makes on the way is removed however it ends: at once, or by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from reporter.sink.scratch import scratch


def folders(place) -> list[str]:
    return sorted(path.name for path in place.glob("telemetry-report-*"))


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_reduce_that_is_ended_leaves_nothing_for_long(inbox, tmp_path, how, code):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "reporter", "reduce", "--from", str(inbox), "--hosts-at-once", "1", "-o", str(tmp_path / "x.duckdb")]  # fmt: skip
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("telemetry-report-*/owner.lock")):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        running.send_signal(how)
        said = running.communicate()[1]
    assert running.returncode == code
    assert "Traceback" not in said
    assert (len(folders(tmp_path)) > 0) == (how == signal.SIGKILL)
    if how == signal.SIGKILL:
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
        assert folders(tmp_path) == []


def test_what_is_in_use_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "telemetry-report-mine").mkdir()
    with scratch() as first, scratch() as second:
        assert folders(tmp_path) == sorted([first.name, second.name, "telemetry-report-mine"])
    assert folders(tmp_path) == ["telemetry-report-mine"]
