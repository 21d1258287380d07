"""Who may read what was written, what lies beside the sink, and what a killed run leaves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.helpers import entry, run, write_log


@pytest.fixture(autouse=True)
def _usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


def written(app: Path, tmp_path: Path, *more: str) -> list[Path]:
    write_log(app, *(entry("x", {}, at=f"2026-11-{day} 10:00:00") for day in ("08", "20")))
    folders = [tmp_path / "out", app / "storage" / "telemetry", tmp_path / "kept"]
    (app / "telemetry-report.toml").write_text(f'[retention]\narchive = "{tmp_path}/kept"\n' + "".join(more))
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out")).exit_code == 0
    return folders


def test_sink_lock_archive_and_report_are_the_users_alone(app, tmp_path):
    for folder in written(app, tmp_path):
        assert modes(folder) <= {0o600, 0o700}, folder
        assert list(folder.iterdir()) != []
    # Git does not see the sink.
    assert (app / "storage" / "telemetry" / ".gitignore").read_text() == "*\n"


def test_shared_leaves_it_to_the_umask(app, tmp_path):
    for folder in written(app, tmp_path, "[report]\nshared = true\n"):
        assert modes(folder) <= {0o644, 0o755}, folder


def test_a_folder_that_is_there_keeps_its_mode(app, tmp_path):
    (tmp_path / "out").mkdir(mode=0o750)
    (app / "storage" / "telemetry").mkdir(mode=0o755)
    out, telemetry, _ = written(app, tmp_path)
    assert (stat.S_IMODE(out.stat().st_mode), stat.S_IMODE(telemetry.stat().st_mode)) == (0o750, 0o755)


def test_a_sink_that_is_a_link_stays_one_when_it_is_written_anew(app, tmp_path):
    write_log(app, *(entry("x", {}, at=f"2026-11-{day} 10:00:00") for day in ("08", "20")))
    (tmp_path / "disk").mkdir()
    link = app / "storage" / "telemetry" / "telemetry.duckdb"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "disk" / "kept.duckdb")
    assert run("sources", "--app", str(app)).exit_code == 0
    assert run("prune", "--app", str(app), "--days", "1").exit_code == 0
    assert link.is_symlink()
    assert link.resolve().is_file()


def test_what_a_killed_run_left_is_removed_and_what_another_is_writing_is_not(app, tmp_path):
    from reporter.site.output import _fresh_folder

    used, hold = _fresh_folder("out", tmp_path)
    left = tmp_path / ".out.telemetry-abcdefgh"
    left.mkdir()
    (left / "index.html").write_text("half")
    telemetry = app / "storage" / "telemetry"
    telemetry.mkdir()
    (telemetry / ".telemetry.duckdb.4194305.new").write_text("half")
    half = tmp_path / "kept" / "host=desk" / "date=2026-10-01" / ".events.parquet.4194305.new"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    others = tmp_path / "kept" / "host=berlin" / "date=2026-10-01" / half.name
    others.parent.mkdir(parents=True)
    others.write_text("half")
    written(app, tmp_path, '[app]\nhost = "desk"\n')
    os.close(hold)
    assert not left.exists()
    assert used.is_dir()
    assert [path.name for path in telemetry.iterdir() if path.name.endswith(".new")] == []
    assert not half.exists()
    assert others.exists()
