"""Blocks of bytes as Arrow columns without a copy per entry, and the check for entries that need mending."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute

from reporter import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = npt.NDArray[np.int64]

_NAMES = ("time", "level", "message", "context", "extra")
RAW_SCHEMA = pa.schema([("offset", pa.int64()), *((name, pa.string()) for name in _NAMES)])
# offset, time, level, message, context, extra
Row = tuple[int, str | None, str | None, str | None, str | None, str | None]
# DuckDB reads an Arrow table in parallel by its batches.
_BATCH_ROWS = 8192
# Of a batch it takes 2,048 rows at a time. Of each value in their contexts it makes 16 bytes, for each function that reads them, and a text of
# each for every mark: where so many rows hold more than this, batches are of so many bytes.
VECTOR_BYTES = 2_000_000
_VECTORS = _BATCH_ROWS // 2048
_INVALID = """SELECT i FROM contexts
WHERE c IS NOT NULL AND (NOT json_valid(c) OR contains(c, 'NaN') OR contains(c, 'Infinity') OR contains(c, ',}'))"""
# Contexts that are checked one by one: an app has many small files, and DuckDB takes as long to begin with each.
_FEW = 2000


def strings_between(block: bytes, bounds: Ints, stride: int, column: int) -> pa.Array:
    """Every `stride`-th string, from `column` on, of those that `bounds` (ascending) cut the block into."""
    count = len(bounds) - 1
    cut = pa.StringArray.from_buffers(count, pa.py_buffer(bounds.astype(np.int32)), pa.py_buffer(block))
    return cut.take(pa.array(np.arange(column, count, stride)))


def invalid_utf8(block: bytes, starts: Ints, ends: Ints) -> Ints:
    """Indexes of the entries that are not UTF-8; looks at them singly only where the block as a whole is not."""
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return np.array([i for i, (a, b) in enumerate(zip(starts, ends, strict=True)) if not _is_utf8(block[a:b])], int)
    return np.array([], int)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@cache
def scratch() -> engine.DuckDBPyConnection:
    """An in-memory connection for checks: opening one takes longer than checking a small file."""
    return engine.connect()


def invalid_json(contexts: pa.Array) -> Ints:
    """Indexes of the non-null strings that are not JSON, or may hold a bare NaN or Infinity, which DuckDB takes for JSON. Its check takes 0.6 µs an entry, in parallel, and 2 ms to begin."""
    if len(contexts) <= _FEW and all(text is None or _is_strict_json(text) for text in contexts.to_pylist()):
        return np.array([], np.int64)
    con = scratch().cursor()
    engine.register(con, "contexts", in_batches(pa.table({"i": pa.array(np.arange(len(contexts))), "c": contexts})))
    found = con.execute(_INVALID).fetchnumpy()["i"]
    con.close()
    return np.sort(np.asarray(found, dtype=np.int64))


def _is_strict_json(text: str) -> bool:
    """What orjson reads, DuckDB does; the other way about DuckDB reads some more."""
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def in_batches(table: pa.Table) -> pa.Table:
    """The table in batches as DuckDB takes them best, that it can hold."""
    sizes = np.zeros(table.num_rows + 1, np.int64)
    for column in table.columns:
        if pa.types.is_string(column.type):
            sizes[1:] += pyarrow.compute.fill_null(pyarrow.compute.binary_length(column), 0).to_numpy()
    ends, at, batches = np.cumsum(sizes), 0, []
    while at < table.num_rows:
        until = min(at + _BATCH_ROWS, table.num_rows)
        if ends[until] - ends[at] > VECTOR_BYTES * _VECTORS:
            until = max(at + 1, int(np.searchsorted(ends, ends[at] + VECTOR_BYTES, "right")) - 1)
        batches += table.slice(at, until - at).combine_chunks().to_batches()
        at = until
    return pa.Table.from_batches(batches, schema=table.schema)


def raw_table(columns: Sequence[pa.Array]) -> pa.Table:
    """A table of RAW_SCHEMA in batches."""
    return in_batches(pa.Table.from_arrays(list(columns), schema=RAW_SCHEMA))


def joined(parts: Sequence[pa.Table]) -> pa.Table:
    """The parts as one table; those of many small files are put together in batches, for DuckDB begins anew with each."""
    table = pa.concat_tables(parts)
    # What is cut finer is so for its bytes.
    is_fine = table.num_rows <= _BATCH_ROWS // 8 * len(parts) and table.nbytes <= VECTOR_BYTES * len(parts)
    return in_batches(table.combine_chunks()) if is_fine else table


def raw_rows(rows: Sequence[Row]) -> pa.Table:
    """A table of RAW_SCHEMA from single entries, those that had to be mended."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(RAW_SCHEMA)
    return raw_table([pa.array(values, kind.type) for values, kind in zip(columns, RAW_SCHEMA, strict=True)])


def of_source(rows: pa.Table, source: int, offset: int) -> pa.Table:
    """The entries of a block that begins at `offset` of a source, with the source's number and absolute offsets."""
    absolute = pyarrow.compute.add(rows["offset"], offset)
    numbers = pa.chunked_array([pa.repeat(pa.scalar(source, pa.int32()), len(c)) for c in absolute.chunks], pa.int32())
    return rows.set_column(0, "offset", absolute).append_column("source", numbers)
