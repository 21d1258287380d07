"""What a database looks for first: made of the rules, wider than they are. What it does not match holds nothing to hide."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from reporter.redaction.calls import PLACES
from reporter.redaction.first_look import first_look, without_backslashes
from reporter.redaction.named import NAMED_LOOKS
from reporter.redaction.names import content_look, secret_look
from reporter.redaction.rules import PHONE, SHAPES, SURROUNDINGS
from reporter.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reporter.redaction.rule import Rule

# So many patterns are asked as one: all together have so many states that RE2 takes ten times as long and more.
_TOGETHER = 39


@lru_cache(8)
def suspicions(own: tuple[str, ...], *, has_phones: bool, has_content: bool) -> tuple[str, ...]:
    """Patterns (RE2) for a text without its backslashes. `own`: patterns of the user's, and known secrets."""
    names = ("|".join((*NAMED_LOOKS, secret_look())), *([content_look()] if has_content else []))
    phone = _grouped([PHONE]) if has_phones else ()
    return (*names, *_grouped(SHAPES), *phone, *_around(), *suspicions_of_own(own))


def _grouped(rules: Iterable[Rule]) -> Iterator[str]:
    """Looks of shapes: those that begin with letters of their own, some at a time, and those that do not."""
    told = list(dict.fromkeys(first_look(rule.text) for rule in rules if not rule.look))
    yield from ("|".join(told[at : at + _TOGETHER]) for at in range(0, len(told), _TOGETHER))
    if any_ := dict.fromkeys(rule.look for rule in rules if rule.look):
        yield "|".join(any_)


def _around() -> tuple[str, ...]:
    around = (rule.look or first_look(rule.text) for rule in SURROUNDINGS)
    return "|".join(around), "|".join(first_look(place.text) for place in PLACES if place.is_looked_for)


def suspicions_of_own(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The same for patterns of the user's, and known secrets."""
    return tuple(first_look(text, 0) for text in texts)


def suspected(patterns: tuple[str, ...], text: str) -> str:
    """SQL for whether the text, SQL too, matches one of the patterns; false where it is null."""
    plain = without_backslashes(text)
    looks = " OR ".join(f"regexp_matches({plain}, {literal(pattern)})" for pattern in patterns)
    return f"coalesce({looks}, false)"
