"""Where an entry begins: the one definition of the shapes that begin one, for whole blocks and for single entries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reporter.events.levels import LEVEL_NAMES

if TYPE_CHECKING:
    from reporter.sources.blocks import Ints

# `[2026-11-20 10:00:00` is the least; what follows to the bracket is fraction and zone, as the writer likes.
HEADER_BYTES = 21
TIME_REST_AT_MOST = 40
_TIME = rf"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\]\n]{{0,{TIME_REST_AT_MOST}}}"
# A channel is the app's name: it may hold anything, and a processor's uid may stand before it.
LABEL = rf"(?:[^\n]*?[. ])??(?i:{'|'.join(sorted(LEVEL_NAMES, key=len, reverse=True))})"
_UNKNOWN_LEVEL = r"[^\s.:]*\.[A-Za-z]+"
_LABEL = re.compile(LABEL, re.ASCII)
HEADER = re.compile(rf"\[(?P<time>{_TIME})\] (?P<label>{LABEL}|{_UNKNOWN_LEVEL}):(?: |(?=[\r\n])|\Z)", re.ASCII)
# What PHP itself writes into the log, by error_log or to the terminal.
PHP_ERROR = re.compile(
    r"\[\d\d-[A-Z][a-z]{2}-\d{4} |PHP (?:[A-Z][a-z]+ )?(?:[a-z]+ )?(?:[Ee]rror|Warning|Notice|Deprecated|Standards):"
)
_BRACKET, _OPEN, _NEWLINE = ord("["), ord("{"), 10


def level_of_label(label: str) -> str | None:
    """The level at the end of `channel.LEVEL`; null where it is none that Monolog knows."""
    if not _LABEL.fullmatch(label):
        return None
    return LEVEL_NAMES[re.split(r"[. ]", label)[-1].upper()]


def line_starts(block: bytes) -> Ints:
    """Offsets at which the block's lines begin; one at its very end is none."""
    data = np.frombuffer(block, np.uint8)
    starts = np.concatenate(([0], np.flatnonzero(data == _NEWLINE) + 1)).astype(np.int64)
    return starts[starts < len(data)]


def shapes(block: bytes, starts: Ints) -> tuple[Ints, Ints]:
    """Which of the lines begin with `[YYYY-MM-DD HH:MM`, and which with an object of JSON (or Fluentd's `["tag",`)."""
    data = np.frombuffer(block, np.uint8)
    opens = data[starts] == _OPEN
    brackets = starts[data[starts] == _BRACKET]
    tags = brackets[data[np.minimum(brackets + 1, len(data) - 1)] == ord('"')]
    headers = brackets[brackets <= len(data) - HEADER_BYTES]
    for at, wanted in ((5, ord("-")), (8, ord("-")), (14, ord(":"))):
        headers = headers[data[headers + at] == wanted]
    for at in (1, 2, 3, 4, 6, 7, 9, 10, 12, 13):
        headers = headers[(data[headers + at] >= 48) & (data[headers + at] <= 57)]
    return headers, np.union1d(starts[opens], tags)


def usual_times(times: pa.Array) -> pa.Array:
    """Entries' times as DuckDB reads them: a dot before the fraction, no blank and no parentheses around the offset."""
    if not len(times) or (pc.max(pc.binary_length(times)).as_py() or 0) <= len("2026-11-20 10:00:00"):
        return times
    odd = pc.match_substring_regex(times, r"[,(]| [+\-Z]")
    if not pc.any(odd).as_py():
        return times
    mended = pc.replace_substring(times, ",", ".")
    mended = pc.replace_substring_regex(mended, r" ?\(?(Z|[+\-][0-9]{2}:?[0-9]{2})\)?$", r"\1")
    return pc.replace_substring_regex(mended, r"\(([A-Za-z_/+\-]+)\)$", r"\1")
