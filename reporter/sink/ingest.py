"""Take in what is new: files and tables → events, spans, rejects and cursors in the sink.

Bad input becomes rejects and notes on its source; only a sink that can't be written raises.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from reporter.sink.faults import keep_faults
from reporter.sink.ingest_logs import read_logs
from reporter.sink.ingest_tables import read_database
from reporter.sink.notes import OLDER_LOGS
from reporter.sources import NOBODY, Ingested, Progress, tables

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import datetime

    import pyarrow as pa

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink
    from reporter.sources import Listener

# Spans are derived at least this often, within a file too: an interrupted first run keeps its work.
DERIVE_BYTES = 512 << 20
# Entries that are mapped and committed together: one of DuckDB's row groups, which it writes as it is filled, or so many as take
# STORE_BYTES, where a group would take more than GROUP_BYTES. One batch is stored while the next is cut: memory holds two.
STORE_ROWS = 122_880
GROUP_BYTES = 100 << 20
STORE_BYTES = 32 << 20
# As it commits, DuckDB joins small row groups with those beside them, by writing all their rows again. A run of many batches does without,
# since that took as long as all else; of small runs each so many do it once.
JOINED_EVERY = 16


def ingest(
    sink: Sink,
    settings: Settings,
    listener: Listener = NOBODY,
    since: datetime | None = None,
) -> Ingested:
    """Read everything that is new of the settings' logs and tables. Reading twice adds nothing. What is to be noted it returns.

    `since`: where nothing was read yet, or all but what was left like this, many logs that were last written before are left to the next.
    """
    sink.set_zone(settings.app_zone)
    done = Ingested()
    work = Work(sink, done, listener)
    sink.join_groups(int(sink.next_batch % JOINED_EVERY == 0))
    work.tables, work.zone = tables.named(settings.table_names, settings.table_columns), settings.app_zone
    try:
        read_logs(work, settings, since)
        read_database(work, settings)
        work.commit()
        if not done.older:
            sink.forget(OLDER_LOGS)
    finally:
        work.close()
    return done


class _Alike(NamedTuple):
    """What entries have in common that are stored by the same statements: how records are selected from them, whether they are
    rows of a table, and whether that was read before (Sink.keep_staged)."""

    records_sql: str
    is_table: bool
    is_again: bool


class Work:
    """One ingest under way: an open transaction and what has been done in it."""

    def __init__(self, sink: Sink, done: Ingested, listener: Listener) -> None:
        self.sink, self.done, self.total_bytes = sink, done, 0
        self.listener = listener
        self.tables: tuple[tables.Table, ...] = ()
        self.zone = "UTC"
        self.done_bytes = 0
        self._underived = 0
        self._is_due, self._is_open, self._is_told = False, False, True
        self._held: dict[_Alike, list[pa.Table]] = {}
        self._held_rows = self._held_bytes = 0
        self._thread = ThreadPoolExecutor(1)
        self._storing: Future[int] | None = None

    def will_commit(self) -> None:
        """There is something to commit; a batch that is being stored need not be waited for."""
        self._is_due = True

    def commit(self) -> None:
        """Commit what there is with its cursors; then the spans of all events that have none yet.

        The sink notes how many events its spans cover, so a run that dies in between is made good by the next. Spans
        derived within the events' own transaction took twice as long: DuckDB scans uncommitted rows in one thread.
        """
        if self._is_due:
            self.store()
        self.finish_storing()
        self._underived = 0
        if not self._is_told:
            self._is_told = True
            self.listener.on_events()
        if self.sink.has_underived_events():
            self.listener.on_progress(Progress("pairing starts with ends", self.done_bytes, self.total_bytes))
            self.sink.derive_spans()
        keep_faults(self.sink)

    def gather(self, records_sql: str, rows: pa.Table, *, is_table: bool = False, is_again: bool = False) -> None:
        """Hold entries back until there are enough to be worth a statement: an app has many small files."""
        self._is_due = True
        self._held.setdefault(_Alike(records_sql, is_table, is_again), []).append(rows)
        self._held_rows += rows.num_rows
        self._held_bytes += rows.nbytes

    def store(self) -> None:
        """Store and commit what is held back, with its cursors, in a thread: DuckDB maps one batch while the next is cut."""
        self.finish_storing()
        self.sink.begin_batch()
        self._is_open = True
        if self.is_full:
            self.sink.join_groups(0)
        self.sink.write_sources()
        held, self._held = self._held, {}
        self._held_rows = self._held_bytes = 0
        self._is_due = self._is_told = False
        self._storing = self._thread.submit(self._take, held)
        self.listener.on_storing()

    def _take(self, held: dict[_Alike, list[pa.Table]]) -> int:
        from reporter.sources.blocks import joined

        events = 0
        for alike in list(held):
            # No name for the entries: they are let go of before what they were mapped to is written.
            has_rejects = self.sink.stage(alike.records_sql, joined(held.pop(alike)))
            events += self.sink.keep_staged(has_rejects=has_rejects, is_table=alike.is_table, is_again=alike.is_again)
        self.sink.connection.commit()
        return events

    def finish_storing(self) -> None:
        """Wait for the batch under way: the connection serves one thread at a time."""
        if self._storing:
            storing, self._storing = self._storing, None
            self.done.events += storing.result()
            self._is_open = False

    def close(self) -> None:
        """Leave nothing under way; what was not committed is rolled back."""
        self._thread.shutdown()
        if self._is_open:
            self.sink.rollback()

    def advance(self, name: str, count: int, taken_in: int | None = None) -> None:
        """`count`: bytes of the file; `taken_in`: what they were unpacked."""
        self.done_bytes += count
        self._underived += count if taken_in is None else taken_in
        self.listener.on_progress(Progress(name, self.done_bytes, max(self.total_bytes, self.done_bytes)))

    @property
    def is_much(self) -> bool:
        """Whether so much was read since spans were derived that it is time again."""
        return self._underived > DERIVE_BYTES

    @property
    def is_full(self) -> bool:
        """Whether so much is held back that it is worth a statement."""
        is_large = self._held_bytes * STORE_ROWS > self._held_rows * GROUP_BYTES
        return self._held_rows >= STORE_ROWS or (is_large and self._held_bytes >= STORE_BYTES)
