"""Take in what is new, and let go of what is too old: the ingest with all that belongs to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reporter import engine
from reporter.errors import NotFoundError, OutputError, SourceError
from reporter.sink.current import open_current
from reporter.sink.file import open_sink, unusable
from reporter.sink.notes import future_notes, source_notes, told
from reporter.sources import NOBODY, Ingested

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reporter.asked import Asked
    from reporter.settings.app import Settings
    from reporter.sink.retention import Pruned
    from reporter.sink.store import Sink
    from reporter.sources import Listener


def take_in(settings: Settings, now: datetime, listener: Listener = NOBODY) -> Ingested:
    """Ingest all that is new and let go of what is too old. Raises SourceError where nothing could be read, SinkError where it can't be kept."""
    sink = open_current(settings)
    if not sink:
        return _take_in_anew(settings, now, listener)
    with sink:
        return _nothing_new(sink, settings, now, listener)


def take_in_older(asked: Asked, listener: Listener) -> int:
    """Ingest what `taken_in` left when that was asked; how many events of its window came."""
    settings, (start, end) = asked.settings, asked.window.sql
    with open_sink(settings.sink, read_only=True, on_wait=listener.on_note) as sink:
        batch = sink.next_batch
    take_in(settings, asked.built_at, listener)
    with open_sink(settings.sink, read_only=True, on_wait=listener.on_note) as sink:
        late = sink.connection.execute(
            "SELECT count(*) FROM events WHERE batch >= ? AND ts >= ? AND ts < ?", [batch, start, end]
        ).fetchall()
    return int(late[0][0])


def taken_in(
    settings: Settings, now: datetime, listener: Listener = NOBODY, since: datetime | None = None
) -> tuple[Ingested, Sink]:
    """The same, and the sink open for reading: where nothing was new, as it was opened to find that. `since`: as `ingest` has it."""
    sink = open_current(settings)
    if sink:
        return _nothing_new(sink, settings, now, listener), sink
    done = _take_in_anew(settings, now, listener, since)
    return done, open_sink(settings.sink, read_only=True, on_wait=listener.on_note)


def _nothing_new(sink: Sink, settings: Settings, now: datetime, listener: Listener) -> Ingested:
    done = Ingested(readable_sources=1, notes=[*settings.notes, *source_notes(sink)])
    _tell(done, future_notes(sink, now), listener)
    return done


def _take_in_anew(settings: Settings, now: datetime, listener: Listener, since: datetime | None = None) -> Ingested:
    from reporter.sink.ingest import ingest
    from reporter.sink.retention import forget_impossible

    try:
        with open_sink(settings.sink, on_wait=listener.on_note) as sink:
            forget_impossible(sink, now.replace(tzinfo=None))
            done = ingest(sink, settings, listener, since)
            kept = source_notes(sink)
            done.notes = [*settings.notes, *kept, *(note for note in done.notes if note not in kept)]
            if done.older:
                done.notes.append(("", str(done.older)))
            ahead = future_notes(sink, now)
            if done.events and not done.older:
                # With what was left come events that are older still, and what is too old then stands in the daily figures first.
                _let_go_of_old(sink, settings, now, listener)
    except (engine.Error, OSError) as exc:
        raise unusable(settings.sink, exc) from exc
    _tell(done, ahead, listener)
    if not done.readable_sources:
        # What was asked for by name is what is missing, wherever the app lies.
        where = ", ".join(settings.logs) or settings.app.resolve()
        msg = f"nothing could be read in {where}: no log file and no table"
        raise SourceError(msg, "Name the app's folder with --app DIR, or what to read with --logs GLOB and --db URL.")
    return done


def _tell(done: Ingested, notes: list[str], listener: Listener) -> None:
    for note in (*(told(name, why) for name, why in done.notes), *notes):
        listener.on_note(note)


def let_go(settings: Settings, now: datetime, on_note: Callable[[str], None], *, dry_run: bool = False) -> Pruned:
    """Apply the retention: what went, or with `dry_run` would go. Raises SinkError, OutputError."""
    if not settings.sink.is_file():
        msg = f"there is no sink yet: {settings.sink}"
        raise NotFoundError(msg, "`telemetry-report build` makes it.")
    from reporter.sink import retention

    with open_sink(settings.sink, read_only=dry_run, on_wait=on_note) as sink:
        if dry_run:
            return retention.forecast(sink, settings.retention, now.replace(tzinfo=None), settings.app_zone)
        try:
            done = _prune(sink, settings, now)
            retention.compact(sink, done.events, at_once=True)
        except (engine.Error, OSError) as exc:
            raise unusable(settings.sink, exc) from exc
    return replace(done, bytes_after=settings.sink.stat().st_size)


def _let_go_of_old(sink: Sink, settings: Settings, now: datetime, listener: Listener) -> None:
    """What was taken in is kept whether this succeeds or not."""
    from reporter.sink import retention

    try:
        done = _prune(sink, settings, now)
        _tell_of_size(done, settings, listener)
        retention.compact(sink, done.events)
    except (OutputError, engine.Error, OSError) as exc:
        listener.on_note(f"not all that is old could be let go of: {str(exc).splitlines()[0]}")


def _prune(sink: Sink, settings: Settings, now: datetime) -> Pruned:
    from reporter.sink import retention

    folder = settings.retention.archive

    def keep(condition: str) -> None:
        if folder:
            from reporter.sink.archive import archive
            from reporter.sink.whole import host_of

            archive(sink, condition, folder, host_of(sink, settings))

    return retention.prune(sink, settings.retention, now.replace(tzinfo=None), settings.app_zone, keep)


def _tell_of_size(pruned: Pruned, settings: Settings, listener: Listener) -> None:
    if pruned.by_size:
        since = max(part.kept_since for part in pruned.leaving)
        listener.on_note(
            f"the sink grew beyond {settings.retention.max_bytes / 1e6:.0f} MB (retention.max_size): "
            f"{pruned.events:,} events before {since:%Y-%m-%d %H:%M}Z were removed, their daily figures kept"
        )
