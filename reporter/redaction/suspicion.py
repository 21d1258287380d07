"""What a database looks for first: made of the rules, wider than they are. What it does not match holds nothing to hide."""

from __future__ import annotations

from functools import lru_cache

from reporter.redaction.calls import PLACES
from reporter.redaction.first_look import first_look, without_backslashes
from reporter.redaction.names import CONTENT_LOOK, SECRET_LOOK
from reporter.redaction.rules import NOT_IN_IDS, PHONE, SHAPES, SURROUNDINGS


@lru_cache(8)
def suspicions(own: tuple[str, ...], *, has_phones: bool, has_content: bool) -> tuple[str, ...]:
    """Patterns (RE2) for a text without its backslashes. `own`: patterns of the user's, and known secrets.

    Several: as one, their automaton has so many states that RE2 takes 40 times as long.
    """
    groups = (
        [first_look(rule.text) for rule in SHAPES if not rule.look],
        [rule.look for rule in SHAPES if rule.look],
        [first_look(rule.text) for rule in SURROUNDINGS],
        [*(first_look(place.text) for place in PLACES if place.is_looked_for), SECRET_LOOK],
        [CONTENT_LOOK] if has_content else [],
        [first_look(PHONE.text)] if has_phones else [],
    )
    looks = ["|".join(dict.fromkeys(texts)) for texts in groups if texts]
    return (*looks, *(first_look(text, 0) for text in own))


@lru_cache(8)
def suspicions_of_ids(own: tuple[str, ...]) -> tuple[str, ...]:
    """The same for ids and names: `Redactor.identifier`."""
    groups = (
        [rule.look or first_look(rule.text) for rule in SHAPES if rule.name not in NOT_IN_IDS],
        [first_look(rule.text) for rule in SURROUNDINGS],
        [first_look(place.text) for place in PLACES if place.is_looked_for],
    )
    return (*("|".join(texts) for texts in groups), *(first_look(text, 0) for text in own))


def suspected(patterns: tuple[str, ...], text: str) -> str:
    """SQL for whether the text, SQL too, matches one of the patterns; false where it is null."""
    plain = without_backslashes(text)
    looks = " OR ".join(f"regexp_matches(plain, {_quoted(pattern)})" for pattern in patterns)
    return f"coalesce((SELECT {looks} FROM (SELECT {plain} AS plain)), false)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
