"""`watch`: follow the logs and tables, show the current session at once and renew the whole report now and then.

Two rhythms. The session (live.py) is read on and shown within a tenth of a second of a change. The file's sink and all
pages follow in a process of their own, no oftener than `watch.rebuild`, and only when there was something new; so that a
killed watch loses nothing: whoever comes next reads on from the sink's own cursors.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reporter import engine
from reporter.errors import DamagedSinkError, OutputError, ReportError, SourceError
from reporter.sink.damage import set_aside
from reporter.sink.notes import told
from reporter.sources import tables
from reporter.watch.live import Live
from reporter.watch.renewing import renew
from reporter.watch.worker import Worker, WorkerEndedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from threading import Event

    from reporter.analysis.recent import RecentEvent
    from reporter.analysis.session import Session
    from reporter.settings.app import Settings
    from reporter.watch.renewing import Job

# Changes that follow each other within a step are one, for at most the first number; without any, all is looked over again every so
# often, since a network file system tells of nothing, and neither does a database server.
_DEBOUNCE_MS, _STEP_MS, _LOOK_AGAIN_MS = 60, 5, 2000
_NOTE_AGAIN_S = 600.0
# With nothing new the session is shown again this often (events leave its window), a sign of life given this often.
_AGAIN, _LIFE = timedelta(seconds=15), timedelta(seconds=5)


class Shown(Protocol):
    """Where the session is shown: the report's folder, or the terminal."""

    def fresh(self, events: tuple[RecentEvent, ...]) -> None: ...

    def show(self, view: Session) -> None: ...

    def alive(self, now: datetime) -> None: ...

    def over(self, now: datetime) -> None: ...


class Watch:
    """A watch under way. `on_note` is told what is worth a line, the same thing once in ten minutes."""

    def __init__(self, job: Job, shown: Callable[[Watch], Shown], on_note: Callable[[str], None], stop: Event) -> None:
        self.job = job
        self._stop = stop
        self._show_in = shown
        self._noted: dict[str, float] = {}
        self._on_note = on_note
        self._worker = Worker()
        self._renewing: Future[tuple[datetime, list[str]]] | None = None
        self._has_news = False
        self._live: Live | None = None
        self._shown_at = self._lived_at = datetime.min.replace(tzinfo=UTC)

    def begin(self) -> bool:
        """Wait for the first report, without which there is nothing to show the session in, and before that for something to
        report on; False where the watch was stopped meanwhile, and is closed. Raises ReportError."""
        is_begun = False
        try:
            is_begun = any(self._is_built() for _ in changes(self.job.settings, self._stop) if not self._stop.is_set())
        finally:
            if not is_begun:
                self._worker.close(at_once=True)
        if is_begun:
            self._started_at = self.built_at
            self.shown = self._show_in(self)
        return is_begun

    def _is_built(self) -> bool:
        building = self._worker.submit(renew, self.job)
        while not wait([building], timeout=0.1).done:
            if self._stop.is_set():
                return False
        try:
            self.built_at, notes = building.result()
        except SourceError as exc:
            self._note([f"{exc.args[0]} yet; waiting for the first"])
            return False
        except WorkerEndedError as exc:
            msg = "the process that builds the report was ended from outside"
            raise OutputError(msg, "Is there enough memory? --last takes a shorter period.") from exc
        self._note(notes)
        return True

    def run(self) -> None:
        """Until it is stopped."""
        try:
            for _ in changes(self.job.settings, self._stop):
                if self._stop.is_set():
                    return
                with self._going_on():
                    self.step(datetime.now(UTC))
        finally:
            self.close()

    def step(self, now: datetime) -> int:
        """Take in what has changed and show it; how many events came."""
        live = self._session(now)
        came = live.read_on(now, self.shown.fresh)
        self._note([told(name, why) for name, why in live.notes])
        self._has_news = self._has_news or came > 0
        # A report built anew lacks the session until it is shown again.
        is_new = self._take_over()
        if came or is_new or now - self._shown_at >= _AGAIN or now < self._shown_at:
            self.shown.show(live.view(now))
            self._shown_at = self._lived_at = now
        elif now - self._lived_at >= _LIFE:
            self.shown.alive(now)
            self._lived_at = now
        self._renew(now)
        return came

    def _session(self, now: datetime) -> Live:
        if not self._live:
            self._live = Live(self.job.settings, now)
        return self._live

    def _take_over(self) -> bool:
        """Whether the other process has finished a report since last asked. Raises what went wrong there."""
        if not self._renewing or not self._renewing.done():
            return False
        done, self._renewing = self._renewing, None
        self.built_at, notes = done.result()
        self._note(notes)
        return True

    def _renew(self, now: datetime) -> None:
        is_due = now - self._started_at >= self.job.settings.watch_rebuild or now < self._started_at
        if self._has_news and is_due and not self._renewing:
            self._started_at, self._has_news = now, False
            self._renewing = self._worker.submit(renew, self.job)

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        """What goes wrong now (a full disk, a sink that is held) may go right in a second: say so and go on."""
        try:
            yield
        except WorkerEndedError:
            self._note(["the process that builds the report was ended from outside; the next one begins anew"])
            self._worker.close()
            self._worker, self._renewing, self._has_news = Worker(), None, True
        except DamagedSinkError as exc:
            set_aside(exc, lambda note: self._note([note]))
            self._has_news, self._started_at = True, datetime.min.replace(tzinfo=UTC)
        except BrokenPipeError:
            # Who read what it prints is gone.
            self._stop.set()
        except (ReportError, OSError, engine.Error) as exc:
            self._note([str(exc).splitlines()[0]])
            if isinstance(exc, engine.Error) and self._live:
                self._live.close()
                self._live = None
            time.sleep(0.5)

    def _note(self, notes: list[str]) -> None:
        for note in notes:
            at = time.monotonic()
            if at - self._noted.get(note, -_NOTE_AGAIN_S) >= _NOTE_AGAIN_S:
                self._noted[note] = at
                # A terminal that was closed hears nothing any more.
                with contextlib.suppress(OSError):
                    self._on_note(note)

    def close(self) -> None:
        """End whole: a report under way is finished, the open pages are told."""
        self._worker.close()
        if self._live:
            self._live.close()
        with contextlib.suppress(ReportError, OSError):
            self.shown.over(datetime.now(UTC))


def changes(settings: Settings, stop: Event) -> Iterator[None]:
    """Once at first, then whenever a followed folder changes and at least every two seconds, until `stop` is set."""
    from watchfiles import watch

    yield
    while not stop.is_set():
        folders = followed(settings)
        try:
            if not folders:
                stop.wait(_LOOK_AGAIN_MS / 1000)
                yield
                continue
            for _ in watch(
                *folders,
                watch_filter=None,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                stop_event=stop,
                rust_timeout=_LOOK_AGAIN_MS,
                yield_on_timeout=True,
                raise_interrupt=True,
            ):
                yield
                if followed(settings) != folders:
                    break
        except (OSError, RuntimeError):
            # A folder went away, or this system has no more watches to give: look by the clock.
            stop.wait(_LOOK_AGAIN_MS / 1000)
            yield


def followed(settings: Settings) -> list[Path]:
    """The folders there are in which logs or the SQLite file may change."""
    folders = {settings.app / "storage" / "logs"}
    if settings.logs:
        folders = {_fixed(Path(pattern).expanduser()) for pattern in settings.logs}
    if settings.database and tables.is_sqlite(settings.database):
        folders.add(tables.sqlite_path(settings.database).parent)
    return sorted(folder for folder in folders if folder.is_dir())


def _fixed(pattern: Path) -> Path:
    """The folder of a glob, up to its first wildcard."""
    if pattern.is_dir():
        return pattern
    parts = list(pattern.parts[:-1])
    wild = next((n for n, part in enumerate(parts) if any(char in part for char in "*?[")), len(parts))
    return Path(*parts[:wild]) if wild else Path()
