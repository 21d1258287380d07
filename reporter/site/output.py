"""Write a finished site in one step: into a sibling folder, then swapped in. Only what a build wrote is ever removed."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import glob
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.errors import OutputError
from reporter.replacing import opened

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    try:
        is_there, is_folder = output.exists() or output.is_symlink(), output.is_dir()
        holds = is_folder and any(output.iterdir())
    except (OSError, ValueError) as exc:
        raise _unwritable(output, exc) from exc
    if is_there and not is_folder:
        msg = f"the output {output} is {'a file' if output.is_file() else 'no folder'}"
        raise OutputError(msg, "Name a folder with -o DIR.")
    if holds and not (output / MARKER).is_file():
        msg = f"the folder {output} holds something that is not a report"
        raise OutputError(msg, "Name another with -o DIR, or empty it yourself.")


def _unwritable(output: Path, exc: OSError | ValueError) -> OutputError:
    msg = f"the report cannot be written to {output}: {getattr(exc, 'strerror', None) or exc}"
    return OutputError(msg, "Name another folder with -o DIR.")


def write_site(files: Iterable[SiteFile], output: Path, kept: tuple[str, ...] = (), beside: Path | None = None) -> Path:
    """Write the files as the new content of `output`; returns index.html. The old report stays if anything fails.

    `kept`: files of the old report that an open page of it may still ask for, taken over as they are. `beside`: another report, whose
    files that are the same are shared.
    """
    check_output(output)
    try:
        target = output.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        # A folder that is a mount's cannot be swapped: its content is, on its own file system.
        home = target if os.path.ismount(target) else target.parent
        fresh, hold = _fresh_folder(target.name, home)
    except OSError as exc:
        raise _unwritable(output, exc) from exc
    try:
        fresh.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o755 & ~_umask())
        for file in files:
            path = fresh / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            others = (target, beside) if beside else (target,)
            if not any(_taken_over(other / file.path, path, file.data) for other in others):
                path.write_bytes(file.data)
        for name in kept:
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(target / name, fresh / name)
        if home == target:
            _swap_content(fresh, target)
        else:
            _swap(fresh, target)
    except OSError as exc:
        msg = f"the report cannot be written to {output}: {exc.strerror}"
        raise OutputError(msg, "Free some space, or name another folder with -o DIR.") from exc
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        os.close(hold)
    return output / "index.html"


def _taken_over(old: Path, path: Path, data: bytes) -> bool:
    """Make a file of the old report that holds just this one of the new, which spares writing it; whether that could be."""
    try:
        found = old.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != len(data) or found.st_uid != os.geteuid():
            return False
        if stat.S_IMODE(found.st_mode) != 0o666 & ~_umask() or old.read_bytes() != data:
            return False
        path.hardlink_to(old)
    except OSError:
        return False
    return True


def _fresh_folder(name: str, home: Path) -> tuple[Path, int]:
    """A folder in `home` for what will be `name`, and what holds it: as long as that is open the folder is in use, so what a killed run left is told
    and removed."""
    prefix = f".{name}.telemetry-"
    for left in home.glob(f"{glob.escape(prefix)}*"):
        with contextlib.suppress(OSError):
            os.close(_held(left))
            shutil.rmtree(left, ignore_errors=True)
    while True:
        fresh = Path(tempfile.mkdtemp(prefix=prefix, dir=home))
        with contextlib.suppress(OSError):
            # Another may have taken it for left behind in between.
            hold = _held(fresh)
            if fresh.exists():
                return fresh, hold
            os.close(hold)


def _held(folder: Path) -> int:
    """Hold a folder. Raises OSError where another process does."""
    found = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(found)
        raise
    return found


def write_file(data: bytes, path: Path) -> Path:
    """Write one file, whole or not at all (as replacing.opened). Raises OutputError."""
    try:
        with opened(path) as file:
            file.write(data)
    except (OSError, ValueError) as exc:
        msg = f"{path} cannot be written: {getattr(exc, 'strerror', None) or exc}"
        raise OutputError(msg, "Name another file.") from exc
    return path


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


def _swap_content(fresh: Path, target: Path) -> None:
    """Put what `fresh` holds in the place of what `target` does, part by part; the first page last, when all it asks for is there."""
    names = sorted((path.name for path in fresh.iterdir()), key=lambda name: name == "index.html")
    old = fresh / ".old"
    old.mkdir()
    for name in names:
        if (target / name).exists():
            (target / name).rename(old / name)
        (fresh / name).rename(target / name)
    for path in target.iterdir():
        if path.name not in names and path != fresh and path.suffix == ".html":
            path.rename(old / path.name)


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
