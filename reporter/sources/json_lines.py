"""JSON entries: Monolog's JsonFormatter and the bare telemetry object, one a line, which DuckDB takes apart.

Everything else that is JSON (other formatters' keys, several objects in a line or one over several) is read singly, by the
table of names in json_keys.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reporter import engine
from reporter.events.columns import LEVELS
from reporter.events.names import EVENT_NAME
from reporter.sources.blocks import in_batches, invalid_json, invalid_utf8, scratch, strings_between

if TYPE_CHECKING:
    import pyarrow as pa

    from reporter.sources.blocks import Ints

# JsonFormatter wraps the telemetry object in `context`; a bare object is its own context.
RECORDS_SQL = """
WITH marked AS (
  SELECT source, "offset", context AS line, json_type(context, '$.context') AS kind,
    json_exists(context, '$.level_name') AND json_exists(context, '$.message') AS wrapped,
    json_extract_string(context, ['$.datetime', '$.level_name', '$.message']) AS f
  FROM raw)
SELECT source, "offset", CASE WHEN wrapped THEN f[1] END AS time,
  CASE WHEN wrapped THEN f[2] END AS level, CASE WHEN wrapped THEN f[3] END AS message,
  CASE WHEN NOT wrapped THEN line WHEN kind IN ('OBJECT', 'ARRAY') AND (line->'$.context')::VARCHAR NOT IN ('{}', '[]')
    THEN (line->'$.context')::VARCHAR END AS context,
  CASE WHEN wrapped AND json_type(line, '$.extra') = 'OBJECT' AND (line->'$.extra')::VARCHAR <> '{}'
    THEN (line->'$.extra')::VARCHAR END AS extra,
  NULL::VARCHAR AS entry_event
FROM marked"""
# Keys by which other writers' objects are told from the two usual kinds.
_FOREIGN = (
    "message",
    "level",
    "severity",
    "log",
    "msg",
    "@timestamp",
    "datetime",
    "time",
    "status_code",
    "log.level",
    "lvl",
)
_USUAL = f"""
SELECT i FROM (SELECT i, json_extract_string(c, ['$.datetime', '$.level_name', '$.message', '$.event', '$.timestamp',
    '$.meta.timestamp']) AS f,
    json_extract(c, {[f'$."{key}"' for key in _FOREIGN]!r}) AS others FROM lines)
WHERE CASE WHEN f[2] IS NULL THEN f[4] IS NULL OR NOT regexp_full_match(f[4], '{EVENT_NAME.pattern}')
    OR len(list_filter(others, lambda x: x IS NOT NULL)) > 0 OR NOT coalesce(regexp_matches(coalesce(f[6], f[5]), '^[0-9]{{4}}-'), false)
  ELSE f[2] NOT IN {LEVELS} OR f[3] IS NULL OR NOT coalesce(regexp_matches(f[1], '^[0-9]{{4}}-'), false) END"""
# So few are read singly, which takes less time than a statement.
_FEW = 10


def unusual(block: bytes, starts: Ints, ends: Ints) -> Ints:
    """Indexes of the lines that are not one whole entry of the two usual kinds."""
    if len(starts) <= _FEW:
        return np.arange(len(starts))
    data = np.frombuffer(block, np.uint8)
    odd = (data[starts] != ord("{")) | (data[ends - 1] != ord("}"))
    odd[invalid_utf8(block, starts, ends)] = True
    good = np.flatnonzero(~odd)
    if len(good):
        lines = texts(block, starts[good], ends[good])
        bad = invalid_json(lines)
        odd[good[bad]] = True
        keep = np.setdiff1d(np.arange(len(good)), bad)
        odd[good[keep[_other_kinds(lines.take(keep))]]] = True
    return np.flatnonzero(odd)


def texts(block: bytes, starts: Ints, ends: Ints) -> pa.Array:
    bounds = np.append(np.stack([starts, ends]).T.ravel(), ends[-1:]).astype(np.int64)
    return strings_between(block, bounds, 2, 0)


def _other_kinds(lines: pa.Array) -> Ints:
    import pyarrow as pa

    if not len(lines):
        return np.array([], np.int64)
    con = scratch().cursor()
    engine.register(con, "lines", in_batches(pa.table({"i": pa.array(np.arange(len(lines))), "c": lines})))
    found = con.execute(_USUAL).fetchnumpy()["i"]
    con.close()
    return np.sort(np.asarray(found, dtype=np.int64))
