"""Which traces are put together at a time: so many that what is made of their events can be held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.sql import literal

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

# Spans are derived of traces with so many new events at a time, and of one with more.
DERIVED_AT_ONCE = 1_000_000
_TOUCHED = """
CREATE OR REPLACE TEMP TABLE touched AS
SELECT correlation_id, (sum(n) OVER (ORDER BY first, correlation_id) - 1) // {at_once} AS turn FROM (
  SELECT correlation_id, count(*) AS n, min(ts) AS first FROM {events} WHERE {new} GROUP BY correlation_id)"""
# No event lies outside what `traces` tells, nor a span.
_TURNS = """
SELECT turn, bool_or(t.correlation_id IS NULL), min(first_ts), max(last_ts)
FROM touched t LEFT JOIN traces USING (correlation_id) GROUP BY turn ORDER BY turn"""
# Of so few traces the ids are named, which finds their events sooner than a join.
_NAMED_TRACES = 50


def turns_of(con: duckdb.DuckDBPyConnection, new: str, *, is_all: bool, events: str = "events") -> list[str]:
    """Conditions of what belongs to the traces of the events that `new` selects, a turn each. `is_all`: there are no others."""
    found = con.execute(
        f"SELECT DISTINCT correlation_id FROM {events} WHERE {new} LIMIT {_NAMED_TRACES + 1}"
    ).fetchall()
    ids = [row[0] for row in found]
    if not ids:
        return []
    if len(ids) <= _NAMED_TRACES and not any("\0" in name for name in ids if name):
        if is_all:
            return ["true"]
        named = ", ".join(literal(name) for name in ids if name) or "NULL"
        return [f"(correlation_id IN ({named}){' OR correlation_id IS NULL' if None in ids else ''})"]
    con.execute(_TOUCHED.format(new=new, events=events, at_once=DERIVED_AT_ONCE))
    turns = con.execute(_TURNS).fetchall()
    if is_all and len(turns) == 1:
        return ["true"]
    return [_turn(*turn) for turn in turns]


def _turn(number: int, has_none: bool, first: datetime | None, last: datetime | None) -> str:
    """The condition of what belongs to a turn's traces. `first`, `last`: when all that is of its traces was."""
    named = f"correlation_id IN (SELECT correlation_id FROM touched WHERE turn = {number})"
    if has_none:
        return f"({named} OR correlation_id IS NULL)"
    return f"(ts BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}' AND {named})" if first else named
