"""Whether a sink's file is whole, and moving aside one that is not.

A file is read through in a process of its own: DuckDB refuses all work on a file once it met an error in it, and what is
broken may break more than a statement.
"""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reporter import engine
from reporter.errors import DamagedSinkError, SinkError
from reporter.sink.locking import lock_path, locked

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGES = Path(__file__).parents[2]
_WHOLE, _DAMAGED, _UNKNOWN = 0, 3, 4
# Where DuckDB writes what its files begin with.
_MAGIC_AT, _MAGIC = 8, b"DUCK"


def damage(path: Path) -> str:
    """What is wrong with a sink's file, in one line; empty where nothing is, or where that can't be told now."""
    import subprocess

    code = f"import sys; sys.path.append({str(_PACKAGES)!r}); from reporter.sink.damage import look; look(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(path)], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode in (_WHOLE, _UNKNOWN):
        return ""
    # A negative code: reading it ended the process.
    return done.stdout.strip() if done.returncode == _DAMAGED else "it cannot be read through"


def look(name: str) -> None:
    """Read all of the file and leave with what was found; the other process's side of `damage`."""
    try:
        connection = engine.connect(name, read_only=True)
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute(f'SELECT bit_xor(hash(t)) FROM "{table}" t').fetchall()
    except (engine.Error, UnicodeDecodeError) as exc:
        said = str(exc).splitlines()[0]
        is_circumstance = any(
            word in said.lower() for word in ("set lock", "permission denied", "out of memory", "no space")
        )
        print(said)
        sys.stdout.flush()
        os._exit(_UNKNOWN if is_circumstance else _DAMAGED)
    os._exit(_WHOLE)


def is_ours(path: Path) -> bool:
    """Whether a file that cannot be read as a sink can only have been one: it lies where sinks lie, or one was written there."""
    is_at_home = path.parent.name == "telemetry-report" and path.suffix == ".duckdb"
    return is_at_home or _is_apps(path) or lock_path(path).exists()


def _is_apps(path: Path) -> bool:
    return path.parent.name == "telemetry" and path.name.startswith("telemetry") and path.suffix == ".duckdb"


def is_others(path: Path) -> bool:
    """Whether a file is of another format that is known by its first bytes, and lies where a user named it."""
    with path.open("rb") as file:
        head = file.read(64)
    return not _is_apps(path) and (
        head.startswith(b"SQLite format 3")
        or (head[_MAGIC_AT : _MAGIC_AT + 4] != _MAGIC and not lock_path(path).exists())
    )


def set_aside(found: DamagedSinkError, on_note: Callable[[str], None]) -> None:
    """Move a sink's file, and its log of what is not in it yet, out of the way. Raises SinkError where another process writes it or
    it can't be moved."""
    try:
        with locked(found.path):
            aside = _free_name(found.path)
            found.path.rename(aside)
            with contextlib.suppress(FileNotFoundError):
                found.path.with_name(f"{found.path.name}.wal").rename(aside.with_name(f"{aside.name}.wal"))
    except OSError as exc:
        why = "another process holds it" if isinstance(exc, BlockingIOError) else str(exc)
        msg = f"{found.args[0]} and cannot be moved aside: {why}"
        raise SinkError(msg, "Name another with --sink FILE.") from exc
    on_note(f"{found.args[0]}: it was moved to {aside.name} and is made anew from logs and tables")


def _free_name(path: Path) -> Path:
    stem = f"{path.name}.damaged-{datetime.now(UTC):%Y-%m-%d}"
    names = [stem, *(f"{stem}-{n}" for n in range(2, 1000))]
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())
