"""Whether the sink holds all there is, as far as can be told without reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import engine
from reporter.errors import SinkError
from reporter.sink.file import prepare
from reporter.sink.store import Sink
from reporter.sources import tables
from reporter.sources.files import find_logs, is_untouched

if TYPE_CHECKING:
    from reporter.settings.app import Settings


def open_current(settings: Settings) -> Sink | None:
    """The sink, opened for reading, where it holds all there is as far as can be told without reading: no log and no
    database file has changed. Never waits: a sink that another process is writing is not current."""
    if not settings.sink.is_file():
        return None
    connection = None
    try:
        connection = engine.connect(str(settings.sink), read_only=True)
        prepare(connection, settings.sink, was_ours=True, read_only=True)
        sink = Sink(connection, settings.sink)
        if not has_news(sink, settings):
            return sink
    except (engine.Error, SinkError):
        pass
    if connection:
        connection.close()
    return None


def has_news(sink: Sink, settings: Settings) -> bool:
    """Whether there may be more than the sink holds, by what can be told without reading: a log or the database file has
    changed, something was passed over, or a database server has to be asked."""
    logs, passed_over = find_logs(settings.app, settings.logs)
    cursors = {cursor.path: cursor for cursor in sink.cursors()}
    return bool(
        passed_over
        or not (logs or settings.database)
        or any(str(log.path) not in cursors or not is_untouched(log, cursors[str(log.path)]) for log in logs)
        or (settings.database and not tables.is_read(sink.connection, settings.database))
        or sink.has_underived_events()
    )
