"""What makes two errors the same fault: message normalised, exception class, first in-app frame. Pure text."""

from __future__ import annotations

import hashlib
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
# Laravel writes the statement with its bindings, unquoted: verb and table tell which it was.
_SQL = re.compile(r"\((?:Connection: [^,()]*, )?(?:Host: [^()]*?, )?SQL: (?P<sql>.*?)\)?\s*$", re.S)
_STATEMENT = re.compile(
    r"\s*(?P<verb>\w+)\b(?:.{0,500}?\b(?:from|into|table)|(?<=update))?\s+[`\"\[]?(?P<table>[\w.]+)", re.I | re.S
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r" \(see https?://[^\s)]+\)(?: for \S+)?"), ""),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I), "<n>"),
    (re.compile(r"\b(?:https?|wss?|ftp)://[^\s\"'<>)\]`]+", re.I), "<url>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\"(?:[^\"\\\n]|\\.){0,500}\"|`[^`\n]{0,500}`|(?<!\w)'(?:[^'\\\n]|\\.){0,500}'(?!\w)"), "<value>"),
    (re.compile(r"(?<=\()(?:[A-Za-z]:\\|/)[^()\n]+(?=\))"), "<path>"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|/)(?:[\w.\-@ ]+[/\\])+[\w.\-@]+"), "<path>"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), "<value>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.I), "<n>"),
    (re.compile(r"\b[a-z]{2,8}[-_][A-Za-z0-9]*\d[A-Za-z0-9_-]*\b"), "<n>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.I), "<n>"),
    (re.compile(r"\b[A-Za-z0-9_]*\d[A-Za-z0-9_]{15,}\b"), "<n>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<ip>"),
    (re.compile(r"(?<![\w\[#])[-+]?\d+(?:[.,]\d+)*(?:(?:ms|us|µs|s|m|h|d|[kMG]i?B|B)(?![A-Za-z])(?:\d+(?:\.\d+)?(?:ms|s|m|h)(?![A-Za-z]))*)?"), "<n>"),
    (re.compile(r"(<\w+>)(?:, ?\1)+"), r"\1"),
    (re.compile(r"\(and <n> more errors?\)"), "(and <n> more errors)"),
    (re.compile(r"\s+"), " "),
)  # fmt: skip
# What makes one error another: these numbers stay. Names of models hold numbers too.
_KEPT = re.compile(
    r"(SQLSTATE\[\w+\]|cURL error \d+|HTTP(?:/\d(?:\.\d)?)? (?:status )?(?:code )?\d{3}|status code:? \d{3}|General error: \d+"
    r"|resulted in a `\d{3} [^`\n]{0,80}` response"
    r"|\b(?:(?:chat)?gpt|claude|llama|gemini|gemma|mistral|mixtral|qwen|phi|deepseek|grok|text-embedding|whisper|dall-e)-?\d[\w.:-]*)",
    re.I,
)

# Kept pieces are held by characters of Unicode's private use area meanwhile: inside quotes they go with the quoted.
_PRIVATE, _KEPT_AT_MOST = 0xE000, 1000


def _sql(found: re.Match[str]) -> str:
    statement = _STATEMENT.match(found["sql"])
    return f"(SQL: {statement['verb'].lower()} {statement['table']})" if statement else "(SQL)"


@lru_cache(maxsize=20_000)
def normalise(message: str) -> str:
    """The message with what varies from one occurrence to the next replaced: ids, numbers, paths, times, quoted values.

    Error codes that tell faults apart (SQLSTATE, cURL, HTTP status) stay.
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return chr(_PRIVATE + len(kept) - 1)

    text = _KEPT.sub(keep, _SQL.sub(_sql, message[:2000]), count=_KEPT_AT_MOST)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    for number, piece in enumerate(kept):
        text = text.replace(chr(_PRIVATE + number), piece)
    return text.strip()


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


def _part(error_class: str, message: str, at: str, lines: list[str]) -> ExceptionPart:
    vendor = [line for line in lines if _VENDOR.search(line) or "[internal function]" in line or "{main}" in line]
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


def fingerprint(error_class: str | None, pattern: str, frame: str | None) -> str:
    """16 hex digits that stay the same from report to report."""
    return hashlib.blake2b(
        "\0".join((error_class or "", pattern, frame or "")).encode("utf-8", "replace"), digest_size=8
    ).hexdigest()
