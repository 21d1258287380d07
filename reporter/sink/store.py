"""The DuckDB file that keeps what was read: events, spans, rejects, and the cursors that say how far.

A source's new events and its cursor are written in one transaction; the spans of the traces they touch in the next,
with a mark of how far they cover, so that neither is ever half done.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from reporter import engine
from reporter.errors import DamagedSinkError
from reporter.events.packing import UNPACKED
from reporter.redaction.cut import cut
from reporter.sink.schema import NOTE_TRACES
from reporter.sink.source_rows import SourceRows
from reporter.sink.turns import turns_of
from reporter.sources.cursors import Cursor
from reporter.sql import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from reporter.events.names import Name
    from reporter.sources import Reject

# So that times and ids, which are near those beside them, take few bits, and a window or a trace passes over most of what is not in it.
_SPAN_ORDER = "ts, id"


# Of what was logged a session keeps that of tables' rows, by which it is told whether they have changed.
LOGGED_IN_SESSION = "CASE WHEN level IS NULL THEN packed END AS packed, NULL AS extra"


class Sink:
    """An open sink; a context manager."""

    # Not so that of a watch's session: nobody asks it for a trace or for its counts, and what it notes of itself is only remembered.
    is_saved = True
    # What `reduce` wrote: `events` and `spans` are cells and what is kept whole (analysis/cells.py).
    is_reduced = False

    def __init__(self, connection: engine.DuckDBPyConnection, path: Path, lock: IO[bytes] | None = None) -> None:
        self.connection = connection
        self.path = path
        self._lock = lock
        self._names: dict[str | None, Name] = {}
        # By how records are selected from them: entries of which the first were asked for their names before they were mapped.
        self._looked_at: set[str] = set()
        self._batch = 0
        self._about: dict[str, str] | None = None
        self._about_before: dict[str, str] | None = None
        self._rows = SourceRows(connection)

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, _: object, exc: BaseException | None, __: object) -> None:
        """Close it. Raises DamagedSinkError where what went wrong meanwhile is the file's fault."""
        with contextlib.suppress(engine.Error):
            self.connection.close()
        if self._lock:
            self._lock.close()
        if isinstance(exc, engine.Error) and self.path.is_file():
            from reporter.sink.damage import damage

            why = damage(self.path)
            if why:
                raise DamagedSinkError(self.path, f"is damaged ({why})") from exc

    def aside(self) -> engine.DuckDBPyConnection:
        """Another connection to the same file, for a thread of its own: temporary views and tables are each one's own."""
        con = self.connection.cursor()
        con.execute("SET TimeZone = 'UTC'")
        return con

    def set_zone(self, zone: str) -> None:
        """The app's time zone: what times without an offset mean."""
        self.connection.execute(f"SET TimeZone = '{zone}'")

    def begin(self) -> None:
        self._about_before = dict(self._all_about())
        self.connection.begin()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.begin()
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.connection.commit()

    def rollback(self) -> None:
        self._about = self._about_before
        self._rows = SourceRows(self.connection)
        # After a failed write there may be nothing left to take back; that failure is the one to tell of.
        with contextlib.suppress(engine.Error):
            self.connection.rollback()

    def cursors(self) -> list[Cursor]:
        """Of all log files ever read, and of what was passed over."""
        # Sorted here: DuckDB takes longer to get ready for it.
        rows = engine.again(
            self.connection,
            'SELECT id, path, inode, size, mtime_ns, head_bytes, head, tail, "offset", entries, note, kind FROM sources',
        ).fetchall()
        rows.sort()
        self._rows.last = rows[-1][0] if rows else 0
        return [Cursor(*row[:-1]) for row in rows if row[-1] == "log"]

    def add_source(self, name: str, kind: str, path: str) -> int:
        return self._rows.add(name, kind, path)

    def update_source(self, source: int, **columns: Any) -> None:  # noqa: ANN401 - column values
        """Set the named columns of a source."""
        self._rows.update(source, columns)

    def remove_source(self, source: int) -> None:
        self._rows.remove(source)

    def reject(self, source: int, rejects: list[Reject], offset: int) -> None:
        """Keep what could not be read of the block that begins at `offset`."""
        self._rows.reject(source, rejects, offset)

    def join_groups(self, most: int) -> None:
        """How many times a commit from now on may join neighbouring row groups that would fit into fewer."""
        if self.is_saved:
            self.connection.execute(f"SET max_vacuum_tasks = {most}")

    def write_sources(self) -> None:
        """Write what is known anew of sources and rejects: held back so that thousands of files take a few statements."""
        self._rows.write()

    def stage(self, records_sql: str, rows: pa.Table) -> bool:
        """Map entries of some sources into the table `staged`: `rows` (source, offset, …) is the relation `raw` that `records_sql` reads,
        and no longer needed then. Whether some are no events."""
        from reporter.events.mapping import names_sql
        from reporter.sink import staging

        con, paths = self.connection, staging.paths_of(rows)
        engine.register(con, "raw", rows)
        if records_sql not in self._looked_at:
            self._looked_at.add(records_sql)
            self._learn_names(con.execute(names_sql(records_sql)).fetchall())
        engine.again(con, f"CREATE OR REPLACE TEMP TABLE staged AS {staging.staged(records_sql, paths)}")
        has_unknown, has_rejects = engine.again(con, staging.FOUND).fetchall()[0]
        if has_unknown:
            self._learn_names(con.execute("SELECT DISTINCT event FROM staged WHERE kind IS NULL").fetchall())
            con.execute(
                'CREATE OR REPLACE TEMP TABLE unnamed AS SELECT source, "offset" FROM staged WHERE kind IS NULL'
            )
            con.execute("DELETE FROM staged WHERE kind IS NULL")
            again = f'SELECT * FROM ({records_sql}) SEMI JOIN unnamed USING (source, "offset")'
            con.execute(f"INSERT INTO staged {staging.staged(again, paths)}")
        con.unregister("raw")
        return bool(has_rejects)

    def keep_staged(self, *, has_rejects: bool, is_table: bool = False, is_again: bool = False) -> int:
        """Take in what is `staged`; the number of new events.

        Rows of a table that were read before are passed over, or mended where they have changed (`is_again`: the table was, so
        rows that the retention has removed may come again, and are passed over too); log records that another source brought before are
        counted as duplicates.
        """
        from reporter.sink import staging
        from reporter.sink.schema import STORED_COLUMNS

        con = self.connection
        if is_again:
            con.execute(staging.FORGOTTEN)
            self._mend_rows()
        engine.again(con, staging.REPEATED)
        columns = quoted(STORED_COLUMNS)
        kept = "*" if self.is_saved else f"* REPLACE ({LOGGED_IN_SESSION})"
        inserted = engine.again(
            con,
            f"INSERT INTO events SELECT {columns}, ? FROM (SELECT {kept} FROM staged) ANTI JOIN repeated USING (id) WHERE reason IS NULL",
            [self._batch],
        ).fetchone()
        if has_rejects:
            con.execute(
                f"""INSERT INTO rejects SELECT source, "offset", reason, {cut(f"coalesce(message, {UNPACKED}, '')", 200)}
                FROM staged WHERE reason IS NOT NULL"""
            )
        if is_table:
            con.execute(staging.SEEN_UNTIL)
        if self.is_saved:
            engine.again(con, staging.count_sql(is_table=is_table))
            # Or what they hold would stay in memory beside the next batch's, until that is committed.
            con.execute("DROP TABLE staged; DROP TABLE repeated")
        return int(inserted[0]) if inserted else 0

    def has_unknown_rows(self, source: int, names: list[str]) -> bool:
        """Whether rows of a table (by their event ids) are neither events of the source, nor rejects, nor were let go of."""
        return self._has(
            """FROM (SELECT unnest(?) AS name) n ANTI JOIN (SELECT record_id FROM events WHERE source = ?) e
              ON e.record_id = md5(n.name)::UUID
            WHERE NOT EXISTS (FROM rejects r WHERE r.source = ? AND r.sample LIKE '{"event_id":"' || n.name || '"%')""",
            names,
            source,
            source,
        )

    def _mend_rows(self) -> None:
        """Forget what `staged` rows of a table said before, where they say something else now: they are taken in as new."""
        from reporter.sink import staging

        con = self.connection
        con.execute(staging.REJECTED_BEFORE)
        con.execute(staging.FORGET_REJECTED)
        con.execute(staging.CHANGED)
        if self._has("FROM changed"):
            for statement in staging.FORGET_CHANGED:
                con.execute(statement.format(batch=self._batch))

    def learn_names(self) -> None:
        """Learn the meaning of all event names that the sink holds, before the next are mapped."""
        self._learn_names(self.connection.execute("SELECT DISTINCT event FROM events").fetchall())

    def _learn_names(self, found: list[tuple[str | None]]) -> None:
        """Add event names to `names`, the meaning of every name seen."""
        from reporter.events.names import Name, classify

        missing = [name for (name,) in found if name not in self._names]
        if self._names and not missing:
            return
        self._names.update((name, classify(name)) for name in missing)
        import pyarrow as pa

        rows = [name._asdict() for name in self._names.values()]
        schema = pa.schema([(key, pa.string()) for key in Name._fields if key != "needs_duration"])
        told = pa.Table.from_pylist(rows, schema=schema.append(pa.field("needs_duration", pa.bool_())))
        engine.register(self.connection, "told_names", told)
        # Copied: a statement over Arrow takes 2 ms longer, and a watch makes one a line.
        self.connection.execute("CREATE OR REPLACE TEMP TABLE names AS FROM told_names")
        self.connection.unregister("told_names")

    def begin_batch(self) -> None:
        """Begin a transaction whose events are a batch of their own."""
        self.begin()
        self._batch = self.next_batch
        self.tell("batch", str(self._batch))

    @property
    def next_batch(self) -> int:
        return int(self.about("batch") or 0) + 1

    def kept_since(self) -> dict[str, datetime]:
        """From when on (UTC, without a zone) events are kept, by kind; a kind of which nothing ever went is not in it."""
        kept = {key: value for key, value in self._all_about().items() if key.startswith("kept:")}
        return {key.removeprefix("kept:"): datetime.fromisoformat(value) for key, value in kept.items()}

    def about(self, key: str) -> str | None:
        return self._all_about().get(key)

    def _all_about(self) -> dict[str, str]:
        """Asked once: as long as this sink is open, nobody else writes it."""
        if self._about is None:
            self._about = dict(self.connection.execute("SELECT key, value FROM about").fetchall())
        return self._about

    def tell(self, key: str, value: str) -> None:
        before = self.about(key)
        if before == value:
            return
        if self.is_saved:
            # INSERT OR REPLACE, which looks for itself, takes three times as long: a fifteenth of what a few lines take.
            told = (
                "INSERT INTO about VALUES ($key, $value)"
                if before is None
                else "UPDATE about SET value = $value WHERE key = $key"
            )
            engine.again(self.connection, told, {"key": key, "value": value})
        self._all_about()[key] = value

    def forget(self, key: str) -> None:
        if self.about(key) is None:
            return
        if self.is_saved:
            self.connection.execute("DELETE FROM about WHERE key = ?", [key])
        self._all_about().pop(key, None)

    def has_underived_events(self) -> bool:
        """Whether there are events that the spans do not cover yet."""
        derived, batch = int(self.about("derived") or 0), int(self.about("batch") or 0)
        return derived < batch and self.has_events_after(derived)

    def has_events_after(self, batch: int) -> bool:
        return self._has("FROM events WHERE batch > ?", batch)

    def derive_spans(self) -> None:
        """Replace the spans of the traces to which events belong that the spans do not cover yet, and note when these events were.

        Many traces are taken in turn, by time, each turn in a transaction of its own; that all are done is noted in the last.
        """
        from reporter.events import spans
        from reporter.sink import elsewhere

        con, derived, batch = self.connection, int(self.about("derived") or 0), self.about("batch")
        if self.is_saved:
            con.execute(NOTE_TRACES.format(batch=derived))
        chosen = spans.EVENTS_FILTER
        new = f"batch > {derived} AND {chosen}"
        had_spans = self._has("FROM spans")
        moved = elsewhere.find(con)
        if moved and self.is_saved:
            con.execute(elsewhere.REACH)
        turns = turns_of(con, new, is_all=not had_spans, events=elsewhere.EVENTS if moved else "events")
        for turn in turns:
            of_turn = f"SELECT * EXCLUDE (batch) FROM events WHERE {chosen} AND {turn}"
            events_sql = elsewhere.events_of(turn, chosen) if moved else of_turn
            replaced = (elsewhere.spans_of(turn) if moved else turn) if had_spans else ""
            covered = (batch or "0") if turn == turns[-1] else ""
            # What stands without a trace, or in one, has no bounds.
            engine.with_room(con, partial(self._derive, events_sql, replaced, covered))
        if not turns:
            self.tell("derived", batch or "0")
        if self.is_saved:
            # What they held would stay in memory.
            for name in (*spans.MADE, "touched", "elsewhere", "uncounted"):
                con.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def _derive(self, events_sql: str, replaced: str, covered: str) -> None:
        """Write the spans of these events in place of those that a condition selects ('': of none), and note which batch they cover ('': not yet)."""
        from reporter.events import spans

        with self._in_any_order():
            derived_sql = spans.derive(self.connection, events_sql)
        with self.transaction():
            if replaced:
                derived_sql = self._uncounted(derived_sql, replaced)
                self.connection.execute(f"DELETE FROM spans WHERE {replaced}")
            engine.again(self.connection, f"INSERT INTO spans SELECT * FROM ({derived_sql}) ORDER BY {_SPAN_ORDER}")
            if covered:
                self.tell("derived", covered)

    def _uncounted(self, derived_sql: str, replaced: str) -> str:
        """The same, but that a stream whose tokens were its call's does not count them since the retention has removed the call."""
        from reporter.events.spans import MATCH_SECONDS

        floor = self.kept_since().get("llm")
        if floor is None:
            return derived_sql
        near = f"least(start_ts, ts - to_seconds({MATCH_SECONDS})) < TIMESTAMP '{floor}'"
        self.connection.execute(f"""CREATE OR REPLACE TEMP TABLE uncounted AS
            SELECT id FROM spans WHERE type = 'stream' AND is_operation AND NOT counts_tokens AND {near} AND ({replaced})""")
        return f"SELECT * REPLACE (counts_tokens AND id NOT IN (FROM uncounted) AS counts_tokens) FROM ({derived_sql})"

    @contextlib.contextmanager
    def _in_any_order(self) -> Iterator[None]:
        """Tables that are made meanwhile hold their rows in any order. To keep the order DuckDB writes them by one thread, where it may not
        hold all of them in memory."""
        if self.is_saved:
            self.connection.execute("SET preserve_insertion_order = false")
        try:
            yield
        finally:
            if self.is_saved:
                self.connection.execute("SET preserve_insertion_order = true")

    def copy_to(self, path: Path) -> None:
        """Copy all to a new sink file, in which no room is taken by events that went (`gone`)."""
        con = self.connection
        from reporter.sink.schema import TABLE_NAMES, TABLES

        name = con.execute("SELECT current_database()").fetchall()[0][0]
        con.execute(f"ATTACH {literal(str(path))} AS fresh")
        try:
            con.execute("USE fresh")
            con.execute(TABLES)
            for table in TABLE_NAMES:
                con.execute(f'INSERT INTO fresh.{table} SELECT * FROM "{name}".{table}')
            con.execute("UPDATE fresh.about SET value = '0' WHERE key = 'gone'")
        finally:
            con.execute(f'USE "{name}"')
            con.execute("DETACH fresh")

    def _has(self, from_sql: str, *parameters: object) -> bool:
        return bool(engine.again(self.connection, f"SELECT 1 {from_sql} LIMIT 1", parameters).fetchall())
