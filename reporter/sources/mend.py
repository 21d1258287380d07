"""JSON as PHP's Monolog really leaves it in a line: with raw line breaks, behind a message, sometimes cut off."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_CANDIDATE = re.compile(r"(?:(?<= )|^)[\[{]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Two blanks at a line's end: neither context nor extra.
_PLAIN_END = re.compile(r"  (?=\r?\n|\Z)")
_GAP = re.compile(r"[ \t\r\n,\x1e]*")
_LINE_END = re.compile(r" {0,2}(?:\r?\n|\r?\Z)")
_BROKEN_OFF = re.compile(
    r"t|tr|tru|f|fa|fal|fals|n|nu|nul|N|Na|-|I|In|Inf|Infi|Infin|Infini|Infinit|-I\w{0,6}|\d+\.|\d*\.?\d*[eE][+-]?|\\(?:u[0-9a-fA-F]{0,3})?|\.|[eE][+-]?"
)
# Hostile messages hold thousands of braces; a real context starts at one of the first or the last of them.
_MAX_CANDIDATES = 64


@dataclass(frozen=True)
class Tail:
    """The message and the JSON values at the end of an entry's text, `end` characters long.

    `state`: complete, open (cut off), invalid, deep. `is_strong`: it ends as Laravel's LineFormatter ends an entry, with two
    blanks, with a blank behind the context, or with an extra; else it may be that its writer has only come so far.
    """

    message: str
    context: str | None = None
    extra: str | None = None
    state: str = "complete"
    end: int = 0
    is_strong: bool = True


def dump(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON text that DuckDB and a page accept: a replacement character for lone surrogates, a bare NaN or Infinity as text."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    return clean(text)


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list) else value


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
    """Split `message context extra` as LineFormatter writes it, from a text that may go on with lines of other origin.

    The last JSON values are context and extra. One space at the end: context only; two: neither; none: both, or extra
    alone behind two spaces. The first line that ends like this outside of JSON is the entry's last. `within`: the context
    begins before this character.
    """
    body = text.rstrip("\r\n")
    ended = _PLAIN_END.search(body)
    plain_end = ended.start() if ended else len(body)
    state, line = "complete", None
    for start in _candidates(body, within):
        if start > plain_end:
            break
        values, outcome = _values(body, start)
        if outcome == "complete":
            return _by_spaces(body, values)
        if outcome == "strong":
            return _first_line(body, values)
        if outcome == "weak":
            line = line or values
        elif outcome != "text" and body.startswith('{"', start) and state != "open":
            state = outcome
    if ended and state != "open":
        return Tail(body[:plain_end], end=ended.end())
    if line:
        return _first_line(body, line)
    if state == "complete":
        return plain(text)
    return Tail(body, state=state)


def plain(text: str) -> Tail:
    """The text of an entry that has neither context nor extra, to the first line that ends in two blanks or the last."""
    body = text.rstrip("\r\n")
    ended = _PLAIN_END.search(body)
    if ended:
        return Tail(body[: ended.start()], end=ended.end())
    return Tail(body.removesuffix(" "), end=len(text), is_strong=False)


def is_open(text: str) -> bool:
    """Whether a list or object begins in the text that does not end in it."""
    return any(_values(text.rstrip("\r\n"), start)[1] == "open" for start in _candidates(text, None))


def objects(text: str) -> tuple[list[tuple[int, int, Any]], str]:
    """The JSON objects and lists that follow each other from the text's beginning: bounds and value, and what ended them: `end`,
    `text`, `open` (cut off), `invalid`. Control characters in strings are accepted."""
    found: list[tuple[int, int, Any]] = []
    at = _GAP.match(text).end()  # type: ignore[union-attr]
    while at < len(text) and text[at] in "{[":
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as exc:
            return found, _broken(text, exc)
        except RecursionError:
            return found, "invalid"
        found.append((at, end, value))
        at = _GAP.match(text, end).end()  # type: ignore[union-attr]
    return found, "end" if at >= len(text) else "text"


def _broken(text: str, error: json.JSONDecodeError) -> str:
    """`open` where the text only breaks off: within a string, a word, a number, or between two of JSON's signs."""
    rest = text[error.pos :].strip()
    is_escape = error.msg.startswith("Invalid \\u") and len(text.rstrip()) - error.pos <= len("\\u00e")
    return (
        "open"
        if error.msg.startswith("Unterminated") or not rest or is_escape or _BROKEN_OFF.fullmatch(rest)
        else "invalid"
    )


def _candidates(body: str, within: int | None) -> list[int]:
    found = [m.start() for m in _CANDIDATE.finditer(body, 0, len(body) if within is None else within)]
    return found if len(found) <= 2 * _MAX_CANDIDATES else found[:_MAX_CANDIDATES] + found[-_MAX_CANDIDATES:]


def _values(body: str, start: int) -> tuple[list[tuple[int, int]], str]:
    """The JSON values that follow each other from `start`: their bounds and whether they reach the end (`complete`).

    `strong`, `weak`: they end with their line, as LineFormatter ends an entry or in another way, and text follows. `text`: it
    follows at once, so they are of a message.
    """
    values: list[tuple[int, int]] = []
    at = start
    while True:
        try:
            _, end = _DECODER.raw_decode(body, at)
        except json.JSONDecodeError as exc:
            outcome = _broken(body, exc)
            return values, "text" if values and body[at] == "[" and outcome == "invalid" else outcome
        except RecursionError:
            return values, "deep"
        values.append((at, end))
        rest = _LINE_END.match(body, end)
        if rest and rest.end() >= len(body):
            return values, "complete"
        if rest:
            is_strong = rest[0][:1] == " " or len(values) > 1 or body[:start].endswith("  ")
            return values, "strong" if is_strong else "weak"
        if body[end : end + 1] != " " or body[end + 1 : end + 2] not in ("{", "["):
            return values, "text"
        at = end + 1


def _by_spaces(body: str, values: list[tuple[int, int]]) -> Tail:
    spaces = body[values[-1][1] :].rstrip("\r\n")
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
    return Tail(body[:start].removesuffix(" "), _mended(body[start:end]), end=len(body), is_strong=bool(spaces))


def _first_line(body: str, values: list[tuple[int, int]]) -> Tail:
    line_end = values[-1][1] + (1 if body[values[-1][1] : values[-1][1] + 1] == " " else 0)
    found = _by_spaces(body[:line_end], values)
    return Tail(found.message, found.context, found.extra, end=line_end, is_strong=found.is_strong)


def _mended(text: str) -> str | None:
    value = load(text)
    return dump(value) if value else None
