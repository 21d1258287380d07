"""Entries on their way into the sink: mapped into the table `staged`, told from what is there already, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.events.columns import LEVELS
from reporter.events.facts import ALL_PATHS, paths_in
from reporter.events.mapping import map_sql
from reporter.events.packing import PACKED, UNPACKED, with_contexts

if TYPE_CHECKING:
    import pyarrow as pa

# Entries that are looked through for what they tell before they are mapped.
_FEW_ROWS = 100


def paths_of(rows: pa.Table) -> frozenset[str]:
    """The paths that may lead to something in a small batch; all, where looking would take longer than it saves."""
    if rows.num_rows > _FEW_ROWS:
        return ALL_PATHS
    return paths_in(text for column in rows.columns for text in column.to_pylist() if isinstance(text, str))


def staged(records_sql: str, paths: frozenset[str]) -> str:
    """SQL for events as they are kept (schema.STORED_COLUMNS) with `reason`: why an entry is none, else null."""
    reason = f"""CASE WHEN level IS NOT NULL AND level NOT IN {LEVELS} THEN 'no level that Monolog knows'
      WHEN ts IS NULL THEN 'no valid time' END"""
    return f"SELECT * EXCLUDE (context), {PACKED} AS packed, {reason} AS reason FROM ({map_sql(records_sql, paths)})"


# Whether there are names yet unknown, and entries that are no events.
FOUND = "SELECT count(*) > count(kind), count(reason) > 0 FROM staged"
# Staged records that an earlier event, or an earlier one of the same batch, has brought already.
REPEATED = """
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT id FROM staged SEMI JOIN (SELECT record_id FROM events WHERE record_id IS NOT NULL) USING (record_id)
UNION
SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY record_id ORDER BY id) AS n
  FROM staged WHERE record_id IS NOT NULL AND reason IS NULL) WHERE n > 1
"""
# Rows of a table are told by their key, which a reject's sample begins with (tables.py). Rejects of rows that come again are replaced.
_KEY_OF_REJECT = """regexp_extract(sample, '^\\{"event_id":"((?:[^"\\\\]|\\\\.)*)"', 1)"""
_KEY_OF_STAGED = f"""regexp_extract({UNPACKED}, '^\\{{"event_id":"((?:[^"\\\\]|\\\\.)*)"', 1)"""
REJECTED_BEFORE = f"""
CREATE OR REPLACE TEMP TABLE rejected AS
SELECT r.rowid AS row, r.source FROM rejects r JOIN (SELECT DISTINCT source, {_KEY_OF_STAGED} AS key FROM staged) s
  ON s.source = r.source AND s.key = {_KEY_OF_REJECT} WHERE s.key <> ''"""
FORGET_REJECTED = """
UPDATE sources SET entries = entries - n, rejects = rejects - n FROM (SELECT source, count(*) AS n FROM rejected GROUP BY source) c
WHERE sources.id = c.source;
DELETE FROM rejects WHERE rowid IN (SELECT row FROM rejected)"""
# Of a table's rows those that say something else than when they were taken in. No context is unpacked but of these rows.
CHANGED = f"""
CREATE OR REPLACE TEMP TABLE changed AS
SELECT e.id, e.source, e.correlation_id FROM {with_contexts("staged")} s
  JOIN {with_contexts("(SELECT * FROM events SEMI JOIN staged USING (record_id, source))")} e
  ON e.record_id = s.record_id AND e.source = s.source
WHERE e.ts IS DISTINCT FROM s.ts OR e.context IS DISTINCT FROM s.context"""
# The old event goes, and the row is taken in like a new one; spans of its old trace, which the new one need not belong to, are
# derived again from an event that is left there.
FORGET_CHANGED = (
    """UPDATE sources SET entries = entries - n, events = events - n FROM (SELECT source, count(*) AS n FROM changed GROUP BY source) c
WHERE sources.id = c.source""",
    "DELETE FROM events WHERE id IN (SELECT id FROM changed)",
    """DELETE FROM spans WHERE correlation_id IN (SELECT correlation_id FROM changed)
  OR (correlation_id IS NULL AND (id IN (SELECT id FROM changed) OR row_event IN (SELECT id FROM changed)))""",
    "UPDATE events SET batch = {batch} WHERE correlation_id IN (SELECT correlation_id FROM changed)",
    """DELETE FROM faults WHERE correlation_id IN (SELECT correlation_id FROM changed) OR (correlation_id IS NULL AND id IN (SELECT id FROM changed))""",
)
FORGOTTEN = """
DELETE FROM staged USING about WHERE key = 'kept:' || kind AND ts < try_cast(value AS TIMESTAMP)"""
# The day of a table's latest event: from the day before it on, the table is read again.
SEEN_UNTIL = """
UPDATE sources SET seen_until = strftime(last, '%Y-%m-%d')
FROM (SELECT source, max(ts) AS last FROM events SEMI JOIN staged USING (source) GROUP BY source) c WHERE sources.id = c.source"""
_COUNT = """
UPDATE sources SET entries = sources.entries + c.entries, events = sources.events + c.events,
  rejects = sources.rejects + c.entries - c.events,
  duplicates = sources.duplicates + c.duplicates
FROM (SELECT source, count(*) AS entries, count(*) FILTER (reason IS NULL) AS events, {duplicates} AS duplicates
  FROM staged {repeated} GROUP BY source) c
WHERE sources.id = c.source
"""


def count_sql(*, is_table: bool) -> str:
    """Count `staged` in its sources. Records that another log brought before are duplicates; rows that were read before are nothing."""
    if is_table:
        return _COUNT.format(duplicates="0", repeated="ANTI JOIN repeated USING (id)")
    return _COUNT.format(duplicates="count(r.id) FILTER (reason IS NULL)", repeated="LEFT JOIN repeated r USING (id)")
