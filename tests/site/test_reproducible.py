"""The same input gives the same bytes: two builds from scratch, in processes of their own, agree in every file."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

from reporter.demo.app import write_demo
from tests.helpers import entry, run, write_log

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


BUILD = """
import sys
from reporter import load
app, sink, output, single, document = sys.argv[1:]
run = load(app, sink=sink, last="2d")
run.write(output)
run.write(single, single_bytes=20_000_000)
with open(document, "wb") as file:
    file.write(run.json())
"""


def built(app, folder, seed: str) -> dict[str, bytes]:
    """All files of a report and of its single file, built from scratch in another process, with another hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": str(int(NOW.timestamp())), "TZ": "UTC"}
    told = (app, folder / "sink.duckdb", folder / "output", folder / "a.html", folder / "a.json")
    folder.mkdir()
    subprocess.run([sys.executable, "-c", BUILD, *map(str, told)], env=environment, check=True, capture_output=True)
    made = [path for path in sorted((folder / "output").rglob("*")) if path.is_file()]
    made += [folder / "a.html", folder / "a.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in made}


def test_two_builds_from_scratch_are_equal_to_the_byte(tmp_path):
    app = write_demo(tmp_path / "app", seed=1, now=NOW)
    found = [built(app, tmp_path / seed, seed) for seed in ("1", "2")]
    assert len(found[0]) > 30
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


def test_a_time_that_is_none_is_said_in_one_line(app, monkeypatch, tmp_path):
    write_log(app, entry("one"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert "SOURCE_DATE_EPOCH" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
