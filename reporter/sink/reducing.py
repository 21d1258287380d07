"""Sinks in which what went well is put together in cells (analysis/cells.py): of some hosts, and of several of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reporter import __version__, engine
from reporter.analysis import making_cells as cells
from reporter.analysis.cells import KEPT
from reporter.engine import literal
from reporter.errors import SourceError
from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.sink.file import open_sink
from reporter.sink.gather import gather
from reporter.sink.schema import TABLES
from reporter.sink.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TEXTS = ("context", "extra")


class Reduced(NamedTuple):
    """A reduced sink's file, empty where nothing could be read; and what is to be said of what it was made of."""

    data: bytes
    notes: tuple[str, ...]


def reduce_hosts(given: Sequence[str], version: str = __version__, kept: int = KEPT) -> Reduced:
    """What is given of some hosts (`gather`), reduced. Raises SourceError where the one who asks is of another version."""
    if version != __version__:
        msg = f"this worker has telemetry-report {__version__}, who asks has {version}"
        raise SourceError(msg, "Install the same version on scheduler, workers and here.")
    notes: list[str] = []
    with scratch() as folder:
        own = folder / "own.duckdb"
        try:
            gather(given, own, notes.append, is_of_many=True)
        except SourceError:
            return Reduced(b"", tuple(notes))
        with open_sink(own) as sink:
            sink.connection.execute(cells.CELLS.replace("CREATE TABLE", "CREATE TEMP TABLE"))
            sink.connection.execute(cells.HOST_CELLS)
            return Reduced(_written(sink.connection, folder / "reduced.duckdb", kept), tuple(notes))


def merge(parts: Sequence[Reduced], kept: int = KEPT) -> Reduced:
    """Reduced sinks of different hosts as one, whatever the order."""
    notes = tuple(note for part in parts for note in part.notes)
    given = [part.data for part in parts if part.data]
    if len(given) < 2:
        return Reduced(given[0] if given else b"", notes)
    with scratch() as folder:
        con = engine.connect(str(folder / "merged.duckdb"))
        engine.spill_to(con, str(folder / "spilt"))
        con.execute(TABLES + cells.CELLS)
        # Ids and sources' numbers of the next begin behind those before.
        ids = sources = 0
        for data in given:
            path = folder / "part.duckdb"
            path.write_bytes(data)
            con.execute(f"ATTACH {literal(str(path))} AS part (READ_ONLY)")
            ids, sources = _add(con, ids, sources)
            con.execute("DETACH part")
        made = _written(con, folder / "reduced.duckdb", kept)
        con.close()
        return Reduced(made, notes)


def _add(con: engine.DuckDBPyConnection, ids: int, sources: int) -> tuple[int, int]:
    shifted = {**dict.fromkeys(("id", "start_event", "row_event", "parent"), ids), "source": sources}
    for table, columns in (("events", (*EVENT_COLUMNS, "batch")), ("spans", tuple(SPAN_COLUMNS))):
        told = ", ".join(f'"{name}" + {shifted[name]}' if name in shifted else f'"{name}"' for name in columns)
        con.execute(f"INSERT INTO {table} SELECT {told} FROM part.{table}")
    con.execute(f"INSERT INTO sources SELECT * REPLACE (id + {sources} AS id) FROM part.sources")
    con.execute(
        f"""INSERT OR IGNORE INTO about SELECT key, CASE WHEN starts_with(key, 'host:') THEN (value::BIGINT + {ids})::VARCHAR ELSE value END
        FROM part.about"""
    )
    for table in ("traces", "daily", *cells.CELL_TABLES):
        con.execute(f"INSERT INTO {table} FROM part.{table}")
    found = con.execute(
        f"""SELECT {ids} + greatest((SELECT coalesce(max(id), 0) FROM part.events),
          (SELECT coalesce(max(value::BIGINT), 0) FROM part.about WHERE starts_with(key, 'host:'))) + 1,
        {sources} + (SELECT coalesce(max(id), 0) FROM part.sources) + 1"""
    ).fetchall()[0]
    return int(found[0]), int(found[1])


def _written(con: engine.DuckDBPyConnection, path: Path, kept: int) -> bytes:
    """The tables of a connection and their cells, reduced, as a file."""
    cells.choose(con, kept)
    con.execute(f"ATTACH {literal(str(path))} AS out (BLOCK_SIZE 16384)")
    own = con.execute("SELECT current_database()").fetchall()[0][0]
    con.execute(f'USE out; {TABLES} {cells.CELLS} USE "{own}"')
    for table in cells.CELL_TABLES:
        con.execute(f"INSERT INTO out.{table} SELECT * FROM ({cells.cells_sql(table)}) ORDER BY ALL")
    plain = ", ".join(f"CASE WHEN {cells.PLAIN_EVENTS} THEN NULL ELSE {name} END AS {name}" for name in _TEXTS)
    con.execute(
        f"INSERT INTO out.events SELECT * REPLACE ({plain}) FROM events WHERE {cells.KEPT_EVENTS} ORDER BY ts, id"
    )
    con.execute(f"INSERT INTO out.spans FROM spans WHERE {cells.KEPT_SPANS} ORDER BY ts, id")
    con.execute("INSERT INTO out.traces FROM traces SEMI JOIN kept_traces USING (correlation_id)")
    for table in ("sources", "daily"):
        con.execute(f"INSERT INTO out.{table} FROM {table}")
    con.execute(
        f"INSERT INTO out.about SELECT * FROM about WHERE key <> 'cells' UNION ALL SELECT 'cells', '{cells.BINS_A_DECADE}'"
    )
    con.execute("DETACH out")
    return path.read_bytes()
