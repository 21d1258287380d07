"""What a rule is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reporter.redaction.patterns import compiled

if TYPE_CHECKING:
    import re
    from collections.abc import Callable


# How far back what stands before a secret is looked at: data of an image is long.
_BEFORE = 4000
_BEHIND = 100


class Rule(NamedTuple):
    """A shape, or a surrounding. `text`: its first group that took part is the secret, else all of it; a group `key` is the name
    that the secret stands under. `anchors`: texts (lower case) of which one is in everything it matches, for a first look; none:
    always looked for. `check`: whether a secret really is one. `unless`: what must not end where it begins.
    `named`: the same as `check`, with the name. `look`: what is in everything that the rule finds, for a database's first look;
    none: its text. `behind`: what must end where it begins."""

    name: str
    text: str
    anchors: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    unless: str = ""
    named: Callable[[str, str], bool] | None = None
    look: str = ""
    behind: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        return compiled(self.text)

    def secret(self, match: re.Match[str]) -> tuple[int, int] | None:
        """Where the secret stands in the text, if it is one."""
        key = match.re.groupindex.get("key", 0)
        group = next((n for n in range(1, match.re.groups + 1) if n != key and match.start(n) >= 0), 0)
        start, end = match.span(group)
        text = match.string[start:end]
        before = max(0, match.start() - (_BEHIND if self.behind else 1))
        if self.look and not compiled(self.look).search(match.string, before, match.end()):
            return None
        if self.check and not self.check(text):
            return None
        if self.named and not self.named(match["key"], text):
            return None
        if self.unless and compiled(self.unless).search(match.string[max(0, start - _BEFORE) : start]):
            return None
        if self.behind and not compiled(self.behind).search(match.string[max(0, start - _BEHIND) : start]):
            return None
        return start, end
