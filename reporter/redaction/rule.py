"""What a rule is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from reporter.redaction.patterns import ESCAPE, compiled

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable


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
        before = max(0, match.start() - (_BEHIND if self.behind else ESCAPE))
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


class _Anchored(Protocol):
    @property
    def anchors(self) -> tuple[str, ...]: ...


A = TypeVar("A", bound=_Anchored)


class Looked(Generic[A]):
    """Rules, and which of them may find something in a text: those of whose anchors one is in it, and those without any.

    All anchors are gone through in one loop: 300 of them in as many calls took five times as long.
    """

    def __init__(self, rules: Iterable[A]) -> None:
        self._rules = tuple(rules)
        self._always = [n for n, rule in enumerate(self._rules) if not rule.anchors]
        self._anchors = [(anchor, n) for n, rule in enumerate(self._rules) for anchor in rule.anchors]

    def worth_a_try(self, lower: str) -> list[A]:
        """Those that may find something in a text in lower case, in their order."""
        found = {n for anchor, n in self._anchors if anchor in lower}
        return [self._rules[n] for n in sorted(found.union(self._always))]
