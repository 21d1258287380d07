"""Every entry once, whatever happens to the files while they are read. TELEMETRY_FUZZ multiplies the schedules."""

from __future__ import annotations

import os
import random

import pytest

from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.ingest import ingest
from reporter.sources import files
from tests.sources.faults import Folder

SCHEDULES = 12 * int(os.environ.get("TELEMETRY_FUZZ", "1"))
STEPS = 25


def read(app, tmp_path, on_progress=lambda _: None) -> list[str]:
    """What the sink holds after a reading, by message."""
    settings = find_app(str(app), None, (), str(tmp_path / "s.duckdb"))
    with open_sink(settings.sink) as sink:
        ingest(sink, settings, on_progress)
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
    for _ in range(STEPS // 2):
        folder.told.append(folder.act())
        left[0] = 4
        folder.told.append("READ")
        check(read(app, tmp_path, act), folder.count, folder.told, is_all=False)
    folder.settle()
    left[0] = 0
    check(read(app, tmp_path), folder.count, folder.told, is_all=True)
