"""Monolog's LineFormatter as Laravel configures it: `[time] channel.LEVEL: message context extra`.

The usual entry, one line with valid JSON, is cut with numpy and never becomes a Python object. Whatever is not like
that (line breaks in the JSON, braces in the message, forged headers, cut-off entries) is mended singly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute

from reporter.sources import Cut, Reject, sample
from reporter.sources.blocks import invalid_json, invalid_utf8, raw_rows, raw_table, strings_between
from reporter.sources.mend import Tail, clean, plain, tail

if TYPE_CHECKING:
    from reporter.sources.blocks import Ints

_HEADER = re.compile(r"\[\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\]\n]{0,20}\] [^\s.]*\.[A-Za-z]+: ?")
_STARTS = re.compile(rb"\[\d{4}-\d\d-\d\d")
_NEWLINE, _SPACE, _OPEN, _CLOSE, _BRACKET, _UNBRACKET = 10, 32, 123, 125, 91, 93
_HEADER_BYTES = 21


class MonologLine:
    name = "line"
    records_sql = """
SELECT source, "offset", substr(head, 2, strpos(head, ']') - 2) AS time,
  upper(split_part(split_part(head, ': ', 1), '.', -1)) AS level,
  substr(head, strpos(head, ': ') + 2) AS message, context, extra, NULL::VARCHAR AS entry_event
FROM raw"""

    def sniff(self, head: bytes) -> bool:
        return bool(_STARTS.match(head.lstrip(b"\xef\xbb\xbf \r\n")))

    def cut(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        headers = _headers(block)
        if not len(headers):
            return _garbage(block, at_end, is_closed)
        rejects = _before_first(block, int(headers[0]))
        if not at_end and len(headers) == 1:
            return Cut(raw_rows([]), int(headers[0]), rejects)
        ends = np.append(headers[1:], len(block))
        if not at_end:
            headers, ends = headers[:-1], ends[:-1]
        fast = _FastCut(block, headers, ends)
        suspects = fast.suspects(last_too=at_end)
        slow = _SlowCut(block, headers, ends, at_end, is_closed)
        slow.mend(suspects)
        keep = np.ones(len(headers), bool)
        keep[suspects] = False
        keep[sorted(slow.swallowed)] = False
        keep[slow.stopped_at :] = False
        entries = pa.concat_tables([fast.table(np.flatnonzero(keep)), raw_rows(slow.rows)])
        return Cut(entries, slow.consumed, rejects + slow.rejects)


def _headers(block: bytes) -> Ints:
    """Offsets of the lines that begin like an entry: `[YYYY-MM-DD HH:MM`."""
    data = np.frombuffer(block, np.uint8)
    starts = np.concatenate(([0], np.flatnonzero(data == _NEWLINE) + 1))
    starts = starts[starts <= len(data) - _HEADER_BYTES]
    for at, wanted in ((0, _BRACKET), (5, ord("-")), (8, ord("-")), (14, ord(":"))):
        starts = starts[data[starts + at] == wanted]
    for at in (1, 4, 6, 10):
        starts = starts[(data[starts + at] >= 48) & (data[starts + at] <= 57)]
    return starts.astype(np.int64)


def _garbage(block: bytes, at_end: bool, is_closed: bool) -> Cut:
    end = len(block) if at_end and is_closed else block.rfind(b"\n") + 1
    if not block[:end].strip():
        return Cut(raw_rows([]), end)
    if at_end and not end:
        end = len(block)
    return Cut(raw_rows([]), end, [Reject(0, "no log entry: no line begins with [date", sample(block))])


def _before_first(block: bytes, first: int) -> list[Reject]:
    lead = block[:first].removeprefix(b"\xef\xbb\xbf")
    return [Reject(0, "text before the first entry", sample(lead))] if lead.strip() else []


class _FastCut:
    """The usual entries of a block, by array arithmetic alone."""

    def __init__(self, block: bytes, headers: Ints, ends: Ints) -> None:
        self.block, self.headers, self.ends = block, headers, ends
        data = np.frombuffer(block, np.uint8)
        stop = ends - (data[ends - 1] == _NEWLINE)
        stop -= data[stop - 1] == 13
        braces = np.flatnonzero((data[:-1] == _SPACE) & (data[1:] == _OPEN)) + 1
        which = np.searchsorted(braces, headers)
        nearest = np.append(braces, len(block))[which]
        self.has_context = nearest < stop
        one, two = data[stop - 1], data[stop - 2]
        ends_in_empty = (one == _UNBRACKET) & (two == _BRACKET) & (data[stop - 3] == _SPACE)
        brace_before_empty = data[stop - 4] == _CLOSE
        spaces = (one == _SPACE).astype(np.int64) + ((one == _SPACE) & (two == _SPACE))
        both_empty = ends_in_empty & (data[stop - 6] == _SPACE) & (data[stop - 5] == _BRACKET) & ~brace_before_empty
        self.odd = self.has_context & (spaces == 2)
        self.odd |= self.has_context & (spaces == 0) & (data[nearest - 2] == _SPACE)  # extra alone
        self.odd |= ~self.has_context & ~both_empty & ((one == _UNBRACKET) | ((spaces == 1) & (two == _UNBRACKET)))
        context_end = np.where(ends_in_empty & brace_before_empty, stop - 3, stop)
        message_end = np.where(both_empty, stop - 6, stop - spaces)
        self.message_end = np.maximum(np.where(self.has_context, nearest - 1, message_end), headers + _HEADER_BYTES - 1)
        self.context_start = np.where(self.has_context, nearest, stop)
        self.context_end = np.where(self.has_context, context_end, stop)

    def suspects(self, last_too: bool) -> Ints:
        """Indexes of the entries that need a closer look."""
        bad_text = invalid_utf8(self.block, self.headers, self.ends)
        odd = np.flatnonzero(self.odd)
        found = [bad_text, odd, np.array([len(self.headers) - 1] if last_too else [], np.int64)]
        rest = np.setdiff1d(np.arange(len(self.headers)), bad_text)  # Arrow must not see what is not UTF-8
        if len(rest):
            found.append(rest[invalid_json(self._contexts(rest))])
        return np.unique(np.concatenate(found).astype(np.int64))

    def table(self, index: Ints) -> pa.Table:
        """The entries at `index` as RAW_SCHEMA."""
        if not len(index):
            return raw_rows([])
        heads = strings_between(self.block, self._bounds(index), 4, 0)
        nothing = pa.nulls(len(index), pa.string())
        return raw_table([pa.array(self.headers[index]), heads, self._contexts(index), nothing])

    def _bounds(self, index: Ints) -> Ints:
        """Head, gap, context, gap of each entry: ascending offsets, four an entry."""
        bounds = np.empty(4 * len(index) + 1, np.int64)
        bounds[0:-1:4], bounds[1::4] = self.headers[index], self.message_end[index]
        bounds[2::4], bounds[3::4] = self.context_start[index], self.context_end[index]
        bounds[-1] = self.ends[index[-1]]
        return bounds

    def _contexts(self, index: Ints) -> pa.Array:
        texts = strings_between(self.block, self._bounds(index), 4, 2)
        missing = ~self.has_context[index]
        if not missing.any():
            return texts
        nothing = pa.scalar(None, pa.string())
        return pyarrow.compute.if_else(pa.array(missing), nothing, texts)


class _SlowCut:
    """Entries that are mended one by one; `rows` holds them, `swallowed` the headers that were forged inside one."""

    def __init__(self, block: bytes, headers: Ints, ends: Ints, at_end: bool, is_closed: bool) -> None:
        self.block, self.headers, self.ends = block, headers, ends
        self.at_end, self.is_closed = at_end, is_closed
        self.rows: list[tuple[int, str | None, str | None, str | None]] = []
        self.rejects: list[Reject] = []
        self.swallowed: set[int] = set()
        self.stopped_at = len(headers)
        self.consumed = int(ends[-1])

    def mend(self, suspects: Ints) -> None:
        for index in suspects.tolist():
            if index >= self.stopped_at:
                return
            if index not in self.swallowed:
                self._mend(index)

    def _mend(self, index: int) -> None:
        start = int(self.headers[index])
        text = self.block[start : int(self.ends[index])].decode("utf-8", "surrogateescape")
        header = _HEADER.match(text)
        if not header:
            self._reject(start, "no channel.LEVEL: after the time")
            return
        body = text[header.end() :]
        found = tail(body)
        if found.state == "open":
            found = self._beyond_forged_headers(index, header.end(), len(body)) or found
        if found.state == "open" and body.rstrip("\r\n").endswith("  "):
            found = plain(body)
        if found.state == "waits" or (found.state == "complete" and self._is_unfinished(index, found.context)):
            self._wait(index)
        elif found.state != "complete":
            self._reject(start, _REASONS[found.state])
        else:
            self._take(index, header[0], found)

    def _beyond_forged_headers(self, index: int, skip: int, within: int) -> Tail | None:
        """The entry's tail where its JSON closes behind later headers: those lines are user text inside it.

        None where it never closes; state `waits` where the file may still close it.
        """
        start, last, step = int(self.headers[index]), index, 1
        while last < len(self.headers) - 1:
            last = min(last + step, len(self.headers) - 1)
            step *= 2
            found = tail(self.block[start : int(self.ends[last])].decode("utf-8", "surrogateescape")[skip:], within)
            if found.state == "complete":
                return found
            if found.state != "open":
                return None
        return None if self.at_end and self.is_closed else Tail("", state="waits")

    def _take(self, index: int, header: str, found: Tail) -> None:
        """Keep a whole entry. Text on lines of its own behind it (PHP's error output) is a reject, and not lost."""
        start = int(self.headers[index])
        text = self.block[start : min(start + 4 * (len(header) + found.end), len(self.block))].decode(
            "utf-8", "surrogateescape"
        )
        end = start + len(text[: len(header) + found.end].encode("utf-8", "surrogateescape"))
        until = int(np.searchsorted(self.headers, end)) - 1
        self.swallowed.update(range(index + 1, until + 1))
        self.rows.append((start, clean(header + found.message), found.context, found.extra))
        rest = self.block[end : int(self.ends[until])]
        if rest.strip():
            self.rejects.append(Reject(end, "text between entries", sample(rest.strip())))

    def _is_unfinished(self, index: int, context: str | None) -> bool:
        """Whether the file's last entry looks as if its writer had not finished it."""
        if index != len(self.headers) - 1 or not self.at_end or self.is_closed:
            return False
        return context is None and not self.block.endswith((b"\n", b"  "))

    def _wait(self, index: int) -> None:
        self.stopped_at = index
        self.consumed = int(self.headers[index])

    def _reject(self, start: int, reason: str) -> None:
        self.rejects.append(Reject(start, reason, sample(self.block[start : start + 1000])))


_REASONS = {
    "open": "the context's JSON is cut off",
    "invalid": "the context is not valid JSON",
    "deep": "the context's JSON is nested too deeply",
}
