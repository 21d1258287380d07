"""Where a watch shows the session: in the report's folder, or on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.analysis.recent import RecentEvent
    from reporter.analysis.session import Session
    from reporter.watch.watching import Watch


class InFolder:
    """Beside the pages of the report that the watch builds."""

    def __init__(self, watch: Watch, folder: Path) -> None:
        # Loaded by those alone who need it: pages bring jinja and pandas, 60 MB.
        from reporter.site.live import LiveFiles

        self._watch = watch
        self._files = LiveFiles(folder, watch.job.zone)
        self._rebuild_seconds = watch.job.settings.watch_rebuild.total_seconds()

    def fresh(self, events: tuple[RecentEvent, ...]) -> None:
        self._files.fresh(events, self._watch.built_at, self._rebuild_seconds)

    def show(self, view: Session) -> None:
        self._files.show(view, self._watch.built_at, self._rebuild_seconds)

    def alive(self, now: datetime) -> None:
        self._files.tell(now, self._watch.built_at)

    def over(self, now: datetime) -> None:
        self._files.tell(now, self._watch.built_at, is_over=True)


class OnTerminal:
    """On stdout."""

    def __init__(self, zone: ZoneInfo) -> None:
        from reporter.terminal.session import Terminal

        self._terminal = Terminal(zone)

    def fresh(self, events: tuple[RecentEvent, ...]) -> None:
        self._terminal.fresh(events)

    def show(self, view: Session) -> None:
        self._terminal.show(view)

    def alive(self, now: datetime) -> None:
        """Its rows show the time by themselves."""

    def over(self, _: datetime) -> None:
        self._terminal.close()
