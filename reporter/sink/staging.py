"""Entries on their way into the sink: mapped into the table `staged`, told from what is there already, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.events.columns import LEVELS
from reporter.events.facts import ALL_PATHS, paths_in
from reporter.events.mapping import map_sql

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
    """SQL for events (EVENT_COLUMNS) with `reason`: why an entry is none, else null."""
    reason = f"""CASE WHEN level IS NOT NULL AND level NOT IN {LEVELS} THEN 'no level that Monolog knows'
      WHEN ts IS NULL THEN 'no valid time' END"""
    return f"SELECT *, {reason} AS reason FROM ({map_sql(records_sql, paths)})"


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
FORGOTTEN = """
DELETE FROM staged USING about WHERE key = 'kept:' || kind AND ts < try_cast(value AS TIMESTAMP)"""
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
