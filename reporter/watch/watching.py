"""`watch`: follow the logs and tables, show the current session at once and renew the whole report now and then.

Two rhythms. The session (live.py) is read on and shown within a tenth of a second of a change. The file's sink and all
pages follow in a process of their own, no oftener than `watch.rebuild`, and only when there was something new; so that a
killed watch loses nothing: whoever comes next reads on from the sink's own cursors.
"""

from __future__ import annotations

import contextlib
import signal
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reporter import engine
from reporter.errors import OutputError, ReportError
from reporter.sources import tables
from reporter.watch.live import Live
from reporter.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event
    from zoneinfo import ZoneInfo

    from reporter.analysis.recent import RecentEvent
    from reporter.analysis.session import Session
    from reporter.settings.app import Settings

# A change is waited out this long, so that one write is one step; without any, all is looked over again every so often,
# since a network file system tells of nothing, and neither does a database server.
_DEBOUNCE_MS, _STEP_MS, _LOOK_AGAIN_MS = 60, 10, 2000
_NOTE_AGAIN_S = 600.0
# With nothing new the session is shown again this often (events leave its window), a sign of life given this often.
_AGAIN, _LIFE = timedelta(seconds=15), timedelta(seconds=5)


class Shown(Protocol):
    """Where the session is shown: the report's folder, or the terminal."""

    def show(self, view: Session, fresh: tuple[RecentEvent, ...]) -> None: ...

    def alive(self, now: datetime) -> None: ...

    def over(self, now: datetime) -> None: ...


@dataclass(frozen=True)
class Job:
    """What the other process does: build the report of the last `period`, or with no `output` only take in."""

    settings: Settings
    period: timedelta
    output: Path | None
    zone: ZoneInfo
    compare: str


def renew(job: Job) -> tuple[datetime, list[str]]:
    """Take in what is new and build the report; when that was begun, and what there is to note. Raises ReportError."""
    from reporter.build import build
    from reporter.sink.taking_in import take_in
    from reporter.window import parse_compared

    now, notes = datetime.now(UTC), list[str]()
    if not job.output:
        take_in(job.settings, now, lambda _: None, notes.append)
        return now, notes
    window = Window(now - job.period, now)
    compared = parse_compared(job.compare, window, job.zone)
    build(
        job.settings,
        window,
        job.output,
        zone=job.zone,
        built_at=now,
        compared=compared,
        is_live=True,
        on_note=notes.append,
    )
    return now, notes


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal; what is being written is finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Watch:
    """A watch under way. `on_note` is told what is worth a line, the same thing once in ten minutes."""

    def __init__(self, job: Job, shown: Callable[[Watch], Shown], on_note: Callable[[str], None]) -> None:
        self.job = job
        self._noted: dict[str, float] = {}
        self._on_note = on_note
        self._pool = _process()
        self._renewing: Future[tuple[datetime, list[str]]] | None = None
        self._has_news = False
        self._live: Live | None = None
        self._shown_at = self._lived_at = datetime.min.replace(tzinfo=UTC)
        # The first report is waited for: without it there is nothing to show the session in.
        try:
            self.built_at, notes = self._pool.submit(renew, job).result()
        except BrokenExecutor as exc:
            msg = "the process that builds the report was ended from outside"
            raise OutputError(msg, "Is there enough memory? --last takes a shorter period.") from exc
        self._note(notes)
        self._started_at = self.built_at
        self.shown = shown(self)

    def run(self, stop: Event) -> None:
        """Until `stop` is set."""
        try:
            for _ in changes(self.job.settings, stop):
                if stop.is_set():
                    return
                with self._going_on():
                    self.step(datetime.now(UTC))
        finally:
            self.close()

    def step(self, now: datetime) -> int:
        """Take in what has changed and show it; how many events came."""
        live = self._session(now)
        came = live.read_on(now)
        self._note([f"{name}: {why}" for name, why in live.notes])
        self._has_news = self._has_news or came > 0
        # A report built anew lacks the session until it is shown again.
        is_new = self._take_over()
        if came or is_new or now - self._shown_at >= _AGAIN or now < self._shown_at:
            self.shown.show(live.view(now), live.fresh_events())
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
            self._renewing = self._pool.submit(renew, self.job)

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        """What goes wrong now (a full disk, a sink that is held) may go right in a second: say so and go on."""
        try:
            yield
        except BrokenExecutor:
            self._note(["the process that builds the report was ended from outside; the next one begins anew"])
            self._pool, self._renewing, self._has_news = _process(), None, True
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
                self._on_note(note)

    def close(self) -> None:
        """End whole: a report under way is finished, the open pages are told."""
        self._pool.shutdown(cancel_futures=True)
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
