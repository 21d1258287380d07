"""Questions to the sink: take in what is new, then answer from what is kept. What the terminal and `build` begin with.

Imports what a question needs when it is asked: `trace` answers in less time than pandas or pyarrow take to load.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reporter import engine
from reporter.analysis import select_window
from reporter.errors import NotFoundError, OutputError, SinkError, SourceError
from reporter.event_names import KINDS
from reporter.sink import Sink, open_sink, prepare
from reporter.sources import Ingested, Progress, tables
from reporter.sources.files import find_logs, is_untouched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from reporter.analysis.overview import RejectSample, Source
    from reporter.analysis.traces import TraceSummary
    from reporter.config import Privacy, Settings
    from reporter.redact import Redactor
    from reporter.retention import Pruned
    from reporter.window import Window

REJECT_SAMPLES, NEAR = 200, 5
SOURCE_NAMES = "CREATE OR REPLACE TEMP VIEW source_names AS SELECT id, name FROM sources"


def take_in(
    settings: Settings,
    now: datetime,
    on_progress: Callable[[Progress], None],
    on_note: Callable[[str], None],
    on_read: Callable[[], None] = lambda: None,
) -> Ingested:
    """Ingest what is new and let go of what is too old; `on_read` is called once all is read.

    Raises SourceError where nothing could be read, SinkError where it can't be kept.
    """
    sink = open_current(settings)
    if not sink:
        return _ingest(settings, now, on_progress, on_note, on_read)
    with sink:
        done = Ingested(readable_sources=1, notes=_notes(sink))
    on_read()
    _tell(done, on_note)
    return done


def _ingest(
    settings: Settings,
    now: datetime,
    on_progress: Callable[[Progress], None],
    on_note: Callable[[str], None],
    on_read: Callable[[], None] = lambda: None,
) -> Ingested:
    from reporter.ingest import ingest

    try:
        with open_sink(settings.sink, on_wait=on_note) as sink:
            done = ingest(sink, settings, on_progress, on_read)
            done.notes += [note for note in _notes(sink) if note not in done.notes]
            if done.events:
                _let_go_of_old(sink, settings, now, on_note)
    except engine.Error as exc:
        raise _not_written(settings, exc) from exc
    _tell(done, on_note)
    if not done.readable_sources:
        msg = f"nothing could be read in {settings.app.resolve()}: no log file and no table"
        raise SourceError(msg, "Name the app's folder with --app DIR, or what to read with --logs GLOB and --db URL.")
    return done


def _not_written(settings: Settings, exc: Exception) -> SinkError:
    msg = f"the sink {settings.sink} cannot be written: {str(exc).splitlines()[0]}"
    return SinkError(msg, "Free some space, or name another with --sink FILE.")


def _tell(done: Ingested, on_note: Callable[[str], None]) -> None:
    for name, why in done.notes:
        on_note(f"{name}: {why}")


def _notes(sink: Sink) -> list[tuple[str, str]]:
    """What of the sources could not be read when it was last tried, and why."""
    return sink.connection.execute("SELECT name, note FROM sources WHERE note <> '' ORDER BY id").fetchall()


def let_go(settings: Settings, now: datetime, on_note: Callable[[str], None], *, dry_run: bool = False) -> Pruned:
    """Apply the retention: what went, or with `dry_run` would go. Raises SinkError, OutputError."""
    if not settings.sink.is_file():
        msg = f"there is no sink yet: {settings.sink}"
        raise NotFoundError(msg, "`telemetry-report build` makes it.")
    from reporter import retention

    with open_sink(settings.sink, read_only=dry_run, on_wait=on_note) as sink:
        if dry_run:
            return retention.forecast(sink, settings.retention, now.replace(tzinfo=None), settings.app_zone)
        try:
            done = _prune(sink, settings, now)
            retention.compact(sink, done.events, at_once=True)
        except (engine.Error, OSError) as exc:
            raise _not_written(settings, exc) from exc
    return replace(done, bytes_after=settings.sink.stat().st_size)


def _let_go_of_old(sink: Sink, settings: Settings, now: datetime, on_note: Callable[[str], None]) -> None:
    """What was taken in is kept whether this succeeds or not."""
    from reporter import retention

    try:
        done = _prune(sink, settings, now)
        _tell_of_size(done, settings, on_note)
        retention.compact(sink, done.events)
    except (OutputError, engine.Error, OSError) as exc:
        on_note(f"not all that is old could be let go of: {str(exc).splitlines()[0]}")


def _prune(sink: Sink, settings: Settings, now: datetime) -> Pruned:
    from reporter import retention

    folder = settings.retention.archive

    def keep(condition: str) -> None:
        if folder:
            from reporter.archive import archive

            archive(sink, condition, folder)

    return retention.prune(sink, settings.retention, now.replace(tzinfo=None), settings.app_zone, keep)


def _tell_of_size(pruned: Pruned, settings: Settings, on_note: Callable[[str], None]) -> None:
    if pruned.by_size:
        since = max(part.kept_since for part in pruned.leaving)
        on_note(
            f"the sink grew beyond {settings.retention.max_bytes / 1e6:.0f} MB (retention.max_size): "
            f"{pruned.events:,} events before {since:%Y-%m-%d %H:%M}Z were removed, their daily figures kept"
        )


def open_current(settings: Settings) -> Sink | None:
    """The sink, opened for reading, where it holds all there is as far as can be told without reading: no log and no
    database file has changed. Never waits: a sink that another process is writing is not current."""
    if not settings.sink.is_file():
        return None
    connection = None
    try:
        connection = engine.connect(str(settings.sink), read_only=True)
        prepare(connection, settings.sink, read_only=True)
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


@contextlib.contextmanager
def asking(
    settings: Settings,
    now: datetime,
    on_progress: Callable[[Progress], None],
    on_note: Callable[[str], None],
    window: Window | None = None,
) -> Iterator[Sink]:
    """The sink with all that is new in it, opened for reading, with the window's views. Raises ReportError."""
    sink = open_current(settings)
    if sink:
        for name, why in _notes(sink):
            on_note(f"{name}: {why}")
    else:
        _ingest(settings, now, on_progress, on_note)
        sink = open_sink(settings.sink, read_only=True, on_wait=on_note)
    with sink:
        if window:
            select_window(sink.connection, window)
            for note in (*retention_notes(sink, window), *emptiness(sink, window)):
                on_note(note)
        sink.connection.execute(SOURCE_NAMES)
        yield sink


def retention_notes(sink: Sink, window: Window) -> list[str]:
    """What the window would hold but for the retention, in words."""
    by_floor: dict[datetime, list[str]] = {}
    for kind, since in sink.kept_since().items():
        if since > window.sql[0]:
            by_floor.setdefault(since, []).append(kind)
    return [
        f"{'' if len(kinds) == len(KINDS) else ', '.join(kinds) + ' '}events before {since:%Y-%m-%d %H:%M}Z are no longer "
        "kept (retention)"
        for since, kinds in by_floor.items()
    ]


def emptiness(sink: Sink, window: Window) -> list[str]:
    """Where the window holds no event: when the latest before it was."""
    if sink.connection.execute("FROM window_events SELECT 1 LIMIT 1").fetchall():
        return []
    latest = sink.connection.execute("SELECT max(ts) FROM events WHERE ts < ?", [window.sql[0]]).fetchall()[0][0]
    return [f"no event in this period; the latest before it is of {latest:%Y-%m-%d %H:%M:%S}Z"] if latest else []


def gate(sink: Sink, privacy: Privacy) -> Redactor | None:
    """What results pass before they leave the machine; None where the user wants them as they are."""
    if privacy.is_off:
        return None
    from reporter.redact import Redactor

    return Redactor(
        sink.about("salt") or "",
        privacy.known,
        privacy.patterns,
        include_content=privacy.include_content,
        phones=privacy.phones,
    )


def sources(sink: Sink) -> tuple[Source, ...]:
    """What was read so far, by name."""
    from reporter.analysis.overview import Source

    rows = sink.connection.execute(
        """SELECT name, kind, entries, events, rejects, duplicates, waiting_bytes, note, format, "offset", size, pruned
        FROM sources ORDER BY kind, name, id"""
    ).fetchall()
    return tuple(Source(*row) for row in rows)


def rejects(sink: Sink) -> tuple[RejectSample, ...]:
    """The first entries that could not be read, by source and offset."""
    from reporter.analysis.overview import RejectSample

    rows = sink.connection.execute(
        'SELECT s.name, r."offset", reason, sample FROM rejects r JOIN sources s ON s.id = r.source ORDER BY s.name, r."offset" LIMIT ?',
        [REJECT_SAMPLES],
    ).fetchall()
    return tuple(RejectSample(*row) for row in rows)


def find_trace(sink: Sink, asked: str, redactor: Redactor | None, *, is_brief: bool = False) -> dict[str, Any]:
    """The trace of this id, or of the only one that begins so, as `analysis.trace.trace` gives it, redacted. Raises NotFoundError."""
    from reporter.analysis.trace import ids_like, trace

    con = sink.connection
    found = trace(con, asked, is_brief=is_brief)
    if found is None:
        alike = ids_like(con, asked, NEAR) if asked else []
        begin_so = [name for name in alike if name.startswith(asked)]
        if len(begin_so) == 1:
            found = trace(con, begin_so[0], is_brief=is_brief)
        if found is None:
            near = ", ".join(redactor.text(name) if redactor else name for name in alike)
            if begin_so:
                msg = f"more than one trace begins with {asked}"
                raise NotFoundError(msg, f"Give more of the id: {near}{' …' if len(alike) == NEAR else ''}")
            msg = f"no trace {asked}"
            raise NotFoundError(msg, f"Near ones: {near}." if near else "A report's Traces page lists them all.")
    return redactor.value(found) if redactor else found


def find_traces(sink: Sink, column: str, value: str) -> tuple[TraceSummary, ...]:
    """The traces in which the id `value` (or the only one that begins so) occurs in `column`, latest first. Raises NotFoundError."""
    from reporter.analysis.traces import traces_of

    found = traces_of(sink.connection, column, value)
    if not found:
        msg = f"no trace with {column.replace('_', ' ')} {value}"
        raise NotFoundError(msg, "Give the whole id, or its beginning where that is the only one.")
    return found
