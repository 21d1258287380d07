"""What events were logged with, of which a report carries a part. It is most of a sink, and to look how long a text is takes as long as
reading it: so all is read twice, once for its lengths and once for what may be carried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.analysis.log_data import BAD, keep_contexts, length, near
from reporter.events.columns import LEVELS
from reporter.events.packing import PACKED_LENGTH, UNPACKED, with_contexts

if TYPE_CHECKING:
    import duckdb

_LENGTHS = "coalesce(length(message), 0) AS message, {size} AS size"
# A sink's contexts are unpacked for that only where they are of traces that may be carried with their records: all of it took six times as
# long as to read them. Of the others it is told how long they are at least. Nor are long ones, of which marks are little: DuckDB unpacks 2,048
# rows at a time, and holds each several times.
_LONG = 8_000
_OF_PACKED = f"""CASE WHEN n IS NULL THEN {length("packed", PACKED_LENGTH)} WHEN length(packed) > {_LONG} THEN {length("packed", "length(packed)")}
  ELSE {length(UNPACKED, f"length({UNPACKED})")} END"""
# Of those that have more than a message, or are of a trace that may be carried with its records.
_MEASURED = f"""
CREATE OR REPLACE TEMP TABLE logged AS
SELECT id, ts, {BAD} AS is_bad, n, {_LENGTHS.format(size=_OF_PACKED)} FROM window_events LEFT JOIN chosen USING (correlation_id) WHERE size > 0 OR n IS NOT NULL"""
# A trace may reach beyond the window. Found first, since a condition is looked at when all columns have been read.
_BEYOND = """
CREATE OR REPLACE TEMP TABLE beyond AS
SELECT id, n FROM (SELECT id, n FROM events JOIN chosen USING (correlation_id)) ANTI JOIN logged USING (id)"""
_MEASURED_BEYOND = f"""
INSERT INTO logged SELECT id, NULL, NULL, n, message, size FROM (SELECT id, n, {_LENGTHS.format(size=length())} FROM {with_contexts()} JOIN beyond USING (id))"""
_COLUMNS = """id, source, "offset", ts, kind, event, operation, status, duration_ms, level, message, correlation_id, context, extra"""
_TOLD = f"""
CREATE OR REPLACE TEMP TABLE told AS
SELECT {_COLUMNS} FROM {with_contexts()} WHERE id IN (SELECT id FROM logged SEMI JOIN chosen USING (n) UNION ALL SELECT id FROM log_near)"""


def measure(con: duckdb.DuckDBPyConnection) -> None:
    """Leave `logged`: id, ts (null: beyond the window), is_bad, `n` of the trace where it is `chosen`, characters of `message` and
    (`size`) of context and extra; where it is not chosen, or these are long, as many as there are at least."""
    con.execute(_MEASURED, {"levels": list(LEVELS)})
    con.execute(_BEYOND)
    con.execute(_MEASURED_BEYOND)
    con.execute("DROP TABLE beyond")


def keep(con: duckdb.DuckDBPyConnection) -> None:
    """Leave `told`: the events of `chosen` traces, those of `log_kept`, which it leaves too, and some more."""
    near(con)
    con.execute(_TOLD)
    keep_contexts(con)
