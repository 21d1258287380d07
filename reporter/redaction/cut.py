"""Long texts cut so that no part of a secret is left at the end, where no rule would know it, and JSON that was cut read all the same."""

from __future__ import annotations

import re

from reporter.redaction.patterns import pattern

# What a secret may be made of goes with the rest.
_LAST = r"[\w.+/=@%~|$!:\\-]*$"
_END = pattern(_LAST, re.ASCII)
_PARTS = pattern(r'"(?:[^"\\]|\\[\s\S])*"|"(?:[^"\\]|\\[\s\S])*\\?$|[{}\[\],:]|[^"{}\[\],:\s]+')
_LITERAL = pattern(r"-?\d[\d.eE+-]*|true|false|null")
_HALF_ESCAPED = pattern(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?(…?)$")


def cut(text: str, chars: int) -> str:
    """SQL for a text (SQL too) of at most so many characters, cut before what may be a part of something; a cut one ends in `…`."""
    whole = f"regexp_replace(left({text}, {chars}), '{_LAST}', '') || '…'"
    return f"CASE WHEN length({text}) > {chars} THEN {whole} ELSE {text} END"


def shortened(text: str, chars: int) -> str:
    """The same in Python."""
    return _END.sub("", text[:chars]) + "…" if len(text) > chars else text


def mended(text: str) -> str | None:
    """JSON that was cut, as far as it goes, with what is open closed; None of what is no JSON."""
    opened: list[str] = []
    is_key, kept = False, 0
    for part in _PARTS.finditer(text):
        token = part[0]
        if token in ("{", "["):
            opened.append(token)
            is_key, kept = token == "{", part.end()
        elif not opened or (token in ("}", "]") and (opened.pop() == "{") != (token == "}")):
            return None
        elif token in ("}", "]"):
            is_key, kept = False, part.end()
        elif token == ",":
            is_key, kept = opened[-1] == "{", part.start()
        elif token == ":":
            is_key = False
        elif token[0] == '"' and part.end() == len(text) and not _is_whole(token):
            string = _HALF_ESCAPED.sub(r"\1\2", token) + '"'
            return text[: part.start()] + string + (":null" if is_key else "") + _closing(opened)
        elif token[0] == '"':
            kept = kept if is_key else part.end()
        elif not _LITERAL.fullmatch(token) and part.end() < len(text):
            return None
    return text[:kept] + _closing(opened) if kept else None


def _is_whole(string: str) -> bool:
    return len(string) > 1 and string[-1] == '"' and (len(string) - len(string[:-1].rstrip("\\"))) % 2 == 1


def _closing(opened: list[str]) -> str:
    return "".join("}" if bracket == "{" else "]" for bracket in reversed(opened))
