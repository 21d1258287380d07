"""`--from`: a sink made of archives, exports and other sinks, for as long as the command runs."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.options import note
from reporter.errors import UsageError
from reporter.format import words
from reporter.settings.app import find_app
from reporter.sink.gather import gather

if TYPE_CHECKING:
    from reporter.settings.app import Settings


def gathered_settings(options: dict[str, Any]) -> Settings:
    """Settings whose sink holds all that is named; without a period `options` are about all of it from now on. Raises UsageError,
    SourceError."""
    for name in ("logs", "db", "sink"):
        if options[name]:
            msg = f"--from and --{name} cannot go together"
            raise UsageError(msg, "What --from names is read by itself.")
    settings = find_app(options["app"], None, (), None, options["log_tz"], is_awaited=True)
    # Readable by its user alone, whatever the umask.
    folder = Path(tempfile.mkdtemp(prefix="telemetry-report-"))
    click.get_current_context().call_on_close(lambda: shutil.rmtree(folder, ignore_errors=True))
    found = gather(options["gathered"], folder / "telemetry.duckdb", note)
    if "since" in options and not any(options[name] for name in ("last", "since", "until")):
        options.update(since=words.iso(found.first), until=words.iso(found.last + timedelta(microseconds=1)))
    return settings._replace(sink=folder / "telemetry.duckdb", is_gathered=True)
