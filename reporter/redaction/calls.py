"""Secrets and texts that their place gives away: in a row of SQL by the column, in a stack trace by the function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from reporter.redaction.checks import is_random, is_state, is_tokenish
from reporter.redaction.names import Sort, is_safe, is_secret, sort_of
from reporter.redaction.patterns import compiled, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET, CONTENT = "secret", "content"


class Found(NamedTuple):
    """Where something stands that its place gives away; `name`: SECRET or CONTENT."""

    start: int
    end: int
    name: str


class Place(NamedTuple):
    """A pattern, what is in everything that it matches (lower case), and what of a match is to be hidden."""

    text: str
    anchors: tuple[str, ...]
    found: Callable[[re.Match[str]], Iterator[Found]]
    # Names are looked for by a pattern of their own.
    is_looked_for: bool = True

    @property
    def pattern(self) -> re.Pattern[str]:
        return compiled(self.text)


_STRING = r"'(?:[^'\\]|\\+[^'\\]|'')*'"
_STRINGS = pattern(r"\\*(['\"])((?:(?!\\*\1).)*)\\*\1", re.S)
_ARGUMENT = pattern(r"'((?:[^'\\]|\\+[^'])*)'")
_TELLING_CALL = pattern(
    r"(?i)(?:login|attempt|authenticate|signin|passw|secret|token|apikey|api_key|credential|basicauth|digestauth|bearer|hash_equals|auth$"
    r"|encrypt|decrypt|client$|connect|__construct|make$|check$|verify|validate|withheader|setkey|hmac|cookie|sign$|factory)"
)
_SURE_CALL = pattern(
    r"(?i)(?:login|attempt|authenticate|signin|passw|secret|apikey|api_key|credential|basicauth|bearer|hash_equals|hasher|auth$|withtoken|findtoken|settoken|sshpass)"
)
_CONNECT = pattern(r"(?i)(?:pdo|mysqli?|pg|redis|ftp|ssh|imap|ldap|oci|mongo|connector)\w*(?:->|::)?\w*$")
_ROUTE = pattern(r"[a-z]+(?:[.:][a-z]+)+")
# Looked for from where a word begins only: from each of its letters, a text without blanks would be gone through once a letter.
_WORDS = pattern(r"(?<![^\W\d_])[^\W\d_]+(?:['’]? +\S|['’]?\s+\S+ )")
_SIX = pattern(r"(?<![^\" ])(?:[^\" ]+ +){5}")


def is_text(value: str) -> bool:
    """Whether somebody wrote it: words with blanks between them."""
    return bool(_WORDS.search(value))


def is_prose(value: str) -> bool:
    """So for sure: six words or more."""
    return (
        len(value) > 24
        and value.count(" ") > 4
        and bool(_SIX.search(value))
        and len(re.findall(r"(?<![^\s(\"'])[^\W\d_]{1,24}(?=[\s,.!?;:'’\"…)-]|$)", value)) >= 6
    )


def _of_column(column: str, value: str) -> str:
    """What a column's value is: SECRET, CONTENT or nothing."""
    sort = sort_of(column)
    if value in ("?", "null", "") or (value.startswith("[") and value.endswith("]") and ":" in value):
        return ""
    if is_secret(sort, value) or (sort is Sort.NUMBER and value.isdigit()):
        return SECRET
    return CONTENT if _is_content(column, value) else ""


def _is_content(name: str, value: str) -> bool:
    """Whether somebody wrote what stands under a name, other than what is told of a failure."""
    sort = sort_of(name)
    return not is_safe(name) and (sort is Sort.CONTENT or (sort is Sort.PROSE and is_text(value)))


def _split(text: str) -> list[tuple[int, int]]:
    """Where the values of a row stand: parted at commas outside of quotes and brackets."""
    parts, depth, quote, start = [], 0, "", 0
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and text[start:at].strip(" \\") == "":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append((start, at))
            start = at + 1
    return [*parts, (start, len(text))]


def _inserted(match: re.Match[str]) -> Iterator[Found]:
    columns = re.findall(r"\w+", match["columns"])
    base, text = match.start("values"), match["values"]
    parts = _split(text)
    if len(parts) == len(columns):
        for column, (start, end) in zip(columns, parts, strict=True):
            value = text[start:end]
            left = len(value) - len(value.lstrip(" \\'\""))
            plain = value.strip(" \\'\"")
            if name := _of_column(column, plain):
                yield Found(base + start + left, base + start + left + len(plain), name)
    elif (
        any(sort_of(column) in (Sort.SECRET, Sort.NUMBER, Sort.CONTENT, Sort.MAYBE, Sort.PROSE) for column in columns)
        and "?" not in text[:2]
    ):
        # A text with commas in it: no telling which value is whose.
        yield Found(base, base + len(text), CONTENT)


def _assigned(match: re.Match[str]) -> Iterator[Found]:
    value = match["quoted"] if match["quoted"] is not None else match["bare"]
    group = "quoted" if match["quoted"] is not None else "bare"
    if name := _of_column(match["column"], value.strip()):
        yield Found(match.start(group), match.start(group) + len(value.rstrip()), name)


def _argued(match: re.Match[str]) -> Iterator[Found]:
    call, base = match["call"], match.start("arguments")
    arguments = list(_ARGUMENT.finditer(match["arguments"]))
    is_telling, is_sure, is_connect = _TELLING_CALL.search(call), _SURE_CALL.search(call), _CONNECT.search(call)
    for n, argument in enumerate(arguments):
        value = argument[1]
        if is_state(value) or not value:
            continue
        start, end = base + argument.start(1), base + argument.end(1)
        is_login = bool(is_sure) and (n > 0 or len(arguments) == 1 or is_random(value))
        is_password = bool(is_connect) and n >= 1 and n == len(arguments) - 1
        is_route = bool(_ROUTE.fullmatch(value))
        if ((is_login or is_password) and len(value) > 2 and "\\" not in value and not is_route) or (
            is_telling and is_tokenish(value) and is_random(value, 12)
        ):
            yield Found(start, end, SECRET)
        elif is_text(value) and not re.match(
            r"(?i)\W*(?:curl|select|insert|update|delete|create|alter|with|set|drop) ", value
        ):
            yield Found(start, end, CONTENT)


def _paired(match: re.Match[str]) -> Iterator[Found]:
    """A name and a text in JSON that was cut, or that is no JSON by itself."""
    if _is_content(match["key"], match["value"]):
        yield Found(match.start("value"), match.end("value"), CONTENT)


PLACES: tuple[Place, ...] = (
    Place(r"(?i)insert\s+(?:or\s+\w+\s+)?into\s[^()]{1,80}\((?P<columns>[^()]{1,2000})\)\s*values\s*\((?P<values>[^\n]*?)\)(?=\s*(?:,\s*\(|\)|;|on\s|returning|\\|\"|$))", ("insert",), _inserted),
    Place(r"(?i)(?:set|where|and|or|,)\s+[\w.\"`\\\[]{0,40}[\"`\[]?(?<![\w])(?P<column>\w{2,40})\\*[\"`\]]?\s*(?:=|like|in\s*\()\s*(?:\\*['\"](?P<quoted>[^'\"\\]*)|(?P<bare>[^,()'\"\\?]{2,}?)(?=,\s*[\"`\\\[]?\w+\\*[\"`\]]?\s*=|\swhere\s|\sand\s|\)|$))", ("update", "where", "insert", "delete"), _assigned),
    Place(rf"(?<![\w\\>:-])(?P<call>[\w\\>:-]{{1,200}})\((?P<arguments>(?:[^()']|\([^()]*\))*{_STRING}(?:[^()']|{_STRING}|\([^()]*\))*)\)?", ("('", ", '", ": '"), _argued),
    Place(r"\"(?P<key>[\w.$-]{1,60})\\*\"\s*:\s*(?:\[\s*)?\\*\"(?P<value>(?:[^\"\\]|\\+[^\"\\])+)", ('":',  '" :', '\\":'), _paired, False),
)  # fmt: skip
