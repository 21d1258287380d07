"""`--from-archive`: a sink made of an archive, for as long as the command runs."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.errors import UsageError
from reporter.format import words
from reporter.settings.app import find_app
from reporter.settings.folders import own_path
from reporter.sink.archive import restore

if TYPE_CHECKING:
    from reporter.settings.app import Settings


def archived_settings(options: dict[str, Any]) -> Settings:
    """Settings whose sink holds the archive's events; without a period `options` are about all of them from now on. Raises UsageError,
    SourceError."""
    for name in ("logs", "db", "sink"):
        if options[name]:
            msg = f"--from-archive and --{name} cannot go together"
            raise UsageError(msg, "An archive is read by itself.")
    settings = find_app(options["app"], None, (), None, options["log_tz"], is_awaited=True)
    # Readable by its user alone, whatever the umask.
    folder = Path(tempfile.mkdtemp(prefix="telemetry-report-archive-"))
    click.get_current_context().call_on_close(lambda: shutil.rmtree(folder, ignore_errors=True))
    first, last = restore(own_path(options["from_archive"]), folder / "telemetry.duckdb")
    if "since" in options and not any(options[name] for name in ("last", "since", "until")):
        options.update(since=words.iso(first), until=words.iso(last + timedelta(microseconds=1)))
    return settings._replace(sink=folder / "telemetry.duckdb", is_archive=True)
