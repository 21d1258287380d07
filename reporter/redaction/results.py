"""Results at the gate: every text in dataclasses, tuples, lists, dicts and frames."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from reporter.redaction.framed import is_frame, redacted_frame
from reporter.redaction.own import OWN_WORDS, is_id
from reporter.redaction.patterns import pattern
from reporter.redaction.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from reporter.redaction.redactor import Redactor

T = TypeVar("T")
_TEXTLESS = pattern(r"(?:(?:int|float|bool|None|datetime|tuple|list|Sequence)\b|[\s|,.\[\]])+")
_PLAIN = frozenset((int, float, bool, type(None), datetime))


def redacted_results(found: T, redactor: Redactor) -> T:
    """Results with every text in them redacted. What our own rules leave a thorough redactor looks through again: mostly that is
    nothing worth loading kingfisher's."""
    way = _Way(redactor)
    walked: T = way.value(found)
    seer = redactor.thorough(way.seen)
    return _Way(seer).value(walked) if seer is not redactor else walked


@lru_cache(1000)
def _fields(kind: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - a type
    """The fields of a dataclass that can hold a text; None of another type."""
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        return None
    fields = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    return tuple(
        name
        for name, hint in fields.items()
        if not _TEXTLESS.fullmatch(hint) and not (name in OWN_WORDS and hint in ("str", "str | None"))
    )


class _Way:
    """One redactor's way through results. `seen`: the texts as they are left; `_clean`: those that hold nothing, as texts and as ids."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._clean: dict[bool, set[str]] = {True: set(), False: set()}
        self.seen: set[str] = set()

    def value(self, value: Any, key: str = "") -> Any:  # noqa: ANN401 - any part of a result
        kind: Any = type(value)
        if kind in _PLAIN:
            return value
        if isinstance(value, str):
            return value if key in OWN_WORDS else self._text(value, is_id=is_id(key))
        if isinstance(value, tuple | list):
            return self._list(value, key)
        if isinstance(value, dict):
            return {
                self.value(name, "id"): self.value(part, name if isinstance(name, str) else key)
                for name, part in value.items()
            }
        if names := _fields(kind):
            return self._dataclass(value, names)
        return redacted_frame(value, self.value) if is_frame(value) else value

    def _dataclass(self, value: Any, names: tuple[str, ...]) -> Any:  # noqa: ANN401
        changed = {}
        for name in names:
            old = getattr(value, name)
            new = self.value(old, name)
            # All but texts and dicts come back as they are where nothing changed; frames can't be compared so.
            if new is not old and (not isinstance(old, str | dict) or new != old):
                changed[name] = new
        return dataclasses.replace(value, **changed) if changed else value

    def _list(self, value: Any, key: str) -> Any:  # noqa: ANN401
        if names := getattr(value, "_fields", None):
            parts = [self.value(part, name) for part, name in zip(value, names, strict=True)]
            return value if parts == list(value) else type(value)(*parts)
        parts = [self.value(part, key) for part in value]
        return value if parts == list(value) else type(value)(parts)

    def _text(self, value: str, *, is_id: bool) -> str:
        clean = self._clean[is_id]
        if value in clean:
            return value
        if value[:1] in "{[" and value[-1:] in "}]…" and len(value) > 2 and not PLACEHOLDER.fullmatch(value):
            shown = self._redactor.json_text(value)
        else:
            shown = self._redactor.identifier(value) if is_id else self._redactor.text(value)
        self.seen.add(shown)
        if shown == value:
            clean.add(value)
        return shown
