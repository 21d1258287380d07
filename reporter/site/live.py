"""What an open page of a `watch` loads: the session's figures, and pages that were built anew, as scripts.

file:// has no fetch: a page adds data/build.js as a script several times a second and, where a number in it has changed, the file it
stands for.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reporter import __version__
from reporter.errors import OutputError
from reporter.site.output import MARKER, SiteFile, write_file
from reporter.site.render import environment, script_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.analysis.recent import RecentEvent
    from reporter.analysis.session import Session

LIVE_FILE = "data/live.js"


def notice(built_at: datetime, *, live: int = 0, at: datetime | None = None, is_over: bool = False) -> bytes:
    """data/build.js: when the pages were built, and of a watch how many times the session was shown (0: no watch), when it
    last gave a sign of life, and whether it is over."""
    told = {"built_at": built_at.isoformat(), "version": __version__, "live": live, "over": is_over}
    if at:
        told["at"] = int(at.timestamp() * 1000)
    return f"window.telemetryBuild={script_json(told)};\n".encode()


def page_scripts(pages: Sequence[SiteFile]) -> list[SiteFile]:
    """Each page once more as data/page-NAME.js, for open pages to take over."""
    return [
        SiteFile(
            f"data/page-{page.path.removesuffix('.html')}.js",
            f"telemetryPage({script_json(page.data.decode())});\n".encode("utf-8", "replace"),
        )
        for page in pages
    ]


class LiveFiles:
    """Writes the session into a built site. Raises OutputError."""

    def __init__(self, output: Path, zone: ZoneInfo) -> None:
        self.output = output
        self._template = environment(zone).get_template("live.html")
        self._shown = 0
        self._view: Session | None = None

    def fresh(self, events: Sequence[RecentEvent], built_at: datetime, rebuild_seconds: float) -> None:
        """Show events that have just come, by time, at once, with the figures as they were."""
        if self._view and events:
            self.show(self._view.with_fresh(events), built_at, rebuild_seconds)

    def show(self, view: Session, built_at: datetime, rebuild_seconds: float) -> None:
        self._view = view
        text = self._template.render(view=view, rebuild_seconds=rebuild_seconds)
        script = f"telemetryLive({script_json(text)});\n".encode("utf-8", "replace")
        _write(script, self.output / LIVE_FILE)
        self._shown += 1
        self.tell(view.window.end, built_at)

    def tell(self, at: datetime, built_at: datetime, *, is_over: bool = False) -> None:
        """A sign of life."""
        told = notice(built_at, live=self._shown, at=at, is_over=is_over)
        _write(told, self.output / MARKER)


def _write(data: bytes, path: Path) -> None:
    try:
        write_file(data, path)
    except OutputError:
        # The folder may be swapped for a new report this moment.
        time.sleep(0.05)
        write_file(data, path)
