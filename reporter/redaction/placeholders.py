"""What stands where something was hidden."""

from __future__ import annotations

from reporter.redaction.patterns import pattern

_HASH_BYTES = 3
PLACEHOLDER = pattern(r"\[[\w-]+:[0-9a-f]{6}\]|\[content of \d+ characters:[0-9a-f]{6}\]")
_PERCENT = pattern(r"%[0-9A-Fa-f]{2}")
SCHEME = pattern(r"(?i)(?:bearer|basic|token|apikey|api-key|digest|negotiate|custom|key)\s+")


def masked(text: str) -> str:
    """The text with its placeholders as NULs: as long, and nothing that a rule looks for."""
    if "[" not in text:
        return text
    return PLACEHOLDER.sub(lambda match: "\0" * len(match[0]), text)


def is_placeholder(text: str) -> bool:
    """Whether a placeholder stands in the text: what a rule finds there has been redacted."""
    return bool(PLACEHOLDER.search(text))


def is_hidden(text: str) -> bool:
    """Whether nothing but placeholders is left, and what says of which kind they are."""
    return is_placeholder(text) and not PLACEHOLDER.sub("", SCHEME.sub("", text)).strip(" ,;:=|\"'")


def hashed(secret: str, salt: bytes) -> str:
    """The same for a secret as it is, in a URL and in JSON."""
    import hashlib

    plain = secret.replace("\\/", "/")
    if _PERCENT.search(plain):
        from urllib.parse import unquote

        plain = unquote(plain)
    return hashlib.blake2b(plain.encode("utf-8", "replace"), key=salt[:64], digest_size=_HASH_BYTES).hexdigest()
