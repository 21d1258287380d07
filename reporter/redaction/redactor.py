"""The gate between what was found and what leaves the machine: secrets and personal data become short placeholders.

The same secret has the same placeholder within a sink's reports, so that flows can still be followed: `[email:3f9a1c]`, the rule
and a hash keyed with the sink's own salt, which can't be reversed by trying. New rules cover old events, for nothing is
redacted before the sink.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from reporter.redaction.rules import CONTENT_KEYS, PHONE, SHAPES, Rule, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from re import Match

T = TypeVar("T")
_CACHED, _HASH_BYTES, _DEPTH = 50_000, 3, 200
_PLACEHOLDER = re.compile(r"\[[\w-]+:[0-9a-f]{6}\]|\[content of \d+ characters:[0-9a-f]{6}\]")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# In a database's own regular expressions (RE2): what is worth a closer look in Python. Everything that a rule changes matches.
SUSPICIOUS = "|".join(
    (
        r"(?i:@|private key|age-secret-key|hooks\.slack|discord|accountkey|sharedaccess|[?&]sig=|base64:|bearer|\bbasic )",
        r"eyJ|AIza|ya29\.|GOCSPX|A3T|ABIA|ACCA|AKIA|ASIA|\bSG\.|dapi|\bhv[sbr]\.|\bdp\.|\bsl\.[\w-]{20}|EAA[A-Za-z0-9]{20}|ATATT3|PMAK|xox|xapp",
        r"\b(?:SK|AC)[0-9a-f]{32}|[0-9a-f]{32}-us|\d{8,10}:[\w-]{35}|[MNO][\w-]{23,28}\.[\w-]{6}\.|key-[0-9a-f]{32}",
        r"\b(?:sk|sess|rk|pk|gh[pousr]|github_pat|gl[a-z]+|hf|gsk|xai|r8|pplx|fw|tgp|csk|nvapi|voyage|jina|npm|pypi|whsec|shp[acs][a-z]|lin_api"
        r"|ntn|figd|sq0[a-z]+|do[opr]_v1|cfut)[-_]",
        r"(?i:passw|passphrase|pwd|secret|authorization|cookie|credential|xsrf|csrf|(?:^|[^a-z])(?:otp|cvv|cvc|pin)[^a-z]|authtoken|accesstoken"
        r"|refreshtoken)",
        r"(?i:(?:api|access|private|secret|encryption|app|signing|auth|account|license)[_-]?key)",
        r"(?i:(?:token|auth)(?:\\*[\"'])?\s*(?:=>|[=:])\s*(?:\\*[\"'])?[^\s\d{\[,.])",
        r"(?i:token(?:\\*[\"'])?\s*(?:=>|[=:])\s*(?:\\*[\"'])?\d+[^\s\d,.}])",
        r"(?i:(?:login|attempt|authenticate|signin|password|withtoken|withbasicauth|hash_equals|password_verify|password_hash)\()",
        r"(?:^|[^\w.-])[3-6](?:[ -]?\d){12}|(?:^|[^\w./-]|//)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d|/[1-9]\d{1,2}\.\d{1,3}\.\d{1,3}\.[1-9]",
        r"(?i:[0-9a-f]::|::[0-9a-f]|(?:[0-9a-f]{1,4}:){4})",
        r"/home/|(?i:/users/)|(?i:\\(?:users|documents and settings)\\)",
        r"\"(?i:" + "|".join(sorted(CONTENT_KEYS)) + r")\"\s*:\s*\"[^\"]",
    )
)


def is_placeholder(text: str) -> bool:
    """Whether a placeholder stands in the text: what a rule finds there has been redacted."""
    return bool(_PLACEHOLDER.search(text))


class Redactor:
    """What may leave, of text, JSON and results. `counts`: replacements by rule.

    `known`: literal secrets (of the app's .env). `patterns`: further shapes by name. `include_content`: leave what people wrote
    and models answered. Raises ValueError for a pattern that is none.
    """

    def __init__(
        self,
        salt: str,
        known: Iterable[str] = (),
        patterns: Mapping[str, str] | None = None,
        *,
        include_content: bool = False,
        phones: bool = False,
    ) -> None:
        self._salt = salt.encode()
        self._include_content = include_content
        own = [Rule(name, text) for name, text in (patterns or {}).items()]
        literals = sorted({value for value in known if value}, key=len, reverse=True)
        if literals:
            own.insert(0, Rule("env", "|".join(re.escape(value) for value in literals)))
        self._rules = (*own, *SHAPES, *([PHONE] if phones else []))
        self._extra = [rule.text for rule in own] + ([r"\d[ .-]\d\d"] if phones else [])
        self.counts: Counter[str] = Counter()
        self._text = lru_cache(_CACHED)(self._redacted)

    @property
    def suspicious(self) -> str:
        """For a database: what matches this may hold something (RE2, which has no look-around)."""
        usable = [text for text in self._extra if "(?<" not in text and "(?=" not in text and "(?!" not in text]
        return ".*" if len(usable) < len(self._extra) else "|".join([SUSPICIOUS, *usable])

    def text(self, value: str) -> str:
        """A text without what is not for strangers."""
        if len(value) < 4 or _UUID.fullmatch(value):
            return value
        shown, found = self._text(value) if len(value) < 10_000 else self._redacted(value)
        self.counts.update(dict(found))
        return shown

    def _redacted(self, value: str) -> tuple[str, tuple[tuple[str, int], ...]]:
        counts: Counter[str] = Counter()
        lower = value.lower()
        for rule in self._rules:
            if rule.anchors and not any(anchor in lower for anchor in rule.anchors):
                continue

            def put(match: Match[str], rule: Rule = rule) -> str:
                secret = match[rule.group]
                if (rule.check and not rule.check(secret)) or _PLACEHOLDER.search(secret):
                    return match[0]
                counts[rule.name] += 1
                at = match.start(rule.group) - match.start()
                return match[0][:at] + self._placeholder(rule.name, secret) + match[0][at + len(secret) :]

            value = rule.pattern.sub(put, value)
        return value, tuple(counts.items())

    def _placeholder(self, name: str, secret: str) -> str:
        return f"[{name}:{self._hash(secret)}]"

    def _hash(self, secret: str) -> str:
        import hashlib

        return hashlib.blake2b(
            secret.encode("utf-8", "replace"), key=self._salt[:64], digest_size=_HASH_BYTES
        ).hexdigest()

    def json_text(self, text: str) -> str:
        """JSON as text; what is no JSON is redacted as text."""
        import orjson

        try:
            return orjson.dumps(self.value(orjson.loads(text))).decode()
        except (ValueError, RecursionError, TypeError):
            return self.text(text)

    def value(self, value: Any, key: str = "", depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
        """A parsed JSON value, with regard to the names its parts have."""
        if value is None or isinstance(value, bool):
            return value
        if depth > _DEPTH:
            return self.text(str(value))
        if key and is_secret_key(key, value):
            return self._secret(value, depth)
        if isinstance(value, str):
            return self._string(value, key)
        if isinstance(value, int | float):
            return value
        if isinstance(value, dict):
            return {self.text(name): self.value(part, name, depth + 1) for name, part in value.items()}
        if isinstance(value, list):
            if all(isinstance(part, int | float) for part in value):
                return value
            return [self.value(part, key if isinstance(part, str) else "", depth + 1) for part in value]
        return value

    def _secret(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
        """What stands under a secret's name: all of it."""
        if isinstance(value, dict) and depth <= _DEPTH:
            return {self.text(name): self._secret(part, depth + 1) for name, part in value.items()}
        if isinstance(value, list) and depth <= _DEPTH:
            return [self._secret(part, depth + 1) for part in value]
        if value is None or isinstance(value, bool) or value == "" or _PLACEHOLDER.fullmatch(str(value)):
            return value
        text = str(value)
        # A known shape keeps its name, so that it is the same placeholder wherever it stands.
        shown = self.text(text) if isinstance(value, str) else text
        if _PLACEHOLDER.fullmatch(shown):
            return shown
        self.counts["named"] += 1
        return self._placeholder("named", text)

    def _string(self, value: str, key: str) -> str:
        if not self._include_content and key.lower() in CONTENT_KEYS and value and not _PLACEHOLDER.fullmatch(value):
            self.counts["content"] += 1
            return f"[content of {len(value)} characters:{self._hash(value)}]"
        if value[:1] in "{[" and value[-1:] in "}]" and len(value) > 2 and not _PLACEHOLDER.fullmatch(value):
            return self.json_text(value)
        return self.text(value)

    def results(self, found: T) -> T:
        """Results with every text in them redacted: dataclasses, tuples, lists, dicts, and texts, JSON or not."""
        walked: T = self._walked(found)
        return walked

    def _walked(self, value: Any, key: str = "") -> Any:  # noqa: ANN401 - any part of a result
        if isinstance(value, str):
            return self._string(value, "" if key in _OWN_NAMES else key)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {}
            for field in dataclasses.fields(value):
                old = getattr(value, field.name)
                new = self._walked(old, field.name)
                if new is not old and new != old:
                    changed[field.name] = new
            return dataclasses.replace(value, **changed) if changed else value
        if isinstance(value, tuple | list):
            parts = [self._walked(part, key) for part in value]
            return value if parts == list(value) else type(value)(parts)
        if isinstance(value, dict):
            return {self._walked(name): self._walked(part, key) for name, part in value.items()}
        return value


# Fields of our own results that a key of the app's could be taken for.
_OWN_NAMES = {"text", "content", "body", "response", "answer", "prompt", "completion"}
