"""Entries that are read one by one: those that are not usual, and the lines that are none, each a reject."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reporter.sources import SAMPLE_CHARS, Cut, Reject, sample
from reporter.sources.header import PHP_ERROR, usual_times
from reporter.sources.json_keys import is_record, record
from reporter.sources.mend import clean, dump, is_open, objects
from reporter.sources.monolog_line import read_line
from reporter.sources.wrappers import Layer, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from reporter.sources.blocks import Ints, Row
    from reporter.sources.mend import Tail

_FOREIGN = "no log entry: neither [date] channel.LEVEL: nor a JSON object"
_OF_PHP = "a line of PHP's own, no log entry"
_REASONS = {
    "open": "the context's JSON is cut off",
    "invalid": "the context is not valid JSON",
    "deep": "the context's JSON is nested too deeply",
}
_BROKEN = {"open": "not a JSON object: cut off", "invalid": "not a JSON object"}


class Regions(NamedTuple):
    """From each line that begins an entry's shape to the next; `is_object`: the shape is JSON's."""

    starts: Ints
    ends: Ints
    is_object: npt.NDArray[np.bool_]


class Singly:
    """What was read singly of a block: `rows`, `tables` and `objects` (of what was wrapped) and `rejects`; `swallowed` are
    regions that an entry before them holds, those from `stopped_at` on are not to be read yet."""

    def __init__(
        self,
        block: bytes,
        regions: Regions,
        at_end: bool,
        is_closed: bool,
        ends_in_blank: bool,
        cut: Callable[[bytes, bool, bool], Cut],
    ) -> None:
        self.block, self.regions, self.at_end, self.is_closed, self._cut = block, regions, at_end, is_closed, cut
        self._ends_in_blank = ends_in_blank
        self.rows: list[Row] = []
        self.tables: list[pa.Table] = []
        self.objects: list[pa.Table] = []
        self.rejects: list[Reject] = []
        self.swallowed = np.zeros(len(regions.starts), bool)
        self.count = self.stopped_at = len(regions.starts)
        self.consumed = len(block)
        data = np.frombuffer(block, np.uint8)
        breaks = np.flatnonzero(data == 10)
        lines = np.searchsorted(breaks, regions.ends - 1) - np.searchsorted(breaks, regions.starts)
        self.is_manifold = lines > 0
        ends = regions.ends - (data[regions.ends - 1] == 10) if len(regions.ends) else regions.ends
        self.trimmed_ends = ends - (data[np.maximum(ends - 1, 0)] == 13) if len(ends) else ends

    @property
    def ends_in_object(self) -> bool:
        return bool(len(self.regions.starts) and self.regions.is_object[-1])

    @property
    def last_size(self) -> int:
        return int(self.regions.ends[-1] - self.regions.starts[-1])

    def limit(self, regions: int) -> None:
        """Read so many regions only: what follows may go on in the next block."""
        self.count = self.stopped_at = regions
        if regions < len(self.regions.starts):
            self.consumed = int(self.regions.starts[regions])

    def lead(self, end: int) -> None:
        """Read what comes before the first region."""
        self._foreign(0, end, is_last=not len(self.regions.starts))

    def read(self, indexes: Ints) -> None:
        """Read these regions, in order."""
        for index in indexes.tolist():
            if index >= self.stopped_at:
                return
            if self.swallowed[index]:
                continue
            if self.regions.is_object[index]:
                self._object(index)
            else:
                self._line(index)

    def _is_last(self, index: int) -> bool:
        """Whether the file, which can grow, ends with this region."""
        return index == len(self.regions.starts) - 1 and not (self.at_end and self.is_closed)

    def _text(self, start: int, end: int) -> str:
        return self.block[start:end].decode("utf-8", "surrogateescape")

    # Line entries.

    def _line(self, index: int) -> None:
        start, end = int(self.regions.starts[index]), int(self.regions.ends[index])
        end, last = self._php_line(start, end), index
        can_grow = not (self.at_end and self.is_closed)
        text = self._text(start, end)
        found, row = read_line(text, self._longer(index, end), can_grow)
        while row and not found.is_strong and self._shows_next(last):
            last += 1
            end = int(self.regions.ends[last])
            text = self._text(start, end)
            found, row = read_line(text, self._longer(last, end), can_grow)
        if row and not found.is_strong and self._is_next_unsure(last):
            self._wait(start)
        elif not row or found.state != "complete":
            self._unread(index, found, text)
        else:
            self._take(index, row, found, text)

    def _php_line(self, start: int, end: int) -> int:
        """Where PHP's own error line begins within a region; the region's end where none does."""
        at = self.block.find(b"\n", start, end) + 1
        while 0 < at < end:
            line = self.block[at : at + 60].decode("latin-1")
            if PHP_ERROR.match(line) or unwrapped(self.block, at, min(end, at + 4000)):
                return at
            at = self.block.find(b"\n", at, end) + 1
        return end

    def _longer(self, index: int, end: int) -> Iterator[str]:
        start = int(self.regions.starts[index])
        if end < int(self.regions.ends[index]):
            yield self._text(start, int(self.regions.ends[index]))
        last = len(self.regions.starts) - 1
        for step in (2**n for n in count()):
            if index >= last:
                return
            index = min(index + step, last)
            yield self._text(start, int(self.regions.ends[index]))

    def _shows_next(self, index: int) -> bool:
        """Whether the object behind an entry that has not ended is a body that its message shows, and no entry."""
        if index + 1 >= len(self.regions.starts) or not self.regions.is_object[index + 1]:
            return False
        text = self._text(int(self.regions.starts[index + 1]), int(self.regions.ends[index + 1]))
        found, _ = objects(text)
        return bool(found) and not is_record(_entry(found[0][2]))

    def _is_next_unsure(self, index: int) -> bool:
        """Whether what follows an entry that has not ended is not there yet, so that it may be of its message."""
        if index == self.count - 1:
            return self.count < len(self.regions.starts)
        if not self._is_last(index + 1) or not self.regions.is_object[index + 1]:
            return False
        text = self._text(int(self.regions.starts[index + 1]), int(self.regions.ends[index + 1]))
        found, state = objects(text)
        return not found and state == "open"

    def _unread(self, index: int, found: Tail, text: str) -> None:
        start, end = int(self.regions.starts[index]), int(self.regions.ends[index])
        is_growing = self._is_last(index) and (found.state == "open" or not text.endswith("\n"))
        if found.state == "waits" or is_growing:
            self._wait(start)
        elif found.state == "headless":
            line_end = self.block.find(b"\n", start, end) + 1 or end
            self._reject(start, "no channel.LEVEL: after the time")
            self._foreign(line_end, end, is_last=self._is_last(index))
        else:
            self._reject(start, _REASONS[found.state])

    def _take(self, index: int, row: Row, found: Tail, text: str) -> None:
        """Keep a whole entry; what lies behind it is none of it."""
        start = int(self.regions.starts[index])
        whole = text
        if found.end > len(text):
            whole = self._text(start, min(start + 4 * found.end, len(self.block)))
        end = start + len(whole[: found.end].encode("utf-8", "surrogateescape"))
        until = max(index, int(np.searchsorted(self.regions.starts, end)) - 1)
        if self._is_last(until) and self._is_unfinished(index, found, end, whole):
            self._wait(start)
            return
        self.swallowed[index + 1 : until + 1] = True
        self.rows.append((start, _usual_time(row[1]), *row[2:]))
        self._foreign(end, int(self.regions.ends[until]), is_last=self._is_last(until))

    def _is_unfinished(self, index: int, found: Tail, end: int, text: str) -> bool:
        """Whether the file's last entry looks as if its writer had not finished it: in the midst of a line, or without what
        the entries before it end with."""
        if found.is_strong:
            return self.block[end:].lstrip(b" \r")[:1] != b"\n"
        if not text.endswith("\n"):
            return True
        before = np.flatnonzero(~self.regions.is_object[:index])
        if len(before):
            ended = {self.block[end - 1] for end in self.trimmed_ends[before].tolist()}
            return ended <= set(b" }]") or is_open(text)
        return self._ends_in_blank or is_open(text)

    # JSON.

    def _object(self, index: int) -> None:
        start, end = int(self.regions.starts[index]), int(self.regions.ends[index])
        is_last = self._is_last(index)
        layer = unwrapped(self.block, start, int(self.regions.ends[self.count - 1]))
        if layer:
            self._within(layer)
            return
        text = self._text(start, end)
        found, state = objects(text)
        at, chars = start, 0
        for first, last, value in found:
            at, chars = at + _size(text[chars:first]), first
            self._record(at, text[first:last], _entry(value))
            at, chars = at + _size(text[first:last]), last
        rest = self.block[at:end]
        at += len(rest) - len(rest.lstrip(b" \t\r\n,"))
        rest = self.block[at:end]
        if state in ("open", "invalid") and rest:
            is_growing = state == "open" or b"\n" not in rest
            if is_last and is_growing:
                self._wait(at)
                return
            line_end = self.block.find(b"\n", at, end) + 1 or end
            if self.block[at:line_end].strip() == b"{":
                line_end = end
            self._reject(at, _BROKEN[state], line_end)
            at = line_end
        self._foreign(at, end, is_last=is_last)

    def _record(self, at: int, text: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        if not isinstance(value, dict):
            self.rejects.append(Reject(at, "not a JSON object", clean(text[:SAMPLE_CHARS])))
            return
        try:
            told = record(value)
        except RecursionError:
            self.rejects.append(Reject(at, "JSON nested too deeply", clean(text[:SAMPLE_CHARS])))
            return
        if told.reason:
            self.rejects.append(Reject(at, told.reason, clean(text[:SAMPLE_CHARS])))
        else:
            message = clean(told.message) if told.message is not None else None
            self.rows.append((at, _usual_time(told.time), told.level, message, told.context, told.extra))

    # What is no entry.

    def _foreign(self, start: int, end: int, *, is_last: bool) -> None:
        """The lines from `start` on belong to no entry: each is a reject, unless it wraps entries."""
        at = start
        while at < end:
            line_end = self.block.find(b"\n", at, end) + 1 or end
            line = self.block[at:line_end]
            if not line.strip():
                at = line_end
                continue
            layer = unwrapped(self.block, at, end)
            if layer:
                self._within(layer)
                if layer.end > self.consumed:
                    return
                at = layer.end
                continue
            if is_last and not line.endswith(b"\n") and not (self.at_end and self.is_closed):
                self._wait(at)
                return
            text = line[:100].decode("latin-1").lstrip()
            self._reject(at, _OF_PHP if PHP_ERROR.match(text) else _FOREIGN, line_end)
            at = line_end

    def _within(self, layer: Layer) -> None:
        """Read what a run of lines wraps."""
        from reporter.sources.entries import outer

        limit = self.consumed
        is_closed = layer.end < limit or (self.at_end and self.is_closed)
        cut = self._cut(layer.inner, is_closed or self.at_end, is_closed)
        if not layer.begins_piece(cut.consumed):
            cut = self._cut(layer.inner, True, True)
        cut = outer(cut, layer)
        self.tables.append(cut.entries)
        if cut.objects is not None:
            self.objects.append(cut.objects)
        self.rejects += cut.rejects
        until = int(np.searchsorted(self.regions.starts, layer.end))
        self.swallowed[int(np.searchsorted(self.regions.starts, layer.to[0])) : until] = True
        if cut.consumed < layer.end:
            self._wait(cut.consumed)

    def _wait(self, start: int) -> None:
        self.stopped_at = min(self.stopped_at, int(np.searchsorted(self.regions.starts, start)))
        self.consumed = start

    def _reject(self, start: int, reason: str, end: int | None = None) -> None:
        text = self.block[start : min(start + 1000, end or start + 1000)]
        self.rejects.append(Reject(start, reason, sample(text.strip() if end else text)))


def _entry(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """An object; Fluentd writes `[tag, seconds, object]`."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[2], dict):
        return {"time": value[1], **value[2]}
    return value


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _usual_time(time: str | None) -> str | None:
    if time is None or len(time) <= len("2026-11-20 10:00:00"):
        return time
    import pyarrow as pa

    return str(usual_times(pa.array([time]))[0].as_py())


__all__ = ["Regions", "Singly", "dump"]
