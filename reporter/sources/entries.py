"""A block of a log's bytes, cut into entries, each by its own shape.

The usual entries go by array arithmetic (monolog_line, json_lines); what these leave is read singly, in the file's order. An
entry ends where another shape begins, unless its JSON is still open; a line that belongs to none is one reject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from reporter.sources import Cut, Reject
from reporter.sources.blocks import raw_rows, raw_table
from reporter.sources.header import line_starts, shapes
from reporter.sources.json_lines import texts, unusual
from reporter.sources.monolog_line import UsualLines
from reporter.sources.singly import Regions, Singly
from reporter.sources.wrappers import Layer, decoded, is_coloured, plain_text

if TYPE_CHECKING:
    from reporter.sources.blocks import Ints

# A file without line breaks is one region: its whole objects are taken before it ends.
_LONG_REGION_BYTES = 1 << 20


class Entries:
    """Cuts one file's blocks. `codec`: UTF-16's, where the file is written in it."""

    def __init__(self, codec: str = "", before: bytes = b"") -> None:
        self.codec = codec
        # Whether the writer ends entries as LineFormatter does, as far as is known.
        self._ends_in_blank = before.endswith(b" \n")

    def cut(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        if self.codec:
            layer = decoded(block, self.codec)
            return outer(self._uncoloured(layer.inner, at_end, is_closed), layer)
        return self._uncoloured(block, at_end, is_closed)

    def _uncoloured(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        if not is_coloured(block):
            return self._cut(block, at_end, is_closed)
        layer = plain_text(block)
        return outer(self._cut(layer.inner, at_end, is_closed), layer)

    def _cut(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        headers, objects = shapes(block, line_starts(block)) if block else (np.array([], np.int64),) * 2
        bounds = np.union1d(headers, objects)
        regions = Regions(bounds, np.append(bounds[1:], len(block))[: len(bounds)], np.isin(bounds, objects))
        single = Singly(block, regions, at_end, is_closed, self._ends_in_blank, self._cut_inner)
        count = (
            len(bounds)
            if at_end or (single.ends_in_object and single.last_size > _LONG_REGION_BYTES)
            else max(0, len(bounds) - 1)
        )
        single.limit(count)
        single.lead(int(bounds[0]) if len(bounds) else len(block))
        lines = np.flatnonzero(~regions.is_object[:count])
        followed = np.append(regions.is_object[1:], not at_end)[lines] | single.is_manifold[lines]
        usual = UsualLines(block, bounds[lines], regions.ends[lines], followed)
        usual.odd |= single.is_manifold[lines]
        if at_end and len(lines) and lines[-1] == len(bounds) - 1:
            usual.odd[-1] = True
        of_objects = np.flatnonzero(regions.is_object[:count])
        ends = single.trimmed_ends[of_objects]
        suspects = np.union1d(lines[usual.unusual()], of_objects[unusual(block, bounds[of_objects], ends)]).astype(
            np.int64
        )
        single.read(suspects)
        keep = np.ones(count, bool)
        keep[suspects] = False
        keep &= ~single.swallowed[:count]
        keep[single.stopped_at :] = False
        told = pa.concat_tables([usual.table(np.flatnonzero(keep[lines])), raw_rows(single.rows), *single.tables])
        kept = of_objects[keep[of_objects]]
        self._ends_in_blank = block[: single.consumed].endswith((b" \n", b" \r\n")) or (
            self._ends_in_blank and not single.consumed
        )
        return Cut(
            told,
            single.consumed,
            single.rejects,
            _objects(block, bounds[kept], single.trimmed_ends[kept], single.objects),
        )

    def _cut_inner(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        return Entries().cut(block, at_end, is_closed)


def _objects(block: bytes, starts: Ints, ends: Ints, others: list[pa.Table]) -> pa.Table | None:
    if not len(starts):
        return pa.concat_tables(others) if others else None
    nothing = pa.nulls(len(starts), pa.string())
    lines = texts(block, starts, ends)
    return pa.concat_tables([raw_table([pa.array(starts), nothing, nothing, nothing, lines, nothing]), *others])


def outer(cut: Cut, layer: Layer) -> Cut:
    """A cut of what lies within, with the offsets of the text around it."""
    rejects = [reject._replace(offset=int(layer.outer(np.array(reject.offset)))) for reject in cut.rejects]
    objects = _moved(cut.objects, layer) if cut.objects is not None else None
    return Cut(_moved(cut.entries, layer), int(layer.outer(np.array(cut.consumed))), rejects, objects)


def _moved(table: pa.Table, layer: Layer) -> pa.Table:
    return table.set_column(0, "offset", pa.array(layer.outer(table["offset"].to_numpy()), pa.int64()))


__all__ = ["Entries", "Reject"]
