"""One sink made of what archives, whole exports (whole.py) and other sinks hold, of one host or many; their own files stay as they are.

Ids are made anew, since they repeat between hosts: `number of a source · 2^bits + offset`, with as many bits as the largest offset needs.
Sources are numbered host by host, so that a host's ids are a range of their own (`about`: host:NAME, where it begins). All stay below
2^53, which browsers tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reporter.errors import ReportError, SourceError
from reporter.events import spans
from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.events.names import TABLE_EVENTS
from reporter.events.packing import PACKED, PACKED_COLUMNS
from reporter.sink.file import open_sink
from reporter.sink.gatherable import Gatherable
from reporter.sink.schema import NOTE_TRACES, STORED_COLUMNS
from reporter.sink.whole import SOURCE_COLUMNS
from reporter.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from reporter import engine
    from reporter.sink.gatherable import Rows
    from reporter.sink.store import Sink

# A double holds whole numbers up to here.
_ID_BITS = 53
# As hosts' own sinks number their events (EVENT_COLUMNS).
_OWN_BITS = 40
# What an event was logged with: most of its bytes.
TEXTS = ("packed", "extra")
_HINT = "Name folders that `prune --archive` or `export --whole` wrote, such files, or sinks."


class Gathered(NamedTuple):
    """`hosts`: their names. `first`, `last`: the times of the first and the last event, UTC without a zone."""

    hosts: tuple[str, ...]
    first: datetime
    last: datetime


class Numbered(NamedTuple):
    """`hosts`: their names. `bits`: how many of an event's number tell where in its source it stands."""

    hosts: tuple[str, ...]
    bits: int


class SpansLackingError(ReportError):
    """Spans have to be derived, for which all columns of events are needed."""


class _Origin(NamedTuple):
    """One sink of a host, whose numbers ids are made of: the ids it gets here, `first` to below `end`, and the number of its first source."""

    host: str
    sink: str
    base: int
    first: int
    end: int


def gather(given: Sequence[str], path: Path, on_note: Callable[[str], None], *, is_of_many: bool = False) -> Gathered:
    """Make the sink `path` of what is `given`: Parquet files, folders and globs of them, sinks. What cannot be read is passed over, which
    `on_note` is told. `is_of_many`: name hosts before their sources though there is one. Raises SourceError where nothing is left, SinkError."""
    found = Gatherable(given, on_note)
    with open_sink(path) as sink:
        found.attach(sink.connection)
        gathered = gather_into(sink, found, tuple(STORED_COLUMNS), is_of_many=is_of_many)
        found.detach(sink.connection)
        sink.connection.execute(NOTE_TRACES.format(batch=0))
        first, last = sink.connection.execute("SELECT min(ts), max(ts) FROM events").fetchall()[0]
    if first is None:
        msg = f"there is no event to read in {', '.join(given)}"
        raise SourceError(msg, _HINT)
    return Gathered(gathered.hosts, first, last)


def gather_into(sink: Sink, found: Gatherable, columns: Sequence[str], *, is_of_many: bool) -> Numbered:
    """The same into a sink that is open and has of events those `columns` alone. Raises SpansLackingError where they do not do, SourceError."""
    con = sink.connection
    origins, bits = _origins(con, found)
    told = _event_columns(bits)
    _copy(con, found, "events", "events", {name: told[name] for name in (*columns, "batch")})
    _copy(con, found, "spans", "spans", _span_columns(bits))
    _note_sources(con, found, is_of_many=is_of_many or len({origin.host for origin in origins}) > 1)
    for relation in found.daily():
        con.execute(f"INSERT INTO daily FROM {relation}")
    _drop_repeated(con)
    _derive_missing(con, origins, columns)
    return Numbered(_note_hosts(con, origins), bits)


def copy_whole(
    con: engine.DuckDBPyConnection, found: Gatherable, bits: int, into: str, ids: str, detailed: str
) -> None:
    """Into the table `into` all columns of the events whose numbers the relation `ids` has, each once; TEXTS where SQL says that they are
    `detailed`. `bits`: what `gather_into` gave."""
    told = _event_columns(bits)
    columns = {name: told[name] for name in (*STORED_COLUMNS, "batch")}
    columns |= {name: (told[name][0], f"CASE WHEN {detailed} THEN {told[name][1]} END") for name in TEXTS}
    which = f"WHERE {columns['id'][1]} IN (FROM {ids}) ORDER BY e.ts, e.id"
    _copy(con, found, "events", into, columns, which)
    _drop_twice(con, into)


def _origins(con: engine.DuckDBPyConnection, found: Gatherable) -> tuple[list[_Origin], int]:
    """All of them host by host, also as the table `origins`; and how many bits of an id are the offset's. Raises SourceError."""
    largest: dict[tuple[str, str], tuple[int, int]] = {}
    for host, sink, source, offset in found.ask(con, "events", _largest):
        known = largest.get((host, sink), (0, 0))
        largest[host, sink] = (max(known[0], source), max(known[1], offset))
    bits = max((offset for _, offset in largest.values()), default=0).bit_length()
    made, base = [], 0
    for (host, sink), (source, _) in sorted(largest.items()):
        made.append(_Origin(host, sink, base, base << bits, (base + source + 1) << bits))
        base += source + 1
    if base << bits > 1 << _ID_BITS:
        msg = f"{base:,} logs of up to {1 << bits:,} bytes, of {len({o.host for o in made})} hosts, are more than ids can number (2^{_ID_BITS})"
        raise SourceError(msg, "Make a report of some of the hosts at a time.")
    con.execute("CREATE TEMP TABLE origins (host VARCHAR, sink VARCHAR, base BIGINT)")
    columns = [[origin[n] for origin in made] for n in range(3)]
    con.execute("INSERT INTO origins SELECT unnest($1), unnest($2), unnest($3)", columns)
    return made, bits


def _largest(rows: Rows) -> str:
    return f'SELECT host, sink, max(source), max("offset") FROM {rows.sql} GROUP BY ALL'


def _copy(
    con: engine.DuckDBPyConnection,
    found: Gatherable,
    table: str,
    into: str,
    columns: Mapping[str, tuple[str, str]],
    which: str = "",
) -> None:
    """`columns`: name → (what it needs of the rows `e`, SQL); what a host's version did not know is null."""

    def statement(rows: Rows) -> str:
        # A context is packed by what the other columns hold here.
        is_packed = "packed" in columns
        told = ", ".join(
            f'{sql if needs in rows.columns else _none(name)} AS "{"context" if name == "packed" else name}"'
            for name, (needs, sql) in columns.items()
        )
        read = f"SELECT {told} FROM {rows.sql} e JOIN origins o USING (host, sink) {which}"
        if is_packed:
            read = f"SELECT * EXCLUDE (context), {PACKED} AS packed FROM ({read})"
        return f"INSERT INTO {into} BY NAME {read}"

    found.ask(con, table, statement)


def _none(name: str) -> str:
    """Null, of an event's kind where it is one of its columns: `PACKED` reads them."""
    return f"NULL::{EVENT_COLUMNS[name][0]}" if name in EVENT_COLUMNS else "NULL"


def _event_columns(bits: int) -> dict[str, tuple[str, str]]:
    made = {name: (name, f'e."{name}"') for name in EVENT_COLUMNS}
    return {
        **made,
        "packed": ("context", "e.context"),
        "id": ("id", f'((o.base + e.source) << {bits}) + e."offset"'),
        "source": ("source", "o.base + e.source"),
        "record_id": ("record_id", "e.record_id::UUID"),
        "batch": ("id", "1"),
    }


def _span_columns(bits: int) -> dict[str, tuple[str, str]]:
    made = {name: (name, f"e.{name}") for name in SPAN_COLUMNS}
    for name in ("id", "start_event", "row_event", "parent"):
        made[name] = (
            name,
            f"((o.base + (e.{name} >> {_OWN_BITS})) << {bits}) + (e.{name} & {(1 << _OWN_BITS) - 1})",
        )
    return made


# A row of a table that was read again, since it had changed, has a larger number.
_CHANGED = f"""
DELETE FROM events WHERE id IN (SELECT unnest(list(id ORDER BY id DESC)[2:]) FROM events
  WHERE event IN {TABLE_EVENTS} AND record_id IS NOT NULL GROUP BY source, record_id HAVING count(*) > 1)"""
# Spans of which a later export tells more: the start of work that has ended since, and the row of a call whose end was logged on another day.
_SUPERSEDED = """
CREATE OR REPLACE TEMP TABLE superseded AS
SELECT told AS id, min(id) AS later FROM (SELECT id, unnest([start_event, row_event]) AS told FROM spans) WHERE told <> id GROUP BY told;
DELETE FROM spans WHERE id IN (SELECT id FROM superseded);
UPDATE spans SET parent = later FROM superseded s WHERE s.id = spans.parent;
DROP TABLE superseded"""


def _drop_repeated(con: engine.DuckDBPyConnection) -> None:
    """What two files of a host hold, such as its archive and its export, counts once; a span needs its event; and of work that had not
    ended when a day was exported, or of which only the row was there, its end is what counts; of a table's row that has changed since, what it
    is now."""
    _drop_twice(con, "events")
    con.execute(_CHANGED)
    _drop_twice(con, "spans", "row_event DESC NULLS LAST, ")
    con.execute("DELETE FROM spans WHERE id NOT IN (SELECT id FROM events)")
    con.execute(_SUPERSEDED)


def _drop_twice(con: engine.DuckDBPyConnection, table: str, order: str = "") -> None:
    con.execute(
        f"DELETE FROM {table} WHERE rowid IN (SELECT unnest(list(rowid ORDER BY {order}rowid)[2:]) FROM {table} GROUP BY id HAVING count(*) > 1)"
    )


# Work that ended, of which there is no span: its host gave none, or not all.
_WITHOUT_SPAN = """
SELECT DISTINCT first FROM (
  SELECT id FROM events WHERE phase = 'finish' AND id NOT IN (SELECT id FROM spans)
    AND id NOT IN (SELECT row_event FROM spans WHERE row_event IS NOT NULL)) e
  ASOF JOIN (SELECT unnest(?) AS first) o ON e.id >= o.first"""


def _derive_missing(con: engine.DuckDBPyConnection, origins: Sequence[_Origin], columns: Sequence[str]) -> None:
    """Spans of those that did not give all of theirs; each by itself, for what has no trace must not be paired across hosts."""
    lacking = {first for (first,) in con.execute(_WITHOUT_SPAN, [[origin.first for origin in origins]]).fetchall()}
    if lacking and len(columns) < len(EVENT_COLUMNS):
        msg = "spans are lacking"
        raise SpansLackingError(msg)
    names = quoted(PACKED_COLUMNS)
    for origin in origins:
        if origin.first in lacking:
            own = f"id >= {origin.first} AND id < {origin.end}"
            con.execute(f"DELETE FROM spans WHERE {own}")
            derived = spans.derive(con, f"SELECT {names} FROM events WHERE {own} AND {spans.EVENTS_FILTER}")
            con.execute(f"INSERT INTO spans SELECT * FROM ({derived}) ORDER BY ts, id")


_TOLD = """
CREATE TEMP TABLE told AS SELECT ''::VARCHAR AS host, ''::VARCHAR AS version, * FROM sources LIMIT 0;
CREATE TEMP TABLE seen (host VARCHAR, id BIGINT, name VARCHAR, events BIGINT)"""
# Of sources of which only events are here, these; and of what several files tell the last.
_SEEN = """
INSERT INTO told BY NAME
SELECT host, id, any_value(name) AS name, 'archive' AS kind, sum(events) AS entries, sum(events) AS events FROM seen
WHERE id NOT IN (SELECT id FROM told) GROUP BY host, id"""
_SOURCES = """
INSERT INTO sources BY NAME
SELECT * EXCLUDE (host, version) REPLACE (
  CASE WHEN $is_of_many THEN host || ': ' || name ELSE name END AS name,
  '' AS path, coalesce(format, '') AS format, coalesce(note, '') AS note, coalesce(rejects, 0) AS rejects,
  coalesce(duplicates, 0) AS duplicates, coalesce(pruned, 0) AS pruned, coalesce(waiting_bytes, 0) AS waiting_bytes,
  coalesce("offset", 0) AS "offset", coalesce(size, 0) AS size)
FROM told QUALIFY row_number() OVER (PARTITION BY id ORDER BY entries DESC) = 1"""


def _note_sources(con: engine.DuckDBPyConnection, found: Gatherable, *, is_of_many: bool) -> None:
    """What was read on each host, as `sources`; leaves `told`, the same with `host` and `version`."""
    con.execute(_TOLD)
    made = {name: (name, f'e."{name}"') for name in SOURCE_COLUMNS}
    told = {**made, "host": ("host", "o.host"), "version": ("version", "e.version"), "id": ("id", "o.base + e.id")}
    _copy(con, found, "sources", "told", told)

    def seen(rows: Rows) -> str:
        name = "source_name" if "source_name" in rows.columns else "'source ' || source"
        return f"""INSERT INTO seen SELECT o.host, o.base + source, any_value({name}), count(*)
          FROM {rows.sql} e JOIN origins o USING (host, sink) GROUP BY ALL"""

    found.ask(con, "events", seen)
    con.execute(_SEEN)
    con.execute(_SOURCES, {"is_of_many": is_of_many})


def _note_hosts(con: engine.DuckDBPyConnection, origins: Sequence[_Origin]) -> tuple[str, ...]:
    """Where the ids of each host begin, and which versions of this program told of it."""
    begins = {origin.host: origin.first for origin in reversed(origins)}
    con.execute(
        "INSERT OR REPLACE INTO about SELECT 'host:' || unnest($1), unnest($2)::VARCHAR",
        [[*begins], [*begins.values()]],
    )
    con.execute(
        """INSERT OR REPLACE INTO about SELECT 'version:' || host, string_agg(DISTINCT version, ', ' ORDER BY version) FROM told
        WHERE version <> '' GROUP BY host"""
    )
    return tuple(sorted(begins))
