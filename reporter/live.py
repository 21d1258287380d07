"""The current session in memory: what was logged lately, kept up to date line by line.

The sink in the file is large and another process may be writing it; this one holds the last hour (or what `watch.window`
says) and reads on by itself from where the file's cursors stood. It is never saved: the file takes the same in at its own
rhythm, with cursors of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from reporter.analysis.recent import RecentEvent, since
from reporter.analysis.session import Session, session
from reporter.ask import gate, has_news
from reporter.ingest import ingest
from reporter.sink import recent_copy
from reporter.window import Window

if TYPE_CHECKING:
    from datetime import datetime

    from reporter.config import Settings

# More than the window is held, so that what is under way at its edge is paired; and old events go at times, not at once.
_MARGIN, _SWEEP = timedelta(minutes=15), timedelta(minutes=10)


class Live:
    """The session. Raises SinkError where the file can't be read."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.settings = settings
        self._swept = now
        self._sink = recent_copy(settings.sink, _naive(now - settings.watch_window - _MARGIN))
        self._redactor = gate(self._sink, settings.privacy)
        self._beside = self._sink.connection.cursor()
        self._shown = int(self._sink.about("batch") or 0)
        self.notes: list[tuple[str, str]] = []

    def close(self) -> None:
        self._sink.connection.close()

    def read_on(self, now: datetime) -> int:
        """Take in what is new; how many events."""
        if not has_news(self._sink, self.settings):
            return 0
        done = ingest(self._sink, self.settings)
        self.notes = done.notes
        if now - self._swept > _SWEEP:
            self._sweep(now)
        return done.events

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
        """The session's figures as of `now`."""
        window = Window(now - self.settings.watch_window, now)
        found = session(self._sink.connection, self._beside, window, self.settings.classes)
        return self._redactor.results(found) if self._redactor else found


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
