"""What the sink says of what it read: sources, rejects, what could not be read, what is no longer kept."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from reporter.events.names import KINDS
from reporter.format import words

if TYPE_CHECKING:
    from datetime import datetime

    from reporter.analysis.chosen import Chosen
    from reporter.analysis.overview import RejectSample, Source
    from reporter.sink.store import Sink
    from reporter.window import Window

REJECT_SAMPLES = 200
# Rejects that are a good part of all entries, or most of a source's: worth telling on the first screen.
_GOOD_PART, _MOST, _WORST_SOURCES = 0.05, 0.5, 3
# Machines that log to one app, and readers of it, may differ by so much.
_CLOCKS_APART = timedelta(minutes=10)
# What analyses read beside events and spans: names of sources; and, where there are several hosts (gather.py), where the ids of each begin; cells
# have none of their own.
SOURCE_NAMES = """
CREATE OR REPLACE TEMP VIEW source_names AS SELECT id, name FROM sources;
CREATE OR REPLACE TEMP VIEW hosts AS
SELECT substr(b.key, 6) AS host, b.value::BIGINT AS first, row_number() OVER (ORDER BY b.value::BIGINT) - 1 AS number, coalesce(v.value, '') AS versions
FROM about b LEFT JOIN about v ON v.key = 'version:' || substr(b.key, 6) WHERE starts_with(b.key, 'host:') AND NOT EXISTS (FROM about WHERE key = 'cells') QUALIFY count(*) OVER () > 1"""


# What a sink has in `about` as long as logs of before are left (ingest_logs.py), and how many bytes these are.
OLDER_LOGS = "older_logs"


def has_older_logs(sink: Sink) -> bool:
    """Whether logs are left to be read that were last written before what was asked for."""
    return sink.about(OLDER_LOGS) is not None


def source_notes(sink: Sink) -> list[tuple[str, str]]:
    """What of the sources could not be read when it was last tried, and why; the same of both tables is told once. First, by no
    name, that a good part of all entries was rejected."""
    # Put together here: of a source or two DuckDB plans for longer than that takes.
    names: dict[tuple[str, str | int], list[str]] = {}
    for number, name, kind, path, note in sink.connection.execute(
        "SELECT id, name, kind, path, note FROM sources WHERE note <> '' ORDER BY id"
    ).fetchall():
        names.setdefault((note, path if kind == "table" else number), []).append(name)
    return [*_reject_notes(sink), *((", ".join(sorted(told)), note) for (note, _), told in names.items())]


def told(name: str, why: str) -> str:
    """A note in one line."""
    return f"{name}: {why}" if name else why


def _reject_notes(sink: Sink) -> list[tuple[str, str]]:
    """How many entries could not be read, and why most of them: of all sources, or of those by themselves in which it is most."""
    rows = sink.connection.execute(
        "SELECT id, name, entries, rejects FROM sources WHERE rejects > 0 ORDER BY rejects DESC, name"
    ).fetchall()
    if not rows:
        return []
    entries = sink.connection.execute("SELECT sum(entries)::BIGINT FROM sources").fetchall()[0][0]
    rejects = sum(row[3] for row in rows)
    notes = [("", _rejected(sink, rejects, entries))] if rejects >= _GOOD_PART * entries else []
    worst = [row for row in rows if row[3] >= _MOST * row[2] and (not notes or row[2] < entries)]
    return notes + [(name, _rejected(sink, own, of, source)) for source, name, of, own in worst[:_WORST_SOURCES]]


def _rejected(sink: Sink, rejects: int, entries: int, source: int | None = None) -> str:
    ((reason,),) = sink.connection.execute(
        "SELECT mode(reason ORDER BY reason) FROM rejects WHERE source = coalesce(?, source)", [source]
    ).fetchall()
    return f"{rejects:,} of {entries:,} entries could not be read: {reason}"


def retention_notes(sink: Sink, window: Window) -> list[str]:
    """What the window would hold but for the retention, in words."""
    by_floor: dict[datetime, list[str]] = {}
    for kind, since in sink.kept_since().items():
        if since > window.sql[0]:
            by_floor.setdefault(since, []).append(kind)
    return [
        f"{'' if len(kinds) == len(KINDS) else ', '.join(kinds) + ' '}events before {since:%Y-%m-%d %H:%M}Z are no longer "
        "kept (retention)"
        for since, kinds in by_floor.items()
    ]


def future_notes(sink: Sink, now: datetime) -> list[str]:
    """How many events lie in the future, in words: a clock was ahead when they were logged, or is behind now."""
    at = now.astimezone(UTC).replace(tzinfo=None) + _CLOCKS_APART
    # As text: of a value DuckDB looks whether it is a decimal, and loads their module.
    count, latest = sink.connection.execute(
        f"SELECT count(*), max(ts) FROM events WHERE ts > TIMESTAMP '{at}'"
    ).fetchall()[0]
    if not count:
        return []
    said = "1 event lies" if count == 1 else f"{count:,} events lie"
    return [f"{said} in the future, the latest at {latest:%Y-%m-%d %H:%M}Z: a clock is, or was, wrong"]


def emptiness(sink: Sink, window: Window, chosen: Chosen) -> list[str]:
    """Where the window holds no event: that none is wanted, when the latest before it was, the first after it, or that there is none at all."""
    if sink.connection.execute("FROM window_events SELECT 1 LIMIT 1").fetchall():
        return []
    if said := str(chosen):
        return [f"no event in this period is wanted: {said}"]
    latest = sink.connection.execute("SELECT max(ts) FROM events WHERE ts < ?", [window.sql[0]]).fetchall()[0][0]
    if latest:
        return [f"no event in this period; the latest before it is of {latest:%Y-%m-%d %H:%M:%S}Z"]
    first = sink.connection.execute("SELECT min(ts) FROM events").fetchall()[0][0]
    if first:
        return [f"no event in this period; the first after it is of {first:%Y-%m-%d %H:%M:%S}Z"]
    read = sink.connection.execute("SELECT count(*) FROM sources").fetchall()[0][0]
    return [f"nothing is logged yet: {words.counted(read, 'source')} read, no event in {'it' if read == 1 else 'them'}"]


def sources(sink: Sink) -> tuple[Source, ...]:
    """What was read so far, by name."""
    from reporter.analysis.overview import Source

    rows = sink.connection.execute(
        """SELECT name, kind, entries, events, rejects, duplicates, waiting_bytes, note, format, "offset", size, pruned
        FROM sources ORDER BY kind, name, id"""
    ).fetchall()
    return tuple(Source(*row) for row in rows)


def rejects(sink: Sink) -> tuple[RejectSample, ...]:
    """The first entries that could not be read, by source and offset."""
    from reporter.analysis.overview import RejectSample

    rows = sink.connection.execute(
        'SELECT s.name, r."offset", reason, sample FROM rejects r JOIN sources s ON s.id = r.source ORDER BY s.name, r."offset" LIMIT ?',
        [REJECT_SAMPLES],
    ).fetchall()
    return tuple(RejectSample(*row) for row in rows)
