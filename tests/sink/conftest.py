"""Hosts and their reduced sink, made once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.helpers import run, write_log
from tests.sink.hosts import HOSTS, entries, reduced


@pytest.fixture(scope="session")
def inbox(tmp_path_factory) -> Path:
    """What the hosts exported."""
    home, chance = tmp_path_factory.mktemp("inbox"), random.Random(1)
    for host in HOSTS:
        write_log(home / host, *entries(host, chance))
        days = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
        done = run("export", "--app", str(home / host), "--whole", "--host", host, "-o", str(home / "inbox"), *days)
        assert done.exit_code == 0, done.output
    return home / "inbox"


@pytest.fixture(scope="session")
def fleet(inbox) -> Path:
    """The reduced sink of all hosts."""
    path = inbox.parent / "fleet.duckdb"
    assert reduced(inbox, path) == []
    return path
