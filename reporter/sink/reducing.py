"""Sinks in which what went well is put together in cells (analysis/cells.py): of some hosts, and of several of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reporter import __version__, engine
from reporter.analysis import making_cells as cells
from reporter.analysis.cells import KEPT
from reporter.errors import SourceError
from reporter.events.columns import SPAN_COLUMNS
from reporter.events.packing import PACKED_COLUMNS
from reporter.sink.file import prepare, sink_of
from reporter.sink.gather import TEXTS, SpansLackingError, copy_whole, gather_into
from reporter.sink.gatherable import Gatherable
from reporter.sink.schema import NOTE_TRACES, TABLES
from reporter.sink.scratch import scratch
from reporter.sql import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The smallest blocks in which DuckDB packs whole numbers by bits, and half of what it takes by default: parts of few hosts are small.
_BLOCK = 65536
# What differs from part to part, in ids and sources' numbers.
_SHIFTED = ("id", "start_event", "row_event", "parent")


class Reduced(NamedTuple):
    """A reduced sink's file, empty where nothing could be read; and what is to be said of what it was made of."""

    data: bytes
    notes: tuple[str, ...]


def reduce_hosts(given: Sequence[str], version: str = __version__, kept: int = KEPT) -> Reduced:
    """What is given of some hosts (`gather`), reduced, for who cannot read this machine's files. Raises SourceError where the one who asks is of
    another version."""
    if version != __version__:
        msg = f"this worker has telemetry-report {__version__}, who asks has {version}"
        raise SourceError(msg, "Install the same version on scheduler, workers and here.")
    with scratch() as folder:
        path = folder / "reduced.duckdb"
        notes = reduce_into(path, given, kept)
        return Reduced(path.read_bytes() if path.exists() else b"", notes)


def merge(parts: Sequence[Reduced], kept: int = KEPT) -> Reduced:
    """Reduced sinks of different hosts as one, whatever the order."""
    notes = tuple(note for part in parts for note in part.notes)
    given = [part.data for part in parts if part.data]
    if len(given) < 2:
        return Reduced(given[0] if given else b"", notes)
    with scratch() as folder:
        paths = [folder / f"{n}.duckdb" for n in range(len(given))]
        for path, data in zip(paths, given, strict=True):
            path.write_bytes(data)
        merge_into(folder / "merged.duckdb", paths, kept)
        return Reduced((folder / "merged.duckdb").read_bytes(), notes)


def reduce_into(path: Path, given: Sequence[str], kept: int = KEPT) -> tuple[str, ...]:
    """Write what is given of some hosts, reduced, to `path`, or nothing where nothing can be read; what is to be said of it.

    What is counted is read once, in columns that cells need; then of what is kept whole the rest. A file that turns out to be damaged in
    between is passed over in both: all is begun again without it. Raises SourceError.
    """
    notes: list[str] = []
    found = Gatherable(given, notes.append)
    columns: tuple[str, ...] = cells.EVENTS
    while True:
        try:
            before = found.count
            _reduce(path, found, columns, kept)
            if found.count == before:
                return tuple(notes)
        except SpansLackingError:
            columns = PACKED_COLUMNS


def _reduce(path: Path, found: Gatherable, columns: tuple[str, ...], kept: int) -> None:
    path.unlink(missing_ok=True)
    own = path.with_name("own.duckdb")
    con = engine.connect()
    prepare(con, own, was_ours=False, read_only=False)
    con.execute(f"CREATE OR REPLACE TABLE events AS SELECT {quoted(columns)}, batch FROM events")
    with sink_of(con, own, None, read_only=False) as sink:
        found.attach(con)
        bits = gather_into(sink, found, columns, is_of_many=True).bits
        if not con.execute("SELECT 1 FROM events LIMIT 1").fetchall():
            return
        con.execute(NOTE_TRACES.format(batch=0))
        con.execute(cells.CELLS.replace("CREATE TABLE", "CREATE TEMP TABLE"))
        con.execute(cells.HOST_CELLS)
        _write(con, path, kept)
        con.execute(f"CREATE TEMP TABLE kept_ids AS SELECT id FROM events WHERE {cells.KEPT_EVENTS}")
        copy_whole(con, found, bits, "out.events", "kept_ids", cells.DETAILED_EVENTS)
        con.execute("DETACH out")


def merge_into(path: Path, parts: Sequence[Path], kept: int = KEPT) -> None:
    """Write reduced sinks of different hosts as one. They are read where they lie, and only what is chosen of them is written."""
    con = engine.connect()
    engine.spill_to(con, str(path.with_name(f".{path.name}.spilt")))
    con.execute(TABLES + cells.CELLS)
    # Ids and sources' numbers of the next begin behind those before.
    ids = sources = 0
    views: dict[str, list[str]] = {}
    for n, part in enumerate(parts):
        con.execute(f"ATTACH {literal(str(part))} AS part_{n} (READ_ONLY)")
        for table, sql in _shifted(f"part_{n}", ids, sources).items():
            views.setdefault(table, []).append(sql)
        con.execute(
            f"""INSERT OR IGNORE INTO about SELECT key, CASE WHEN starts_with(key, 'host:') THEN (value::BIGINT + {ids})::VARCHAR ELSE value END
            FROM part_{n}.about"""
        )
        more, more_sources = con.execute(_NUMBERED.format(f"part_{n}")).fetchall()[0]
        ids, sources = ids + int(more), sources + int(more_sources)
    for table, told in views.items():
        con.execute(f"CREATE TEMP VIEW {table} AS {' UNION ALL '.join(told)}")
    _write(con, path, kept)
    texts = ", ".join(f"CASE WHEN {cells.DETAILED_EVENTS} THEN {name} END AS {name}" for name in TEXTS)
    for stretch in cells.stretches(con, "events", "ts"):
        con.execute(
            f"INSERT INTO out.events SELECT * REPLACE ({texts}) FROM events WHERE {cells.KEPT_EVENTS} AND {stretch} ORDER BY ts, id"
        )
    con.execute("DETACH out")
    con.close()


_NUMBERED = """SELECT greatest((SELECT coalesce(max(id), 0) FROM {0}.events),
  (SELECT coalesce(max(value::BIGINT), 0) FROM {0}.about WHERE starts_with(key, 'host:'))) + 1,
  (SELECT coalesce(max(id), 0) FROM {0}.sources) + 1"""


def _shifted(part: str, ids: int, sources: int) -> dict[str, str]:
    """SQL: the rows of a part's tables, numbered from there on."""
    by = {**dict.fromkeys(_SHIFTED, ids), "source": sources}
    made = {"sources": f"SELECT * REPLACE (id + {sources} AS id) FROM {part}.sources"}
    for table, columns in (("events", (*PACKED_COLUMNS, "batch")), ("spans", tuple(SPAN_COLUMNS))):
        told = ", ".join(f'"{name}" + {by[name]} AS "{name}"' if name in by else f'"{name}"' for name in columns)
        made[table] = f"SELECT {told} FROM {part}.{table}"
    return made | {table: f"FROM {part}.{table}" for table in ("traces", "daily", *cells.CELL_TABLES)}


def _write(con: engine.DuckDBPyConnection, path: Path, kept: int) -> None:
    """The tables of a connection and their cells, reduced, as the file `path`, which stays attached as `out`; events are yet to come."""
    cells.choose(con, kept)
    con.execute(f"ATTACH {literal(str(path))} AS out (BLOCK_SIZE {_BLOCK})")
    own = con.execute("SELECT current_database()").fetchall()[0][0]
    con.execute(f'USE out; {TABLES} {cells.CELLS} USE "{own}"')
    for stretch in cells.stretches(con, "span_cells", "quarter"):
        con.execute(f"INSERT INTO out.span_cells {cells.span_cells_sql(stretch)}")
    for table in cells.CELL_TABLES[1:]:
        con.execute(f"INSERT INTO out.{table} {cells.cells_sql(table)}")
    for stretch in cells.stretches(con, "spans", "ts"):
        con.execute(f"INSERT INTO out.spans FROM spans WHERE {cells.KEPT_SPANS} AND {stretch} ORDER BY ts, id")
    con.execute("INSERT INTO out.traces FROM traces SEMI JOIN kept_traces USING (correlation_id)")
    for table in ("sources", "daily"):
        con.execute(f"INSERT INTO out.{table} FROM {table}")
    con.execute(
        f"INSERT INTO out.about SELECT * FROM about WHERE key <> 'cells' UNION ALL SELECT 'cells', '{cells.BINS_A_DECADE}'"
    )
