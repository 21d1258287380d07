"""Which log files there are: below the log folder, or what patterns match. Looks at names and stat alone, opens nothing.

One (device, inode) is one file, whatever its names. What is passed over is told with why.
"""

from __future__ import annotations

import os
import re
import stat
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOG_NAME = re.compile(
    r".+\.(?:log|jsonl|ndjson|json|txt|out|err)(?:[.\-_~][\w.\-~]*)?|.+\.log\w*|.+\.(?:gz|xz|lzma|bz2|zst|zip)",
    re.I | re.S,
)
# What others leave in a log folder that nobody takes for a log.
_NO_LOGS = re.compile(r"\.git\w*|\.DS_Store|\.nfs\w+|\.htaccess|\.keep")
_PACKED = re.compile(r"\.(?:gz|xz|lzma|bz2|zst|zip)$", re.I)
# What rotation, packing and copying add to a log's name.
_ADDED = re.compile(
    r"(?:[.\-_ ]?(?:gz|xz|lzma|bz2|zst|zip|old|bak|backup|orig|copy|save|tmp|part|\d{4}-?\d\d-?\d\d(?:[T_\-]?\d+)?|\d+)|~|\.log|\.jsonl?|\.ndjson|\.txt|\.out)$",
    re.I,
)

# What the folder is called that holds standard input while it is read.
SPOOLED = "telemetry-report-stdin"


class LogFile(NamedTuple):
    """A regular file as it was found. `name`: its path relative to the app, for people; `container`: the archive that it lies in."""

    path: Path
    name: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    container: Path | None = None

    @property
    def is_called_packed(self) -> bool:
        return bool(self.container or _PACKED.search(self.path.name))

    @property
    def is_called_a_log(self) -> bool:
        """Whether the name says so, so that lines which are no entries are worth telling of."""
        return bool(_LOG_NAME.fullmatch(self.path.name))

    @property
    def stem(self) -> str:
        """What is left of the name without what rotation, packing and copying add to it."""
        return stem(self.path.name)


class PassedOver(NamedTuple):
    """What is not read, and why."""

    path: str
    name: str
    why: str


class Found(NamedTuple):
    logs: list[LogFile]
    passed_over: list[PassedOver]


def stem(name: str) -> str:
    while (shorter := _ADDED.sub("", name)) != name:
        name = shorter
    return name


def why(exc: BaseException) -> str:
    """An error's reason in words."""
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__


def find_logs(root: Path, patterns: Iterable[str], sink: Path | None = None) -> Found:
    """The log files of an app (below storage/logs) or those that `patterns` match, by name; a pattern that names a folder
    means all below it. `sink`: is no log, wherever it lies."""
    finding = _Finding(root)
    chosen = list(patterns)
    for pattern in chosen:
        finding.match(pattern)
    if not chosen:
        finding.folder(root / "storage" / "logs")
    if sink:
        finding.leave_out(sink.absolute())
    return finding.found()


class _Finding:
    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self.files: dict[str, os.stat_result] = {}
        self.passed_over: dict[str, str] = {}
        self._named: dict[str, str] = {}

    def match(self, pattern: str) -> None:
        path = Path(os.path.abspath(Path(pattern).expanduser()))  # noqa: PTH100 - `..` before links, as a shell does
        if path.is_dir():
            known = len(self.files) + len(self.passed_over)
            self.folder(path)
            if len(self.files) + len(self.passed_over) == known:
                self.passed_over[str(path)] = "a folder without a log file"
        elif os.path.lexists(path):
            self._file(str(path))
        else:
            matched = [name for name in expanded(path.anchor, path.parts[1:]) if not Path(name).is_dir()]
            for name in matched:
                self._file(name)
            if not matched:
                self.passed_over[str(path)] = "no file is called so"

    def folder(self, home: Path) -> None:
        """All files below `home`. Links that lead out are passed over, those that lead inside are found without them."""
        bound = os.path.realpath(home)
        folders = [str(home)]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    inside = list(entries)
            except FileNotFoundError:
                continue
            except OSError as exc:
                self.passed_over[folder] = f"its files cannot be listed: {why(exc)}"
                continue
            for entry in inside:
                if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(bound):
                    self.passed_over[entry.path] = "a link that leads out of the log folder"
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not _NO_LOGS.fullmatch(entry.name):
                    self._file(entry.path)

    def _file(self, path: str) -> None:
        try:
            found = os.stat(path)  # noqa: PTH116 - thousands of files
        except OSError as exc:
            self.passed_over[path] = why(exc)
            return
        if stat.S_ISREG(found.st_mode):
            self.files[path] = found
        elif not stat.S_ISDIR(found.st_mode):
            self.passed_over[path] = "not a regular file"

    def leave_out(self, sink: Path) -> None:
        """The sink's own files: it, its lock and log, what was moved aside."""
        for told in (self.files, self.passed_over):
            for path in [path for path in told if path.startswith(str(sink))]:
                del told[path]

    def found(self) -> Found:
        by_inode: dict[tuple[int, int], list[str]] = {}
        for path, status in self.files.items():
            by_inode.setdefault((status.st_dev, status.st_ino), []).append(path)
        logs = []
        for (device, inode), paths in by_inode.items():
            path = paths[0] if len(paths) == 1 else min(paths, key=lambda p: (os.path.realpath(p) != p, p))
            status = self.files[path]
            logs.append(LogFile(Path(path), self._name(path), device, inode, status.st_size, status.st_mtime_ns))
        return Found(
            sorted(logs, key=lambda log: log.path),
            [PassedOver(path, self._name(path), reason) for path, reason in sorted(self.passed_over.items())],
        )

    def _name(self, path: str) -> str:
        """Relative to the app where it lies in it."""
        folder, _, name = path.rpartition("/")
        if folder.endswith(f"/{SPOOLED}"):
            return "standard input"
        if folder not in self._named:
            real = os.path.realpath(folder)
            is_inside = Path(real).is_relative_to(self.root)
            self._named[folder] = os.path.relpath(real, self.root) if is_inside else folder
        shown = name if self._named[folder] == "." else f"{self._named[folder]}/{name}"
        return shown.encode("utf-8", "replace").decode()


def expanded(base: str, parts: tuple[str, ...], above: tuple[tuple[int, int], ...] = ()) -> Iterator[str]:
    """Paths that the parts of a pattern match below `base`. `**` is any folders, linked ones too, but none within itself;
    what begins with a dot is matched by a pattern that does."""
    if not parts:
        yield base
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from expanded(base, rest or ("*",), ())
        here = _identity(base)
        if here and here not in above:
            for name in _listed(base, "*"):
                inside = os.path.join(base, name)  # noqa: PTH118
                if os.path.isdir(inside):  # noqa: PTH112
                    yield from expanded(inside, parts, (*above, here))
    elif any(char in part for char in "*?["):
        for name in _listed(base, part):
            yield from expanded(os.path.join(base, name), rest)  # noqa: PTH118
    elif os.path.lexists(found := os.path.join(base, part)):  # noqa: PTH118
        yield from expanded(found, rest)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _listed(folder: str, pattern: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
    return [n for n in names if fnmatchcase(n, pattern) and (not n.startswith(".") or pattern.startswith("."))]
