"""An app's `.env`, read as the app reads it: by the rules of phpdotenv 5, which are not those of other dotenvs.

Its secret values are redacted wherever they occur, by exact match, so what is read has to be the app's value to the letter.
"""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

# What PHP's trim() takes away, what ctype_space() and \s mean there, and mbstring's stand-in for a byte that is no UTF-8.
_TRIMMED, _SPACE, _NO_UTF8 = " \t\n\r\0\x0b", " \t\n\r\x0b\x0c", "?"
_TOKEN = re.compile(r"""[\r\n]+|[ \t\x0b\x0c]+|[\\'"#$]|[^ \t\r\n\x0b\x0c\\'"#$]+""")
_NAME = re.compile(r"[a-zA-Z0-9_.]+")
_VARIABLE = re.compile(r"\$\{([a-zA-Z0-9_.]+)\}")
_ESCAPES = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

codecs.register_error("phpdotenv", lambda exc: (_NO_UTF8, exc.end) if isinstance(exc, UnicodeDecodeError) else ("", 0))


class Env(NamedTuple):
    """`values`: by name, None where a name stands alone. `doubtful`: (name, text) of what phpdotenv refuses or passes over, which
    may hold a secret all the same. `notes`: what could not be read and why, without any value."""

    values: Mapping[str, str | None] = {}
    doubtful: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """As Laravel's env(): `default` where it is not set; `null`, `(empty)` and so on are ''."""
        value = self.values.get(name)
        return default if value is None else ("" if is_nothing(value) else value)


def is_nothing(value: str) -> bool:
    """What Laravel's env() takes for null or an empty text."""
    return value.lower() in ("", "null", "(null)", "empty", "(empty)")


class _RefusedError(Exception):
    """A line that phpdotenv refuses, and the app with it does not start."""


def read_env(path: Path) -> Env:
    """The `.env` at `path`; an empty one where there is none. Never raises: what could not be read is in the notes."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Env()
    except OSError as exc:
        why = f"cannot be read ({exc.strerror}): its settings are not known, nor the secrets it holds"
        return Env(notes=(why,))
    env = parse(data, os.environ)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # What the app writes has ? for such a byte; what others write of the same secret has the letter.
        written = parse(data.decode("cp1252", "replace").encode(), os.environ)
        shown = parse(data.decode("utf-8", "replace").encode(), os.environ)
        env = env._replace(doubtful=(*env.doubtful, *_texts(written), *_texts(shown)))
    return env


def _texts(env: Env) -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name, value in env.values.items() if value)
    yield from env.doubtful


def parse(data: bytes, around: Mapping[str, str] | None = None) -> Env:
    """A `.env`'s bytes. `around`: where `${NAME}` is looked up that the file has not set before."""
    text = data.decode("utf-8", "phpdotenv").removeprefix("\ufeff")
    values: dict[str, str | None] = {}
    doubtful: list[tuple[str, str]] = []
    notes: list[str] = []
    entries, unclosed = _entries(re.split(r"\r\n|\n|\r", text))
    for at, entry in entries:
        try:
            name, value = _entry(entry, values, around or {})
        except _RefusedError as exc:
            notes.append(f"line {at} is not one that the app can read ({exc})")
            doubtful += _guessed([entry])
        else:
            values[name] = value
    if unclosed:
        notes.append(
            f"a quote is opened in line {unclosed[0][0]} and never closed: the app reads nothing from there on"
        )
        doubtful += _guessed(line for _, line in unclosed)
    return Env(values, tuple(doubtful), tuple(notes))


def _guessed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names and texts as they might be meant, in lines that nobody reads."""
    for line in lines:
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(), value.strip().strip("\"'")


def _entries(lines: list[str]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The entries with the number of their first line, those of several lines as one; and the lines behind a quote that is
    never closed."""
    found: list[tuple[int, str]] = []
    buffer: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        starts = '="' in line and not _closes(line, is_first=True)
        if starts or buffer:
            buffer.append((number, line))
            if not _closes(line, is_first=starts):
                continue
            number, line = buffer[0][0], "\n".join(part for _, part in buffer)
            buffer = []
        if (trimmed := line.strip(_TRIMMED)) and not trimmed.startswith("#"):
            found.append((number, line))
    return found, buffer


def _closes(line: str, *, is_first: bool) -> bool:
    """Whether a quote that is open ends in this line; in the first one it also begins."""
    quotes = len(re.findall(r'(?=[^\\]")', line.replace("\\\\", "")))
    return line == '"' or quotes > is_first


def _entry(entry: str, known: Mapping[str, str | None], around: Mapping[str, str]) -> tuple[str, str | None]:
    name, equals, value = entry.partition("=")
    # Only what is split is trimmed.
    name, value = (name.strip(_TRIMMED), value.strip(_TRIMMED)) if equals else (name, value)
    if not name:
        msg = "nothing stands before ="
        raise _RefusedError(msg)
    if len(name) > 8 and name.startswith("export") and name[6] in _SPACE:
        name = name[6:].lstrip(_TRIMMED)
    if len(name) >= 3 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    if not _NAME.fullmatch(name):
        msg = "what stands before = is no name"
        raise _RefusedError(msg)
    return name, _resolved(*_value(value), known, around) if equals else None


def _value(text: str) -> tuple[str, list[int]]:
    """The value without quotes, escapes and comment; and where in it a $ stands that may begin a variable."""
    out, variables, state = "", list[int](), "begin"
    for token in _TOKEN.findall(text):
        if token == "$" and state in ("begin", "plain", "double"):
            variables.append(len(out))
        written, state = _STEPS[state](token)
        out += written
    if state in ("single", "double", "escape"):
        msg = "a quote is not closed"
        raise _RefusedError(msg)
    return out, variables


def _begin(token: str) -> tuple[str, str]:
    state = {"'": "single", '"': "double", "#": "comment"}.get(token)
    return ("", state) if state else (token, "plain")


def _plain(token: str) -> tuple[str, str]:
    if token == "#":
        return "", "comment"
    return ("", "after") if token[0] in _SPACE else (token, "plain")


def _single(token: str) -> tuple[str, str]:
    return ("", "after") if token == "'" else (token, "single")


def _double(token: str) -> tuple[str, str]:
    state = {'"': "after", "\\": "escape"}.get(token)
    return ("", state) if state else (token, "double")


def _escape(token: str) -> tuple[str, str]:
    if token in ('"', "\\", "$"):
        return token, "double"
    if token[0] not in _ESCAPES:
        msg = "an escape that there is not"
        raise _RefusedError(msg)
    return _ESCAPES[token[0]] + token[1:], "double"


def _after(token: str) -> tuple[str, str]:
    """Behind a value only a comment may stand."""
    if token == "#":
        return "", "comment"
    if token[0] not in _SPACE:
        msg = "blanks in a value without quotes, or text behind a quote"
        raise _RefusedError(msg)
    return "", "after"


_STEPS: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "begin": _begin,
    "plain": _plain,
    "single": _single,
    "double": _double,
    "escape": _escape,
    "after": _after,
    "comment": lambda _: ("", "comment"),
}


def _resolved(text: str, variables: list[int], known: Mapping[str, str | None], around: Mapping[str, str]) -> str:
    """Innermost and last first, as phpdotenv does: `${A_${B}}` works."""

    def one(match: re.Match[str]) -> str:
        value = known[match[1]] if match[1] in known else around.get(match[1])
        return match[0] if value is None else value

    for at in reversed(variables):
        if match := _VARIABLE.match(text, at):
            text = text[:at] + one(match) + text[match.end() :]
    return text
