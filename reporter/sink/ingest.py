"""Take in what is new: files and tables → events, spans, rejects and cursors in the sink.

Bad input becomes rejects and notes on its source; only a sink that can't be written raises.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reporter.sink.ingest_logs import read_logs
from reporter.sink.ingest_tables import read_database
from reporter.sources import Ingested, Progress, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    import pyarrow as pa

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink

# Spans are derived and everything committed at least this often, within a file too: an interrupted first run keeps its work, and no
# transaction grows with the logs.
COMMIT_BYTES = 512 << 20
# Entries that are mapped in one statement: two of DuckDB's row groups, which it writes side by side. Batches that fill
# their groups leave a commit little to write (0.2 s against 1.0 s for 500k entries).
STORE_ROWS = 245_760
# Or fewer, where so much does not fill a row group: then all is committed, since DuckDB holds a group that is not full in memory.
STORE_BYTES = 128 << 20
# The first batch is one row group, so that DuckDB has work early.
_FIRST_ROWS = STORE_ROWS // 2


def ingest(
    sink: Sink,
    settings: Settings,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_events: Callable[[], object] = lambda: None,
) -> Ingested:
    """Read everything that is new of the settings' logs and tables. `on_events` is
    called when events were committed and their spans come next. Reading twice adds nothing."""
    sink.set_zone(settings.app_zone)
    done = Ingested()
    work = Work(sink, done, on_progress, on_events)
    work.tables, work.zone = tables.named(settings.table_names, settings.table_columns), settings.app_zone
    try:
        read_logs(work, settings)
        work.finish_storing()
        read_database(work, settings)
        work.commit()
    finally:
        work.close()
    return done


class Work:
    """One ingest under way: an open transaction and what has been done in it."""

    def __init__(
        self,
        sink: Sink,
        done: Ingested,
        on_progress: Callable[[Progress], None],
        on_events: Callable[[], object],
    ) -> None:
        self.sink, self.done, self.total_bytes = sink, done, 0
        self.on_progress, self.on_events = on_progress, on_events
        self.tables: tuple[tables.Table, ...] = ()
        self.zone = "UTC"
        self.done_bytes = 0
        self._uncommitted = 0
        # Whether entries are so large that a transaction would grow in memory.
        self._is_heavy = False
        self._is_open = False
        self._held: dict[str, list[pa.Table]] = {}
        self._held_rows: dict[str, int] = {}
        self._held_bytes: dict[str, int] = {}
        self._thread = ThreadPoolExecutor(1)
        self._storing: Future[int] | None = None

    def begin(self) -> None:
        """Begin a transaction, where none is under way."""
        if not self._is_open:
            self.finish_storing()
            self.sink.begin_batch()
            self._is_open = True

    def commit(self) -> None:
        """Commit events with their cursors; then the spans that they change.

        The sink notes how many events its spans cover, so a run that dies in between is made good by the next. Spans
        derived within the events' own transaction took twice as long: DuckDB scans uncommitted rows in one thread.
        """
        for records_sql in list(self._held):
            self._store(records_sql)
        self.finish_storing()
        if self._is_open:
            self.sink.write_sources()
            self.sink.connection.commit()
            self._uncommitted, self._is_open, self._is_heavy = 0, False, False
            self.on_events()
        if self.sink.has_underived_events():
            self.on_progress(Progress("pairing starts with ends", self.done_bytes, self.total_bytes))
            with self.sink.transaction():
                self.sink.derive_spans()

    def gather(self, records_sql: str, rows: pa.Table) -> None:
        """Hold entries back until there are enough to be worth a statement: an app has many small files."""
        self._hold(records_sql, rows)
        enough = STORE_ROWS if self._storing else _FIRST_ROWS
        if self._held_rows[records_sql] >= enough:
            self._store(records_sql, enough)
        elif self._held_bytes[records_sql] >= STORE_BYTES and self._held_rows[records_sql] < _FIRST_ROWS:
            self._store(records_sql)
            self._is_heavy = True

    def _hold(self, records_sql: str, rows: pa.Table) -> None:
        self._held.setdefault(records_sql, []).append(rows)
        self._held_rows[records_sql] = self._held_rows.get(records_sql, 0) + rows.num_rows
        self._held_bytes[records_sql] = self._held_bytes.get(records_sql, 0) + rows.nbytes

    def _store(self, records_sql: str, count: int | None = None) -> None:
        """Store `count` (or all) of what is held back, in a thread: DuckDB maps one batch while the next is cut."""
        from reporter.sources.blocks import joined

        rows = joined(self._held.pop(records_sql))
        del self._held_rows[records_sql], self._held_bytes[records_sql]
        if count is not None and rows.num_rows > count:
            self._hold(records_sql, rows.slice(count))
        self.finish_storing()
        self.sink.write_sources()
        self._storing = self._thread.submit(self.sink.store, records_sql, rows.slice(0, count))

    def finish_storing(self) -> None:
        """Wait for the batch under way: the connection serves one thread at a time."""
        if self._storing:
            storing, self._storing = self._storing, None
            self.done.events += storing.result()

    def close(self) -> None:
        """Leave nothing under way; what was not committed is rolled back."""
        self._thread.shutdown()
        if self._is_open:
            self.sink.rollback()

    def advance(self, name: str, count: int, taken_in: int | None = None) -> None:
        """`count`: bytes of the file; `taken_in`: what they were unpacked."""
        self.done_bytes += count
        self._uncommitted += count if taken_in is None else taken_in
        self.on_progress(Progress(name, self.done_bytes, max(self.total_bytes, self.done_bytes)))

    @property
    def is_much(self) -> bool:
        """Whether so much was read since the last commit that the next is due."""
        return self._is_heavy or self._uncommitted > COMMIT_BYTES
