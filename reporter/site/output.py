"""Write a finished site in one step: into a sibling folder, then swapped in. Only what a build wrote is ever removed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from reporter.errors import OutputError

# Present in every folder a build wrote; a folder without it is not ours to replace.
MARKER = "data/build.js"
# renameat2(2): paths as seen from the working folder (AT_FDCWD), and the flag that exchanges them.
_HERE, _RENAME_EXCHANGE = -100, 2


@dataclass(frozen=True)
class SiteFile:
    """A file of the site: path relative to the output folder, and its bytes."""

    path: str
    data: bytes


def check_output(output: Path) -> None:
    """Raise OutputError where a report can't be written, before any work is done."""
    if output.exists() and not output.is_dir():
        msg = f"the output {output} is a file"
        raise OutputError(msg, "Name a folder with -o DIR.")
    if output.is_dir() and any(output.iterdir()) and not (output / MARKER).is_file():
        msg = f"the folder {output} holds something that is not a report"
        raise OutputError(msg, "Name another with -o DIR, or empty it yourself.")


def write_site(files: list[SiteFile], output: Path, kept: tuple[str, ...] = ()) -> Path:
    """Write the files as the new content of `output`; returns index.html. The old report stays if anything fails.

    `kept`: files of the old report that an open page of it may still ask for, taken over as they are.
    """
    check_output(output)
    target = output.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as exc:
        msg = f"the report cannot be written to {output}: {exc.strerror}"
        raise OutputError(msg, "Name another folder with -o DIR.") from exc
    try:
        fresh.chmod(0o755 & ~_umask())
        for file in files:
            path = fresh / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        for name in kept:
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(target / name, fresh / name)
        _swap(fresh, target)
    except OSError as exc:
        msg = f"the report cannot be written to {output}: {exc.strerror}"
        raise OutputError(msg, "Free some space, or name another folder with -o DIR.") from exc
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return output / "index.html"


def write_file(data: bytes, path: Path) -> Path:
    """Write one file, whole or not at all. Raises OutputError."""
    target = path.resolve()
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{target.name}.", dir=target.parent, delete=False) as file:
            file.write(data)
        fresh = Path(file.name)
        fresh.chmod(0o644 & ~_umask())
        fresh.replace(target)
    except OSError as exc:
        msg = f"{path} cannot be written: {exc.strerror}"
        raise OutputError(msg, "Name another file.") from exc
    return target


def _swap(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target`; what was there is left for the caller to remove."""
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):
        # For a moment there is no report: an open page asks again.
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
        target.rename(old / "report")
        try:
            fresh.rename(target)
        except OSError:
            (old / "report").rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where this system or file system has no such call (it is Linux's own)."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
