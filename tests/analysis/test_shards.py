"""Data of a report are parted by time, at the same borders whatever window is asked for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reporter.analysis.shards import hashed, parts, places

MINUTE = 60_000_000
BEGAN = 1_763_596_800_000_000


def cut(us: np.ndarray, most: int = 100) -> dict[str, list[int]]:
    found = parts(us, np.ones(len(us), np.int64), most)
    assert [part.begin for part in found] == [0, *(part.end for part in found)][: len(found)]
    return {part.name: us[part.begin : part.end].tolist() for part in found}


@pytest.fixture
def us() -> np.ndarray:
    """3,000 moments of an hour."""
    return np.sort(np.random.default_rng(1).integers(BEGAN, BEGAN + 60 * MINUTE, 3000))


def test_no_part_is_too_large_and_nothing_is_lost(us):
    found = cut(us)
    assert [moment for part in found.values() for moment in part] == us.tolist()
    assert max(map(len, found.values())) <= 100
    assert len(found) < 2.1 * 30


def test_a_moved_window_changes_parts_at_its_ends_alone(us):
    before = cut(us[us < BEGAN + 50 * MINUTE])
    after = cut(us[us >= BEGAN + 10 * MINUTE])
    same = [name for name in before if after.get(name) == before[name]]
    within = us[(us >= BEGAN + 10 * MINUTE) & (us < BEGAN + 50 * MINUTE)]
    assert sum(len(before[name]) for name in same) > len(within) - 4 * 100


def test_few_rows_are_one_part_whenever_they_were():
    assert list(cut(np.array([BEGAN, BEGAN + 10**12]))) == ["0"]
    assert list(cut(np.array([], np.int64))) == []
    assert list(cut(np.array([-5, 5]), 1)) == [str(-(1 << 56)), "0"]


def test_more_than_fits_in_one_microsecond_is_cut_by_number():
    found = cut(np.full(250, BEGAN))
    assert {name: len(part) for name, part in found.items()} == {
        str(BEGAN): 100,
        f"{BEGAN}x1": 100,
        f"{BEGAN}x2": 50,
    }
    alone = parts(np.array([BEGAN, BEGAN]), np.array([500, 1]), 100)
    assert [part.end - part.begin for part in alone] == [1, 1]


def test_an_id_is_found_by_its_hash():
    ids = [f"trace-{n}" for n in range(100)]
    found = json.loads(places(ids, [n // 10 for n in range(100)], [f"s{n}" for n in range(10)]))
    assert found["shards"] == [f"s{n}" for n in range(10)]
    assert all(n // 10 in found["of"][at] for n, at in enumerate(hashed(ids, len(found["of"]))))
    assert json.loads(places([], [], [])) == {"shards": [], "of": [[]]}
