"""Whether a report still says all that a build would: told by stat alone, before anything that takes long is loaded.

A build notes beside the sink what its report was made of: what was asked and all settings, the files that were there before
it read them, the sink and the program as they were, and the files it wrote. Where all of that is as it was, the report stands.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import __version__
from reporter.replacing import replaced
from reporter.sources.finding import find_logs
from reporter.sources.tables import signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reporter.settings.app import Settings

_PACKAGE = Path(__file__).resolve().parent.parent


class Standing(NamedTuple):
    """What a build said of the report that stands. `events`: of the window."""

    events: int
    notes: tuple[str, ...]


def asked(settings: Settings, *of: object) -> str:
    """A digest of what a report is asked for (`of`: window and such) and of all there is to make it of; '' where that can't be
    told from outside: a database server has to be asked."""
    database = settings.database
    seen = signature(database) if database else ""
    if database and not seen:
        return ""
    found = find_logs(settings.app, settings.logs, settings.sink)
    return digest([__version__, list(_stats(*_program())), settings, of, seen, found])


def file_state(path: Path) -> tuple[int, int, int]:
    """What stat tells of a file: it is another where that changes."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def standing(sink: Path, output: Path, state: str) -> Standing | None:
    """The report of `state` in the folder `output`, where it is there, whole, and the sink is as it was when it was made."""
    try:
        told = json.loads(_note_of(sink).read_bytes())
        if [state, list(file_state(sink)), _written(output)] == [told["state"], told["sink"], told["output"]]:
            return Standing(told["events"], tuple(told["notes"]))
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return None


def note(
    sink: Path, output: Path, state: str, sink_state: tuple[int, int, int], events: int, notes: Sequence[str]
) -> None:
    """Note that the report in `output` was made of `state` and of the sink as it was. One that can't be noted is made again."""
    told = {"state": state, "sink": sink_state, "output": _written(output), "events": events, "notes": notes}
    with contextlib.suppress(OSError), replaced(_note_of(sink)) as fresh:
        fresh.write_text(json.dumps(told))


def _note_of(sink: Path) -> Path:
    return sink.with_name(f"{sink.name}.built")


def _written(output: Path) -> str:
    """A digest of the files of a report and where they are. Raises OSError."""
    return digest([str(output.resolve()), list(_stats(output, output / "assets", output / "data"))])


def _program() -> Iterator[Path]:
    """The folders that pages are made of."""
    for name in ("templates", "assets"):
        yield from (_PACKAGE / name, _PACKAGE.parent / name)
    for folder, _, _ in os.walk(_PACKAGE):
        if not folder.endswith("__pycache__"):
            yield Path(folder)


def _stats(*folders: Path) -> Iterator[tuple[str, int, int]]:
    """The files in these folders, of those that are there."""
    for folder in folders:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = entry.stat()
                if not entry.is_dir():
                    yield entry.path, found.st_size, found.st_mtime_ns


def digest(value: object) -> str:
    """Of settings and such, as text."""
    return hashlib.sha256(json.dumps(value, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of the settings
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return vars(value)
    if hasattr(value, "items"):
        return dict(value)
    return str(value)
