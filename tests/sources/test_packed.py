"""Packed logs: known by their first bytes, read in bounded memory, cut off and damaged ones said."""

from __future__ import annotations

import bz2
import gzip
import lzma
import resource
import subprocess
import sys
import zipfile

import pytest
import zstandard

from tests.helpers import ask, entry, event, run, write_log

PACK = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bz2": bz2.compress,
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
}
LINES = [entry(f"entry {n}", {"n": n, "text": f"{n * 7919 % 10007}" * 5}) for n in range(1000)]


def put(app, name, data):
    path = app / "storage" / "logs" / name
    path.write_bytes(data)
    return path


def told(app):
    done = ask("overview", app)
    assert all(s["entries"] == s["events"] + s["rejects"] for s in done["sources"])
    return done["totals"]["events"], {s["name"].rpartition("/")[2]: s["note"] for s in done["sources"] if s["note"]}


@pytest.mark.parametrize("ending", PACK)
def test_packed_logs_of_one_and_of_several_parts_are_read(app, ending):
    pack = PACK[ending]
    halves = ("".join(LINES[:400]).encode(), "".join(LINES[400:]).encode())
    # One of .lzma alone cannot be put behind another.
    data = pack(halves[0] + halves[1]) if ending == "lzma" else pack(halves[0]) + pack(halves[1])
    put(app, f"laravel.log.{ending}", data)
    assert told(app) == (1000, {})
    assert told(app) == (1000, {})


@pytest.mark.parametrize("ending", PACK)
def test_a_file_cut_off_anywhere_tells_what_is_there_and_is_read_on_when_it_is_whole(app, ending):
    text = "".join(LINES).encode()
    data = PACK[ending](text)
    last = 0
    for share in (0.0, 0.01, 0.5, 0.999):
        path = put(app, f"laravel.log.{ending}", data[: int(len(data) * share)])
        events, notes = told(app)
        assert last <= events <= 1000
        assert bool(notes) == (share > 0), (share, notes)
        last = events
    path.write_bytes(data)
    assert told(app) == (1000, {})


@pytest.mark.parametrize("ending", PACK)
def test_a_damaged_file_is_a_note_and_a_reject_once(app, ending):
    write_log(app, entry("good", {"x": 1}), name="good.log")
    data = bytearray(PACK[ending]("".join(LINES).encode()))
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 1] ^= 0xFF
    put(app, f"laravel.log.{ending}", bytes(data))
    first = told(app)
    assert first[0] >= 1
    if ending != "lzma":  # which has no checksum
        assert first[1]
    assert told(app) == first


def test_a_name_is_not_what_packs(app):
    put(app, "a.log", gzip.compress(LINES[0].encode()))
    put(app, "b.log.gz", LINES[1].encode())
    put(app, "c.log.gz", zstandard.ZstdCompressor().compress(LINES[2].encode()))
    put(app, "d.log.zst", b"")
    assert told(app) == (3, {"b.log.gz": "named .gz but not packed: read as it stands"})


def test_the_files_of_a_zip_are_sources_each_and_known_again(app):
    path = write_log(app, *LINES[:100])
    write_log(
        app,
        *(event("tool.invocation.completed", "10:00:00.5", tool_name="t", duration_ms=n) for n in range(9)),
        name="tool.log",
    )
    assert told(app)[0] == 109
    with zipfile.ZipFile(path.with_name("logs.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("laravel.log", "tool.log"):
            archive.write(path.with_name(name), f"2026/{name}")
        archive.writestr("2026/other.log", "".join(LINES[200:210]))
        archive.writestr("2026/empty/", "")
    assert told(app) == (119, {})
    for name in ("laravel.log", "tool.log"):
        path.with_name(name).unlink()
    assert told(app) == (119, {})
    path.with_name("logs.zip").rename(path.with_name("moved.zip"))
    assert told(app) == (119, {})


def test_an_encrypted_or_half_written_zip_is_said(app):
    write_log(app, entry("good", {"x": 1}))
    path = put(app, "half.zip", b"")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.log", "".join(LINES[:50]))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert "not a whole zip file" in told(app)[1]["half.zip"]
    path.write_bytes(whole)
    assert told(app) == (51, {})
    at = whole.index(b"PK\x01\x02") + 8
    path.write_bytes(whole[:6] + b"\x01" + whole[7:at] + b"\x01" + whole[at + 1 :])
    assert "password" in told(app)[1]["a.log"]


def test_a_tar_archive_is_named(app):
    import tarfile

    write_log(app, LINES[0])
    with tarfile.open(app / "storage" / "logs" / "old.tar.gz", "w:gz") as archive:
        archive.add(app / ".env", "laravel.log")
    assert told(app) == (1, {"old.tar.gz": "a tar archive"})


@pytest.mark.parametrize("ending", ["gz", "xz", "bz2", "zst"])
def test_a_bomb_stops_early_and_takes_no_memory(app, ending):
    """300 MB of zeros, in a process that may not hold them."""
    write_log(app, entry("good", {"x": 1}))
    put(app, f"bomb.log.{ending}", PACK[ending](b"\0" * (2 << 20)) * 150)
    code = "import sys; from reporter.sources import finding, files; from pathlib import Path\n"
    code += f"log = [l for l in finding.find_logs(Path({str(app)!r}), ()).logs if 'bomb' in l.name][0]\n"
    code += "with files.Reader(log) as r:\n try:\n  print(sum(len(b.data) for b in r.blocks(0)))\n except OSError as e: print(e)"
    limit = (256 << 20, 256 << 20)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "times its size" in done.stdout
    assert "times its size" in told(app)[1][f"bomb.log.{ending}"]


def test_without_the_zstd_package_such_a_file_is_said_to_be_packed_with_zstd(app, monkeypatch):
    write_log(app, entry("good", {"x": 1}))
    put(app, "old.log.zst", PACK["zst"](LINES[1].encode()))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "zstandard", None)
        done = run("sources", "--app", str(app))
    assert "old.log.zst: packed with zstd" in done.stderr
    assert told(app) == (2, {})
