"""Patterns that are compiled when they are first looked for: most never are, and all together take a sixth of an answer's time."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

# The longest escape.
ESCAPE = len("%25253D")
_ESCAPES = (r"%[0-9A-Fa-f]{2}", r"%25[0-9A-Fa-f]{2}", r"%2525[0-9A-Fa-f]{2}", r"\\[bfnrt]", r"\\u[0-9A-Fa-f]{4}")
_BEHIND_ESCAPES = "".join(f"|(?<={escape})" for escape in _ESCAPES)


def begins(behind: str) -> str:
    """Where a word begins: not behind any of these characters, or right behind an escape of a URL (once or several times over) or of
    JSON in a text, such as `%3D` and `\\n`: that ends in a letter or digit, and is none of the word. One look-around, so that a first
    look leaves it out."""
    return rf"(?=(?<![{behind}]){_BEHIND_ESCAPES})"


@cache
def compiled(text: str) -> re.Pattern[str]:
    """A rule's pattern."""
    return re.compile(text, re.ASCII)


@cache
def without_escapes(text: str) -> re.Pattern[str]:
    """The same for a text without `%` and backslashes, in which there are none: a third faster, and most are."""
    return compiled(text.replace(_BEHIND_ESCAPES, ""))


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern for a module's own use, compiled with its first `search`, `sub` and so on."""
    return cast("re.Pattern[str]", _Uncompiled(text, flags))


class _Uncompiled:
    def __init__(self, text: str, flags: int) -> None:
        self._made_of = text, flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        # Kept as the object's own, so this is asked once.
        found = self.__dict__[name] = getattr(re.compile(*self._made_of), name)
        return found
