"""Log files: which there are, which of them were read before under whatever name, and their bytes in blocks."""

from __future__ import annotations

import glob
import os
import re
import stat
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reporter.sources import Cut, Format

from reporter.sources import MAX_ENTRY_BYTES, Cut, Reject, sample

BLOCK_BYTES = 16 << 20
HEAD_BYTES = 1024
# Logs pack about 15-fold. What unpacks beyond this is a bomb, not a log.
_MAX_UNPACK_RATIO, _FREE_UNPACK_BYTES = 200, 64 << 20
# What reading a file raises: it went away, may not be read, or is no whole gzip file.
UNREADABLE = (OSError, EOFError, zlib.error)
_LOG_NAME = re.compile(r".+\.log(?:[.\-_][\w.\-]+)?$")


class LogFile(NamedTuple):
    """A regular file as it was found. `name`: its path relative to the app, for people."""

    path: Path
    name: str
    inode: int
    size: int
    mtime_ns: int

    @property
    def is_packed(self) -> bool:
        return self.path.suffix == ".gz"


class Cursor(NamedTuple):
    """How far a source was read. Offsets count unpacked bytes; `head` and `tail` are hashes of the first
    `head_bytes` and of the bytes right before `offset`, by which the file is known again under another name."""

    source: int
    path: str
    inode: int
    size: int
    mtime_ns: int
    head_bytes: int
    head: str
    tail: str
    offset: int


def find_logs(root: Path, patterns: Iterable[str]) -> tuple[list[LogFile], list[tuple[str, str]]]:
    """The log files of an app (below storage/logs) or those that `patterns` match, by name; and what was passed
    over, as (name, why)."""
    logs: dict[Path, LogFile] = {}
    passed_over: list[tuple[str, str]] = []
    home = root / "storage" / "logs"
    chosen = list(patterns)
    paths = _matches(chosen) if chosen else _below(home)
    bound = None if chosen else Path(os.path.realpath(home))
    for path in sorted(set(paths)):
        name = _name(path, root)
        try:
            if bound and path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(bound):
                passed_over.append((name, "a link that leads out of the log folder"))
                continue
            found = path.stat()
        except OSError as exc:
            passed_over.append((name, why(exc)))
            continue
        if stat.S_ISREG(found.st_mode):
            logs[path] = LogFile(path, name, found.st_ino, found.st_size, found.st_mtime_ns)
        elif not stat.S_ISDIR(found.st_mode):
            passed_over.append((name, "not a regular file"))
    return list(logs.values()), passed_over


def _below(home: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(home):
        yield from (Path(folder, name) for name in names if _LOG_NAME.fullmatch(name))


def _matches(patterns: list[str]) -> Iterator[Path]:
    for pattern in patterns:
        expanded = str(Path(pattern).expanduser().absolute())
        if Path(expanded).is_dir():
            yield from _below(Path(expanded))
        else:
            # Path.glob refuses absolute patterns.
            found = glob.glob(expanded, recursive=True)  # noqa: PTH207
            yield from (Path(name) for name in found if not Path(name).is_dir())


def _name(path: Path, root: Path) -> str:
    try:
        name = str(path.resolve().parent.relative_to(root.resolve()) / path.name)
    except (ValueError, OSError, RuntimeError):  # a link in a circle
        name = str(path)
    return name.encode("utf-8", "replace").decode()


def why(exc: BaseException) -> str:
    """An error's reason in words."""
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__


class Reader:
    """A log file's unpacked bytes. Raises OSError, EOFError and zlib.error as reading does."""

    def __init__(self, log: LogFile) -> None:
        self.log = log
        self.bytes_read = 0

    def _open(self) -> IO[bytes]:
        # Not to block where a FIFO was put in the file's place since it was found.
        plain = os.fdopen(os.open(self.log.path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        if not self.log.is_packed:
            return plain
        import gzip

        return gzip.GzipFile(fileobj=plain, mode="rb")  # type: ignore[return-value]

    def head(self, count: int) -> bytes:
        with self._open() as file:
            return self._count(file.read(count))

    def before(self, offset: int) -> bytes:
        """The up to HEAD_BYTES bytes that end at `offset`."""
        with self._open() as file:
            file.seek(max(0, offset - HEAD_BYTES))
            return self._count(file.read(min(HEAD_BYTES, offset)))

    def blocks(self, offset: int) -> Iterator[tuple[bytes, bool]]:
        """Blocks from `offset` on, each with whether the file ends behind it."""
        allowed = self.log.size * _MAX_UNPACK_RATIO + _FREE_UNPACK_BYTES
        with self._open() as file:
            file.seek(offset)
            block = self._count(file.read(BLOCK_BYTES))
            while True:
                following = self._count(file.read(BLOCK_BYTES)) if len(block) == BLOCK_BYTES else b""
                yield block, not following
                if not following:
                    return
                if self.log.is_packed and self.bytes_read > allowed:
                    msg = f"unpacks to more than {_MAX_UNPACK_RATIO} times its size; reading stopped"
                    raise OSError(msg)
                block = following

    def _count(self, data: bytes) -> bytes:
        self.bytes_read += len(data)
        return data


def digest(data: bytes) -> str:
    import hashlib

    return hashlib.blake2b(data, digest_size=16).hexdigest()


def resume(logs: list[LogFile], cursors: list[Cursor]) -> list[tuple[LogFile, Cursor | None]]:
    """Each file with the cursor it was read under before, whatever it was called then.

    A file keeps its cursor while its first bytes are the same and it reaches as far as was read. So a renamed or
    gzipped file is known again, and a truncated or replaced one is new.
    """
    left = {cursor.source: cursor for cursor in cursors}
    found: dict[Path, Cursor | None] = {}

    def claim(log: LogFile, candidates: list[Cursor]) -> None:
        for cursor in candidates:
            if cursor.source in left and (is_untouched(log, cursor) or _holds(log, cursor)):
                found[log.path] = left.pop(cursor.source)
                return

    for log in logs:
        claim(log, [c for c in cursors if c.path == str(log.path)])
    for same in (lambda log, c: c.inode == log.inode, lambda log, c: True):
        for log in logs:
            if log.path not in found:
                claim(log, [c for c in left.values() if c.head_bytes and same(log, c)])
    return [(log, found.get(log.path)) for log in logs]


def is_untouched(log: LogFile, cursor: Cursor) -> bool:
    """Whether the file is, by all that stat tells, as it was when the cursor was written."""
    return (cursor.path, cursor.inode, cursor.size, cursor.mtime_ns) == (
        str(log.path),
        log.inode,
        log.size,
        log.mtime_ns,
    )


def _holds(log: LogFile, cursor: Cursor) -> bool:
    reader = Reader(log)
    try:
        head = reader.head(cursor.head_bytes)
        if digest(head) != cursor.head:
            return False
        return (log.is_packed or log.size >= cursor.offset) and digest(reader.before(cursor.offset)) == cursor.tail
    except UNREADABLE:
        return False


class Piece(NamedTuple):
    """A cut block and where in the file it lies; `error` says why reading stopped, where it did."""

    offset: int
    cut: Cut
    end: int
    error: str = ""


def pieces(log: LogFile, fmt: Format, offset: int, reader: Reader) -> Iterator[Piece]:
    """Cut what the file holds from `offset` on. Never raises for what the file holds or for its going away."""
    try:
        yield from _pieces(log, fmt, offset, reader)
    except UNREADABLE as exc:
        from reporter.sources.blocks import raw_rows

        reject = [Reject(reader.bytes_read, f"unreadable from here: {why(exc)}")] if log.is_packed else []
        yield Piece(0, Cut(raw_rows([]), 0, reject), -1, why(exc))


def _pieces(log: LogFile, fmt: Format, offset: int, reader: Reader) -> Iterator[Piece]:
    waiting, at, is_skipping = b"", offset, False
    for fresh, at_end in reader.blocks(offset):
        if is_skipping:
            line_end = fresh.find(b"\n") + 1
            at += line_end or len(fresh)
            if not line_end:
                continue
            fresh, is_skipping = fresh[line_end:], False
        block = waiting + fresh
        if not block:
            return
        cut = fmt.cut(block, at_end, log.is_packed)
        waiting = block[cut.consumed :]
        if len(waiting) > MAX_ENTRY_BYTES and not at_end:
            reason = f"an entry longer than {MAX_ENTRY_BYTES >> 20} MiB"
            cut = replace(cut, rejects=[*cut.rejects, Reject(cut.consumed, reason, sample(waiting))])
            cut.consumed, waiting, is_skipping = len(block), b"", True
        yield Piece(at, cut, at + cut.consumed)
        at += cut.consumed
