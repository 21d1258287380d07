"""What leaves the sink, kept as Parquet by host and day (whole.py): written aside, read again, and only then trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import engine
from reporter.errors import OutputError
from reporter.replacing import replaced
from reporter.sink.whole import (
    EVENTS,
    SOURCES,
    SPANS,
    events_sql,
    of_day,
    parquet,
    sources_sql,
    spans_sql,
    sweep,
)
from reporter.sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    from reporter.sink.store import Sink
    from reporter.sink.whole import Host

# What an event is known by: its record, else where it stands in its log and what it says. Not the log's name, which a rotation
# changes. Never null: a plain line has no event name, and null joins nothing.
_EVENT = """coalesce(record_id, md5(concat_ws(chr(31), "offset", ts, coalesce(level, ''), coalesce(message, ''),
  coalesce(context, ''), coalesce(extra, ''))))"""
# The same of a span, whose ids another sink gives otherwise.
_SPAN = """md5(concat_ws(chr(31), coalesce(correlation_id, ''), type, coalesce(operation, ''), ts, start_ts, status,
  coalesce(duration_ms::VARCHAR, ''), coalesce(message_id, ''), coalesce(execution_id, ''), coalesce(step_id, ''), coalesce(invocation_id, '')))"""
_DIGEST = "SELECT count(*), bit_xor(hash(a)), sum(hash(a) % 1000003) FROM ({}) a"


def archive(sink: Sink, condition: str, folder: Path, host: Host) -> list[Path]:
    """Add the events and spans that `condition` selects to the files of their days below `folder`; what a file holds already is not
    added again. Raises OutputError, and then nothing is to be deleted."""
    con = sink.connection
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(host.folder(folder))
        days = con.execute(
            f"""SELECT DISTINCT ts::DATE FROM (SELECT ts FROM events WHERE {condition} UNION ALL SELECT ts FROM spans WHERE {condition})
            ORDER BY 1"""
        ).fetchall()
        written = []
        for (day,) in days:
            own, of = host.day(folder, day), f"({condition}) AND {of_day(day)}"
            written.append(_add(con, events_sql(host, of), own / EVENTS, _EVENT))
            written.append(_add(con, spans_sql(host, of), own / SPANS, _SPAN))
        if days:
            _add(con, sources_sql(host), host.folder(folder) / SOURCES, "sink", is_replaced=True)
        return written
    except (OSError, engine.Error) as exc:
        msg = f"the archive {folder} cannot be written: {str(exc).splitlines()[0]}"
        raise OutputError(msg, "Nothing was removed. Name another folder with --archive DIR.") from exc


def _add(con: engine.DuckDBPyConnection, leaving: str, path: Path, key: str, *, is_replaced: bool = False) -> Path:
    """Write what a file holds and what is `leaving`; of what has the same `key` in both, the held or (`is_replaced`) the other."""
    whole = leaving
    if path.exists():
        new, held = leaving, f"SELECT * FROM {parquet(path)}"
        if is_replaced:
            new, held = held, new
        whole = f"{held} UNION ALL BY NAME SELECT * FROM ({new}) WHERE {key} NOT IN (SELECT {key} FROM ({held}))"
    path.parent.mkdir(parents=True, exist_ok=True)
    order = "sink, id" if path.name == SOURCES else "ts, id"
    with replaced(path) as fresh:
        con.execute(
            f"COPY (SELECT * FROM ({whole}) ORDER BY {order}) TO {literal(str(fresh))} (FORMAT parquet, COMPRESSION zstd)"
        )
        wanted = con.execute(_DIGEST.format(whole)).fetchall()
        if con.execute(_DIGEST.format(f"SELECT * FROM {parquet(fresh)}")).fetchall() != wanted:
            msg = f"{fresh} does not hold what was written to it"
            raise OSError(msg)
    return path
