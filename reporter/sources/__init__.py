"""Where telemetry comes from: log formats and tables. Explicit tuples, no scanning, no entry points.

A log format cuts a block of bytes into entries (blocks.RAW_SCHEMA) and says in SQL how such a row becomes a
record: source, offset, time, level, message, context (JSON text), extra (JSON text), entry_event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

# An entry longer than this is a reject; no block in memory grows beyond it.
MAX_ENTRY_BYTES = 32 << 20
SAMPLE_CHARS = 200


class Reject(NamedTuple):
    """What could not be read: byte offset in its (unpacked) source, why, and how it began."""

    offset: int
    reason: str
    sample: str = ""


@dataclass
class Cut:
    """The entries of one block.

    `entries`: offset int64 (within the block), head, context, extra (strings, null where absent).
    `consumed`: bytes of the block that need not be seen again; the rest waits for more.
    """

    entries: pa.Table
    consumed: int
    rejects: list[Reject] = field(default_factory=list)


class Progress(NamedTuple):
    """How far the ingest is: the source at hand, bytes done and to do."""

    name: str
    done_bytes: int
    total_bytes: int


@dataclass
class Ingested:
    """What one ingest did. `notes`: (source, what could not be read and why)."""

    events: int = 0
    bytes_read: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    readable_sources: int = 0


class Format(Protocol):
    """A log format; `records_sql` selects records from a relation `raw` of entries and their source."""

    name: str
    records_sql: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with `head` is of this format."""

    def cut(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        """Cut a block at entry boundaries.

        `at_end`: the file ends here for now; `is_closed`: and it can't grow, so an unfinished entry is a reject.
        """


def sample(data: bytes) -> str:
    """The first characters of rejected bytes, for a person to recognise them by."""
    return data[: SAMPLE_CHARS * 4].decode("utf-8", "replace")[:SAMPLE_CHARS]


def formats() -> tuple[Format, ...]:
    """All formats, tried in this order; the last one takes whatever no other knows."""
    from reporter.sources.json_lines import JsonLines
    from reporter.sources.monolog_line import MonologLine

    return (JsonLines(), MonologLine())


def format_of(head: bytes) -> Format:
    """The format of a file by its first bytes."""
    known = formats()
    return next((fmt for fmt in known if fmt.sniff(head)), known[-1])
