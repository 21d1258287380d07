"""Folders for what is made on the way. Each is gone when its block ends; what killed processes left goes when the next one is made."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
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
    folder, lock = _made()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def _made() -> tuple[Path, IO[bytes]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Before it is locked another may take it for one that was left, and remove it.
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            lock = locked(folder / _OWNER)
            if lock_path(folder / _OWNER).exists():
                return folder, lock
            lock.close()


def _remove_left() -> None:
    for mark in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{lock_path(Path(_OWNER)).name}"):
        folder = mark.parent
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with locked(folder / _OWNER):
                shutil.rmtree(folder)
