"""What commands that ask the sink share: take in what is new, answer from what is kept, redact."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from reporter.cli.options import note, settings_of, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink
    from reporter.window import Window

T = TypeVar("T")


@contextlib.contextmanager
def asked(
    options: dict[str, Any], form: str, *, is_of_window: bool = True, compares: bool = False
) -> Iterator[tuple[Sink, Window, ZoneInfo, Settings]]:
    """The sink with all that is new in it and the options' window, both in the viewer's zone, and the settings. `compares`: with the
    views of the window that the settings compare it with."""
    from reporter.cli.progress import progress
    from reporter.sink.asking import asking
    from reporter.window import parse_compared

    settings = settings_of(options)
    window, zone = window_of(options, settings)
    compared = parse_compared(settings.compare, window, zone) if compares else None
    load_ahead(form)
    with (
        progress() as on_progress,
        asking(settings, datetime.now(UTC), on_progress, note, window if is_of_window else None, compared) as sink,
    ):
        yield sink, window, zone, settings


def gated(sink: Sink, settings: Settings, found: T) -> T:
    """Results as they may leave the machine."""
    from reporter.redaction.gate import gate

    redactor = gate(sink.about("salt"), settings.privacy)
    return redactor.results(found) if redactor else found


def load_ahead(form: str, *modules: str) -> None:
    """Load what comes after the query while DuckDB is at work without Python's lock: 40 ms of `trace`'s 200."""
    wanted = (*modules, "reporter.redaction.redactor", *(("rich.console", "rich.table") if form == "table" else ()))
    # Python's own 5 ms, waited for after every query, would cost more than is won.
    sys.setswitchinterval(0.0005)
    Thread(target=lambda: [import_module(name) for name in wanted], daemon=True).start()
