"""Take in what is new in the log files: each is opened once, placed by what it holds, and read on from there.

Files move while they are read. What is not where it was found, or is being copied, is looked for again before the ingest
ends; what is undecided then is left to the next one, so that no entry is counted twice.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from reporter.sink.notes import OLDER_LOGS, has_older_logs
from reporter.sources import Older
from reporter.sources.blocks import of_source
from reporter.sources.cursors import Cursor, Known, Place
from reporter.sources.files import ChangedError, Piece, Reader, digest, pieces
from reporter.sources.finding import Found, LogFile, PassedOver, find_logs, why
from reporter.sources.packed import UnpackError, misnamed, not_a_log, zip_members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reporter.settings.app import Settings
    from reporter.sink.ingest import Work

# How often files that moved meanwhile are looked for.
_PASSES = 4
# A file that is not called a log is one where an entry begins in its first bytes.
_LOOKED_THROUGH_BYTES = 64 << 10


# Logs that what is asked for need not wait for are left when they hold as much as this: some seconds' reading. Nothing of a period can
# stand in a log that was last written before it; with _MARGIN no clock that is set right is off.
OLDER_BYTES = 128 << 20
_MARGIN = timedelta(hours=1)


def read_logs(work: Work, settings: Settings, since: datetime | None = None) -> None:
    """All log files; of a first reading, of those that were last written before `since` none, if they are much (`done.older`). What cannot be read
    is noted, by source."""
    reading = _Reading(work, since)
    for _ in range(_PASSES):
        found = find_logs(settings.app, settings.logs, settings.sink)
        if not reading.read_through(found):
            break
    reading.tell_of_others(found)


class _Reading:
    def __init__(self, work: Work, since: datetime | None) -> None:
        self.work = work
        self.known = Known(work.sink.cursors())
        is_first = all(cursor.is_blank for cursor in self.known.cursors()) or has_older_logs(work.sink)
        self._since = since - _MARGIN if since and is_first else None
        self._counted: set[str] = set()
        # Sources whose notes hold.
        self._affirmed: set[int] = set()
        # Paths of files within archives.
        self._inside: set[str] = set()
        self._is_moving = False

    def read_through(self, found: Found) -> bool:
        """Read what is new of the files found; whether some were elsewhere, or are to be looked at again."""
        self._is_moving = False
        self.known = Known(self.known.cursors(), self.known.fresh)
        paths = sorted(cursor.path for cursor in self.known.cursors())
        changed = []
        for log in found.logs:
            cursor = self.known.untouched(log)
            if cursor:
                self._count(log)
                self._affirmed.add(cursor.source)
                self._inside.update(_below(paths, str(log.path)))
            else:
                changed.append(log)
        changed = self._without_older(changed)
        self.work.total_bytes = self.work.done_bytes + sum(log.size for log in changed)
        for log in sorted(changed, key=self.known.order):
            self._read(log)
        return self._is_moving

    def _without_older(self, logs: list[LogFile]) -> list[LogFile]:
        """What is not left to the next reading."""
        if not self._since:
            return logs
        since_ns = int(self._since.timestamp() * 1e9)
        older = {log for log in logs if log.mtime_ns < since_ns and not self.known.has_inode(log)}
        size = sum(log.size for log in older)
        if size < OLDER_BYTES:
            return logs
        self.work.done.older = Older(len(older), size, self._since)
        self.work.finish_storing()
        self.work.sink.tell(OLDER_LOGS, str(size))
        for log in older:
            self._count(log)
        return [log for log in logs if log not in older]

    def _count(self, log: LogFile) -> None:
        if str(log.path) not in self._counted:
            self._counted.add(str(log.path))
            self.work.done.readable_sources += 1

    def _read(self, log: LogFile) -> None:
        try:
            with Reader(log) as reader:
                self._count(log)
                reason = not_a_log(reader.raw_head) or not_a_log(reader.head) or _no_entry(reader)
                if reason:
                    self._set_blank(reader.log, reason)
                elif reader.is_archive:
                    self._read_archive(reader)
                else:
                    self._read_placed(reader)
        except (ChangedError, FileNotFoundError):
            self._is_moving = True
        except UnpackError as exc:
            self._set_blank(log, why(exc))
        except OSError as exc:
            self.pass_over(PassedOver(str(log.path), log.name, why(exc)))

    def _read_archive(self, reader: Reader) -> None:
        log = reader.log
        for member in zip_members(reader.raw):
            inside = log._replace(path=log.path / member, name=f"{log.name}/{member}", container=log.path)
            self._inside.add(str(inside.path))
            self._read(inside)
        self._set_blank(log, "", "zip")

    def _read_placed(self, reader: Reader) -> None:
        place = self.known.place(reader)
        if place.is_undecided:
            self._is_moving = True
        elif place.copy_of:
            beside = place.copy_of.path.rpartition("/")[2]
            log = reader.log if place.is_settled else reader.log._replace(inode=0, size=0, mtime_ns=0)
            self._set_blank(log, "", f"copy of {beside}")
        else:
            # A log that does not hold what it held was copied before, as like as not, and the copy is not among those found.
            self._is_moving = self._is_moving or (not place.cursor and self.known.has_inode(reader.log))
            self._read_on(reader, place)

    def _read_on(self, reader: Reader, place: Place) -> None:
        work, log = self.work, reader.log
        work.will_commit()
        told = self.known.blank(str(log.path))
        if not place.cursor:
            source = self._source_of(log)
            self.known.fresh.add(source)
        else:
            source = place.cursor.source
            if told:
                self._remove(told)
        last, shapes = self._take_in(reader, source, place)
        error = last.error
        note = misnamed(reader.packing, log.path.name) if log.size and not error else ""
        if error and not isinstance(error, ChangedError):
            note = why(error)
        cursor = _cursor(source, reader, last, note)
        if isinstance(error, ChangedError):
            self._is_moving = True
            # Where nothing was read, what stands before that place may be another's by now.
            cursor = _unsettled(place.cursor if place.cursor and last.end == place.start else cursor)
        formats, waiting = ", ".join(sorted(shapes)) or None, last.read_to - last.end
        self._keep(cursor, log, reader.head[: last.end], waiting_bytes=waiting, format=formats)
        if note:
            work.done.notes.append((log.name, note))
        work.done.bytes_read += reader.bytes_read
        self._store()

    def _store(self) -> None:
        """Where enough was read, store it, or derive spans of it too. Cursors tell of all that is held back."""
        if self.work.is_much:
            self.work.commit()
        elif self.work.is_full:
            self.work.store()

    def _take_in(self, reader: Reader, source: int, place: Place) -> tuple[Piece, set[str]]:
        from reporter.sources import format_of
        from reporter.sources.local_times import LocalTimes

        work, log = self.work, reader.log
        fmt = format_of(reader.head)
        shapes, at = set[str](), place.start
        times = LocalTimes(work.zone, (lambda: self._latest(source)) if place.cursor else None)
        is_told = bool(place.cursor and place.cursor.note)
        for last in pieces(fmt, place.start, reader):
            rejects = last.cut.rejects
            if rejects and not (last.error and is_told):
                work.sink.reject(source, rejects, last.offset)
            for name, records_sql, rows in last.cut.parts:
                shapes.add(name)
                told = times.settled(rows) if name == "line" else rows
                work.gather(records_sql, of_source(told, source, last.offset))
            work.advance(log.name, 0 if reader.is_packed else last.end - at, last.end - at)
            at = last.end
            if (work.is_full or work.is_much) and not last.error:
                self._keep(_unsettled(_cursor(source, reader, last)), log, reader.head[:at])
                self._store()
        return last, shapes

    def _latest(self, source: int) -> datetime | None:
        """When the last event that a source brought in readings before was."""
        self.work.finish_storing()
        rows = self.work.sink.connection.execute("SELECT max(ts) FROM events WHERE source = ?", [source]).fetchall()
        return rows[0][0] if rows else None

    def _source_of(self, log: LogFile | PassedOver) -> int:
        """A source for what is at this path: one that has told of it before that nothing of it was read, or a new one."""
        before = self.known.blank(str(log.path))
        return before.source if before else self.work.sink.add_source(log.name, "log", str(log.path))

    def _keep(
        self, cursor: Cursor, log: LogFile, head: bytes = b"", *, waiting_bytes: int = 0, format: str | None = None
    ) -> None:
        columns: dict[str, Any] = {
            name: value for name, value in cursor._asdict().items() if name not in ("source", "entries")
        }
        if format is not None:
            columns["format"] = format
        self.work.sink.update_source(cursor.source, name=log.name, waiting_bytes=waiting_bytes, **columns)
        self.known.note(cursor, log if cursor.head_bytes else None, head)
        self._affirmed.add(cursor.source)

    def _set_blank(self, log: LogFile, note: str, format: str = "") -> None:
        """Note of a file that nothing of it is read, and why or as what."""
        self.work.will_commit()
        source = self._source_of(log)
        cursor = Cursor(source, str(log.path), log.inode, log.size, log.mtime_ns, 0, "", "", 0, 0, note)
        self._keep(cursor, log, format=format)
        if note:
            self.work.done.notes.append((log.name, note))

    def pass_over(self, passed: PassedOver) -> None:
        """Note of what cannot even be opened that it is not read, and why."""
        self.work.done.notes.append((passed.name, passed.why))
        of_path = self.known.of_path(passed.path)
        told = [cursor.source for cursor in of_path if cursor.note == passed.why]
        self._affirmed.update(told)
        if told:
            return
        self.work.will_commit()
        if of_path:
            before = max(of_path, key=lambda cursor: cursor.source)
        else:
            source = self.work.sink.add_source(passed.name, "log", passed.path)
            before = Cursor(source, passed.path, 0, 0, 0, 0, "", "", 0)
        self.work.sink.update_source(before.source, note=passed.why)
        self.known.note(before._replace(note=passed.why))
        self._affirmed.add(before.source)

    def tell_of_others(self, found: Found) -> None:
        """Note what was passed over, and end notes about what is readable now or gone."""
        for passed in found.passed_over:
            self.pass_over(passed)
        there = {str(log.path) for log in found.logs} | self._inside
        for cursor in self.known.cursors():
            if cursor.source in self._affirmed or (cursor.is_blank and cursor.path in there):
                continue
            if cursor.is_blank:
                self._remove(cursor)
            elif cursor.note:
                self.work.will_commit()
                self.work.sink.update_source(cursor.source, note="")

    def _remove(self, cursor: Cursor) -> None:
        self.work.will_commit()
        self.work.sink.remove_source(cursor.source)
        self.known.remove(cursor)


def _cursor(source: int, reader: Reader, last: Piece, note: str = "") -> Cursor:
    """How far a file was read, as it was when it was opened."""
    log, head = reader.log, reader.head[: last.end]
    return Cursor(
        source, str(log.path), log.inode, log.size, log.mtime_ns, len(head), digest(head), digest(last.tail), last.end,
        int(last.end > 0), note,
    )  # fmt: skip


def _unsettled(cursor: Cursor) -> Cursor:
    """The cursor of a file that is to be looked at again whatever stat says: it changed while it was read, or is read on."""
    return cursor._replace(size=0, mtime_ns=0)


def _below(paths: list[str], folder: str) -> Iterator[str]:
    """Those of the sorted paths that lie below a folder, or within an archive."""
    inside = f"{folder}/"
    return takewhile(lambda path: path.startswith(inside), islice(paths, bisect_left(paths, inside), None))


def _no_entry(reader: Reader) -> str:
    """Why a file is not read that is not called a log and does not look like one; '' for all others."""
    from reporter.sources.header import line_starts, shapes
    from reporter.sources.wrappers import decoded, utf16_of

    if reader.is_archive or not reader.head or reader.log.is_called_a_log:
        return ""
    codec, head = utf16_of(reader.head), reader.first(_LOOKED_THROUGH_BYTES)
    text = decoded(head, codec).inner if codec else head
    if any(len(found) for found in shapes(text, line_starts(text))):
        return ""
    return f"not called a log, and no entry begins in its first {_LOOKED_THROUGH_BYTES >> 10} kB"
