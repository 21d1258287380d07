"""What stands around the entries of a log: byte order marks, terminal colours, UTF-16, and the lines of docker, Kubernetes and
journald. A layer is what lies within, and how its offsets are offsets of the file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from reporter.sources.blocks import Ints

_MARK = b"\xef\xbb\xbf"
_AROUND = re.compile(rb"(?:(?<=\n)|\A)(?:\xef\xbb\xbf|\x1b\[[0-9;]*[mK])+|\x1b\[[0-9;]*[mK]")
_PREFIXES = (
    # docker compose: `app-1  | `
    re.compile(rb"[A-Za-z0-9][\w.\-]* *\| ?"),
    # Kubernetes (CRI), docker logs -t
    re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:Z|[+\-]\d\d:\d\d) (?:std(?:out|err) (?P<tag>[FP])[:\w]* )?"),
    # journalctl, syslog
    re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:]+: "),
)
_SHAPE = re.compile(rb"\[\d{4}-\d\d-\d\d[T ]|[\[{]\"|\{\s*\n|\[\d\d-[A-Z][a-z]{2}-\d{4} ")
_BESIDE_LOG = ("stream", "time", "container_name", "container_id", "source", "attrs", "kubernetes")
_BESIDE_MESSAGE = ("__REALTIME_TIMESTAMP", "_SYSTEMD_UNIT", "_PID", "PRIORITY", "__CURSOR", "SYSLOG_IDENTIFIER")


class Layer(NamedTuple):
    """`inner`: the text within. Its pieces begin at `at`, and in the outer text at `to`, which ends at `end`."""

    inner: bytes
    at: Ints
    to: Ints
    end: int

    def outer(self, offsets: Ints) -> Ints:
        piece = np.maximum(np.searchsorted(self.at, offsets, "right") - 1, 0)
        return np.where(offsets >= len(self.inner), self.end, self.to[piece] + offsets - self.at[piece])

    def begins_piece(self, offset: int) -> bool:
        return offset >= len(self.inner) or bool(np.isin(offset, self.at))


def _layer(pieces: list[tuple[int, bytes]], end: int) -> Layer:
    sizes = np.array([0, *(len(piece) for _, piece in pieces)], np.int64)
    starts = np.array([start for start, _ in pieces], np.int64)
    return Layer(b"".join(piece for _, piece in pieces), np.cumsum(sizes)[:-1], starts, end)


def is_coloured(block: bytes) -> bool:
    """Whether there are colours or byte order marks in it."""
    return b"\x1b" in block or block.startswith(_MARK) or (b"\xef" in block and b"\n" + _MARK in block)


def plain_text(block: bytes) -> Layer:
    """The text without terminal colours, and without byte order marks before lines."""
    pieces, at = [], 0
    for found in _AROUND.finditer(block):
        pieces.append((at, block[at : found.start()]))
        at = found.end()
    return _layer([*pieces, (at, block[at:])], len(block))


def utf16_of(head: bytes) -> str:
    """The codec of a file that begins with UTF-16's byte order mark; empty where it is none."""
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2], "")


def decoded(block: bytes, codec: str) -> Layer:
    """The text in UTF-8, piece by line."""
    pieces, at = [], 0
    whole = block[: len(block) & ~1]
    for line in re.split(r"(?<=\n)", whole.decode(codec, "surrogatepass" if _is_whole(whole, codec) else "replace")):
        pieces.append((at, line.encode("utf-8", "replace")))
        at += len(line.encode(codec, "surrogatepass"))
    return _layer(pieces, len(block))


def _is_whole(block: bytes, codec: str) -> bool:
    try:
        block.decode(codec, "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def unwrapped(block: bytes, start: int, end: int) -> Layer | None:
    """What the lines from `start` on wrap, as long as they are wrapped alike; null where the first is none, or wraps no entry."""
    value = parsed(block[start : _line_end(block, start, end)])
    if value is not None:
        return _objects(block, start, end) if wrapped_text(value) is not None else None
    for prefix in _PREFIXES:
        if prefix.match(block, start, end):
            return _prefixed(block, start, end, prefix)
    return None


def _prefixed(block: bytes, start: int, end: int, prefix: re.Pattern[bytes]) -> Layer | None:
    pieces, at, has_shape = [], start, False
    while at < end:
        found, line_end = prefix.match(block, at, end), _line_end(block, at, end)
        if not found:
            break
        has_shape = has_shape or bool(_SHAPE.match(block, found.end(), end))
        line = block[found.end() : line_end]
        pieces.append((at, line.rstrip(b"\r\n") if found.groupdict().get("tag") == b"P" else line))
        at = line_end
    return _layer(pieces, at) if has_shape else None


def _objects(block: bytes, start: int, end: int) -> Layer:
    pieces, at = [], start
    while at < end:
        line_end = _line_end(block, at, end)
        line = block[at:line_end]
        text = wrapped_text(parsed(line))
        if text is None:
            if line.strip():
                break
            at = line_end
            continue
        pieces.append((at, text))
        at = line_end
    return _layer(pieces, at)


def parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The object that a line is; null where it is none."""
    if not line.startswith(b"{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def wrapped_text(value: Any) -> bytes | None:  # noqa: ANN401 - any JSON value
    """The line that docker's or journald's object wraps; null where it is none of theirs."""
    if not isinstance(value, dict):
        return None
    log = value.get("log")
    if isinstance(log, str) and "message" not in value and any(key in value for key in _BESIDE_LOG):
        # Docker cuts long lines in pieces, of which the last has the line break; fluent-bit takes it off all.
        is_piece = "stream" in value and "container_id" not in value
        return (log if log.endswith("\n") or is_piece else f"{log}\n").encode("utf-8", "replace")
    message = value.get("MESSAGE")
    if isinstance(message, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in message):
        message = bytes(message).decode("utf-8", "replace")
    if isinstance(message, str) and any(key in value for key in _BESIDE_MESSAGE):
        return message.rstrip("\n").encode("utf-8", "replace") + b"\n"
    return None


def _line_end(block: bytes, start: int, end: int) -> int:
    return block.find(b"\n", start, end) + 1 or end
