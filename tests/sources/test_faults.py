"""Every entry once, whatever happens to the files while they are read. TELEMETRY_FUZZ multiplies the schedules."""

from __future__ import annotations

import gzip
import os
import random
import threading

import pytest

from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.ingest import ingest
from reporter.sources import Listener, files
from reporter.sources.cursors import Known, Place
from reporter.sources.files import Reader
from tests.helpers import entry, write_log
from tests.sources.faults import Folder

SCHEDULES = 6 * int(os.environ.get("TELEMETRY_FUZZ", "1"))
STEPS = 25


def read(app, tmp_path, on_progress=lambda _: None) -> list[str]:
    """What the sink holds after a reading by a program of its own, by message."""
    settings = find_app(str(app), None, (), str(tmp_path / "s.duckdb"))
    with open_sink(settings.sink) as sink:
        return read_on(sink, settings, on_progress)


def read_on(sink, settings, on_progress=lambda _: None) -> list[str]:
    """The same by one that keeps its sink open."""
    ingest(sink, settings, Listener(on_progress))
    odd = sink.connection.execute(
        "SELECT name, entries, events, rejects FROM sources WHERE entries <> events + rejects"
    )
    assert odd.fetchall() == []
    assert sink.connection.execute("SELECT reason, sample FROM rejects").fetchall() == []
    return [row[0] for row in sink.connection.execute("SELECT message FROM events").fetchall()]


def check(found: list[str], count: int, told: list[str], *, is_all: bool) -> None:
    numbers = sorted(int(message.split()[1]) for message in found)
    assert len(numbers) == len(set(numbers)), (
        f"counted twice: {[n for n in numbers if numbers.count(n) > 1][:5]} {told}"
    )
    if is_all:
        assert numbers == list(range(1, count + 1)), (sorted(set(range(1, count + 1)) - set(numbers))[:5], told)


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_between_readings(app, tmp_path, seed):
    folder = Folder(app / "storage" / "logs", random.Random(seed))
    for _ in range(STEPS):
        folder.told.append(folder.act())
        if folder.random.random() < 0.6:
            folder.told.append("READ")
            check(read(app, tmp_path), folder.count, folder.told, is_all=False)
    folder.settle()
    check(read(app, tmp_path), folder.count, folder.told, is_all=True)
    check(read(app, tmp_path), folder.count, folder.told, is_all=True)


@pytest.mark.parametrize("seed", range(1000, 1000 + SCHEDULES))
def test_while_a_reading_goes_on(app, tmp_path, seed, monkeypatch):
    """Acts between the blocks of one file, and between files."""
    monkeypatch.setattr(files, "BLOCK_BYTES", 6000)
    folder = Folder(app / "storage" / "logs", random.Random(seed))
    left = [0]

    def act(_) -> None:
        if left[0] and folder.random.random() < 0.5:
            left[0] -= 1
            folder.told.append(f"({folder.act()})")

    folder.append(12)
    settings = find_app(str(app), None, (), str(tmp_path / "s.duckdb"))
    with open_sink(settings.sink) as sink:
        for _ in range(STEPS // 2):
            folder.told.append(folder.act())
            left[0] = 4
            folder.told.append("READ")
            check(read_on(sink, settings, act), folder.count, folder.told, is_all=False)
    folder.settle()
    left[0] = 0
    check(read(app, tmp_path), folder.count, folder.told, is_all=True)


def test_while_a_program_writes_and_rotates_by_itself(app, tmp_path):
    """No hooks: a thread logs and renames, copies and truncates, packs, as fast as it can, while readings follow each other."""
    folder = Folder(app / "storage" / "logs", random.Random(7))
    folder.append()
    is_over = threading.Event()

    def live() -> None:
        for step in range(150):
            folder.append()
            if step % 10 == 9:
                folder.random.choice((folder.rename, folder.copy_truncate, folder.pack, folder.rename_by_date))()
                folder.settle()
        is_over.set()

    program = threading.Thread(target=live)
    program.start()
    while not is_over.is_set():
        check(read(app, tmp_path), folder.count, ["READ"], is_all=False)
    program.join()
    check(read(app, tmp_path), folder.count, [], is_all=True)


def test_a_log_rotated_between_finding_and_reading_is_found_again(app, tmp_path):
    """What is found first is read first: while it is, all others are renamed."""
    logs = app / "storage" / "logs"
    for name in "abcdef":
        write_log(
            app,
            *(entry(f"entry {1 + n + 100 * 'abcdef'.index(name)}", {"n": n, "of": name}) for n in range(100)),
            name=f"{name}.log",
        )
    turned = []

    def turn(progress) -> None:
        if not turned:
            turned.append(progress.name)
            for path in sorted(logs.glob("[b-f].log")):
                path.rename(path.with_name(f"{path.name}.1"))
                path.touch()

    check(read(app, tmp_path, turn), 600, turned, is_all=True)


def test_a_log_that_is_copied_truncated_and_written_anew_right_after_it_was_placed_stays_known(
    app, tmp_path, monkeypatch
):
    """Nothing of it was read then: what stands where it was read to is none of it."""
    log, place = app / "storage" / "logs" / "laravel.log", Known.place

    def rotate(known: Known, reader: Reader) -> Place:
        found = place(known, reader)
        if len(log.read_bytes()) < 3000:
            (log.parent / "laravel.log.1").write_bytes(log.read_bytes())
            log.write_text("".join(entry(f"entry {n}", {"text": "y" * 1100}) for n in (3, 4, 5)))
        return found

    write_log(app, entry("entry 1", {"text": "x" * 1100}))
    read(app, tmp_path)
    write_log(app, entry("entry 2", {"text": "x" * 1100}))
    monkeypatch.setattr(Known, "place", rotate)
    read(app, tmp_path)
    assert sorted(read(app, tmp_path)) == [f"entry {n}" for n in range(1, 6)]


def test_a_truncated_log_goes_on_from_where_it_was_cut(app, tmp_path):
    path = write_log(app, *(entry(f"entry {n}", {"n": n, "text": "x" * 300}) for n in range(1, 11)))
    check(read(app, tmp_path), 10, [], is_all=True)
    cut = path.read_bytes().index(b"[2026", len(path.read_bytes()) // 2)
    os.truncate(path, cut)
    check(read(app, tmp_path), 10, [], is_all=True)
    write_log(app, entry("entry 11", {"n": 11}))
    check(read(app, tmp_path), 11, [], is_all=True)
    check(read(app, tmp_path), 11, [], is_all=True)


def test_an_unpacked_copy_of_a_packed_log_brings_nothing(app, tmp_path):
    text = "".join(entry(f"entry {n}", {"n": n, "text": "x" * 300}) for n in range(1, 11)).encode()
    packed = app / "storage" / "logs" / "laravel.log.1.gz"
    packed.write_bytes(gzip.compress(text))
    check(read(app, tmp_path), 10, [], is_all=True)
    for share in (0.4, 1.0):
        packed.with_name("laravel.log.1").write_bytes(text[: int(len(text) * share)])
        check(read(app, tmp_path), 10, [], is_all=True)
    packed.unlink()
    check(read(app, tmp_path), 10, [], is_all=True)


def test_thousands_of_files_take_a_few_statements(app, tmp_path):
    """However many there are: rows of sources and rejects are written together, and no file is looked for among the others."""
    taken = {}
    for count in (20, 200):
        root = tmp_path / str(count)
        for n in range(count):
            write_log(
                root,
                entry(f"entry {n}", {"n": n}),
                "no entry\n\n[2026-11-20 10:00:00] local.INFO: x  \n",
                name=f"{n}.log",
            )
        settings = find_app(str(root), None, (), str(tmp_path / f"{count}.duckdb"))
        with open_sink(settings.sink) as sink:
            taken[count] = [counted(sink, settings) for _ in range(2)]
            for path in (root / "storage" / "logs").iterdir():
                path.rename(path.with_suffix(".log.1"))
            taken[count].append(counted(sink, settings))
            assert sink.connection.execute("SELECT count(*) FROM events").fetchall() == [(2 * count,)]
    assert taken[20] == taken[200]


def counted(sink, settings) -> int:
    """How many statements an ingest takes."""
    plain = sink.connection
    sink.connection = sink._rows.connection = counting = Counting(plain)
    ingest(sink, settings)
    sink.connection = sink._rows.connection = plain
    return counting.statements


class Counting:
    def __init__(self, connection) -> None:
        self.connection, self.statements = connection, 0

    def execute(self, *arguments):
        self.statements += 1
        return self.connection.execute(*arguments)

    def __getattr__(self, name):
        return getattr(self.connection, name)
