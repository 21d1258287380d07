"""Who may write a sink: one process at a time, by a lock file beside it."""

from __future__ import annotations

import fcntl
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def locked(path: Path) -> IO[bytes]:
    """Only one writes at a time, also while the file is replaced by a smaller one: DuckDB's own lock goes with the old file.
    Raises BlockingIOError."""
    lock = lock_path(path).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        lock.close()
        if isinstance(exc, BlockingIOError):
            msg = "lock held"
            raise BlockingIOError(msg) from exc
        raise
    return lock
