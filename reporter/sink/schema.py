"""The tables of a sink. Any change here is a new SCHEMA_VERSION: a sink of another one is made anew."""

from __future__ import annotations

from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.events.packing import PACKED, PACKED_COLUMNS

SCHEMA_VERSION = 7

# When the events of batches after one were, by trace.
NOTE_TRACES = """
INSERT INTO traces SELECT correlation_id, min(ts), max(ts) FROM events WHERE batch > {batch} AND correlation_id IS NOT NULL
GROUP BY correlation_id ORDER BY correlation_id"""


def _columns(table: dict[str, tuple[str, str]]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, (kind, _) in table.items())


# What is kept of an event: `packed` is its context (events/packing.py).
STORED_COLUMNS = {
    name: (f"{kind} USING COMPRESSION zstd" if name == "packed" else kind, told)
    for name, (kind, told) in zip(PACKED_COLUMNS, EVENT_COLUMNS.values(), strict=True)
}


def events_table(name: str = "events") -> str:
    """SQL: a table of events. batch: numbers the commits that brought them, in rising order."""
    return f"CREATE TABLE {name} ({_columns(STORED_COLUMNS)}, batch INTEGER)"


def spans_table(name: str = "spans") -> str:
    """SQL: a table of spans."""
    return f"CREATE TABLE {name} ({_columns(SPAN_COLUMNS)})"


_TRACES = "CREATE TABLE traces (correlation_id VARCHAR, first_ts TIMESTAMP, last_ts TIMESTAMP)"
_FAULTS = """CREATE TABLE faults (correlation_id VARCHAR, id BIGINT, first_ts TIMESTAMP, ts TIMESTAMP,
  error_class VARCHAR, pattern VARCHAR, frame VARCHAR, tells TINYINT)"""
TABLES = f"""
CREATE TABLE about (key VARCHAR PRIMARY KEY, value VARCHAR);
-- One row a log file or table, whatever it was called over time.
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  name VARCHAR,             -- path relative to the app, or the table's name
  kind VARCHAR,             -- log, table
  format VARCHAR,           -- line, json; the table's columns that are missing
  path VARCHAR, inode BIGINT, size BIGINT, mtime_ns BIGINT,
  head_bytes INTEGER, head VARCHAR, tail VARCHAR,   -- how the file is known again; for SQLite, head is its signature
  "offset" BIGINT,          -- unpacked bytes (log) or rows (table) taken in
  entries BIGINT, events BIGINT, rejects BIGINT,    -- entries = events + rejects
  duplicates BIGINT,        -- of the events: records that another source had brought before
  pruned BIGINT,            -- of the events: no longer kept
  waiting_bytes BIGINT,     -- an unfinished entry at the end
  seen_until VARCHAR,       -- the last day seen (table)
  note VARCHAR);            -- why it could not be read, or not wholly
{events_table()};
CREATE TABLE rejects (source INTEGER, "offset" BIGINT, reason VARCHAR, sample VARCHAR);
{spans_table()};
-- When a trace's events were: a row each time that some were taken in. No event lies outside; what went may have lain inside.
{_TRACES};
-- The faults of all error events (analysis/past.py); `about` says through which batch: an answer need not put together what was before.
{_FAULTS};
-- Figures of days whose events are gone, or some of them: a row a prune, day of the app's zone, kind and operation; without
-- an operation it is the kind's.
CREATE TABLE daily (day DATE, kind VARCHAR, operation VARCHAR, events BIGINT, error_events BIGINT, operations BIGINT, errors BIGINT,
  tokens BIGINT, cost_usd DOUBLE, timed BIGINT, total_ms DOUBLE, p95_ms DOUBLE);
"""
# By version: what makes a sink of it one of the next.
_UPGRADES = {
    4: f"{_TRACES}; {NOTE_TRACES.format(batch=0)}",
    # Contexts were kept as they are. What the old table took is free in the file, until that is written anew (`gone`).
    5: f"""
ALTER TABLE events RENAME TO events_before;
{events_table()};
INSERT INTO events SELECT * REPLACE ({PACKED} AS context) FROM events_before;
DROP TABLE events_before;
INSERT OR REPLACE INTO about SELECT 'gone', count(*) FROM events""",
    # `context` was a column that DuckDB computed of `packed`, at each insert too; what was packed with fewer marks is read as ever. Faults are kept
    # as the next events are taken in; until then an answer puts all together.
    6: f"ALTER TABLE events DROP COLUMN IF EXISTS context; {_FAULTS}",
}


def upgrade(version: str) -> str | None:
    """What brings a sink of this version up to date, in one transaction; None where it has to be made anew."""
    if version not in map(str, _UPGRADES):
        return None
    steps = [sql for before, sql in _UPGRADES.items() if before >= int(version)]
    return f"BEGIN; {'; '.join(steps)}; UPDATE about SET value = '{SCHEMA_VERSION}' WHERE key = 'schema'; COMMIT"


TABLE_NAMES = ("about", "sources", "events", "rejects", "spans", "traces", "faults", "daily")
# batch: the last that was begun; derived: the last that the spans cover; faults: the last that these cover, and by which version; kept:KIND: events before are gone for good.
# salt: what placeholders of redacted secrets are hashed with (redact.py).
ABOUT = f"INSERT INTO about VALUES ('schema', '{SCHEMA_VERSION}'), ('batch', '0'), ('derived', '0'), ('salt', gen_random_uuid()::VARCHAR)"
