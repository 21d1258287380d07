"""Messages of one fault put together: what they share, and what differs. Pure text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.fingerprints import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORDS = re.compile(r"(\s+)")
# Punctuation around what differs is shared.
_EDGES = re.compile(r"^([\"'`(\[{<]*)(.*?)([\"'`)\]}>.,;:!]*)$", re.S)
# Beyond so many places a message has nothing to share.
_PLACES = 8


@dataclass(frozen=True)
class Shape:
    """Messages of one form. `parts`: the text around the places that differ, one more than these; `values`: what stands in the places and of
    how many faults, most frequent first. `faults`: of all."""

    parts: tuple[str, ...]
    values: tuple[tuple[tuple[str, ...], int], ...]
    faults: int


def shapes(messages: Iterable[tuple[str, int]]) -> tuple[Shape, ...]:
    """Of (message, faults), most frequent first; messages of one pattern and number of words are of one shape."""
    alike: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for text, faults in messages:
        alike.setdefault((normalise(text), len(_WORDS.split(text))), []).append((text, faults))
    found = [shape for group in alike.values() for shape in _shapes(group)]
    return tuple(sorted(found, key=lambda shape: -shape.faults))


def _shapes(group: Sequence[tuple[str, int]]) -> list[Shape]:
    words = [_WORDS.split(text) for text, _ in group]
    differs = [len(set(column)) > 1 for column in zip(*words, strict=True)]
    parts, places = [""], []
    for n, word in enumerate(words[0]):
        if not differs[n]:
            parts[-1] += word
            continue
        before, after = _shared([row[n] for row in words])
        parts[-1] += word[:before]
        places.append((n, before, after))
        parts.append(word[len(word) - after :] if after else "")
    if len(places) > _PLACES:
        return [Shape((text,), (((), faults),), faults) for text, faults in group]
    values = tuple(
        (tuple(row[n][before : len(row[n]) - after] for n, before, after in places), faults)
        for row, (_, faults) in zip(words, group, strict=True)
    )
    return [Shape(tuple(parts), values, sum(faults for _, faults in group))]


def _shared(column: Sequence[str]) -> tuple[int, int]:
    """How many characters of punctuation all begin and end with."""
    edges = [found.groups() if (found := _EDGES.match(word)) else ("", word, "") for word in column]
    before, after = ({edge[n] for edge in edges} for n in (0, 2))
    return (len(edges[0][0]) if len(before) == 1 else 0), (len(edges[0][2]) if len(after) == 1 else 0)
