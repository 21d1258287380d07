"""How far each source was read, and which of them a file is, by what it holds: whatever it is called now.

A file is a source's while it begins with the same bytes and holds, right before the offset, those that were read there. One
that holds what another, which is still there, holds as well is a copy of it: what that one has brought is not read again.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left, insort
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from reporter.sources.files import HEAD_BYTES, ChangedError, Reader, digest
from reporter.sources.finding import stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reporter.sources.finding import LogFile


class Cursor(NamedTuple):
    """How far a source was read. Offsets count unpacked bytes; `head` and `tail` are hashes of the first `head_bytes` and of the
    bytes right before `offset`. Without a head it knows no file: it says of one that nothing of it was read, and why."""

    source: int
    path: str
    inode: int
    size: int
    mtime_ns: int
    head_bytes: int
    head: str
    tail: str
    offset: int
    entries: int = 0
    note: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.head_bytes and not self.entries

    @property
    def status(self) -> tuple[str, int, int, int]:
        return self.path, self.inode, self.size, self.mtime_ns


class Place(NamedTuple):
    """Where to read a file on. `cursor`: its own, of before; `copy_of`: the source that has brought all it holds, `is_settled`
    when that has been read as far; `is_undecided`: to be looked at again, since what it is compared with is changing."""

    start: int = 0
    cursor: Cursor | None = None
    copy_of: Cursor | None = None
    is_settled: bool = True
    is_undecided: bool = False


class _Beginnings:
    """How the files of a stem begin, in order; those not opened in this ingest are looked at when a short one asks."""

    def __init__(self) -> None:
        self._unread: dict[str, dict[int, LogFile]] = {}
        self._heads: dict[str, list[tuple[bytes, int]]] = {}

    def add(self, source: int, log: LogFile, head: bytes) -> None:
        """`head`: how it begins, where that is known by now."""
        if head:
            insort(self._heads.setdefault(log.stem, []), (head, source))
        else:
            self._unread.setdefault(log.stem, {})[source] = log

    def like(self, stem: str, head: bytes) -> Iterator[int]:
        """Sources of that stem whose files begin with `head`."""
        for source, log in self._unread.pop(stem, {}).items():
            with contextlib.suppress(OSError), Reader(log) as reader:
                self.add(source, log, reader.head or b"\n")
        heads = self._heads.get(stem, [])
        for found, source in islice(heads, bisect_left(heads, (head,)), None):
            if not found.startswith(head):
                return
            yield source


class Known:
    """The sources read so far, looked up by what stat tells of a file and by how it begins."""

    def __init__(self, cursors: Iterable[Cursor], fresh: Iterable[int] = ()) -> None:
        """`fresh`: sources that were first seen in this ingest."""
        self._by_source: dict[int, Cursor] = {}
        self._by_status: dict[tuple[str, int, int, int], Cursor] = {}
        self._by_head: dict[tuple[int, str], dict[int, Cursor]] = {}
        self._head_lengths: dict[int, int] = {}
        self._by_path: dict[str, dict[int, Cursor]] = {}
        self._begun = _Beginnings()
        self._blank: dict[str, Cursor] = {}
        self._inodes: set[int] = set()
        self._paths: set[str] = set()
        self._live: dict[int, LogFile] = {}
        self.fresh = set(fresh)
        for cursor in cursors:
            self.note(cursor)

    def note(self, cursor: Cursor, log: LogFile | None = None, head: bytes = b"") -> None:
        """Take over what a source's cursor is now; `log`: the file that it was read from in this ingest, `head`: how that begins."""
        self._forget(cursor.source)
        self._by_source[cursor.source] = cursor
        self._by_status[cursor.status] = cursor
        self._by_path.setdefault(cursor.path, {})[cursor.source] = cursor
        if cursor.is_blank:
            self._blank[cursor.path] = cursor
        else:
            self._inodes.add(cursor.inode)
            self._paths.add(cursor.path)
        if cursor.head_bytes:
            self._by_head.setdefault((cursor.head_bytes, cursor.head), {})[cursor.source] = cursor
            self._head_lengths[cursor.head_bytes] = self._head_lengths.get(cursor.head_bytes, 0) + 1
        if log:
            self._is_at(cursor.source, log, head)

    def _is_at(self, source: int, log: LogFile, head: bytes = b"") -> None:
        self._live[source] = log
        self._begun.add(source, log, head)

    def _forget(self, source: int) -> None:
        before = self._by_source.pop(source, None)
        if not before:
            return
        if self._by_status.get(before.status) == before:
            del self._by_status[before.status]
        del self._by_path[before.path][source]
        if self._blank.get(before.path) == before:
            del self._blank[before.path]
        if before.head_bytes:
            del self._by_head[before.head_bytes, before.head][source]
            self._head_lengths[before.head_bytes] -= 1
            if not self._head_lengths[before.head_bytes]:
                del self._head_lengths[before.head_bytes]

    def remove(self, cursor: Cursor) -> None:
        self._forget(cursor.source)

    def cursors(self) -> list[Cursor]:
        return list(self._by_source.values())

    def of_path(self, path: str) -> list[Cursor]:
        return list(self._by_path.get(path, {}).values())

    def blank(self, path: str) -> Cursor | None:
        """The row that says of this path that nothing of it was read."""
        return self._blank.get(path)

    def untouched(self, log: LogFile) -> Cursor | None:
        """The cursor of a file that is, by all that stat tells, as it was when that was written."""
        found = self._by_status.get((str(log.path), log.inode, log.size, log.mtime_ns))
        if found and found.head_bytes:
            self._is_at(found.source, log)
        return found

    def has_inode(self, log: LogFile) -> bool:
        return log.inode in self._inodes

    def order(self, log: LogFile) -> tuple[bool, bool, bool, str, int, str]:
        """Files that were read before come first, under their old name or another; the longest of a log's copies before the
        others, and packed ones last: so that what is a copy finds what it is one of."""
        path = str(log.path)
        is_packed = log.is_called_packed
        return (is_packed, not self.has_inode(log), path not in self._paths, log.stem, -log.size, path)

    def place(self, reader: Reader) -> Place:
        """Which source an open file is, and where to read it on. Raises OSError."""
        alike = self._alike(reader)
        for cursor in alike:
            if cursor.source not in self._live and _holds(reader, cursor):
                return Place(cursor.offset, cursor)
        for cursor in alike:
            found = self._beside(reader, cursor) if cursor.source in self._live else _shortened(reader, cursor)
            if found:
                return found
        return Place()

    def _alike(self, reader: Reader) -> list[Cursor]:
        """Cursors of sources that begin as the file does; likely ones first."""
        head = reader.head
        found: dict[int, Cursor] = {}
        for count in self._head_lengths:
            if count <= len(head):
                found |= self._by_head.get((count, digest(head[:count])), {})
        for source in self._begun.like(reader.log.stem, head) if 0 < len(head) < HEAD_BYTES else ():
            cursor = self._by_source.get(source)
            if cursor and cursor.head_bytes > len(head):
                found[source] = cursor
        log, path = reader.log, str(reader.log.path)
        return sorted(
            found.values(),
            key=lambda c: (
                c.inode != log.inode,
                c.path != path,
                stem(c.path.rpartition("/")[2]) != log.stem,
                -c.offset,
                c.source,
            ),
        )

    def _beside(self, reader: Reader, cursor: Cursor) -> Place | None:
        """What a file is to a source that lies beside it under another name and has been read as far as `cursor`."""
        other = self._live[cursor.source]
        length = reader.length()
        is_packed_of = str(reader.log.path).startswith(f"{other.path}.") and reader.is_packed
        if cursor.source in self.fresh and length < HEAD_BYTES and not is_packed_of:
            # Both are new and short: a stack of channels, or two programs, may have written the same into two logs.
            return None
        try:
            with Reader(other) as beside:
                if not _holds(beside, cursor):
                    return Place(is_undecided=True)
                shared = min(length, beside.length())
                ours, theirs = reader.before(shared), beside.before(shared)
                if ours is None or theirs is None:
                    return Place(is_undecided=True)
                is_alike = ours == theirs and reader.head[:shared] == beside.first(len(reader.head))[:shared]
        except (ChangedError, FileNotFoundError):
            return Place(is_undecided=True)
        if not is_alike:
            return None
        if shared == length:
            return Place(copy_of=cursor, is_settled=length <= cursor.offset)
        return Place(cursor.offset)


def _holds(reader: Reader, cursor: Cursor) -> bool:
    if digest(reader.head[: cursor.head_bytes]) != cursor.head:
        return False
    before = reader.before(cursor.offset)
    return before is not None and digest(before) == cursor.tail


def _shortened(reader: Reader, cursor: Cursor) -> Place | None:
    """A file that begins like a source of which nothing else is left, and ends before what was read of that: cut in place, it
    goes on from its end; else it is what is there of a copy."""
    length = reader.length()
    if length >= cursor.offset or len(reader.head) < cursor.head_bytes:
        return None
    is_itself = cursor.inode == reader.log.inode or cursor.path == str(reader.log.path)
    return Place(length) if is_itself and not reader.is_packed else Place(copy_of=cursor)
