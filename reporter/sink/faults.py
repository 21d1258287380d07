"""Faults that are kept beside events and spans (analysis/past.py), so that an answer need not put together what was before its window.

They are brought up to date after spans were derived, in a transaction of their own; `about` says of which batch the last events are that
they cover, and which version put them together. Where they do not cover all, as in what was gathered of many hosts, an answer does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import __version__
from reporter.sink.turns import turns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reporter import engine
    from reporter.sink.store import Sink

# By name as KeptFault has them, with its values column by column.
_INSERT = """
INSERT INTO faults SELECT unnest($1::VARCHAR[]), unnest($2::BIGINT[]), unnest($3::TIMESTAMP[]), unnest($4::TIMESTAMP[]),
  unnest($5::VARCHAR[]), unnest($6::VARCHAR[]), unnest($7::VARCHAR[]), unnest($8::TINYINT[])"""
_TRACED, _ALONE = "coalesce(correlation_id, '') <> ''", "coalesce(correlation_id, '') = ''"


def _covered(sink: Sink) -> int:
    """The last batch that `faults` covers; 0 where another version put them together: it may have told them apart otherwise."""
    batch, _, version = (sink.about("faults") or "").partition(" ")
    return int(batch) if version == __version__ else 0


def has_faults(sink: Sink) -> bool:
    """Whether `faults` covers all events."""
    kept = _covered(sink)
    return kept > 0 and sink.is_saved and not sink.is_reduced and not sink.has_events_after(kept)


def keep_faults(sink: Sink) -> None:
    """Put together anew the faults of all traces that have events which `faults` does not cover, and note that it does."""
    if not sink.is_saved or has_faults(sink):
        return
    from reporter.sink import elsewhere

    con, kept = sink.connection, _covered(sink)
    # At first of those that failed; later whatever came of a trace may tell what ended with what, and so may a row of another's call.
    new, moved = (f"batch > {kept}", elsewhere.find(con)) if kept else ("status = 'error'", False)
    if moved:
        new = f"({new} OR id IN (SELECT id FROM elsewhere WHERE coalesce(own, '') <> ''))"
    turns = turns_of(con, new, is_all=not kept, events=elsewhere.EVENTS if moved else "events")
    with sink.transaction():
        if not kept:
            con.execute("DELETE FROM faults")
        for turn in turns:
            _keep(con, f"{_TRACED} AND {turn}")
        _add(con, f"(SELECT * FROM events WHERE {_ALONE} AND batch > {kept})", "false")
        sink.tell("faults", f"{sink.about('batch') or 0} {__version__}")
    for name in ("touched", "elsewhere"):
        con.execute(f"DROP TABLE IF EXISTS temp.{name}")


def forget_faults(sink: Sink) -> None:
    """Within a transaction: some events go, and what is left of their faults is to be put together anew."""
    sink.connection.execute("DELETE FROM faults")
    sink.forget("faults")


def _keep(con: engine.DuckDBPyConnection, of_traces: str) -> None:
    """Those of all traces of a condition on events, spans and faults."""
    doubted = con.execute(f"SELECT DISTINCT correlation_id FROM faults WHERE tells IS NULL AND {of_traces}").fetchall()
    con.execute(f"DELETE FROM faults WHERE {of_traces}")
    # A row of these may be of another trace's call, or of one without.
    spans = f"({of_traces} OR row_event IN (SELECT id FROM events WHERE status = 'error' AND {of_traces}))"
    _add(con, f"(SELECT * FROM events WHERE {of_traces})", spans, (trace for (trace,) in doubted))


def _add(con: engine.DuckDBPyConnection, events: str, spans: str, doubted: Iterable[str] = ()) -> None:
    from reporter.analysis.past import faults_to_keep

    made = sorted(faults_to_keep(con, events, spans, doubted), key=lambda fault: (fault.ts, fault.id))
    if made:
        con.execute(_INSERT, [list(column) for column in zip(*made, strict=True)])
