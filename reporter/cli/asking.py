"""What commands that ask the sink share: take in what is new, answer from what is kept, redact."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reporter.asked import Asked
from reporter.cli.options import note, settings_of, window_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink
    from reporter.sources import Listener

T = TypeVar("T")


@contextlib.contextmanager
def asked(
    options: dict[str, Any], form: str, *, is_of_window: bool = True, compares: bool = False, needs_past: bool = False
) -> Iterator[tuple[Sink, Asked]]:
    """The sink with all that is new in it, and what the options ask of it. `is_of_window`: with the views of their window; `compares`:
    with those of the one that it is compared with. A table, but where it `needs_past`, does not wait for logs of before, which
    are read after it."""
    from reporter.cli.progress import listening
    from reporter.sink.asking import asking
    from reporter.sink.notes import has_older_logs
    from reporter.window import parse_compared

    settings = settings_of(options)
    window, zone = window_of(options, settings)
    found = Asked(settings, window, parse_compared(settings.compare, window, zone), zone, datetime.now(UTC))
    load_ahead(form)
    windows = (found.window if is_of_window else None, found.compared if compares else None)
    since = found.since if is_of_window and form == "table" and not needs_past and is_interactive() else None
    with listening() as shown:
        listener = shown.once()
        with asking(settings, found.built_at, listener, *windows, since) as sink:
            yield sink, found
            is_left = since and has_older_logs(sink)
    if is_left:
        # Once the answer is printed.
        click.get_current_context().call_on_close(lambda: _read_older(found, listener))


def is_interactive() -> bool:
    """Whether somebody waits for the answer; a script wants one of all there is."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def _read_older(asked: Asked, listener: Listener) -> None:
    """Read the logs that the answer did not wait for, and say what of them it would have told."""
    from reporter.cli.progress import listening
    from reporter.format import words
    from reporter.sink.taking_in import take_in_older

    note("these logs are read now; Ctrl-C leaves them to the next command")
    with listening() as shown:
        late = take_in_older(asked, shown._replace(on_note=listener.on_note))
    more = f"; {words.counted(late, 'more event')} of the period came, so ask again" if late else ""
    note(f"all logs are read{more}")


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
