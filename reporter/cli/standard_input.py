"""`--logs -`: standard input as a log file, for as long as the command runs."""

from __future__ import annotations

import shutil
import sys

import click

from reporter.errors import SourceError, UsageError
from reporter.sink.scratch import scratch
from reporter.sources.finding import SPOOLED


def spooled(logs: tuple[str, ...], sink: str | None, *, is_awaited: bool) -> tuple[tuple[str, ...], str]:
    """The logs with a file in place of `-`, and the sink: where none is named, one that is gone with the file. Raises UsageError,
    SourceError."""
    if is_awaited:
        msg = "--logs - cannot be watched"
        raise UsageError(msg, "Name the files that the app writes to.")
    folder = click.get_current_context().with_resource(scratch()) / SPOOLED
    path = folder / "stdin.log"
    try:
        folder.mkdir()
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    except OSError as exc:
        msg = f"standard input cannot be kept in {folder}: {exc.strerror}"
        raise SourceError(msg, "TMPDIR names another place for what is temporary.") from exc
    return tuple(str(path) if pattern == "-" else pattern for pattern in logs), sink or str(folder / "telemetry.duckdb")
