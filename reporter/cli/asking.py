"""What commands that ask the sink share: take in what is new, answer from what is kept, redact."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from reporter.asked import Asked
from reporter.cli.options import settings_of, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink

T = TypeVar("T")


@contextlib.contextmanager
def asked(
    options: dict[str, Any], form: str, *, is_of_window: bool = True, compares: bool = False
) -> Iterator[tuple[Sink, Asked]]:
    """The sink with all that is new in it, and what the options ask of it. `is_of_window`: with the views of their window; `compares`:
    with those of the one that it is compared with."""
    from reporter.cli.progress import listening
    from reporter.sink.asking import asking
    from reporter.window import parse_compared

    settings = settings_of(options)
    window, zone = window_of(options, settings)
    found = Asked(settings, window, parse_compared(settings.compare, window, zone), zone, datetime.now(UTC))
    load_ahead(form)
    windows = (found.window if is_of_window else None, found.compared if compares else None)
    with listening() as listener, asking(settings, found.built_at, listener, *windows) as sink:
        yield sink, found


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
