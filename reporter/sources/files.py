"""A log file's bytes, all from one descriptor: its head, what stands before an offset, and the blocks from there on.

What is read is checked against what was read before: a file that is truncated, or truncated and written anew, while it is
read gives what it held up to there and then ChangedError, never bytes of both. What comes behind the size it was opened with
is left to the next reading: what the file is was judged without it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import replace
from typing import IO, TYPE_CHECKING, NamedTuple

from reporter.sources import MAX_ENTRY_BYTES, Cut, Reject, sample
from reporter.sources.finding import why
from reporter.sources.packed import CutOffError, UnpackError, is_zstd_here, packing_of, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reporter.sources import Format
    from reporter.sources.finding import LogFile
    from reporter.sources.packed import Stream

BLOCK_BYTES = 8 << 20
HEAD_BYTES = 1024
# Logs pack about 15-fold. What unpacks beyond this is a bomb, not a log.
_MAX_UNPACK_RATIO, _FREE_UNPACK_BYTES = 200, 64 << 20


class ChangedError(OSError):
    """The file is not what it was a moment ago: it went elsewhere, or its content did."""

    def __init__(self) -> None:
        super().__init__("it was moved or written anew while it was read; the next build reads on")


class Block(NamedTuple):
    """`at_end`: the file ends behind it for now; `is_closed`: and it can't grow."""

    data: bytes
    at_end: bool
    is_closed: bool


def digest(data: bytes) -> str:
    import hashlib

    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Reader:
    """An open log file; a context manager. Everything raises OSError: ChangedError, CutOffError and UnpackError among them."""

    def __init__(self, log: LogFile) -> None:
        """`log` is then what fstat says of it. Raises ChangedError where another file lies under its name by now."""
        self.log = log
        self.bytes_read = 0
        self._raw = self._open()
        try:
            self._descriptor = self._raw.fileno()
            found = os.fstat(self._descriptor)
            if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) != (log.device, log.inode):
                raise ChangedError
            self.log = log._replace(size=found.st_size, mtime_ns=found.st_mtime_ns)
            self.raw_head = os.pread(self._descriptor, min(HEAD_BYTES, found.st_size), 0)
            self.packing = packing_of(self.raw_head, (log.container or log.path).name)
            if self.packing == "zstd" and not is_zstd_here():
                msg = "packed with zstd, and Python's zstandard package is not installed"
                raise OSError(msg)
            self._member = str(log.path.relative_to(log.container)) if log.container else ""
            self.is_archive = self.packing == "zip" and not log.container
            self.head = b"" if self.is_archive else self._count(self.first(HEAD_BYTES))
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def _open(self) -> IO[bytes]:
        # Not to block where a FIFO was put in the file's place since it was found.
        path = self.log.container or self.log.path
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb", buffering=0)

    @property
    def raw(self) -> IO[bytes]:
        return self._raw

    @property
    def is_packed(self) -> bool:
        return bool(self.packing)

    def first(self, count: int) -> bytes:
        """The first `count` bytes, or what there is of them."""
        if not self.packing:
            return os.pread(self._descriptor, min(count, self.log.size), 0)
        head = b""
        # What is wrong with it is told by `blocks`.
        with contextlib.suppress(CutOffError, UnpackError):
            stream = self._stream()
            while len(head) < count and (more := stream.read(count - len(head))):
                head += more
        return head

    def before(self, offset: int) -> bytes | None:
        """The up to HEAD_BYTES bytes that end at `offset`; None where the file does not reach as far."""
        if not self.packing:
            return self._before(offset)
        length, kept = self._measured(offset)
        return kept if length == offset else None

    def length(self) -> int:
        """How many bytes there are by now. Of a packed file all are unpacked to tell."""
        if not self.packing:
            return os.fstat(self._descriptor).st_size
        return self._measured(self._allowed())[0]

    def _before(self, offset: int) -> bytes | None:
        start = max(0, offset - HEAD_BYTES)
        data = self._count(os.pread(self._descriptor, offset - start, start))
        return data if len(data) == offset - start else None

    def _measured(self, limit: int) -> tuple[int, bytes]:
        """How much unpacks of the first `limit` bytes, and the HEAD_BYTES last of that."""
        length, kept = 0, b""
        with contextlib.suppress(CutOffError, UnpackError):
            stream = self._stream()
            while length < limit and (more := stream.read(min(1 << 20, limit - length))):
                length, kept = length + len(more), (kept + more)[-HEAD_BYTES:]
        return length, kept

    def _allowed(self) -> int:
        return self.log.size * _MAX_UNPACK_RATIO + _FREE_UNPACK_BYTES

    def _stream(self) -> Stream:
        return unpacked(self._raw, self.packing, self._member, self.log.size)

    def blocks(self, offset: int) -> Iterator[Block]:
        """What the file holds from `offset` on."""
        chunks = self._unpacked(offset) if self.packing else self._plain(offset)
        block = b""
        try:
            for chunk in chunks:
                if block:
                    yield Block(block, at_end=False, is_closed=False)
                block = chunk
        except UnpackError:
            yield Block(block, at_end=True, is_closed=True)
            raise
        except CutOffError:
            yield Block(block, at_end=True, is_closed=False)
            raise
        except OSError:
            yield Block(block, at_end=False, is_closed=False)
            raise
        yield Block(block, at_end=True, is_closed=self.is_packed)

    def _plain(self, offset: int) -> Iterator[bytes]:
        kept = self._before(offset)
        while kept is not None:
            data = self._count(os.pread(self._descriptor, min(BLOCK_BYTES, max(0, self.log.size - offset)), offset))
            # Looked at behind the read: whatever came in between, these bytes are of the file that was opened.
            if self._before_uncounted(offset) != kept or not self._begins_as_before():
                break
            if data:
                yield data
            if len(data) < BLOCK_BYTES:
                return
            offset, kept = offset + len(data), (kept + data)[-HEAD_BYTES:]
        raise ChangedError

    def _before_uncounted(self, offset: int) -> bytes:
        start = max(0, offset - HEAD_BYTES)
        return os.pread(self._descriptor, offset - start, start)

    def _begins_as_before(self) -> bool:
        return os.pread(self._descriptor, len(self.head), 0) == self.head

    def _unpacked(self, offset: int) -> Iterator[bytes]:
        stream = self._stream()
        left, done = offset, 0
        while left and (skipped := stream.read(min(1 << 20, left))):
            left, done = left - len(skipped), done + len(skipped)
        while block := _filled(stream):
            done += len(block.data)
            yield self._count(block.data)
            if block.error:
                raise block.error
            if done > self._allowed():
                msg = f"unpacks to more than {_MAX_UNPACK_RATIO} times its size; reading stopped"
                raise UnpackError(msg)

    def _count(self, data: bytes) -> bytes:
        self.bytes_read += len(data)
        return data


class _Filled(NamedTuple):
    data: bytes
    error: OSError | None


def _filled(stream: Stream) -> _Filled | None:
    """The next BLOCK_BYTES, or what there is before the end or what is wrong; None at the end."""
    parts: list[bytes] = []
    count = 0
    try:
        while count < BLOCK_BYTES and (more := stream.read(BLOCK_BYTES - count)):
            parts.append(more)
            count += len(more)
    except (CutOffError, UnpackError) as exc:
        return _Filled(b"".join(parts), exc)
    return _Filled(b"".join(parts), None) if parts else None


class Piece(NamedTuple):
    """A cut block and where in the file it lies. `end`: up to where all is taken in; `tail`: the bytes right before it; `read_to`:
    how far the file was looked at; `error` says why reading stopped, where it did."""

    offset: int
    cut: Cut
    end: int
    tail: bytes
    read_to: int
    error: OSError | None = None


def pieces(fmt: Format, offset: int, reader: Reader) -> Iterator[Piece]:
    """Cut what the file holds from `offset` on; at least one piece. Never raises for what the file holds or for its going away."""
    last = Piece(offset, _nothing(), offset, b"", offset)
    try:
        last = last._replace(tail=reader.before(offset) or b"")
        yield last
        for piece in _pieces(fmt, offset, reader, last.tail):
            last = piece
            yield piece
    except OSError as exc:
        rejects = [Reject(last.end, f"unreadable from here: {why(exc)}")] if isinstance(exc, UnpackError) else []
        yield Piece(0, replace(_nothing(), rejects=rejects), last.end, last.tail, last.read_to, exc)


def _nothing() -> Cut:
    from reporter.sources.blocks import raw_rows

    return Cut(raw_rows([]), 0)


def _pieces(fmt: Format, offset: int, reader: Reader, tail: bytes) -> Iterator[Piece]:
    waiting, at, is_skipping = b"", offset, False
    for fresh, at_end, is_closed in reader.blocks(offset):
        if is_skipping:
            line_end = fresh.find(b"\n") + 1 or len(fresh)
            is_skipping = not fresh.endswith(b"\n", 0, line_end)
            at, tail = at + line_end, (tail + fresh[:line_end])[-HEAD_BYTES:]
            yield Piece(at, _nothing(), at, tail, at)
            fresh = fresh[line_end:]
        block = waiting + fresh
        if not block:
            continue
        cut = fmt.cut(block, at_end, is_closed)
        waiting = block[cut.consumed :]
        if len(waiting) > MAX_ENTRY_BYTES and not at_end:
            reason = f"an entry longer than {MAX_ENTRY_BYTES >> 20} MiB"
            cut = replace(cut, rejects=[*cut.rejects, Reject(cut.consumed, reason, sample(waiting))])
            cut.consumed, waiting, is_skipping = len(block), b"", True
        tail = (tail + block[max(0, cut.consumed - HEAD_BYTES) : cut.consumed])[-HEAD_BYTES:]
        yield Piece(at, cut, at + cut.consumed, tail, at + len(block))
        at += cut.consumed
