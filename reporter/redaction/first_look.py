"""A rule's pattern as a database may look for it first: RE2, wider than the rule, over text without its backslashes.

RE2 has no look-around; and what a rule finds in a text may stand in JSON as it was logged, where `"`, `\\` and `/` are escaped,
once or several times over, and a line break is `\\n`. So look-arounds are left out, backslashes are left out on both sides, and a
blank may be the letter that an escape leaves behind.
"""

from __future__ import annotations

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# Longer repetitions say no more to a first look, and make its automaton larger.
_REPEATED = 6
_SPACE = r"\s\x0bnrtf"
_CLASSES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: _SPACE,
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_LOOKS_AROUND = (codes.ASSERT, codes.ASSERT_NOT, codes.AT)
_ALL_LETTERS = ((codes.RANGE, (ord("a"), ord("z"))), (codes.CATEGORY, codes.CATEGORY_WORD))
# So many letters of its own tell a pattern.
_TOLD = 2
_ANYTHING = r"[\s\S]*"


def without_backslashes(text: str) -> str:
    """SQL for the text as `first_look` wants it."""
    return f"replace({text}, chr(92), '')"


def first_look(pattern: str, flags: int = re.ASCII) -> str:
    """An RE2 pattern that matches the text, raw or in JSON, wherever `pattern` matches. Raises re.error for one that is none."""
    parsed = parser.parse(pattern, flags)
    found = _sequence(_without_run(list(parsed)), bool(parsed.state.flags & re.IGNORECASE))
    return f"(?i:{found})" if parsed.state.flags & re.IGNORECASE else found


def _without_run(items: list[Any]) -> list[Any]:
    """Without the letters of any sort that come before what is told by letters of its own: a search need not begin with each."""
    if items and items[0][0] is codes.SUBPATTERN and len(items) == 1:
        group, added, removed, inner = items[0][1]
        return [(codes.SUBPATTERN, (group, added, removed, _without_run(list(inner))))]
    if items and items[0][0] is codes.BRANCH and len(items) == 1:
        return [(codes.BRANCH, (None, [_without_run(list(branch)) for branch in items[0][1][1]]))]
    ahead = next((n for n, (code, _) in enumerate(items) if code not in _LOOKS_AROUND), len(items))
    if ahead < len(items) and _is_run(*items[ahead]) and _literals(items[ahead + 1 :]) >= _TOLD:
        return items[ahead + 1 :]
    return items


def _is_run(code: Any, value: Any) -> bool:  # noqa: ANN401
    """Whether any of many letters, more than once: not digits alone."""
    if code is not codes.MAX_REPEAT or len(value[2]) != 1 or value[1] < 2:
        return False
    inner, each = value[2][0]
    if inner is codes.SUBPATTERN and len(each[3]) == 1:
        inner, each = each[3][0]
    if inner is codes.BRANCH:
        inner, each = each[1][0][0]
    return inner is codes.IN and any(part in each for part in _ALL_LETTERS)


def _literals(items: Any) -> int:  # noqa: ANN401
    """How many letters of its own a sequence has at least."""
    return sum(_own(code, value) for code, value in items)


def _own(code: Any, value: Any) -> int:  # noqa: ANN401
    if code is codes.LITERAL:
        return 1
    if code is codes.BRANCH:
        return min(_literals(branch) for branch in value[1])
    if code is codes.SUBPATTERN:
        return _literals(value[3])
    return _literals(value[2]) * value[0] if code in (codes.MAX_REPEAT, codes.MIN_REPEAT) else 0


def _sequence(items: Any, is_any_case: bool) -> str:  # noqa: ANN401 - Python's parse tree
    return "".join(_item(code, value, is_any_case) for code, value in items)


def _item(code: Any, value: Any, is_any_case: bool) -> str:  # noqa: ANN401
    if code is codes.LITERAL:
        return _literal(value)
    if code is codes.IN:
        return _class(value)
    if code is codes.BRANCH:
        return f"(?:{'|'.join(_sequence(branch, is_any_case) for branch in value[1])})"
    if code is codes.SUBPATTERN:
        _, added, removed, inner = value
        case = "i" if added & re.IGNORECASE else "-i" if removed & re.IGNORECASE else ""
        return f"(?{case}:{_sequence(inner, is_any_case)})"
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return _repeat(value, is_any_case)
    if code is codes.ATOMIC_GROUP:
        return f"(?:{_sequence(value, is_any_case)})"
    if code in _LOOKS_AROUND:
        return ""
    if code is codes.NOT_LITERAL:
        return _class([(codes.NEGATE, None), (codes.LITERAL, value)])
    # Any character, what a group matched: the escaped forms are longer than what they stand for.
    return _ANYTHING


def _repeat(value: Any, is_any_case: bool) -> str:  # noqa: ANN401
    least, most, inner = value
    item = _sequence(inner, is_any_case)
    if not item:
        return ""
    if most == codes.MAXREPEAT or most > _REPEATED:
        return f"(?:{item}){'*' if not least else '+' if least == 1 else f'{{{min(least, _REPEATED)},}}'}"
    return f"(?:{item}){{{least},{most}}}"


def _literal(value: int) -> str:
    char = chr(value)
    if char == "\\":
        return ""
    if char.isspace():
        return f"[{_SPACE}]"
    return re.escape(char) if char.isascii() else _ANYTHING


def _class(items: Any) -> str:  # noqa: ANN401
    is_negated = items[0][0] is codes.NEGATE
    parts = [_part(code, value) for code, value in items if code is not codes.NEGATE]
    inside = "".join(part for part in parts if part)
    if is_negated:
        # A class that leaves out blanks must not leave out the letters of escapes.
        inside = inside.replace(_SPACE, r"\s")
        return f"[^{inside}]" if inside else r"[\s\S]"
    return f"[{inside}]" if inside else ""


def _part(code: Any, value: Any) -> str:  # noqa: ANN401
    if code is codes.RANGE:
        return "".join(re.escape(chr(end)) + dash for end, dash in zip(value, "-\0", strict=True)).rstrip("\0")
    if code is codes.CATEGORY:
        return _CLASSES[value]
    char = chr(value)
    if char == "\\":
        return ""
    return _SPACE if char.isspace() else re.escape(char) if char.isascii() else ""
