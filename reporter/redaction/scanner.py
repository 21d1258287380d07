"""Kingfisher's rules beside our own, for what is made in bulk: they know some hundred providers more.

In-process and without a network: only its scanner is used, never what asks a provider whether a key is valid. Its rules take
half a second to load (six once, then they are kept in the user's cache folder), so nothing that answers at once uses them.
"""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from reporter.redaction.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_UUID = pattern(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEAST = 12
# What is in a text that is worth a scan, in Python and for a database (RE2): a digit beside a letter that no hexadecimal number
# has within twelve letters and digits, or twenty hexadecimal digits. Neither UUIDs nor times are.
_MIXED, _ANY = "(?:[0-9][G-Zg-z]|[G-Zg-z][0-9])", "[A-Za-z0-9]"
LOOK = f"{_MIXED}{_ANY}{{10}}|{_ANY}{{10}}{_MIXED}|{_ANY}{{5}}{_MIXED}{_ANY}{{5}}|[0-9A-Fa-f]{{20}}"
# So many bytes are scanned at once.
_CHUNK_BYTES = 4_000_000


# Analyses run in threads; its rules are loaded once.
_LOADING = Lock()


def scanner() -> Any:  # noqa: ANN401 - None where kingfisher is not installed
    with _LOADING:
        return _loaded()


@lru_cache(1)
def _loaded() -> Any:  # noqa: ANN401 - None where kingfisher is not installed
    try:
        from kingfisher_sdk import Scanner
        from kingfisher_sdk.rules import Rules
    except ImportError:
        return None
    return Scanner(Rules())


def secrets_in(texts: Iterable[str]) -> frozenset[str]:
    """What kingfisher takes for secrets; nothing where it is not installed. UUIDs are left out: nearly all are ids.

    Its rules are loaded only where there is a text worth it.
    """
    texts = list(texts)
    if not texts or not (found := scanner()):
        return frozenset()
    secrets: set[str] = set()
    for chunk in _chunks(texts):
        secrets.update(each.secret for each in found.scan(chunk) if each.visible)
    return frozenset(secret for secret in secrets if len(secret) >= _LEAST and not _UUID.search(secret))


def _chunks(texts: Iterable[str]) -> Iterable[bytes]:
    lines, size = [], 0
    for text in dict.fromkeys(texts):
        line = text.replace("\\/", "/").encode("utf-8", "replace")
        lines.append(line)
        size += len(line)
        if size > _CHUNK_BYTES:
            yield b"\n".join(lines)
            lines, size = [], 0
    if lines:
        yield b"\n".join(lines)
