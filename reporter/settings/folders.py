"""Where an app keeps what it writes: a Laravel project, or the folder that NativePHP gives a built app for its data."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reporter.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reporter.settings.env import Env


class Places(NamedTuple):
    """`storage`: Laravel's storage folder. `logs`: folders to read logs from where they are not just its `logs`. `databases`:
    SQLite files that may be there. `notes`: folders that are there and are not read."""

    storage: Path
    logs: tuple[str, ...]
    databases: tuple[Path, ...]
    notes: tuple[str, ...]


def own_path(text: str) -> Path:
    """A path as people write it. Raises UsageError for a `~` that nobody has, and for what no path can hold."""
    if "\0" in text:
        msg = f"{text!r} is no path: it holds a zero byte"
        raise UsageError(msg, "Write it without.")
    try:
        return Path(text).expanduser()
    except RuntimeError as exc:
        msg = f"{text}: there is no such home folder"
        raise UsageError(msg, "Write the path without ~.") from exc


def here(path: Path) -> Path:
    """The path from the root on. Raises UsageError where the working folder is gone."""
    try:
        return path.absolute()
    except OSError as exc:
        msg = f"the working folder is no longer there, so {path} cannot be found"
        raise UsageError(msg, "Change into a folder that exists, or write the path in full.") from exc


def find_folder(app: str) -> tuple[Path, tuple[str, ...]]:
    """The folder of --app: itself, or of the app of that name; and what else has the name. Raises UsageError, SourceError."""
    path = own_path(app)
    root = here(path)
    try:
        is_there = root.is_dir()
    except OSError as exc:
        msg = f"{root} cannot be looked into: {exc.strerror}"
        raise SourceError(msg, "Name the app's folder with --app DIR.") from exc
    if not is_there and root.exists():
        msg = f"{root} is no folder"
        raise UsageError(msg, "Name the app's folder with --app DIR; single logs with --logs FILE.")
    is_name = app not in ("", ".", "..") and path.name == app
    if is_name and not (is_there and _is_app(root)):
        named = sorted(_named(app), key=_written, reverse=True)
        if named:
            return named[0], tuple(f"{other} has that name too and is not read" for other in named[1:])
    return root, ()


def _named(*names: str) -> list[Path]:
    """Apps' data folders of these names, however they are written."""
    wanted = {_slug(name) for name in names if _slug(name)}
    found = []
    for home in dict.fromkeys(_data_homes()):
        try:
            inside = sorted(home.iterdir())
        except OSError:
            continue
        found += [folder for folder in inside if _slug(folder.name) in wanted and _is_app(folder)]
    return found


def _data_homes() -> Iterator[Path]:
    """Electron's appData on Linux, macOS and Windows."""
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if given := os.environ.get("XDG_CONFIG_HOME"):
        yield Path(given)
    if home:
        yield from (home / ".config", home / "Library" / "Application Support")
    if given := os.environ.get("APPDATA"):
        yield Path(given)


def _slug(name: str) -> str:
    """As Laravel's Str::slug, by which NativePHP names the folder."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


def _is_app(folder: Path) -> bool:
    try:
        return (folder / "storage" / "logs").is_dir() or any(path.is_file() for path in _databases(folder))
    except OSError:
        return False


def _databases(root: Path) -> tuple[Path, ...]:
    return tuple(root / name for name in ("database/nativephp.sqlite", "database/database.sqlite", "database.sqlite"))


def _written(root: Path) -> float:
    """When something was last written there."""
    times = [0.0]
    for path in (*_databases(root), root / "storage" / "logs", *(root / "storage" / "logs").glob("*")):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times)


def places(root: Path, env: Env) -> Places:
    """Where the app in `root` keeps its logs and SQLite files; a project that runs under `native:serve` writes its logs into a
    data folder named after it."""
    given = os.environ.get("LARAVEL_STORAGE_PATH") or env.get("LARAVEL_STORAGE_PATH")
    own = root / "storage"
    storage = root / own_path(given) if given else own
    logs, notes = [], []
    if given:
        logs.append(storage / "logs")
        if own != storage and (own / "logs").is_dir() and any((own / "logs").rglob("*.log*")):
            notes.append(f"{own / 'logs'} is there too and not read: LARAVEL_STORAGE_PATH is {storage}")
    databases = [path for path in _databases(root)[:2] if path.name != "nativephp.sqlite" or path.is_file()]
    databases += [path for path in _databases(root)[2:] if path.is_file() and not (root / "artisan").is_file()]
    served, others = _served(root, env)
    if served:
        if not given:
            logs = [own / "logs", served / "storage" / "logs"]
        databases += [path for path in _databases(served) if path.is_file() and path.stat().st_size]
        notes += [f"{other} is a built app's and not read: name it with --app" for other in others]
    return Places(storage, tuple(str(path) for path in logs if path.is_dir()), tuple(databases), tuple(notes))


def _served(root: Path, env: Env) -> tuple[Path | None, list[Path]]:
    """The data folder of a project under `native:serve`, and others of its name."""
    name = env.get("APP_NAME")
    is_default = _slug(name) in ("", "laravel") and not (root / "database" / "nativephp.sqlite").is_file()
    if is_default or not (root / ".env").is_file():
        return None, []
    found = [path for path in _named(f"{name}-dev") or _named(name, env.get("NATIVEPHP_APP_NAME")) if path != root]
    if not found:
        return None, []
    others = [path for path in _named(name, env.get("NATIVEPHP_APP_NAME")) if path not in (found[0], root)]
    return found[0], [*found[1:], *(path for path in others if path not in found)]
