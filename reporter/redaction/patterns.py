"""Patterns that are compiled when they are first looked for: most never are, and all together take a sixth of an answer's time."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast


@cache
def compiled(text: str) -> re.Pattern[str]:
    """A rule's pattern."""
    return re.compile(text, re.ASCII)


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
