"""What Monolog wrote of an exception, as text or as an object: class, message, frames. Pure text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_OBJECT = re.compile(
    r"\[object\] \((?P<cls>[^(\s]+)\(code: (?P<code>[^)]*)\): (?P<msg>.*?) at (?P<file>[^\n]*?):(?P<line>\d+)\)", re.S
)
_FRAME = re.compile(r"^[ \t]*#\d+ (?P<file>[^\n]+?)\((?P<line>\d+)\): (?P<call>[^\n(]+)", re.M)
_FOLDERS = "app|bootstrap|config|database|routes|src|tests|packages|modules"
_ROOT = re.compile(rf"^.*?/((?:{_FOLDERS})/)(?!(?:{_FOLDERS})/)")
# Where Composer's folder is not seen in a trace, a class of the app tells where the app begins.
_APP_CLASS = re.compile(r"^.*?/(app/[A-Z])")
_LISTED = re.compile(r"\s*#\d+ ")
_CHAIN_AT_MOST = 20
_VENDOR = re.compile(r"(?:^|[ /\\])(?:vendor|node_modules)[/\\]")
_HOME = re.compile(r"^(.*?/)(?:vendor|node_modules)/")


@dataclass(frozen=True)
class ExceptionText:
    """What Monolog wrote of an exception. `frame`: its first in-app frame, without line number."""

    error_class: str | None = None
    message: str | None = None
    frame: str | None = None


@lru_cache(maxsize=20_000)
def read_exception(text: str) -> ExceptionText:
    """Class, message and first in-app frame from LineFormatter's `[object] (…)` text or JsonFormatter's object."""
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return ExceptionText()
        return _read_object(value) if isinstance(value, dict) else ExceptionText()
    found = _OBJECT.match(text)
    if not found:
        plain = text if re.fullmatch(r"[\w\\]+", text) else None
        return ExceptionText(plain)
    own = text.split("[previous exception]", 1)[0]
    files = [found["file"], *(m["file"] for m in _FRAME.finditer(own))]
    return ExceptionText(found["cls"].replace("\\\\", "\\"), found["msg"], _in_app(files))


def _read_object(value: dict[str, Any]) -> ExceptionText:
    files = [str(value.get("file", "")).rpartition(":")[0] or str(value.get("file", ""))]
    trace = value.get("trace")
    files += [str(f).rpartition(":")[0] for f in trace if isinstance(f, str)] if isinstance(trace, list) else []
    cls, message = value.get("class"), value.get("message")
    return ExceptionText(
        cls if isinstance(cls, str) else None, message if isinstance(message, str) else None, _in_app(files)
    )


@dataclass(frozen=True)
class ExceptionPart:
    """One exception of a chain. `at`: file:line; `frames`: of the app, `vendor`: the others, both innermost first."""

    error_class: str
    message: str
    at: str
    frames: tuple[str, ...]
    vendor: tuple[str, ...]


def exception_chain(text: str) -> tuple[ExceptionPart, ...]:
    """What Monolog wrote of an exception and its previous ones, outermost first; empty where it cannot be told."""
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return ()
        parts: list[ExceptionPart] = []
        while isinstance(value, dict) and len(parts) < _CHAIN_AT_MOST:
            trace = value.get("trace")
            lines = [str(frame) for frame in trace] if isinstance(trace, list) else []
            parts.append(_part(str(value.get("class")), str(value.get("message")), str(value.get("file") or ""), lines))
            value = value.get("previous")
        return tuple(parts)
    found = []
    for piece in text.split("[previous exception]")[:_CHAIN_AT_MOST]:
        head = _OBJECT.search(piece)
        if head:
            lines = [line.strip() for line in piece.splitlines() if _LISTED.match(line)]
            found.append(_part(head["cls"].replace("\\\\", "\\"), head["msg"], f"{head['file']}:{head['line']}", lines))
    return tuple(found)


def is_vendor(frame: str) -> bool:
    """Whether a frame is not the app's own."""
    return bool(_VENDOR.search(frame)) or "[internal function]" in frame or "{main}" in frame


def _part(error_class: str, message: str, at: str, lines: list[str]) -> ExceptionPart:
    vendor = [line for line in lines if is_vendor(line)]
    return ExceptionPart(
        error_class, message, at, tuple(line for line in lines if line not in set(vendor)), tuple(vendor)
    )


def _in_app(files: list[str]) -> str | None:
    """The first file that is none of vendor's: only what is the same on every machine, the path from the app's own folder on."""
    paths = [name.strip().replace("\\", "/") for name in files]
    inside = next(
        (path for path in paths if path and not _VENDOR.search(path) and not path.startswith("[internal")), None
    )
    if inside is None:
        return None
    for path in paths:
        home = _HOME.match(path)
        if home and inside.startswith(home[1]):
            return inside.removeprefix(home[1])
    named = _APP_CLASS.sub(r"\1", inside)
    return named if named != inside else _ROOT.sub(r"\1", inside)
