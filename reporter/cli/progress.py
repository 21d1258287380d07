"""Notes, and a progress line, on stderr while something long runs; nothing where stderr is no terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from reporter.cli.options import note
from reporter.sources import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reporter.sources import Progress


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Who tells of notes, and of each Progress in a line that is gone when the work is done."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield Listener(on_note=note)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(step: Progress) -> None:
            bar.update(task, description=step.name[-50:], completed=step.done_bytes, total=step.total_bytes or 1)

        yield Listener(show, note)
