"""The same input gives the same bytes: two builds from scratch, in processes of their own, agree in every file."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

from reporter.demo.app import write_demo
from tests.helpers import entry, run, write_log

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def built(app, folder, seed: str, *options: str) -> dict[str, bytes]:
    """All files of a report built from scratch in another process, as a script with another hash seed would."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": str(int(NOW.timestamp())), "TZ": "UTC"}
    arguments = ["--app", str(app), "--sink", str(folder / "sink.duckdb"), "--last", "8d", *options]
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "reporter", "build", *arguments], env=environment, check=True, capture_output=True
    )
    out = folder / "output"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()} or {
        p.name: p.read_bytes() for p in folder.glob("*.html")
    }


def test_two_builds_from_scratch_are_equal_to_the_byte(tmp_path):
    app = write_demo(tmp_path / "app", seed=1, now=NOW)
    found = [built(app, tmp_path / seed, seed, "-o", str(tmp_path / seed / "output")) for seed in ("1", "2")]
    assert len(found[0]) > 30
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []
    single = [
        built(app, tmp_path / f"s{n}", n, "--single-file", str(tmp_path / f"s{n}" / "a.html")) for n in ("3", "4")
    ]
    assert single[0].keys() == {"a.html"}
    assert single[0] == single[1]


def test_a_time_that_is_none_is_said_in_one_line(app, monkeypatch, tmp_path):
    write_log(app, entry("one"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert "SOURCE_DATE_EPOCH" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
