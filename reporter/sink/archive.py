"""What leaves the sink, kept in monthly Parquet files: written aside, read again, and only then trusted. `restore` makes a sink of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import engine
from reporter.errors import OutputError, SourceError
from reporter.events.columns import EVENT_COLUMNS

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reporter.sink.store import Sink

# What an event is known by: its record, else where it stands in its log and what it says. Not the log's name, which a rotation
# changes. Never null: a plain line has no event name, and null joins nothing.
_KEY = """coalesce(record_id::VARCHAR, md5(concat_ws(chr(31), "offset", ts, coalesce(level, ''), coalesce(message, ''),
  coalesce(context, ''), coalesce(extra, ''))))"""
_DIGEST = "SELECT count(*), bit_xor(hash(a)), sum(hash(a) % 1000003) FROM ({}) a"


def archive(sink: Sink, condition: str, folder: Path) -> list[Path]:
    """Add the events that `condition` selects to `folder`/events-YYYY-MM.parquet (all columns, and `source_name`); an event
    that a file holds already is not added again. Raises OutputError, and then nothing is to be deleted."""
    con = sink.connection
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".events-*.parquet.new"):
            # Of a run that was killed: who archives holds the sink's lock.
            left.unlink(missing_ok=True)
        months = con.execute(
            f"SELECT DISTINCT strftime(ts, '%Y-%m') FROM events WHERE {condition} ORDER BY 1"
        ).fetchall()
        return [_add(con, condition, month, folder / f"events-{month}.parquet") for (month,) in months]
    except (OSError, engine.Error) as exc:
        msg = f"the archive {folder} cannot be written: {str(exc).splitlines()[0]}"
        raise OutputError(msg, "Nothing was removed. Name another folder with --archive DIR.") from exc


def _add(con: engine.DuckDBPyConnection, condition: str, month: str, path: Path) -> Path:
    leaving = f"""SELECT e.*, s.name AS source_name
      FROM (SELECT * EXCLUDE (batch) FROM events WHERE ({condition}) AND strftime(ts, '%Y-%m') = '{month}') e
        JOIN sources s ON s.id = e.source"""
    whole = leaving
    if path.exists():
        held = f"SELECT * FROM read_parquet({_literal(path)})"
        whole = f"{held} UNION ALL BY NAME SELECT * FROM ({leaving}) WHERE {_KEY} NOT IN (SELECT {_KEY} FROM ({held}))"
    fresh = path.with_name(f".{path.name}.new")
    try:
        con.execute(
            f"COPY (SELECT * FROM ({whole}) ORDER BY ts, id) TO {_literal(fresh)} (FORMAT parquet, COMPRESSION zstd)"
        )
        wanted = con.execute(_DIGEST.format(whole)).fetchall()
        if con.execute(_DIGEST.format(f"SELECT * FROM read_parquet({_literal(fresh)})")).fetchall() != wanted:
            msg = f"{fresh} does not hold what was written to it"
            raise OSError(msg)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def restore(folder: Path, path: Path) -> tuple[datetime, datetime]:
    """Make the sink `path` of an archive's events; the times of the first and the last (UTC, without a zone). Raises SourceError, SinkError."""
    from reporter.sink.file import open_sink

    files = sorted(folder.glob("events-*.parquet"))
    if not files:
        msg = f"no archive in {folder}: it holds no events-YYYY-MM.parquet"
        raise SourceError(msg, "Name the folder that `prune --archive` wrote to.")
    held = f"(SELECT * FROM read_parquet([{', '.join(_literal(file) for file in files)}], union_by_name = true))"
    with open_sink(path) as sink:
        con = sink.connection
        try:
            sink.begin_batch()
            for name, count in con.execute(
                f"SELECT source_name, count(*) FROM {held} GROUP BY 1 ORDER BY 1"
            ).fetchall():
                source = sink.add_source(name, "archive", str(folder))
                sink.update_source(source, entries=count, events=count)
            sink.write_sources()
            con.execute(_restored(con, held))
            con.commit()
            with sink.transaction():
                sink.derive_spans()
            first, last = con.execute("SELECT min(ts), max(ts) FROM events").fetchall()[0]
        except engine.Error as exc:
            msg = f"the archive {folder} cannot be read: {str(exc).splitlines()[0]}"
            raise SourceError(msg, "Name the folder that `prune --archive` wrote to.") from exc
    return first, last


def _restored(con: engine.DuckDBPyConnection, held: str) -> str:
    """SQL that takes in archived events. Numbers of sources were a former sink's, and of a log that was rotated away another has had the
    name and offsets since: events are numbered anew, in order of time."""
    there = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {held}").fetchall()}
    columns = [f'a."{name}"' for name in EVENT_COLUMNS if name in there and name not in ("id", "source")]
    names = ", ".join(["id", "source", *(column.removeprefix("a.") for column in columns), "batch"])
    number = "s.id::BIGINT * 1099511627776 + row_number() OVER (PARTITION BY s.id ORDER BY a.ts, a.id)"
    return f"""INSERT INTO events ({names}) SELECT {number}, s.id, {", ".join(columns)}, 1
      FROM {held} a JOIN sources s ON s.name = a.source_name ORDER BY a.ts, a.id"""


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
