"""Whether the sink holds all there is, as far as can be told without reading."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from reporter import engine
from reporter.errors import SinkError
from reporter.sink.file import prepare, sink_of
from reporter.sources import tables
from reporter.sources.cursors import Known
from reporter.sources.finding import find_logs

if TYPE_CHECKING:
    from reporter.settings.app import Settings
    from reporter.sink.store import Sink
    from reporter.sources.finding import Found


def open_current(settings: Settings) -> Sink | None:
    """The sink, opened for reading, where it holds all there is as far as can be told without reading: no log and no
    database file has changed. Never waits: a sink that another process is writing is not current."""
    if not settings.sink.is_file():
        return None
    connection = None
    try:
        connection = engine.connect(str(settings.sink), read_only=True)
        prepare(connection, settings.sink, was_ours=True, read_only=True)
        sink = sink_of(connection, settings.sink, None, read_only=True)
        if not has_news(sink, settings):
            return sink
    except (engine.Error, SinkError):
        pass
    if connection:
        connection.close()
    return None


def has_news(sink: Sink, settings: Settings) -> bool:
    """Whether there may be more than the sink holds, by what can be told without reading: a log or the database file has
    changed, what is passed over is not what was, or a database server has to be asked."""
    if settings.is_gathered:
        return False
    found = find_logs(settings.app, settings.logs, settings.sink)
    known = Known(sink.cursors())
    return bool(
        not (found.logs or settings.database)
        or any(not known.untouched(log) for log in found.logs)
        or _is_told_otherwise(known, found)
        or (settings.database and not tables.is_read(sink.connection, settings.database))
        or sink.has_underived_events()
    )


def _is_told_otherwise(known: Known, found: Found) -> bool:
    """Whether the notes about files are not those that hold now."""
    there = {str(log.path) for log in found.logs} | {passed.path for passed in found.passed_over}
    told = [cursor for cursor in known.cursors() if cursor.note or cursor.is_blank]
    notes = {(cursor.path, cursor.note) for cursor in told}
    return any((passed.path, passed.why) not in notes for passed in found.passed_over) or any(
        # A file within an archive has the archive's path before its own.
        cursor.path not in there and not any(str(above) in there for above in PurePath(cursor.path).parents)
        for cursor in told
    )
