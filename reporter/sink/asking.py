"""A question to the sink: what is new is taken in, then it is opened for reading.

Imports what a question needs when it is asked: `trace` answers in less time than pandas or pyarrow take to load.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from reporter.analysis import select_window
from reporter.sink.notes import SOURCE_NAMES, emptiness, retention_notes
from reporter.sink.taking_in import taken_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink
    from reporter.sources import Listener
    from reporter.window import Window


@contextlib.contextmanager
def asking(
    settings: Settings,
    now: datetime,
    listener: Listener,
    window: Window | None = None,
    compared: Window | None = None,
    since: datetime | None = None,
) -> Iterator[Sink]:
    """The sink with all that is new in it, opened for reading, with the views of a window and of one it is `compared` with. `since`: as `ingest`
    has it. Raises ReportError."""
    _, sink = taken_in(settings, now, listener, since)
    with sink:
        if window:
            select_window(sink.connection, window, compared, chosen=settings.chosen)
            for note in (*retention_notes(sink, window), *emptiness(sink, window, settings.chosen)):
                listener.on_note(note)
        sink.connection.execute(SOURCE_NAMES)
        yield sink
