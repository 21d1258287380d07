"""All that is kept of one host as Parquet, where no sink goes: what archives and whole exports hold, and a report over many hosts reads.

`host=NAME/date=YYYY-MM-DD/events.parquet` and `spans.parquet` (days of UTC) with all columns, and `host=NAME/sources.parquet`. Each row says
`host` and `sink`, of which ids are: made anew, a sink may number its sources otherwise. `record_id` is text: Spark knows no UUIDs.
"""

from __future__ import annotations

import re
from hashlib import blake2b, md5
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reporter import __version__
from reporter.errors import UsageError
from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.events.packing import with_contexts
from reporter.replacing import remove_left
from reporter.sql import literal, quoted

if TYPE_CHECKING:
    from datetime import date

    from reporter.settings.app import Settings
    from reporter.sink.store import Sink

EVENTS, SPANS, SOURCES = "events.parquet", "spans.parquet", "sources.parquet"
# Of `sources` what tells how much was read of what; not where files lie.
SOURCE_COLUMNS = (
    "id", "name", "kind", "format", "size", "offset", "entries", "events", "rejects", "duplicates", "pruned", "waiting_bytes", "note",
)  # fmt: skip
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]{0,62}", re.ASCII)


class Host(NamedTuple):
    """Whose rows they are: `name` of the host, `sink` of the numbers in ids."""

    name: str
    sink: str

    @property
    def sql(self) -> str:
        return f"{literal(self.name)} AS host, {literal(self.sink)} AS sink"

    def folder(self, above: Path) -> Path:
        return above / f"host={self.name}"

    def day(self, above: Path, day: date) -> Path:
        return self.folder(above) / f"date={day}"


def host_of(sink: Sink, settings: Settings) -> Host:
    """As the settings name this host; else a hash of the machine, the app's folder and secrets, which tells none of them and stays when the
    sink is made anew. Raises UsageError."""
    import socket

    own = sink.about("salt") or ""
    name = settings.host
    if name and not _NAMED.fullmatch(name):
        msg = f"“{name}” cannot name a host"
        raise UsageError(msg, "Use letters, digits, dots, dashes and underscores, at most 63, such as berlin-3.")
    if not name:
        # Names of machines and folders can be guessed, these not.
        unknown = (settings.privacy.salt or "", _machine(), *settings.privacy.known)
        told = (socket.gethostname(), str(settings.app.resolve()), *(unknown if any(unknown) else (own,)))
        name = blake2b("\0".join(told).encode(), digest_size=6).hexdigest()
    return Host(name, mark(own))


def _machine() -> str:
    """What systemd's machines are told apart by; '' on others."""
    try:
        return Path("/etc/machine-id").read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def mark(salt: str) -> str:
    """What tells a sink, by its own salt, from others."""
    return md5(salt.encode(), usedforsecurity=False).hexdigest()[:12]


def events_sql(host: Host, where: str) -> str:
    """SQL: the events that the condition selects."""
    columns = ", ".join("e.record_id::VARCHAR AS record_id" if n == "record_id" else f'e."{n}"' for n in EVENT_COLUMNS)
    return f"""SELECT {host.sql}, s.name AS source_name, {columns}
      FROM {with_contexts(f"(SELECT * FROM events WHERE {where})")} e LEFT JOIN sources s ON s.id = e.source"""


def spans_sql(host: Host, where: str) -> str:
    """SQL: the spans that the condition selects."""
    return f"SELECT {host.sql}, {', '.join(SPAN_COLUMNS)} FROM spans WHERE {where}"


def sources_sql(host: Host) -> str:
    """SQL: what was read, and by which version of this program."""
    return f"SELECT {host.sql}, {literal(__version__)} AS version, {quoted(SOURCE_COLUMNS)} FROM sources"


def of_day(day: date) -> str:
    """SQL: whether `ts` lies in a day of UTC."""
    return f"ts >= DATE '{day}' AND ts < DATE '{day}' + INTERVAL 1 DAY"


def sweep(folder: Path) -> None:
    """Remove what a killed run left in a host's own folder: who writes there holds the sink. Into those beside it others may be writing."""
    for own in (folder, *folder.glob("date=*")):
        remove_left(own)


def parquet(path: Path) -> str:
    """SQL: a Parquet file as a relation; what its folders are called says nothing."""
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
