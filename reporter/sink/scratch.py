"""Folders for what is made on the way. Each is gone when its block ends; what killed processes left goes when the next one is made."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING

from reporter.sink.locking import lock_path, locked

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "telemetry-report-"
# Locked as long as the folder is in use: the system lets go of it however a process ends.
_OWNER = "owner"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that its user alone may read, in the system's for temporary files."""
    _remove_left()
    while True:
        # Named before it is made: what ends the process may come right behind that.
        folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{token_hex(16)}"
        try:
            lock = _made(folder)
            if lock:
                with lock:
                    yield folder
                return
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> IO[bytes] | None:
    """The folder's lock. Before it is locked another may take it for one that was left, and remove it: then None."""
    folder.mkdir(mode=0o700)
    with contextlib.suppress(FileNotFoundError, BlockingIOError):
        lock = locked(folder / _OWNER)
        if lock_path(folder / _OWNER).exists():
            return lock
        lock.close()
    return None


def _remove_left() -> None:
    for mark in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{lock_path(Path(_OWNER)).name}"):
        folder = mark.parent
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with locked(folder / _OWNER):
                shutil.rmtree(folder)
