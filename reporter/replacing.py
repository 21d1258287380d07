"""Files that are there whole or not at all: written beside their place, then put into it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from glob import escape
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BESIDE = ".{}.{}.new"


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Where to write what is to be `path` once the block has ended; gone where it raises. It has the mode of the file that was there, a
    new one what the umask leaves, and a link stays one. Raises OSError."""
    try:
        target = path.resolve()
    except RuntimeError as exc:
        # Links that lead to each other; from Python 3.13 on the last of them is replaced.
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from exc
    # Two processes may write the same file at once, and in two containers have the same number.
    fresh = target.with_name(_BESIDE.format(target.name, f"{os.getpid()}-{os.urandom(4).hex()}"))
    try:
        yield fresh
        with contextlib.suppress(FileNotFoundError):
            fresh.chmod(stat.S_IMODE(target.stat().st_mode))
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """To write in, as `replaced`; what is no regular file (a device, a FIFO) is written to."""
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            yield device
        return
    with replaced(path) as fresh, fresh.open("wb") as file:
        # Before there is anything in it that others may not read.
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
        yield file


def remove_left(folder: Path, name: str = "*") -> None:
    """Remove what killed processes left of files of a name, and DuckDB's logs of them. Who asks writes them alone."""
    for left in folder.glob(f"{_BESIDE.format(name if name == '*' else escape(name), '*')}*"):
        left.unlink(missing_ok=True)
