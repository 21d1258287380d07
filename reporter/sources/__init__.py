"""Where telemetry comes from: log formats and tables. Explicit tuples, no scanning, no entry points.

A log's block of bytes is cut into entries (blocks.RAW_SCHEMA), each by its own shape (header.py); SQL says how such a row
becomes a record: source, offset, time, level, message, context (JSON text), extra (JSON text), entry_event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pyarrow as pa

# An entry longer than this is a reject; no block in memory grows beyond it.
MAX_ENTRY_BYTES = 32 << 20
# Of a reject, for the sink to cut where no half of a secret stays.
SAMPLE_CHARS = 400


class Reject(NamedTuple):
    """What could not be read: byte offset in its (unpacked) source, why, and how it began."""

    offset: int
    reason: str
    sample: str = ""


@dataclass
class Cut:
    """The entries of one block.

    `entries`: offset int64 (within the block), time, level, message, context, extra (strings, null where absent). `objects`:
    the same of usual JSON entries, of which only `context` is there, the whole line: DuckDB takes it apart.
    `consumed`: bytes of the block that need not be seen again; the rest waits for more.
    """

    entries: pa.Table
    consumed: int
    rejects: list[Reject] = field(default_factory=list)
    objects: pa.Table | None = None

    @property
    def parts(self) -> list[tuple[str, str, pa.Table]]:
        """What there is of both: the format's name, the SQL that selects records from it as `raw`, rows."""
        from reporter.sources import json_lines, monolog_line

        told = [("line", monolog_line.RECORDS_SQL, self.entries)]
        if self.objects is not None:
            told.append(("json", json_lines.RECORDS_SQL, self.objects))
        return [part for part in told if part[2].num_rows]


class Progress(NamedTuple):
    """How far the ingest is: the source at hand, bytes done and to do."""

    name: str
    done_bytes: int
    total_bytes: int


def _unheard(*_: object) -> None:
    """Nobody listens."""


class Listener(NamedTuple):
    """Whom work tells how it gets on: `on_progress` how far it is, `on_note` what is worth a line; `on_storing` that a batch is being
    stored, which leaves Python idle, `on_events` that events were committed and their spans come next."""

    on_progress: Callable[[Progress], None] = _unheard
    on_note: Callable[[str], None] = _unheard
    on_storing: Callable[[], object] = _unheard
    on_events: Callable[[], object] = _unheard

    def once(self) -> Listener:
        """Told the same note once."""
        told = set[str]()

        def on_note(text: str) -> None:
            if text not in told:
                told.add(text)
                self.on_note(text)

        return self._replace(on_note=on_note)


NOBODY = Listener()


@dataclass
class Ingested:
    """What one ingest did. `notes`: (source, what could not be read and why). `older`: logs that it left to the next."""

    events: int = 0
    bytes_read: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    readable_sources: int = 0
    older: Older | None = None


class Older(NamedTuple):
    """Logs that were last written before what is asked for begins, so that it is answered before they are read: how many, bytes, aware time."""

    files: int
    bytes: int
    since: datetime

    def __str__(self) -> str:
        logs, are = ("1 log", "is") if self.files == 1 else (f"{self.files:,} logs", "are")
        return (
            f"{logs} ({self.bytes / 1e6:,.0f} MB) last written before {self.since:%Y-%m-%d %H:%M}Z {are} not read yet: "
            "what was before that, and so what is new, is not told"
        )


class Format(Protocol):
    """How a file's bytes are cut into entries."""

    def cut(self, block: bytes, at_end: bool, is_closed: bool) -> Cut:
        """Cut a block at entry boundaries.

        `at_end`: the file ends here for now; `is_closed`: and it can't grow, so an unfinished entry is a reject.
        """


def sample(data: bytes) -> str:
    """The first characters of rejected bytes, for a person to recognise them by."""
    return data[: SAMPLE_CHARS * 4].decode("utf-8", "replace")[:SAMPLE_CHARS]


def format_of(head: bytes) -> Format:
    """How to cut a file that begins with `head`: what an entry's shape is, each says by itself; only the encoding is the file's."""
    from reporter.sources.entries import Entries
    from reporter.sources.wrappers import utf16_of

    return Entries(utf16_of(head))
