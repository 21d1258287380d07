"""The current session in memory: what was logged lately, kept up to date line by line.

The sink in the file is large and another process may be writing it; this one holds the last hour (or what `watch.window`
says) and reads on by itself from where the file's cursors stood. It is never saved: the file takes the same in at its own
rhythm, with cursors of its own.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from reporter import engine
from reporter.analysis.recent import RecentEvent, since
from reporter.analysis.session import Session, Told, session, told
from reporter.format import words
from reporter.redaction.gate import gate
from reporter.sink.file import recent_copy
from reporter.sink.ingest import ingest
from reporter.sink.schema import events_table, spans_table
from reporter.sources import Listener
from reporter.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from datetime import datetime

    from reporter.settings.app import Settings

# More than the window is held, so that what is under way at its edge is paired; and old events go at times, not at once.
_MARGIN, _SWEEP = timedelta(minutes=15), timedelta(minutes=10)
# What it measures is asked after so many events. Of so few it is not made shorter, however large they are.
_WEIGHED, _FEW = 500, 200
_SIZE = "SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"


class Live:
    """The session. Raises SinkError where the file can't be read."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.settings = settings
        self._swept, self._since = now, now - settings.watch_window
        self._unweighed = _WEIGHED
        self._sink = recent_copy(settings.sink, _naive(self._since - _MARGIN), settings.watch_max_bytes)
        self._redactor = gate(self._sink.about("salt"), settings.privacy)
        self._beside, self._thread = self._sink.aside(), ThreadPoolExecutor(1)
        self._told: Future[Told] | None = None
        self._shown = int(self._sink.about("batch") or 0)
        self.notes: list[tuple[str, str]] = []

    def close(self) -> None:
        self._thread.shutdown()
        self._sink.connection.close()

    def read_on(self, now: datetime, on_fresh: Callable[[tuple[RecentEvent, ...]], None] = lambda _: None) -> int:
        """Take in what is new; how many events. `on_fresh` gets them, by time, before anything is computed of them."""
        self._told = None

        def heard() -> None:
            # Before the thread begins: the connections would wait for each other's memory.
            on_fresh(self._fresh_events())
            self._begin(now)

        done = ingest(self._sink, self.settings, Listener(on_events=heard))
        self.notes = done.notes
        self._unweighed += done.events
        is_due = self._unweighed >= _WEIGHED and self._size() > self.settings.watch_max_bytes
        self._unweighed %= _WEIGHED
        if is_due or (done.events and now - self._swept > _SWEEP):
            self._sweep(now)
        return done.events

    def _begin(self, now: datetime) -> Future[Told]:
        """Look at the events in a thread."""
        start = now - self.settings.watch_window
        window = Window(max(start, self._since) if self._since < now else start, now)
        self._told = self._thread.submit(told, self._beside, window, self.settings.decisions)
        return self._told

    def _sweep(self, now: datetime) -> None:
        """Let go of what is too old, and of the older half of what is too much."""
        if self._told:
            self._told.result()
            self._told = None
        con, most = self._sink.connection, self.settings.watch_max_bytes
        self._keep_from(_naive(now - self.settings.watch_window - _MARGIN))
        while self._size() > most:
            count = con.execute("SELECT count(*) FROM events").fetchall()[0][0]
            if count <= _FEW:
                break
            middle = con.execute(f"SELECT ts FROM events ORDER BY ts DESC LIMIT 1 OFFSET {count // 2 - 1}").fetchall()[
                0
            ][0]
            self._keep_from(middle)
            self._since = max(self._since, middle.replace(tzinfo=UTC))
            held = words.period(now - self._since)
            self.notes.append(
                (
                    "",
                    f"the session is cut to the last {held.removeprefix('1 ')}: it may take {words.size(most)} (watch.max_size)",
                )
            )
        self._swept = now

    def _keep_from(self, edge: datetime) -> None:
        """Rows that are deleted go on taking room, so what stays is written anew; and compressed, which of so little is soon done."""
        con = self._sink.connection
        for name, made in (("events", events_table), ("spans", spans_table)):
            con.execute("DROP TABLE IF EXISTS swept")
            con.execute(made("swept"))
            con.execute(f"INSERT INTO swept SELECT * FROM {name} WHERE ts >= TIMESTAMP '{edge}'")
            con.execute(f"DROP TABLE {name}")
            con.execute(f"ALTER TABLE swept RENAME TO {name}")
        # Refused where another transaction is under way: then it is done at the next time.
        with contextlib.suppress(engine.Error):
            con.execute("CHECKPOINT")

    def _size(self) -> int:
        """Bytes of the session's tables."""
        return int(self._sink.connection.execute(_SIZE).fetchall()[0][0])

    def _fresh_events(self) -> tuple[RecentEvent, ...]:
        """The events that came since the last call, by time."""
        found = since(self._sink.connection, self._shown)
        self._shown = int(self._sink.about("batch") or 0)
        return self._redactor.results(found) if self._redactor else found

    def view(self, now: datetime) -> Session:
        """The session's figures as of `now`; best the moment of the last `read_on`."""
        events = (self._told or self._begin(now)).result()
        if events.window.end != now:
            events = self._begin(now).result()
        found = session(self._sink.connection, events)
        return self._redactor.results(found) if self._redactor else found


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
