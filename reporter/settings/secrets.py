"""What of an app's `.env` must not be told: redacted wherever it occurs, by exact match."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reporter.settings.env import is_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reporter.settings.env import Env

# Names that hold no secret, whatever their values look like.
_PLAIN_NAMES = re.compile(
    r"APP_(?:NAME|ENV|DEBUG|URL|TIMEZONE|.*LOCALE)|LOG_.*|.*_(?:DRIVER|CONNECTION|STORE|HOST|PORT|CHANNEL|REGION|ENDPOINT|MAILER|SCHEME|"
    r"ENCRYPTION|PREFIX|DATABASE|NAME|MODEL|PATH|VERSION|TIMEOUT|URL)|VITE_.*"
)
_SECRET_NAMES = re.compile(r"KEY|SECRET|TOKEN|PASS|PWD|DSN|CREDENTIAL|AUTH|PRIVATE|SALT|WEBHOOK|SIGN")
_SHORTEST, _SHORTEST_UNNAMED = 4, 12
# user:password@ of a URL, the password up to the last @ that can be meant, as people write them there unescaped; and a token
# in the user's place. In DSNs and queries: password=….
_PASSWORD = re.compile(r"://[^:@/?#]*:(?!\d{1,5}(?:[/?#]|$))(.+)@")
_PASSWORD_BY_PHP = re.compile(r"://[^:@/?#]*:([^/?#]+)@")
_USER = re.compile(r"://([^:@/?#]{12,})[:@]")
_NAMED = re.compile(
    r"(?i)(?:^|[?&;,\s])[\w.-]*(?:password|passwd|pwd|pass|secret|token|api_?key|accountkey|accesskey|signature|sig)\s*=\s*([^;&\s]+)"
)


def secrets(env: Env) -> tuple[str, ...]:
    """Values under a secret's name, long ones that mix letters and digits, and what in URLs and DSNs is a password."""
    found: set[str] = set()
    for name, value in (*env.values.items(), *env.doubtful):
        if value:
            found |= {text for text in _of(name.upper(), value) if _is_worth(text)}
    return tuple(sorted(found))


def passwords(url: str) -> tuple[str, ...]:
    """What in a URL or DSN is a password, as it stands there and decoded."""
    return tuple(sorted({text for text in _within(url) if _is_worth(text)}))


def _of(name: str, value: str) -> Iterator[str]:
    if _SECRET_NAMES.search(name) or (not _PLAIN_NAMES.fullmatch(name) and _is_unnamed_secret(value)):
        yield from (value, value.removeprefix("base64:"))
        # A key over several lines is not always told whole.
        yield from (line for line in value.split("\n") if "\n" in value and _is_unnamed_secret(line))
    yield from _within(value)


def _within(value: str) -> Iterator[str]:
    found = [*_PASSWORD.findall(value), *_PASSWORD_BY_PHP.findall(value)]
    found += [user for user in _USER.findall(value) if _is_unnamed_secret(user)]
    found += _NAMED.findall(value)
    for text in found:
        yield from (text, unquote(text))


def _is_unnamed_secret(value: str) -> bool:
    return len(value) >= _SHORTEST_UNNAMED and bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


def _is_worth(text: str) -> bool:
    is_word = is_nothing(text) or text.lower() in ("true", "false", "none", "(true)", "(false)")
    return len(text) >= _SHORTEST and not text.isdigit() and not is_word
