"""What stands behind a name that tells, in a text: `password="…"`, `'secret' => '…'`, `api_key: …`.

Names are found by one pattern that goes over a text once; whether one tells is asked once a name, and only behind those that do
is looked for a value. A pattern that has the telling words in it, in front of each sort of value, takes ten times as long.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reporter.redaction.checks import is_measure, is_tokenish
from reporter.redaction.names import PROVIDERS, Sort, is_secret, sort_of
from reporter.redaction.patterns import compiled, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What a secret's name has in it, what it may end in, and what it is alone; `sort_of` decides.
TELLING = (
    "passw|passphrase|passcode|pwd|secret|authoriz|api[_.-]?key|access[_.-]?key|private[_.-]?key|credential|csrf|xsrf|signature|hmac|remember_web|recovery"
    "|mnemonic|connection[_.-]?string|license[_.-]?key|set[_.-]cookie|otp|cvv|cvc|token[_.-]secret"
)
LAST = "tokens?|auth|cookies?|creds|[a-z][_.-]?keys?|key[_.-]id|session|_sess|bearer|pass|salt|jwt|nonce|dsn|sas|license|[_.-]pin|[_.-]code|[_.-]pw|sid|verifier|challenge|[_.-]hash"
ALONE = f"pw|pin|key|ssn|{'|'.join(sorted(PROVIDERS))}"
_TELLS = rf"(?i)(?:{TELLING})|(?:{LAST})$|(?:^|\[)(?:{ALONE})$"
_SECRETS = (Sort.NUMBER, Sort.SECRET, Sort.MAYBE, Sort.FAINT)
# A name, and what stands between it and its value.
NAME = r"(?<![\w.\[-])(?P<key>[\w.\[-]{2,160}+)"
# In a URL within a URL, and as some write JSON.
_ENCODED = r"(?:%(?:25)*3[aAdD]|\\+u003[aAdD])"
_CLOSED = r"(?:\]|%(?:25)*5[dD])?"
# A quote as HTML writes it, once or several times over.
_QUOTE = r"&(?:amp;)*(?:quot|apos|#0*3[49]|#[xX]0*2[27]);"
_NAMES = pattern(rf"{NAME}(?={_CLOSED}(?:(?:\\*[\"'`\]]|{_QUOTE}){{0,3}}\s*[=:]|{_ENCODED}))", re.ASCII)
# Of which one stands between a name and its value, in lower case.
SIGNS = (":", "=", "%3", "%25", "u003")
# What an escape leaves before a name, by the character that begins it.
_LEFT = {"\\": pattern(r"u[0-9A-Fa-f]{4}|[bfnrt]"), "%": pattern(r"(?:25)*[0-9A-Fa-f]{2}")}

_QUOTED = r"\\*\"((?:[^\"\\]|\\+[^\"\\]){2,})|\\*'((?:[^'\\]|\\+[^'\\]){2,})|`([^`]{2,})"
_BARE = (
    r"((?:(?i:bearer|basic|token|apikey|digest|negotiate|custom)\s+)?[^\s\"'`&,;)\]}<>\\(\[{][^\s\"'`&,;)\]}<>\\]{2,})"
)


@lru_cache(50_000)
def sort_of_name(key: str) -> Sort | None:
    """The sort of a name in a text; None of one that tells nothing."""
    sort = sort_of(key.strip("[-."))
    return sort if sort in _SECRETS and compiled(_TELLS).search(key) else None


def is_named(key: str, value: str) -> bool:
    """Whether what stands behind a name and `=` or `:` in a text is a secret."""
    sort = sort_of(key.strip("[-."))
    if sort is Sort.FAINT or sort is Sort.MAYBE:
        return is_secret(sort, value)
    return is_secret(sort, value) and not is_measure(value) and (is_tokenish(value) or len(value) > 3)


def is_told(key: str, value: str) -> bool:
    """The same of a name that must tell by itself, for nothing else around it does."""
    return sort_of_name(key) is not None and is_named(key, value)


def _is_said(key: str, value: str) -> bool:
    """The same behind a colon and a blank, as people write."""
    return is_named(key, value) and (is_tokenish(value) or not value.isalpha() or len(value) > 16)


def _is_number(key: str, _: str) -> bool:
    return sort_of_name(key) is Sort.NUMBER


class Value(NamedTuple):
    """What may follow a name: a pattern whose first group that took part is the value, and whether that is a secret."""

    text: str
    is_secret: Callable[[str, str], bool]


VALUES = (
    # password="…", 'password' => '…', "password":"…", -p'…', password = …
    Value(rf"\]?\\*[\"'`\]]{{0,3}}\s*(?:=>|:=|==?|:(?!:))\s*(?:(?:&?string\(\d+\)|s:\d+:)\s*)?(?:{_QUOTED})", is_named),
    Value(rf"{_CLOSED}\\*[\"'`\]]{{0,3}}\s*(?:=>|:=|==?|:(?![ :]))\s*{_BARE}", is_named),
    # …%3D…%26
    Value(
        rf"{_CLOSED}{_ENCODED}(?:%(?:25)*2[027])*((?:[^\s\"'`&,;)\]}}<>\\%]|%(?!(?:25)*(?:2[0236]|3[bBdD]))(?:25)*[0-9A-Fa-f]{{2}}){{3,}})",
        is_named,
    ),
    # &quot;password&quot;:&quot;…&quot;, password=&quot;…
    Value(
        rf"\]?(?:{_QUOTE})?\]?\s*(?:=(?:&(?:amp;)*gt;)?|:)\s*(?:s:\d+:)?{_QUOTE}((?:(?!{_QUOTE})[^\n]){{2,}})",
        is_named,
    ),
    Value(rf"\]?\\*[\"'`]?:\s+{_BARE}", _is_said),
    Value(r"\]?\\*[\"'`\]]{0,2}\s*(?:=>|=|:)\s*\\*[\"']?(\d{3,12})(?![\w.])", _is_number),
)  # fmt: skip

# For a first look (RE2, over a text without backslashes): a name that has a telling word in it before anything; one of a PIN or
# code before anything; any other before what is no number.
_SEPARATED = r"(?:\]|%(?:25)*5[dD])?(?:[\"'`\]]|&(?:amp;)*(?:quot|apos|#[xX]?\d+);){0,3}[\s\x0bnrtf]*(?:=>|:=|==?|:|%(?:25)*3[aAdD]|u003[aAdD])[\s\x0bnrtf]*(?:(?:&?string\(\d+\)|s:\d+:)[\s\x0bnrtf]*)?"
NAMED_LOOKS = (
    rf"(?i:{TELLING})[\w.\[-]*{_SEPARATED}[^\s,;)\]}}]",
    rf"(?i:(?:^|[^A-Za-z0-9])(?:pin|ssn)|(?:verification|security|sms)[_.-]?code){_SEPARATED}[^\s,;)\]}}]",
    rf"(?i:{LAST}|(?:^|[^\w.-])(?:{ALONE})){_SEPARATED}"
    r"(?:&(?:amp;)*(?:quot|apos|#)|[\"'`]{1,3}[\d.,:/ +-]*[^\d.,:/ +\s\"'`-]|[\d.:/+-]*[^\d.:/+\s\"'`&,;)\]}<>(\[{-])",
)

# Such a name as an element's.
TAG_LOOK = rf"<(?:[\w.\[-]*(?i:{TELLING})[\w.\[-]*|[\w.\[-]*(?i:{LAST})|(?i:{ALONE}))[\s>]"


def _telling(name: re.Match[str]) -> str:
    """The name, or what is of it behind an escape, if that tells; else nothing."""
    key = name["key"]
    left = _LEFT.get(name.string[name.start() - 1 : name.start()])
    escape = left.match(key) if left else None
    return next((each for each in (key[escape.end() if escape else 0 :], key) if sort_of_name(each) is not None), "")


def named_secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand that their name gives away."""
    for name in _NAMES.finditer(text):
        key = _telling(name)
        if not key:
            continue
        for value in VALUES:
            match = compiled(value.text).match(text, name.end())
            if match and value.is_secret(key, match[match.lastindex or 0]):
                yield match.span(match.lastindex or 0)
