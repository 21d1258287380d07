"""Table rows whose call, told by its id, was logged in another trace than the row's: most often in one where the row knows none.

Spans are derived trace by trace, so such a row is taken to the trace of its call, whichever of the two comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import engine
from reporter.events.names import TABLE_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

# The events of these families have a row each, by the same id.
_IDS = dict(
    zip(TABLE_EVENTS, (("tool.invocation", "invocation_id"), ("command.execution", "execution_id")), strict=True)
)


def _found() -> Iterator[str]:
    for table, (family, name) in _IDS.items():
        yield f"""SELECT r.id, r.correlation_id AS own, arg_min({{'trace': e.correlation_id, 'ts': e.ts}}, (e.ts, e.id)) AS told
FROM events r JOIN events e USING ({name})
WHERE r.family = '{table}' AND e.family = '{family}' AND e.phase IN ('start', 'finish')
GROUP BY r.id, r.correlation_id HAVING bool_and(r.correlation_id IS DISTINCT FROM e.correlation_id)"""


_FOUND = f"""CREATE OR REPLACE TEMP TABLE elsewhere AS
SELECT id, own, told.trace AS correlation_id, told.ts AS ts FROM ({" UNION ALL ".join(_found())})"""

# A row that ends its call may lie outside what else is known of the call's trace.
REACH = """INSERT INTO traces SELECT l.correlation_id, min(e.ts), max(e.ts) FROM elsewhere l JOIN events e USING (id)
  JOIN (SELECT correlation_id, min(first_ts) AS first_ts, max(last_ts) AS last_ts FROM traces GROUP BY correlation_id) t
    ON t.correlation_id = l.correlation_id
WHERE e.ts NOT BETWEEN t.first_ts AND t.last_ts GROUP BY l.correlation_id"""
# Events as they are, and those rows a second time, as of the trace of their call.
EVENTS = """(SELECT * FROM events
UNION ALL SELECT e.* REPLACE (l.correlation_id AS correlation_id) FROM events e JOIN elsewhere l USING (id))"""


def find(con: duckdb.DuckDBPyConnection) -> bool:
    """Make `elsewhere` (id and `own` trace of the row; correlation_id and ts of the call's first event) where tables were read; whether there are any."""
    if not engine.again(con, """SELECT 1 FROM sources WHERE kind = 'table' AND "offset" > 0 LIMIT 1""").fetchall():
        return False
    con.execute(_FOUND)
    return bool(con.execute("SELECT 1 FROM elsewhere LIMIT 1").fetchall())


def events_of(turn: str, chosen: str) -> str:
    """SQL for the `chosen` events of a turn's traces, with the rows that belong to them and without those that belong elsewhere."""
    return f"""SELECT * EXCLUDE (batch) FROM events WHERE {chosen} AND {turn} AND id NOT IN (SELECT id FROM elsewhere)
UNION ALL SELECT e.* EXCLUDE (batch) REPLACE (l.correlation_id AS correlation_id) FROM events e
  JOIN (SELECT * FROM elsewhere WHERE {turn}) l USING (id)"""


def spans_of(turn: str) -> str:
    """The condition of the spans that `events_of` a turn make: the rows' own too."""
    return f"{turn} OR id IN (SELECT id FROM elsewhere WHERE {turn})"
