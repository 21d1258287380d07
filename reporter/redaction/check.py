"""Looks a finished report over for what still looks like a secret: `redact-check`."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.errors import UsageError
from reporter.redaction.placeholders import is_placeholder, masked
from reporter.redaction.redactor import Redactor
from reporter.redaction.scanner import secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What pages are made of, not about: our own code, and Vega's.
_OWN_FOLDER, _OWN_PAGE = "assets", "trace-page.js"
_PACKED = re.compile(r'id="packed"[^>]*>\s*([A-Za-z0-9+/=\s]+)<')
_BUNDLED = re.compile(r"<style.*?</style>|<svg.*?</svg>", re.S)
# The report's own numbers of events and spans, of as many digits as a payment card.
_OWN_IDS = re.compile(
    r'\{"id":\d+,"(?:ts":"|parent":(?:\d+|null))|"(?:start_event|row_event)":\d+|"(?:id|parent)":\[[\d,]*(?:null[\d,]*)*\]'
)
# Somebody's texts are told by the names that they were logged under; in a page there are none.
_NO_HITS = frozenset(("content",))
_SHOWN = 3


@dataclass(frozen=True)
class Hit:
    """What a rule found: how often, in which file first, and how the first begins."""

    rule: str
    count: int
    where: str
    hint: str


def check(path: Path) -> list[Hit]:
    """Everything in the file, or the files of the folder, that our rules or kingfisher's find; the most frequent first. Raises UsageError."""
    redactor = Redactor("", include_content=True)
    found: dict[str, list[tuple[str, str]]] = {}
    for name, text in _texts(path):
        for rule, secret in redactor.findings(text):
            found.setdefault(rule, []).append((name, secret))
        known = {secret for each in found.values() for _, secret in each}
        for secret in sorted(secrets_in([masked(text)])):
            if not is_placeholder(secret) and "\0" not in secret and not any(secret in each for each in known):
                found.setdefault("kingfisher", []).append((name, secret))
    hits = [
        Hit(rule, len(each), each[0][0], f"{each[0][1][:_SHOWN]}…")
        for rule, each in found.items()
        if rule not in _NO_HITS
    ]
    return sorted(hits, key=lambda hit: (-hit.count, hit.rule))


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """The files' names and what stands in them, markup and escapes undone."""
    files = (
        [path]
        if path.is_file()
        else sorted(p for p in path.rglob("*") if p.is_file() and p.parent.name != _OWN_FOLDER and p.name != _OWN_PAGE)
    )
    if not files:
        msg = f"there is no report at {path}"
        raise UsageError(msg, "Name a report's file or folder.")
    for file in files:
        try:
            text = file.read_bytes().decode("utf-8", "replace")
        except OSError as exc:
            msg = f"{file} cannot be read: {exc.strerror}"
            raise UsageError(msg) from exc
        text = _BUNDLED.sub("", _PACKED.sub("", text))
        text = _OWN_IDS.sub("", text)
        yield (
            file.name,
            html.unescape(text).replace("\\/", "/").replace("\\u003c", "<").replace("\\x27", "'").replace('\\"', '"'),
        )
