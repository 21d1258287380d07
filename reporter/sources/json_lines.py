"""One JSON object a line: Monolog's JsonFormatter, or the bare telemetry object itself."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from reporter.sources import Cut, Reject, sample
from reporter.sources.blocks import Ints, invalid_json, invalid_utf8, raw_rows, raw_table, strings_between
from reporter.sources.mend import dump, load


class JsonLines:
    name = "json"
    # JsonFormatter wraps the telemetry object in `context`; a bare object is its own context.
    records_sql = """
WITH marked AS (
  SELECT source, "offset", context AS line, json_type(context, '$.context') AS kind,
    json_exists(context, '$.level_name') AND json_exists(context, '$.message') AS wrapped,
    json_extract_string(context, ['$.datetime', '$.level_name', '$.message', '$.datetime.date']) AS f
  FROM raw)
SELECT source, "offset", CASE WHEN wrapped THEN coalesce(f[4], f[1]) END AS time,
  CASE WHEN wrapped THEN upper(f[2]) END AS level, CASE WHEN wrapped THEN f[3] END AS message,
  CASE WHEN NOT wrapped THEN line WHEN kind = 'OBJECT' THEN (line->'$.context')::VARCHAR END AS context,
  CASE WHEN wrapped AND json_type(line, '$.extra') = 'OBJECT' AND (line->'$.extra')::VARCHAR <> '{}'
    THEN (line->'$.extra')::VARCHAR END AS extra,
  NULL::VARCHAR AS entry_event
FROM marked"""

    def sniff(self, head: bytes) -> bool:
        return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")

    def cut(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        starts, ends = _lines(block)
        if len(ends) and ends[-1] == len(block) and not block.endswith(b"\n"):
            # The last line has no line break yet: it is whole only if its JSON is.
            whole = at_end and (is_closed or _object(block[starts[-1] :]) is not None)
            if not whole:
                return self._cut(block, starts[:-1], ends[:-1], int(starts[-1]))
        return self._cut(block, starts, ends, len(block))

    def _cut(self, block: bytes, starts: Ints, ends: Ints, consumed: int) -> Cut:
        data = np.frombuffer(block, np.uint8)
        filled = starts < ends
        starts, ends = starts[filled], ends[filled]
        if not len(starts):
            return Cut(raw_rows([]), consumed)
        suspects = invalid_utf8(block, starts, ends)
        is_object = (data[starts] == ord("{")) & (data[ends - 1] == ord("}"))
        suspects = np.union1d(suspects, np.flatnonzero(~is_object)).astype(np.int64)
        good = np.setdiff1d(np.arange(len(starts)), suspects)
        if len(good):
            bad = good[invalid_json(_texts(block, starts, ends, good))]
            suspects = np.union1d(suspects, bad).astype(np.int64)
            good = np.setdiff1d(good, bad)
        rows, rejects = _mend(block, starts, ends, suspects)
        if not len(good):
            return Cut(raw_rows(rows), consumed, rejects)
        nothing = pa.nulls(len(good), pa.string())
        fast = raw_table([pa.array(starts[good]), nothing, _texts(block, starts, ends, good), nothing])
        return Cut(pa.concat_tables([fast, raw_rows(rows)]), consumed, rejects)


def _lines(block: bytes) -> tuple[Ints, Ints]:
    data = np.frombuffer(block, np.uint8)
    breaks = np.flatnonzero(data == 10)
    starts = np.concatenate(([0], breaks + 1)).astype(np.int64)
    ends = np.append(breaks, len(block)).astype(np.int64)
    has_return = (ends > starts) & (data[np.maximum(ends - 1, 0)] == 13) if len(data) else np.zeros(len(ends), bool)
    ends = ends - has_return
    if block.startswith(b"\xef\xbb\xbf"):
        starts[0] = 3
    if starts[-1] >= len(block):
        starts, ends = starts[:-1], ends[:-1]
    return starts, ends


def _texts(block: bytes, starts: Ints, ends: Ints, index: Ints) -> pa.Array:
    bounds = np.empty(2 * len(index) + 1, np.int64)
    bounds[0:-1:2], bounds[1::2], bounds[-1] = starts[index], ends[index], ends[index[-1]]
    return strings_between(block, bounds, 2, 0)


def _mend(
    block: bytes, starts: Ints, ends: Ints, suspects: Ints
) -> tuple[list[tuple[int, str | None, str | None, str | None]], list[Reject]]:
    rows: list[tuple[int, str | None, str | None, str | None]] = []
    rejects: list[Reject] = []
    for index in suspects.tolist():
        line = block[starts[index] : ends[index]]
        if not line.strip():
            continue
        mended = _object(line)
        if mended is None:
            rejects.append(Reject(int(starts[index]), "not a JSON object", sample(line)))
        else:
            rows.append((int(starts[index]), None, mended, None))
    return rows, rejects


def _object(line: bytes) -> str | None:
    """The line's JSON object, mended (control characters, invalid UTF-8, lone surrogates); None if it isn't one."""
    try:
        value = load(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    return dump(value) if isinstance(value, dict) else None
