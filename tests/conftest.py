"""Shared fixtures: an app in a folder, a report built from it, a browser, database servers.

What is dear is made once a worker and only where a test asks for it. Workers share nothing: the samples' sink is written, and
the servers' tables are emptied, by tests that must not wait for each other.
"""

from __future__ import annotations

import gc
import tarfile
from pathlib import Path

import hypothesis
import pytest

from reporter.__main__ import _OBJECTS_BETWEEN_COLLECTIONS
from tests.browser import chromium, leave
from tests.servers import SERVERS, Server

DATA = Path(__file__).parent / "data"
# No test is timed: on a busy machine an example takes as long as it takes.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
UNTIL = ["--until", "2026-11-20T12:00:00Z", "--last", "3d", "--tz", "UTC"]

# As the program does: to look for cycles in what is only imported and collected took a quarter of that time, in each worker.
gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An empty app: .env, storage/logs, no database."""
    root = tmp_path / "app"
    (root / "storage" / "logs").mkdir(parents=True)
    (root / ".env").write_text("APP_NAME=Test\nDB_CONNECTION=sqlite\n")
    return root


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> dict[str, Path]:
    """The two real sample apps, unpacked."""
    home = tmp_path_factory.mktemp("samples")
    for name in ("line", "json"):
        with tarfile.open(DATA / f"{name}.tar.gz") as archive:
            archive.extractall(home, filter="data")
    return {name: home / f"fragments-{name}" for name in ("line", "json")}


@pytest.fixture(scope="session")
def _browser():
    with chromium() as started:
        yield started


@pytest.fixture
def browser(_browser):
    """Chromium. What a test has opened is closed behind it or goes to the next: hundreds of pages make each further one slow."""
    yield _browser
    leave(_browser)


@pytest.fixture(scope="session", params=SERVERS)
def _running(request):
    with SERVERS[request.param]() as started:
        yield started


@pytest.fixture
def server(_running: Server) -> Server:
    """PostgreSQL, then MariaDB, with empty tables."""
    _running.make_tables()
    return _running


@pytest.fixture(scope="session")
def loaded(samples):
    """What a report of the LineFormatter sample is made of, computed once for all that is written of it."""
    import reporter

    return reporter.load(samples["line"], until=UNTIL[1], last=UNTIL[3], tz=UNTIL[5])


@pytest.fixture(scope="session")
def report(loaded, tmp_path_factory) -> Path:
    """A report of the LineFormatter sample."""
    output = tmp_path_factory.mktemp("site") / "output"
    loaded.write(output)
    return output
