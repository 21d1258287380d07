"""What a report in one file carries for its scripts: the data files of the folder, packed, as far as there is room for them.

Taken aboard in this order: where operations' and errors' pages are, the list of traces, what the filter computes with, failing and
unfinished traces with their records, the logs, all other traces; of traces the worst first. Traces without their records, of which a
folder has the spans, come along where there is room for all.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reporter.analysis.shards import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reporter.analysis.log_data import LogData
    from reporter.analysis.trace_data import TraceData

# The tag around a packed text.
_TAG_BYTES = 90
_TRACES_A_SHARD, _SHARDS_AT_MOST = 20, 64
# Shards are packed one by one: what was estimated of one stream does not hold to the byte.
_SPARE = 0.97
# By how much packing makes a trace's JSON smaller, at most.
_PACKED_AT_MOST = 20


@dataclass(frozen=True)
class Packed:
    """A data file as it stands in the page: its name, and its JSON gzipped as base64."""

    name: str
    text: str

    @property
    def size(self) -> int:
        """Bytes in the page."""
        return len(self.text) + len(self.name) + _TAG_BYTES


@dataclass
class Cargo:
    """What is aboard. `traces`: ids of those with their records; `has_list`, `has_filter`, `has_logs`: whether
    scripts can list traces, filter all pages, and search the logs. `size`: bytes of all."""

    parts: list[Packed] = field(default_factory=list)
    traces: frozenset[str] = frozenset()
    has_list: bool = False
    has_filter: bool = False
    has_logs: bool = False

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def packed(name: str, text: str) -> Packed:
    return Packed(name, base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode())


def loaded(data: TraceData, faults: str, pages: str, room: int) -> Cargo:
    """What of `data` has room in so many bytes. `faults`, `pages`: data/faults.js and data/operation-pages.js."""
    cargo = Cargo()

    def took(*parts: tuple[str, str]) -> bool:
        made = [packed(name, text) for name, text in parts]
        has_room = cargo.size + sum(part.size for part in made) <= room
        cargo.parts += made if has_room else []
        return has_room

    took(("operation-pages", pages), ("faults", faults))
    cargo.has_list = took(("traces", data.index), ("trace-ids", data.ids))
    cargo.has_filter = took(("operations", data.operations))
    bad, good = _worst_first(data)
    chosen = _fitting(data.documents, bad, room - cargo.size)
    # Packed together at the end; until then what they take is kept free.
    reserved = sum(part.size for part in _shards(data.documents, chosen))
    logs = [packed(name, text) for name, text in _logs(data.logs)]
    if cargo.size + reserved + sum(part.size for part in logs) <= room:
        cargo.parts += logs
        cargo.has_logs = bool(data.logs.total)
    whole = _all_shards(data, room - cargo.size)
    if whole:
        cargo.parts += whole
        cargo.traces = frozenset(json.loads(data.index)["id"] or ())
        return cargo
    if len(chosen) == len(bad):
        chosen = _fitting(data.documents, [*bad, *good], room - cargo.size)
    while chosen:
        parts = _shards(data.documents, chosen)
        if cargo.size + sum(part.size for part in parts) <= room:
            cargo.parts += parts
            cargo.traces = frozenset(chosen)
            break
        chosen = chosen[: len(chosen) * 9 // 10]
    return cargo


def _all_shards(data: TraceData, room: int) -> list[Packed]:
    """The shards of the folder as they are, the spans of traces without records too, if there is room for all; else none."""
    texts = {shard.name: shard.json for shard in data.shards}
    if sum(map(len, texts.values())) > room * _PACKED_AT_MOST:
        return []
    parts = _packed(data.places, texts)
    return parts if sum(part.size for part in parts) <= room else []


def _worst_first(data: TraceData) -> tuple[list[str], list[str]]:
    """The traces that are carried with their records: failing, then unfinished ones; the others; each the longest first."""
    index = json.loads(data.index)
    rows = zip(index["id"] or (), index["status"] or (), index["ms"] or (), strict=True)
    known = sorted(
        (row for row in rows if row[0] in data.documents), key=lambda row: (row[1] == "ok", row[1] != "error", -row[2])
    )
    bad = [name for name, status, _ in known if status != "ok"]
    return bad, [name for name, _, _ in known[len(bad) :]]


def _fitting(documents: Mapping[str, str], names: Sequence[str], room: int) -> list[str]:
    """The first of them that fit."""
    stream = zlib.compressobj(6)
    taken = 0
    for n, name in enumerate(names):
        text = documents[name].encode("utf-8", "replace")
        taken += len(stream.compress(text)) + len(stream.flush(zlib.Z_SYNC_FLUSH))
        if taken * 4 / 3 > room * _SPARE:
            return list(names[:n])
    return list(names)


def _shards(documents: Mapping[str, str], names: Sequence[str]) -> list[Packed]:
    """The documents as data.js looks for them."""
    if not names:
        return []
    size = max(_TRACES_A_SHARD, -(-len(names) // _SHARDS_AT_MOST))
    texts = {}
    for at in range(0, len(names), size):
        whole = ",".join(f"{json.dumps(name)}:{documents[name]}" for name in names[at : at + size])
        texts[str(at)] = f'{{"whole":{{{whole}}},"brief":null}}'
    return _packed(places(names, [n // size for n in range(len(names))], [*texts]), texts)


def _packed(of: str, texts: Mapping[str, str]) -> list[Packed]:
    """Shards by name, and `of`, where traces are in them."""
    return [packed("trace-places", of), *(packed(f"trace-{name}", text) for name, text in texts.items())]


def _logs(logs: LogData) -> Iterable[tuple[str, str]]:
    if not logs.total:
        return
    yield "logs", logs.index
    for n, text in logs.shards.items():
        yield f"logs-{n}", text
    for (n, part), text in logs.contexts.items():
        yield f"log-contexts-{n}-{part}", text
