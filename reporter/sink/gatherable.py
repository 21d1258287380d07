"""What a sink can be gathered from: Parquet files as archives and whole exports hold them, and other sinks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reporter import engine
from reporter.errors import DamagedSinkError, OlderSinkError, UsageError
from reporter.events.packing import with_contexts
from reporter.settings.folders import own_path
from reporter.sink.file import open_sink
from reporter.sink.whole import mark
from reporter.sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    OnNote = Callable[[str], None]

# Files that are read by one statement.
_TOGETHER = 200
# What tells of which table a file's rows are: columns that every version wrote.
_TELLING = {
    "spans": {"id", "start_ts", "is_operation"},
    "sources": {"id", "name", "entries", "rejects"},
    "events": {"id", "source", "offset", "ts", "kind", "event"},
}


class Rows(NamedTuple):
    """Rows of one table of one sink, or of some files: the relation `sql` with these `columns`, `host` and `sink` among them."""

    table: str
    paths: tuple[Path, ...]
    sql: str
    columns: frozenset[str]


class _Sink(NamedTuple):
    """One that is named: what its host is called, and the `mark` that its exports have too."""

    path: Path
    host: str
    mark: str


class Gatherable:
    """What there is of what is named. A file that cannot be read is told of once, and passed over from then on."""

    def __init__(self, given: Iterable[str], on_note: OnNote) -> None:
        self._on_note = on_note
        self._columns: dict[Path, frozenset[str]] = {}
        self._files: dict[str, list[Path]] = {table: [] for table in _TELLING}
        self._sinks: dict[str, _Sink] = {}
        self._has_twins = False
        paths = list(dict.fromkeys(path for text in given for path in found(text)))
        sinks = [path for path in paths if path.suffix != ".parquet"]
        for path in paths:
            if path.suffix == ".parquet" and (table := self._table_of(path)):
                self._files[table].append(path)
        has_alike = len({path.stem for path in sinks}) < len(sinks)
        for n, path in enumerate(sinks):
            try:
                with open_sink(path, read_only=True, on_wait=on_note) as sink:
                    salt, is_reduced = sink.about("salt") or "", sink.is_reduced
            except DamagedSinkError as exc:
                # Somebody's own: it is not ours to move aside.
                self._pass_over(path, exc.why)
                continue
            except OlderSinkError as exc:
                self._pass_over(path, f"{exc.why}. {exc.hint}")
                continue
            if is_reduced:
                msg = f"{path} is reduced already"
                raise UsageError(msg, "It is asked by itself, and reduced anew of what it was made of.")
            self._sinks[f"other_{n}"] = _Sink(path, str(path) if has_alike else path.stem, mark(salt))

    @property
    def count(self) -> int:
        """How many files and sinks there are that can be read, as far as is known."""
        return len(self._sinks) + sum(map(len, self._files.values()))

    def attach(self, con: engine.DuckDBPyConnection) -> None:
        for name, sink in list(self._sinks.items()):
            con.execute(f"ATTACH {literal(str(sink.path))} AS {name} (READ_ONLY)")
            if host := self._twin(con, name, sink):
                self._sinks[name] = sink._replace(host=host)
                self._has_twins = True

    def _twin(self, con: engine.DuckDBPyConnection, name: str, sink: _Sink) -> str:
        """The host of files, or of a sink before, that hold what this sink holds: its own exports, or a copy of it, which then count once. '' where
        there is none. Of a copied app's sink, which has the same mark, other events stand in the same places."""

        def shared(rows: Rows) -> str:
            return f"""SELECT r.host FROM {rows.sql} r JOIN {name}.events e ON r.source = e.source AND r."offset" = e."offset"
              WHERE r.sink = {literal(sink.mark)} GROUP BY r.host HAVING bool_and(r.ts = e.ts AND r.kind = e.kind) ORDER BY ALL"""

        marks = [other.mark for other in self._sinks.values()]
        if self._files["events"] or marks.count(sink.mark) > 1:
            for rows in self._rows(con, "events"):
                if rows.paths == (sink.path,):
                    break
                for (host,) in self._asked(con, rows, shared):
                    return str(host)
        return ""

    def detach(self, con: engine.DuckDBPyConnection) -> None:
        for name in self._sinks:
            con.execute(f"DETACH {name}")

    def daily(self) -> list[str]:
        """SQL: relations of what sinks let go of, by day; none beside files or another of the same, which may hold the same days."""
        return [] if self._has_twins or any(self._files.values()) else [f"{name}.daily" for name in self._sinks]

    def ask(
        self, con: engine.DuckDBPyConnection, table: str, statement: Callable[[Rows], str]
    ) -> list[tuple[Any, ...]]:
        """What a statement about rows of the table gives of each of them."""
        return [row for rows in self._rows(con, table) for row in self._asked(con, rows, statement)]

    def _asked(
        self, con: engine.DuckDBPyConnection, rows: Rows, statement: Callable[[Rows], str]
    ) -> list[tuple[Any, ...]]:
        try:
            return con.execute(statement(rows)).fetchall()
        except engine.Error as exc:
            if len(rows.paths) > 1:
                # One of them is damaged: the others are read singly.
                return [
                    row
                    for path in rows.paths
                    for row in self._asked(con, self._of_files(rows.table, [path]), statement)
                ]
            self._files[rows.table] = [path for path in self._files[rows.table] if path not in rows.paths]
            self._pass_over(rows.paths[0], str(exc))
            return []

    def _rows(self, con: engine.DuckDBPyConnection, table: str) -> Iterator[Rows]:
        files = self._files[table]
        for at in range(0, len(files), _TOGETHER):
            yield self._of_files(table, files[at : at + _TOGETHER])
        for name, (path, host, sink) in self._sinks.items():
            rows = with_contexts(f"{name}.events") if table == "events" else f"{name}.{table}"
            relation = f"(SELECT {literal(host)} AS host, {literal(sink)} AS sink, * FROM {rows})"
            if table == "events":
                relation = f"(SELECT e.*, s.name AS source_name FROM {relation} e LEFT JOIN {name}.sources s ON s.id = e.source)"
            columns = {row[0] for row in con.execute(f"DESCRIBE FROM {relation}").fetchall()}
            yield Rows(table, (path,), relation, frozenset(columns))

    def _of_files(self, table: str, paths: list[Path]) -> Rows:
        """Those of an earlier version tell neither host nor sink: the folder may."""
        columns = frozenset[str]().union(*(self._columns[path] for path in paths))
        names = ", ".join(literal(str(path)) for path in paths)
        own = "coalesce({}nullif(regexp_extract(filename, 'host=([^/\\\\]+)', 1), ''), '')"
        host = own.format("host, " if "host" in columns else "")
        sink = "coalesce(sink, '')" if "sink" in columns else "''"
        relation = f"""(SELECT * EXCLUDE ({", ".join(sorted({"filename", *({"host", "sink"} & columns)}))}), {host} AS host, {sink} AS sink
          FROM read_parquet([{names}], union_by_name = true, filename = true, hive_partitioning = false))"""
        return Rows(table, tuple(paths), relation, columns | {"host", "sink"})

    def _table_of(self, path: Path) -> str:
        """Which table's rows a Parquet file holds; '' where none's."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self._columns[path] = columns = frozenset(pq.read_schema(path).names)
        except (pa.ArrowException, OSError) as exc:
            self._pass_over(path, str(exc))
            return ""
        for table, telling in _TELLING.items():
            if telling <= columns:
                return table
        self._pass_over(path, "it holds neither events nor spans")
        return ""

    def _pass_over(self, path: Path, why: str) -> None:
        self._on_note(f"{path} is passed over: {(why.splitlines() or [''])[0]}")


def found(text: str) -> Iterator[Path]:
    """The files that a folder, a glob or a path names."""
    path = own_path(text)
    if path.is_dir():
        yield from sorted(path.rglob("*.parquet"))
    elif path.exists():
        yield path
    else:
        root = path.anchor or "."
        yield from (file for file in sorted(Path(root).glob(str(path.relative_to(path.anchor)))) if file.is_file())
