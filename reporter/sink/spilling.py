"""The folder beside a sink for what DuckDB cannot hold in memory: a process has its own, and what a killed one left is removed."""

from __future__ import annotations

import os
import shutil
from glob import escape
from typing import TYPE_CHECKING

from reporter import engine

if TYPE_CHECKING:
    from pathlib import Path


def spill(connection: engine.DuckDBPyConnection, target: Path, *, read_only: bool) -> None:
    """Bound the memory of a connection to the sink at `target`. Where nothing can be written beside it, all has to be held."""
    if os.access(target.parent, os.W_OK):
        # Two that read at once would write over each other's files.
        folder = str(_folder(target, str(os.getpid())))
        engine.spill_to(connection, folder, target.stat().st_size if read_only else None)
    else:
        engine.hold_all(connection)
        connection.execute("SET temp_directory = ''")


def remove_spilt(target: Path) -> None:
    """Remove what killed processes left. As long as the sink is open for writing, no other has it open."""
    for left in target.parent.glob(_folder(target.with_name(escape(target.name)), "*").name):
        shutil.rmtree(left, ignore_errors=True)


def _folder(target: Path, process: str) -> Path:
    return target.with_name(f".{target.name}.spilt-{process}")
