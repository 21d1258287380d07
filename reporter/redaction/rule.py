"""What a rule is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


@lru_cache(None)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


# How far back what stands before a secret is looked at: data of an image is long.
_BEFORE = 4000


class Rule(NamedTuple):
    """A shape, or a surrounding. `text`: its first group that took part is the secret, else all of it; a group `key` is the name
    that the secret stands under. `anchors`: texts (lower case) of which one is in everything it matches, for a first look; none:
    always looked for. `check`: whether a secret really is one. `unless`: what must not end where it begins.
    `named`: the same as `check`, with the name. `look`: what is in everything that the rule finds, for a database's first look;
    none: its text."""

    name: str
    text: str
    anchors: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    unless: re.Pattern[str] | None = None
    named: Callable[[str, str], bool] | None = None
    look: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first looked for: most never are, and all together take 15 ms of an answer's 200."""
        return _compiled(self.text)

    def secret(self, match: re.Match[str]) -> tuple[int, int] | None:
        """Where the secret stands in the text, if it is one."""
        key = match.re.groupindex.get("key", 0)
        group = next((n for n in range(1, match.re.groups + 1) if n != key and match.start(n) >= 0), 0)
        start, end = match.span(group)
        text = match.string[start:end]
        if self.look and not _compiled(self.look).search(match.string, max(0, match.start() - 1), match.end()):
            return None
        if self.check and not self.check(text):
            return None
        if self.named and not self.named(match["key"], text):
            return None
        if self.unless and self.unless.search(match.string[max(0, start - _BEFORE) : start]):
            return None
        return start, end
