"""Monolog's LineFormatter as Laravel configures it: `[time] channel.LEVEL: message context extra`.

The usual entry, one line with valid JSON, is cut with numpy and never becomes a Python object. Whatever is not like
that (line breaks in the JSON, braces in the message, forged headers, cut-off entries) is read singly, by the same definition
of a header (header.py).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reporter.events.levels import LEVEL_NAMES
from reporter.sources.blocks import invalid_json, invalid_utf8, raw_rows, raw_table, strings_between
from reporter.sources.header import HEADER, HEADER_BYTES, TIME_REST_AT_MOST, level_of_label, usual_times
from reporter.sources.mend import Tail, clean, plain, tail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reporter.sources.blocks import Ints, Row

RECORDS_SQL = 'SELECT source, "offset", time, level, message, context, extra, NULL::VARCHAR AS entry_event FROM raw'
_SPACE, _OPEN, _CLOSE, _BRACKET, _UNBRACKET = 32, 123, 125, 91, 93
# What an entry is cut into: a bracket, time, a bracket, label, a colon, message, a blank, context, the rest.
_PARTS = 9
_TIME, _LABEL, _MESSAGE, _CONTEXT = 1, 3, 5, 7


class UsualLines:
    """The usual entries of a block, by array arithmetic alone. `starts`, `ends`: of regions of one line each, without `ends`'
    line break; `is_followed`: that no header follows, so that it must end as LineFormatter ends an entry."""

    def __init__(self, block: bytes, starts: Ints, ends: Ints, is_followed: np.typing.NDArray[np.bool_]) -> None:
        self.block, self.starts, self.ends = block, starts, ends
        data = np.frombuffer(block, np.uint8)
        stop = np.maximum(ends, starts + HEADER_BYTES)
        stop -= data[np.minimum(stop, len(data)) - 1] == 10
        stop -= data[stop - 1] == 13
        braces = np.flatnonzero((data[:-1] == _SPACE) & (data[1:] == _OPEN)) + 1
        nearest = np.append(braces, len(block))[np.searchsorted(braces, starts)]
        self.has_context = nearest < stop
        one, two = data[stop - 1], data[stop - 2]
        ends_in_empty = (one == _UNBRACKET) & (two == _BRACKET) & (data[stop - 3] == _SPACE)
        brace_before_empty = data[stop - 4] == _CLOSE
        spaces = (one == _SPACE).astype(np.int64) + ((one == _SPACE) & (two == _SPACE))
        both_empty = ends_in_empty & (data[stop - 6] == _SPACE) & (data[stop - 5] == _BRACKET) & ~brace_before_empty
        before = data[np.minimum(nearest, len(data)) - 2]
        odd = self.has_context & (spaces == 2)
        # A list, or nothing, before what may be the extra.
        odd |= self.has_context & ((before == _UNBRACKET) | ((before == _SPACE) & (spaces == 0)))
        odd |= ~self.has_context & ~both_empty & ((one == _UNBRACKET) | ((spaces == 1) & (two == _UNBRACKET)))
        odd |= is_followed & (spaces != np.where(self.has_context, 1, 2))
        message_end = np.where(self.has_context, nearest - 1, np.where(both_empty, stop - 6, stop - spaces))
        close = starts + HEADER_BYTES - 1
        odd |= ends - starts < HEADER_BYTES + 1
        self.close, self.message_end, self.odd = close, message_end, odd
        self.context_start = np.where(self.has_context, nearest, stop)
        context_end = np.where(ends_in_empty & brace_before_empty, stop - 3, stop)
        self.context_end = np.where(self.has_context, context_end, stop)
        self.levels: pa.Array = pa.nulls(len(starts), pa.string())
        self.odd[invalid_utf8(block, starts, ends)] = True
        self._read_headers(data)

    def _read_headers(self, data: np.typing.NDArray[np.uint8]) -> None:
        """Find where time and label end; what a label means is asked once for each that there is."""
        long = np.flatnonzero(~self.odd & (data[np.minimum(self.close, len(data) - 1)] != _UNBRACKET))
        if len(long):
            bounds = np.stack([self.close[long], np.minimum(self.close[long] + TIME_REST_AT_MOST + 1, self.ends[long])])
            found = pc.find_substring(strings_between(self.block, _closed(bounds), 2, 0), "]").to_numpy()
            self.close[long] += np.maximum(found, 0)
            self.odd[long] |= found < 0
        self.odd |= (self.close + 2 > self.message_end) | (data[np.minimum(self.close + 1, len(data) - 1)] != _SPACE)
        index = np.flatnonzero(~self.odd)
        self.colon = self.close + 2
        if not len(index):
            return
        bounds = np.stack([self.close[index] + 2, self.message_end[index]])
        found = pc.find_substring(strings_between(self.block, _closed(bounds), 2, 0), ": ").to_numpy()
        self.colon[index] += np.maximum(found, 0)
        self.odd[index[found < 0]] = True
        index = index[found >= 0]
        if not len(index):
            return
        bounds = np.stack([self.close[index] + 2, self.colon[index]])
        labels = strings_between(self.block, _closed(bounds), 2, 0).dictionary_encode()
        levels = pa.array([level_of_label(label) for label in labels.dictionary.to_pylist()], pa.string())
        told = levels.take(labels.indices)
        self.odd[index[np.asarray(told.is_null())]] = True
        every = np.full(len(self.starts), -1)
        every[index] = np.arange(len(index))
        self.levels = told.take(pa.array(every, mask=every < 0))

    def unusual(self) -> Ints:
        """Indexes of the entries that need a closer look."""
        usual = np.flatnonzero(~self.odd)
        if not len(usual):
            return np.flatnonzero(self.odd)
        bad = usual[invalid_json(self._contexts(usual))]
        return np.union1d(np.flatnonzero(self.odd), bad).astype(np.int64)

    def table(self, index: Ints) -> pa.Table:
        """The entries at `index` as RAW_SCHEMA."""
        if not len(index):
            return raw_rows([])
        bounds = self._bounds(index)
        times = usual_times(strings_between(self.block, bounds, _PARTS, _TIME))
        messages = strings_between(self.block, bounds, _PARTS, _MESSAGE)
        nothing = pa.nulls(len(index), pa.string())
        return raw_table(
            [
                pa.array(self.starts[index]),
                times,
                self.levels.take(pa.array(index)),
                messages,
                self._contexts(index),
                nothing,
            ]
        )

    def _bounds(self, index: Ints) -> Ints:
        """Ascending offsets, _PARTS an entry."""
        starts, close, colon = self.starts[index], self.close[index], self.colon[index]
        context, context_end = self.context_start[index], self.context_end[index]
        message = np.minimum(colon + 2, self.message_end[index])
        parts = np.stack(
            [starts, starts + 1, close, close + 2, colon, message, self.message_end[index], context, context_end]
        )
        return np.append(parts.T.ravel(), self.ends[index[-1]]).astype(np.int64)

    def _contexts(self, index: Ints) -> pa.Array:
        bounds = np.stack([self.context_start[index], self.context_end[index]])
        texts = strings_between(self.block, _closed(bounds), 2, 0)
        missing = ~self.has_context[index]
        return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), texts) if missing.any() else texts


def _closed(bounds: Ints) -> Ints:
    """Bounds of pieces, start and end each, as a rising row."""
    row = bounds.T.ravel()
    return np.append(row, row[-1]).astype(np.int64)


def read_line(text: str, longer: Iterable[str], can_grow: bool) -> tuple[Tail, Row | None]:
    """An entry's text, which may go on with lines that are none of it. `longer`: the same with the lines behind it, if it takes
    these to close its JSON: they are user text then. `can_grow`: the file may still close it (state `waits`).

    The row's offset is 0; there is none where the entry is not whole.
    """
    header = HEADER.match(text)
    if not header:
        return Tail("", state="headless"), None
    skip = header.end()
    found = tail(text[skip:])
    if found.state == "open":
        found = _beyond(longer, skip, len(text) - skip, can_grow) or found
    if found.state == "open" and plain(text[skip:]).is_strong:
        found = plain(text[skip:])
    if found.state != "complete":
        return found, None
    label = re.split("[. ]", header["label"])[-1].upper()
    row = (0, header["time"], LEVEL_NAMES.get(label, label), clean(found.message), found.context, found.extra)
    return replace(found, end=skip + found.end), row


def _beyond(longer: Iterable[str], skip: int, within: int, can_grow: bool) -> Tail | None:
    for text in longer:
        found = tail(text[skip:], within)
        if found.state == "complete" and found.end > within:
            return found
        if found.state != "open":
            return None
    return Tail("", state="waits") if can_grow else None
