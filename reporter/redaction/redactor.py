"""The gate between what was found and what leaves the machine: secrets and personal data become short placeholders.

The same secret has the same placeholder within a sink's reports, so that flows can still be followed: `[email:3f9a1c]`, the rule
and a hash keyed with the sink's own salt, which can't be reversed by trying. New rules cover old events, for nothing is
redacted before the sink.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from reporter.redaction.calls import CONTENT, PLACES, SECRET
from reporter.redaction.cut import mended
from reporter.redaction.known import known_rule
from reporter.redaction.named import SIGNS, named_secrets
from reporter.redaction.own import OWN_WORDS, is_id
from reporter.redaction.patterns import compiled, pattern, without_escapes
from reporter.redaction.placeholders import hashed, masked
from reporter.redaction.providers import TOKENS
from reporter.redaction.rule import Looked, Rule
from reporter.redaction.rules import NOT_IN_IDS, PHONE, SHAPES, SURROUNDINGS
from reporter.redaction.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

T = TypeVar("T")
_CACHED, _PASSES = 50_000, 4
# By whether it is an id.
_PLACES = {False: Looked(PLACES), True: Looked(place for place in PLACES if place.is_looked_for)}
_UUID = pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_CHARS = 36
_JSON_BEGINS = pattern(r"\{\s*\"|\[\s*[\[{\"]")
_JSON_TRIED = 20
# No key is shorter.
_LONG = pattern(r"[^\s\"'<>]{14}")
_TOKENS = frozenset(TOKENS)


class Redactor:
    """What may leave, of text, JSON and results. `counts`: replacements by rule.

    `known`: literal secrets (of the app's .env). `patterns`: further shapes by name. `include_content`: leave what people wrote
    and models answered. `is_thorough`: look with kingfisher's rules too, for what is made in bulk. Raises ValueError for a pattern
    that is none.
    """

    def __init__(
        self,
        salt: str,
        known: Iterable[str] = (),
        patterns: Mapping[str, str] | None = None,
        *,
        include_content: bool = False,
        phones: bool = False,
        is_thorough: bool = False,
    ) -> None:
        self._salt = salt.encode()
        self.include_content = include_content
        self.is_thorough = is_thorough
        self._known = frozenset(known)
        self._has_patterns = bool(patterns)
        # Known secrets that look like ids.
        self.known_ids = frozenset(filter(_UUID.fullmatch, self._known))
        env = known_rule("env", self._known)
        self._own = (*([env] if env else []), *(Rule(name, text) for name, text in (patterns or {}).items()))
        self._phones = phones
        self.counts: Counter[str] = Counter()
        self._start()

    def _start(self) -> None:
        shapes = (*self._own, *SHAPES, *([PHONE] if self._phones else []))
        self._shapes = shapes
        rules = (*shapes, *SURROUNDINGS)
        others = tuple(rule for rule in rules if rule not in _TOKENS)
        # By whether it is an id, and has a word as long as a key.
        self._rules = {
            (False, True): Looked(rules),
            (False, False): Looked(others),
            (True, True): Looked(rule for rule in rules if rule.name not in NOT_IN_IDS),
            (True, False): Looked(rule for rule in others if rule.name not in NOT_IN_IDS),
        }
        self._text = lru_cache(_CACHED)(self._redacted)
        self.name_of = lru_cache(_CACHED)(self._name)

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """One that hides these, too, wherever they stand; it counts with this one."""
        found = known_rule("secret", frozenset(secrets))
        if not found:
            return self
        other = object.__new__(Redactor)
        other.__dict__.update(self.__dict__)
        other._own = (*self._own, found)
        other._start()
        return other

    def uncounted(self) -> Redactor:
        """The same that counts for itself."""
        other = object.__new__(Redactor)
        other.__dict__.update(self.__dict__)
        other.counts = Counter()
        return other

    def thorough(self, texts: Iterable[str]) -> Redactor:
        """One that knows what kingfisher finds in these texts, where this one is to be thorough."""
        if not self.is_thorough:
            return self
        from reporter.redaction.scanner import LOOK, secrets_in

        return self.knowing(secrets_in(text for text in texts if compiled(LOOK).search(text)))

    def is_worth_a_scan(self, text: str) -> str:
        """SQL for whether a text (SQL too) is to be among those that `thorough` is given."""
        if not self.is_thorough:
            return "false"
        from reporter.redaction.scanner import LOOK

        return f"coalesce(regexp_matches({text}, '{LOOK}'), false)"

    def suspected(self, text: str) -> str:
        """SQL for whether a text (SQL too) may hold something: a database looks first, it is faster."""
        from reporter.redaction.suspicion import suspected, suspicions

        own = tuple(rule.text for rule in self._own)
        patterns = suspicions(own, has_phones=self._phones, has_content=not self.include_content)
        return suspected(patterns, text)

    def suspected_known(self, text: str) -> str:
        """The same for the known secrets and the user's patterns alone; empty where there are none."""
        from reporter.redaction.suspicion import suspected, suspicions_of_own

        return suspected(suspicions_of_own(tuple(rule.text for rule in self._own)), text) if self._own else ""

    def text(self, value: str) -> str:
        """A text without what is not for strangers."""
        return self._counted(value, is_id=False)

    def identifier(self, value: str) -> str:
        """An id or a name: it may look random, which makes it no secret."""
        return self._counted(value, is_id=True)

    def _counted(self, value: str, *, is_id: bool) -> str:
        size = len(value)
        if size < 4 or (size == _UUID_CHARS and value not in self.known_ids and _UUID.fullmatch(value)):
            return value
        # A short number is no card's.
        if is_id and size < 12 and value.isdigit() and value not in self._known and not self._has_patterns:
            return value
        shown, found = self._text(value, is_id) if len(value) < 10_000 else self._redacted(value, is_id)
        if found:
            self.counts.update(dict(found))
        return shown

    def _redacted(self, value: str, is_id: bool) -> tuple[str, tuple[tuple[str, int], ...]]:
        counts: Counter[str] = Counter()
        # What was hidden can leave surroundings that tell something of what is beside it.
        for _ in range(_PASSES):
            before = value
            value = self._pass(self._embedded(value) if not is_id else value, counts, is_id)
            if value == before:
                break
        return value, tuple(counts.items())

    def _pass(self, value: str, counts: Counter[str], is_id: bool) -> str:
        text = masked(value)
        found = sorted(self._spans(text, is_id), key=lambda span: (span[0], -span[1]))
        parts, at = [], 0
        for start, end, name in _merged(found):
            shown = self.content(value[start:end]) if name == CONTENT else self.placeholder(value[start:end], name)
            counts[name if name == CONTENT else shown[1:].partition(":")[0]] += 1
            parts += [value[at:start], shown]
            at = end
        return "".join((*parts, value[at:]))

    def _spans(self, text: str, is_id: bool) -> Iterator[tuple[int, int, str]]:
        """What the rules find: start, end, name; nothing that holds a placeholder."""
        for start, end, name in self._found(text, is_id):
            is_wanted = name != CONTENT or not self.include_content
            if is_wanted and end > start and "\0" not in text[start:end]:
                yield start, end, name

    def _found(self, text: str, is_id: bool) -> Iterator[tuple[int, int, str]]:
        lower = text.lower()
        of_rule = compiled if "%" in text or "\\" in text else without_escapes
        for rule in self._rules[is_id, bool(_LONG.search(text))].worth_a_try(lower):
            for match in of_rule(rule.text).finditer(text):
                if span := rule.secret(match):
                    yield *span, rule.name
        if any(sign in lower for sign in SIGNS):
            yield from ((*span, SECRET) for span in named_secrets(text))
        for place in _PLACES[is_id].worth_a_try(lower):
            for match in place.pattern.finditer(text):
                yield from place.found(match)

    def _embedded(self, value: str) -> str:
        """The text with the JSON in it redacted by its names."""
        import json

        decoder, parts, at, tried = json.JSONDecoder(strict=False), [], 0, 0
        while tried < _JSON_TRIED and (begin := _JSON_BEGINS.search(value, at)):
            tried += 1
            try:
                found, end = decoder.raw_decode(value, begin.start())
                shown = self.value(found)
                as_it_was = value[begin.start() : end]
                dumped = as_it_was if shown == found else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
            except (ValueError, RecursionError):
                parts.append(value[at : begin.start() + 1])
                at = begin.start() + 1
                continue
            parts += [value[at : begin.start()], dumped]
            at = end
        return "".join((*parts, value[at:]))

    def _name(self, secret: str, name: str) -> str:
        """The same whatever surrounds a secret: by its own shape where it has one."""
        if secret in self._known:
            return "env"
        for rule in self._shapes:
            match = rule.pattern.fullmatch(secret)
            if match and rule.secret(match) == (0, len(secret)):
                return rule.name
        return name

    def placeholder(self, secret: str, name: str) -> str:
        """What stands for a secret that a rule of this name found."""
        return f"[{self.name_of(secret, name)}:{hashed(secret, self._salt)}]"

    def content(self, text: str) -> str:
        """What stands for what somebody wrote."""
        return f"[content of {len(text)} characters:{hashed(text, self._salt)}]"

    def json_text(self, text: str) -> str:
        """JSON as text, as far as it goes where it was cut; what is none is redacted as text."""
        import orjson

        for make in (str, mended):
            try:
                if (whole := make(text)) and (make is str or _JSON_BEGINS.match(text)):
                    found = orjson.loads(whole)
                    shown = self.value(found)
                    return text if shown == found else orjson.dumps(shown).decode()
            except (ValueError, RecursionError, TypeError):
                pass
        return self.text(text)

    def findings(self, text: str) -> list[tuple[str, str]]:
        """What the rules find in a text as it is: the rule's name and the secret."""
        shown = masked(text)
        return [(name, shown[start:end]) for start, end, name in _merged(sorted(self._spans(shown, is_id=False)))]

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """A parsed JSON value, with regard to the names its parts have."""
        return Walk(self).value(value)

    def event(self, event: Any) -> Any:  # noqa: ANN401
        """One of our own events, spans or traces: ids and names as ids, its message as text, what was logged as JSON."""
        return {name: self._field(name, value) for name, value in event.items()} if isinstance(event, dict) else event

    def _field(self, name: str, value: Any) -> Any:  # noqa: ANN401
        if name in ("context", "extra"):
            return self.value(value)
        if isinstance(value, str):
            return value if name in OWN_WORDS else self.identifier(value) if is_id(name) else self.text(value)
        if isinstance(value, list):
            return [self._field(name, part) for part in value]
        return self.event(value)

    def results(self, found: T) -> T:
        """Results with every text in them redacted: dataclasses, tuples, lists, dicts, frames, and texts, JSON or not."""
        from reporter.redaction.results import redacted_results

        return redacted_results(found, self)


def _merged(found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Spans in order, those that overlap as one, of the longest's name."""
    spans: list[tuple[int, int, str]] = []
    for start, end, name in found:
        if spans and start < spans[-1][1]:
            last = spans[-1]
            longest = max((last, (start, end, name)), key=lambda span: span[1] - span[0])
            spans[-1] = (last[0], max(last[1], end), longest[2])
        else:
            spans.append((start, end, name))
    return spans
