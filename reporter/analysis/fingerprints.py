"""What makes two errors the same fault: message normalised, exception class, first in-app frame. Pure text."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

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


def fingerprint(error_class: str | None, pattern: str, frame: str | None) -> str:
    """16 hex digits that stay the same from report to report."""
    return hashlib.blake2b(
        "\0".join((error_class or "", pattern, frame or "")).encode("utf-8", "replace"), digest_size=8
    ).hexdigest()
