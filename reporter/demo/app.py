"""A realistic demo app: SQLite with both tables, logs of all kinds over 8 days, failures, slow spells, unfinished calls.

Seeded: the same seed and the same `now` give the same bytes.
"""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reporter.demo.facts import ENV
from reporter.demo.incidents import happen
from reporter.demo.life import Life
from reporter.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

_MARKER = ".telemetry-report-demo"


def write_demo(folder: Path, *, seed: int, now: datetime) -> Path:
    """Write the app into `folder`, replacing an earlier demo there; anything else there is an OutputError."""
    if folder.exists() and not (folder / _MARKER).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} holds something that is not a demo app"
        raise OutputError(msg, "Name another folder: telemetry-report demo DIR.")
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "storage" / "logs").mkdir(parents=True)
    (folder / "database").mkdir()
    (folder / _MARKER).touch()
    (folder / ".env").write_text(ENV)
    app = Life(random.Random(seed), now.astimezone(UTC))
    app.live()
    happen(app)
    app.write(folder)
    return folder.resolve()
