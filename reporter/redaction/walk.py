"""Through parsed JSON: what a part is depends on its name, on the object it stands in, and on what stands beside it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter.redaction.calls import is_prose, is_text
from reporter.redaction.checks import is_card, is_state
from reporter.redaction.names import (
    Sort,
    is_content_object,
    is_diagnostic,
    is_safe,
    is_secret,
    is_secret_key,
    sort_of,
    words_of,
)
from reporter.redaction.placeholders import PLACEHOLDER, SCHEME, is_hidden

if TYPE_CHECKING:
    from reporter.redaction.redactor import Redactor

_DEPTH = 200
_NAMES = dict.fromkeys(
    ("name", "key", "field", "header", "setting", "param", "parameter", "option", "variable", "attribute", "property")
).keys()
_NUMBERS = (bool, int, float)
_VALUES = ("value", "val", "data", "default", "new", "old", "content")
_PHONES = frozenset(("phone", "mobile", "tel", "telephone", "cellphone", "fax", "whatsapp", "msisdn"))
_CARDS = frozenset(("card", "number", "pan", "cc", "cardnumber", "creditcard", "payment"))


@lru_cache(100_000)
def is_number_told(key: str) -> bool:
    """Whether a number under this name may be a secret's or a card's."""
    return sort_of(key) is Sort.NUMBER or not _CARDS.isdisjoint(words_of(key))


class _Role(NamedTuple):
    """What a name makes of a text under it."""

    sort: Sort
    may_be_secret: bool
    is_safe: bool
    is_message: bool
    is_phone: bool
    is_id: bool


@lru_cache(100_000)
def _role(key: str) -> _Role:
    sort, words = sort_of(key), words_of(key)
    is_phone = not _PHONES.isdisjoint(words)
    may_be_secret = sort in (Sort.NUMBER, Sort.SECRET, Sort.MAYBE, Sort.FAINT)
    return _Role(sort, may_be_secret, is_safe(key), words[-1:] == ["message"], is_phone, sort in (Sort.ID, Sort.FACT))


class _At(NamedTuple):
    """Where a value stands: its name, its object's, whether within what is somebody's, and what is beside it."""

    key: str = ""
    above: str = ""
    is_inside: bool = False
    siblings: Any = None
    depth: int = 0


class Walk:
    """One redactor's way through JSON."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def value(self, value: Any, at: _At = _At()) -> Any:  # noqa: ANN401, B008 - immutable
        if value is None or isinstance(value, bool):
            return value
        if at.depth > _DEPTH:
            return self._redactor.text(str(value))
        role = _role(at.key)
        if role.may_be_secret and is_secret_key(at.key, value, at.above):
            return self._secret(value, at.depth)
        if isinstance(value, str):
            return self._string(value, at, role) if value else value
        if isinstance(value, int | float):
            return self._number(value, at)
        return self._list(value, at) if isinstance(value, list) else self._dict(value, at)

    def _dict(self, value: dict[str, Any], at: _At) -> Any:  # noqa: ANN401
        inside = at.is_inside or is_content_object(at.key)
        named = {} if _NAMES.isdisjoint(value) else self._named(value)
        return {
            self._redactor.identifier(key): part
            if part is None or (type(part) in _NUMBERS and not is_number_told(named.get(key, key)))
            else self.value(part, _At(named.get(key, key), at.key, inside, value, at.depth + 1))
            for key, part in value.items()
        }

    def _named(self, value: dict[str, Any]) -> dict[str, str]:
        """In `{"name": "password", "value": …}` the value has the name that is told."""
        told = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), "")
        if (
            not told
            or len(told) > 100
            or sort_of(told) not in (Sort.SECRET, Sort.NUMBER, Sort.MAYBE, Sort.FAINT, Sort.CONTENT)
        ):
            return {}
        return {key: told for key in _VALUES if key in value}

    def _list(self, value: list[Any], at: _At) -> Any:  # noqa: ANN401
        if all(isinstance(part, int | float) for part in value):
            return value
        is_pair = len(value) == 2 and all(isinstance(part, str) for part in value) and len(value[0]) < 60
        if is_pair and is_secret(sort_of(value[0]), value[1]):
            return [value[0], self._secret(value[1], at.depth)]
        inside = at.is_inside or is_content_object(at.key)
        return [
            self.value(
                part,
                at._replace(key=at.key if isinstance(part, str | dict) else "", is_inside=inside, depth=at.depth + 1),
            )
            for part in value
        ]

    def _number(self, value: float, at: _At) -> Any:  # noqa: ANN401
        is_told = isinstance(value, int) and value > 10**12 and set(words_of(at.key)) & _CARDS
        if is_told and is_card(str(value)):
            self._redactor.counts["card"] += 1
            return self._redactor.placeholder(str(value), "card")
        return value

    def _secret(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
        """What stands under a secret's name: all of it."""
        if isinstance(value, dict) and depth <= _DEPTH:
            return {self._redactor.identifier(name): self._part(name, part, depth) for name, part in value.items()}
        if isinstance(value, list) and depth <= _DEPTH:
            return [self._secret(part, depth + 1) for part in value]
        if value is None or isinstance(value, bool) or value == "" or is_hidden(str(value)):
            return value
        text = str(value)
        scheme = SCHEME.match(text) if isinstance(value, str) else None
        kept = scheme[0] if scheme and scheme.end() < len(text) else ""
        shown = self._redactor.placeholder(text[len(kept) :], "secret")
        self._redactor.counts[shown[1:].partition(":")[0]] += 1
        return kept + shown

    def _part(self, name: str, part: Any, depth: int) -> Any:  # noqa: ANN401
        """Of an object under a secret's name; a count in it is none."""
        is_fact = isinstance(part, str) and sort_of(name) in (Sort.FACT, Sort.ID) and len(part) < 20
        is_count = isinstance(part, int | float) and words_of(name)[-1:] in (["count"], ["length"], ["size"], ["id"])
        return (
            part if is_fact or is_count or (isinstance(part, str) and is_state(part)) else self._secret(part, depth + 1)
        )

    def _string(self, value: str, at: _At, role: _Role) -> str:
        if value[0] in "{[" and value[-1] in "}]" and len(value) > 2:
            if PLACEHOLDER.fullmatch(value):
                return value
            parsed = self._parsed(value, at)
            if parsed is not None:
                return parsed
        if not self._redactor.include_content and self._is_content(value, at, role) and not is_hidden(value):
            self._redactor.counts["content"] += 1
            return self._redactor.content(value)
        if role.is_phone and sum(char.isdigit() for char in value) >= 6:
            self._redactor.counts["phone"] += 1
            return self._redactor.placeholder(value, "phone")
        return self._redactor.identifier(value) if role.is_id else self._redactor.text(value)

    def _parsed(self, value: str, at: _At) -> str | None:
        """JSON in a text, with regard to the name that the text has."""
        import orjson

        try:
            found = orjson.loads(value)
            return orjson.dumps(self.value(found, at._replace(depth=at.depth + 1))).decode()
        except (ValueError, RecursionError, TypeError):
            return None

    def _is_content(self, value: str, at: _At, role: _Role) -> bool:
        if role.is_safe or (role.is_message and is_diagnostic(at.above, at.siblings)):
            return False
        if role.sort is Sort.CONTENT:
            return not is_state(value)
        if role.sort is Sort.PROSE:
            return is_text(value) or (at.is_inside and value.isalpha() and not is_state(value))
        return (at.is_inside and is_text(value)) or (bool(at.key) and is_prose(value))
