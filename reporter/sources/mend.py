"""JSON as PHP's Monolog really leaves it in a line: with raw line breaks, behind a message, sometimes cut off."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_CANDIDATE = re.compile(r"(?:(?<= )|^)[\[{]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Hostile messages hold thousands of braces; a real context starts at one of the first or the last of them.
_MAX_CANDIDATES = 64


@dataclass(frozen=True)
class Tail:
    """The message and the JSON values at the end of an entry's text. `state`: complete, open (cut off), invalid."""

    message: str
    context: str | None = None
    extra: str | None = None
    state: str = "complete"
    end: int = 0


def dump(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON text that DuckDB and a page accept: lone surrogates become a replacement character."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return clean(text)


def clean(text: str) -> str:
    """The text with lone surrogates, which are also what invalid UTF-8 was read as, replaced."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def load(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value that the whole of `text` is, control characters accepted. Raises ValueError."""
    try:
        return json.loads(text, strict=False)
    except RecursionError as exc:
        msg = "JSON nested too deeply"
        raise ValueError(msg) from exc


def tail(text: str, within: int | None = None) -> Tail:
    """Split `message context extra` as LineFormatter writes it.

    The last JSON values are context and extra. One space at the end: context only; two: neither; none: both, or extra
    alone behind two spaces. `within`: the context begins before this character.
    """
    body = text.rstrip("\r\n")
    state, line = "complete", None
    for start in _candidates(body, within):
        values, outcome = _values(body, start)
        if outcome == "complete":
            return _by_spaces(body, values)
        if outcome == "line":
            line = line or values
        elif body.startswith('{"', start) and state != "open":
            state = outcome
    if line and (within is not None or not body.endswith("  ")):
        return _first_line(body, line)
    if state == "complete" or (body.endswith("  ") and state != "open"):
        return plain(text)
    return Tail(body, state=state)


def plain(text: str) -> Tail:
    """The text of an entry that has neither context nor extra."""
    body = text.rstrip("\r\n")
    return Tail(body.removesuffix(" ").removesuffix(" "), end=len(text))


def _candidates(body: str, within: int | None) -> list[int]:
    found = [m.start() for m in _CANDIDATE.finditer(body, 0, len(body) if within is None else within)]
    return found if len(found) <= 2 * _MAX_CANDIDATES else found[:_MAX_CANDIDATES] + found[-_MAX_CANDIDATES:]


def _values(body: str, start: int) -> tuple[list[tuple[int, int]], str]:
    """The JSON values that follow each other from `start`: their bounds and whether they reach the end.

    `line`: they end with their line, and text follows that is no part of the entry (PHP's own error output).
    """
    values: list[tuple[int, int]] = []
    at = start
    while True:
        try:
            _, end = _DECODER.raw_decode(body, at)
        except json.JSONDecodeError as exc:
            is_open = exc.pos >= len(body.rstrip()) or exc.msg.startswith("Unterminated")
            return values, "open" if is_open else "invalid"
        except RecursionError:
            return values, "deep"
        values.append((at, end))
        rest = body[end : end + 3]
        if not rest.strip(" ") and end + len(rest) >= len(body):
            return values, "complete"
        if rest.startswith((" \n", "\n", " \r", "\r")):
            return values, "line"
        if rest[:1] != " " or rest[1:2] not in ("{", "["):
            return values, "invalid"
        at = end + 1


def _by_spaces(body: str, values: list[tuple[int, int]]) -> Tail:
    spaces = body[values[-1][1] :]
    start, end = values[-1]
    if len(spaces) >= 2:
        return Tail(body[:-2], end=len(body))
    if not spaces and len(values) >= 2:
        first, first_end = values[-2]
        return Tail(
            body[:first].removesuffix(" "), _mended(body[first:first_end]), _mended(body[start:end]), end=len(body)
        )
    if not spaces and body[:start].endswith("  "):
        return Tail(body[: start - 2], None, _mended(body[start:end]), end=len(body))
    return Tail(body[:start].removesuffix(" "), _mended(body[start:end]), end=len(body))


def _first_line(body: str, values: list[tuple[int, int]]) -> Tail:
    line_end = values[-1][1] + (1 if body[values[-1][1] : values[-1][1] + 1] == " " else 0)
    found = _by_spaces(body[:line_end], values)
    return Tail(found.message, found.context, found.extra, end=line_end)


def _mended(text: str) -> str | None:
    value = load(text)
    return dump(value) if value else None
