"""Where a report's data are parted: by time, at borders that stay where they are whatever window is asked for.

A part is a stretch of time of 2^n µs that begins at a whole number of these, the longest that holds few enough rows. So what lies well
within two windows is parted alike in both, and has the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

# The longest stretch, in bits of µs: two thousand years.
_LONGEST = 56
_HASHED_BYTES = 64


class Part(NamedTuple):
    """Rows from `begin` to before `end`, and what the part is called: its first µs since the epoch, and a number where one µs
    alone holds too much."""

    name: str
    begin: int
    end: int


def parts(us: np.ndarray[Any, Any], sizes: np.ndarray[Any, Any], most: int) -> list[Part]:
    """Parts of rows at these times (µs since the epoch, rising), in order: each at most `most` large, or one row."""
    import numpy as np

    until = np.concatenate(([0], np.cumsum(sizes)))
    found: list[Part] = []
    stack = [(-1 << _LONGEST, _LONGEST + 1, 0, len(us))]
    while stack:
        start, bits, begin, end = stack.pop()
        if begin == end:
            continue
        if bits <= _LONGEST and until[end] - until[begin] <= most:
            found.append(Part(str(start), begin, end))
        elif bits == 0:
            found += _pieces(str(start), until, begin, end, most)
        else:
            half = start + (1 << (bits - 1))
            middle = begin + int(np.searchsorted(us[begin:end], half))
            stack += [(half, bits - 1, middle, end), (start, bits - 1, begin, middle)]
    return found


def _pieces(name: str, until: np.ndarray[Any, Any], begin: int, end: int, most: int) -> Iterator[Part]:
    number = 0
    while begin < end:
        fits = int(until.searchsorted(until[begin] + most, side="right")) - 1
        at = min(end, max(begin + 1, fits))
        yield Part(f"{name}x{number}" if number else name, begin, at)
        begin, number = at, number + 1


def hashed(ids: Sequence[str], count: int) -> list[int]:
    """FNV-1a (32 bits) of each id's first 64 bytes as UTF-8, modulo `count`; the same in data.js."""
    import numpy as np

    raw = [name.encode("utf-8", "replace")[:_HASHED_BYTES] for name in ids]
    lengths = np.array([len(name) for name in raw])
    letters = np.frombuffer(b"".join(name.ljust(_HASHED_BYTES, b"\0") for name in raw), np.uint8)
    columns = letters.reshape(len(raw), _HASHED_BYTES).astype(np.uint32)
    value = np.full(len(raw), 0x811C9DC5, np.uint32)
    for at in range(_HASHED_BYTES):
        value = np.where(at < lengths, (value ^ columns[:, at]) * np.uint32(0x01000193), value)
    return [int(number) for number in value.astype(np.int64) % count]


def places(ids: Sequence[str], shard: Sequence[int], names: Sequence[str]) -> str:
    """JSON of where traces are: `shards`, their names, and `of`: by an id's hash modulo its length the places in these of all ids of
    that hash. `shard`: the place of each id."""
    from reporter.analysis.as_json import dumped

    of: list[list[int]] = [[] for _ in range(1 << max(0, len(ids) - 1).bit_length())]
    for bucket, number in zip(hashed(ids, len(of)), shard, strict=True):
        if number not in of[bucket]:
            of[bucket].append(number)
    return dumped({"shards": names, "of": of})
