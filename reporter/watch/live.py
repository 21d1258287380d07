"""The current session in memory: what was logged lately, kept up to date line by line.

The sink in the file is large and another process may be writing it; this one holds the last hour (or what `watch.window`
says) and reads on by itself from where the file's cursors stood. It is never saved: the file takes the same in at its own
rhythm, with cursors of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from reporter.analysis.recent import RecentEvent, since
from reporter.analysis.session import Session, Told, session, told
from reporter.redaction.gate import gate
from reporter.sink.file import recent_copy
from reporter.sink.ingest import ingest
from reporter.window import Window

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import datetime

    from reporter.settings.app import Settings

# More than the window is held, so that what is under way at its edge is paired; and old events go at times, not at once.
_MARGIN, _SWEEP = timedelta(minutes=15), timedelta(minutes=10)


class Live:
    """The session. Raises SinkError where the file can't be read."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.settings = settings
        self._swept = now
        self._sink = recent_copy(settings.sink, _naive(now - settings.watch_window - _MARGIN))
        self._redactor = gate(self._sink.about("salt"), settings.privacy)
        self._beside, self._thread = self._sink.connection.cursor(), ThreadPoolExecutor(1)
        self._told: Future[Told] | None = None
        self._shown = int(self._sink.about("batch") or 0)
        self.notes: list[tuple[str, str]] = []

    def close(self) -> None:
        self._thread.shutdown()
        self._sink.connection.close()

    def read_on(self, now: datetime) -> int:
        """Take in what is new; how many events."""
        self._told = None
        done = ingest(self._sink, self.settings, on_events=lambda: self._begin(now))
        self.notes = done.notes
        if done.events and now - self._swept > _SWEEP:
            self._sweep(now)
        return done.events

    def _begin(self, now: datetime) -> Future[Told]:
        """Look at the events in a thread."""
        self._told = self._thread.submit(told, self._beside, Window(now - self.settings.watch_window, now))
        return self._told

    def _sweep(self, now: datetime) -> None:
        edge = f"TIMESTAMP '{_naive(now - self.settings.watch_window - _MARGIN)}'"
        for name in ("events", "spans"):
            self._sink.connection.execute(f"DELETE FROM {name} WHERE ts < {edge}")
        self._swept = now

    def fresh_events(self) -> tuple[RecentEvent, ...]:
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
