"""What a shape alone can't tell: whether a number is a card's, a text random, a word only a word."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from itertools import pairwise

from reporter.redaction.patterns import pattern

_HEX, _MIXED_HEX = pattern(r"[0-9a-f]+|[0-9A-F]+"), pattern(r"[0-9a-fA-F]{32,}")
_UUID = pattern(r"(?i)(?:[a-z]{2,10}[_-])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# 26 of Crockford's letters: a ULID, as ids are in Laravel.
_ULID = pattern(r"[0-9A-HJKMNP-TV-Z]{26}|[0-9a-hjkmnp-tv-z]{26}")
_MEASURE = pattern(r"[+-]?[\d.,:/ -]+(?:e[+-]?\d+)?\s?[a-zA-Z%]{0,8}(?:/[\d a-z]+)?")
_STATES = frozenset(
    ["required", "missing", "invalid", "expired", "revoked", "denied", "null", "none", "true", "false", "yes", "no", "ok", "set", "unset", "configured", "enabled", "disabled", "undefined", "granted", "hidden", "redacted", "masked", "string", "integer", "int", "array", "object", "boolean", "bool", "float", "double", "number", "mixed", "optional", "empty", "present", "absent", "unknown", "default", "changed", "updated", "deleted", "valid", "verified", "unverified", "failed", "success", "active", "inactive", "pending", "same-origin", "include", "omit", "sanctum", "web", "api", "session", "token", "bearer", "basic", "class", "using", "for", "not", "the", "and", "was", "is", "has", "of", "a", "on", "off", "new", "old", "with", "from", "reset", "sent", "created", "confirm", "confirmed", "confirmation", "incorrect", "wrong", "forgotten", "mismatch", "protected", "encrypted", "hashed", "guest"]
)  # fmt: skip
_IN_CODE = pattern(
    r"\$[\w>-]+|[\w\\]+::\w+(?:\(.*)?|\$\{.*|\{\{.*|<[\w /-]+>|%\w+%?|env\(.*|config\(.*|[*•xX.\-_?#]+|\[\w*\]?|\(.*"
)


def is_card(text: str) -> bool:
    """A payment card's number by its first digits and Luhn's check digit."""
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) < 3:
        return False
    doubled = [d if n % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_ipv4(text: str) -> bool:
    """An address that tells something: not this machine's own, not none."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or text.startswith("255.255."))


def is_lone_ipv4(text: str) -> bool:
    """One that stands for itself in a text; four small numbers are more often a version."""
    parts = [int(part) for part in text.split(".")]
    is_version = max(parts) < 10 or (parts[0] < 100 and parts[1:3] == [0, 0]) or parts[1] == parts[2] == 0
    return is_ipv4(text) and not is_version


def is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified) and ("::" not in text or len(text) > 4)


def is_phone(text: str) -> bool:
    return 9 <= sum(char.isdigit() for char in text) <= 15


def is_iban(text: str) -> bool:
    """An account number by its two check digits (ISO 7064, 97-10)."""
    plain = re.sub(r"[ -]", "", text)
    turned = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and plain.isalnum() and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def is_email(text: str) -> bool:
    """Not an asset's name, such as logo@2x.png."""
    return not text.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js", ".ico", ".avif"))


def is_state(text: str) -> bool:
    """Words that tell how a secret is, code that names it, and what others put in a secret's place."""
    plain = text.strip().strip(".:;,!\"'").lower()
    return plain in _STATES or bool(_IN_CODE.fullmatch(text.strip())) or len(set(plain)) < 3


def is_measure(text: str) -> bool:
    """A number, maybe with its unit, or a date."""
    return bool(_MEASURE.fullmatch(text))


def is_tokenish(text: str) -> bool:
    """Not a word or words: digits beside letters, letters of both cases within a word, or very long."""
    if len(text) < 6 or text.isdigit():
        return False
    if any(char.isdigit() for char in text) and any(char.isalpha() for char in text):
        return True
    body = text[1:]
    is_mixed = any(char.islower() for char in text) and any(char.isupper() for char in body)
    return " " not in text and (is_mixed or len(text) >= 20 or any(char in "+=~!$%^&*|" for char in text))


def is_jumbled(text: str) -> bool:
    """Letters alone, of both cases and without an order: in names of several words they change less often."""
    letters = [char.isupper() for char in text if char.isalpha()]
    return len(letters) >= 20 and sum(a != b for a, b in pairwise(letters)) / (len(letters) - 1) >= 0.42


@lru_cache(50_000)
def is_random(text: str, least: int = 16) -> bool:
    """Whether a text without blanks is one that nobody made up: its letters and digits change too often for words.

    Hashes (hexadecimal), UUIDs and ULIDs are none: what they stand for is no secret.
    """
    if len(text) < least or any(char.isspace() for char in text) or _UUID.fullmatch(text) or _ULID.fullmatch(text):
        return False
    plain = [char for char in text if char.isascii() and char.isalnum()]
    if len(plain) < least - 4 or _HEX.fullmatch("".join(plain)):
        return False
    classes = ["d" if char.isdigit() else "u" if char.isupper() else "l" for char in plain]
    digits = classes.count("d")
    changes = sum(a != b for a, b in pairwise(classes)) / (len(plain) - 1)
    runs = sum(a != "d" == b for a, b in zip(["l", *classes], classes, strict=False))
    if "u" in classes and "l" in classes:
        # No hash is written in both cases.
        is_mixed = changes >= 0.36 or bool(_MIXED_HEX.fullmatch("".join(plain)))
        return (digits >= 1 and is_mixed) or (digits == 0 and is_jumbled("".join(plain)))
    return 2 <= digits < len(plain) - 2 and runs >= 2 and changes >= 0.2
