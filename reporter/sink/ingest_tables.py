"""Take in what is new in the app's two tables. A table that cannot be read is a note; only a sink that can't be written raises."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from reporter import engine
from reporter.sources import tables

if TYPE_CHECKING:
    from reporter.settings.app import Settings
    from reporter.sink.ingest import Work
    from reporter.sources.databases import Connection

# A table of up to so many rows before the last day is read whole: a tenth of a second.
WHOLE_ROWS = 5000
# Of a table as a source: name, number, head, seen_until, offset.
_Known = tuple[str, int, str, str, int]
_TABLE_RECORDS = "SELECT * FROM raw"


def read_database(work: Work, settings: Settings) -> None:
    """Both tables. What cannot be read is noted, by table."""
    url = settings.database_url
    if not url:
        return
    name = tables.display_name(url)
    work.finish_storing()
    known = _known(work, name)
    if tables.is_sqlite(url) and not tables.sqlite_path(url).is_file():
        if known or settings.is_database_named:
            _not_read(work, known, f"not read from {name}: no such database file", name, tables.signature(url))
        return
    if tables.is_read(work.sink.connection, url):
        work.done.readable_sources += 1
        return
    from reporter.sources.databases import UnreadableError, connected

    signature = tables.signature(url)
    work.will_commit()
    is_read = any(row[4] for row in known)
    at = (not is_read and _found_again(work, url, name, signature)) or {row[0]: row[1:] for row in known}
    is_reached = False
    for table in work.tables:
        try:
            # A connection each: PostgreSQL answers nothing more on one that a refusal has spoiled.
            with connected(url, work.zone) as connection:
                is_reached = True
                _read_table(work, table, connection, at, name, signature)
            work.done.readable_sources += 1
        except UnreadableError as exc:
            if not is_reached:
                # The other would be waited for as long, to be told the same.
                _not_read(work, known, f"not read from {name}: {exc}", name, "")
                return
            work.done.notes.append((table.name, f"not read from {name}: {exc}"))
            if table.name in at:
                work.sink.update_source(at[table.name][0], note=f"not read: {exc}", head="")


def _known(work: Work, path: str) -> list[_Known]:
    """The sources that a database's tables are, as far as it was read."""
    return engine.again(
        work.sink.connection,
        "SELECT name, id, head, seen_until, \"offset\" FROM sources WHERE kind = 'table' AND path = ?",
        [path],
    ).fetchall()


def _found_again(work: Work, url: str, path: str, signature: str) -> dict[str, tuple[int, str, str, int]]:
    """The sources of tables that lie at a `path` of which nothing was read yet, but are the file that was read at another, or hold rows of
    that: an app's folder is moved, a server renamed. Else all rows would be taken in again that the retention has removed."""
    from reporter.sources.databases import UnreadableError, connected

    others = work.sink.connection.execute(
        "SELECT name, id, seen_until, path, head FROM sources WHERE kind = 'table' AND path <> ? AND seen_until <> '' ORDER BY id DESC",
        [path],
    ).fetchall()
    for _, _, _, before, head in others:
        # Of rows that were read the retention may have left none.
        if tables.is_same_file(head, signature) and not tables.sqlite_path(before).exists():
            return _take_over(work, before, path)
    for table in work.tables if others else ():
        own = [(source, seen_until, before) for name, source, seen_until, before, _ in others if name == table.name]
        try:
            with connected(url, work.zone) as connection:
                found = tables.columns(connection, table)
                for source, seen_until, before in own:
                    if _holds_rows_of(work, table, connection, found, source, seen_until):
                        return _take_over(work, before, path)
        except UnreadableError:
            # What reads it tells.
            return {}
    return {}


def _holds_rows_of(
    work: Work, table: tables.Table, connection: Connection, found: list[str], source: int, seen_until: str
) -> bool:
    """Whether rows of the last days that were read of a source are there. Rows' ids are UUIDs, which nobody else has."""
    last = date.fromisoformat(seen_until)
    start, end = str(last - timedelta(days=1)), str(last + timedelta(days=2))
    known = "SELECT 1 FROM events SEMI JOIN (SELECT md5(unnest(?))::UUID AS record_id) USING (record_id) WHERE source = ? LIMIT 1"
    return any(
        work.sink.connection.execute(known, [names, source]).fetchall()
        for names in tables.keys(connection, table, found, start, end)
    )


def _take_over(work: Work, before: str, path: str) -> dict[str, tuple[int, str, str, int]]:
    for _, source, *_ in _known(work, path):
        work.sink.remove_source(source)
    moved = _known(work, before)
    for _, source, *_ in moved:
        work.sink.update_source(source, path=path)
    return {row[0]: row[1:] for row in moved}


def _not_read(work: Work, known: list[_Known], why: str, path: str, signature: str) -> None:
    """Both tables are sources all the same, with the note why they hold nothing new."""
    work.will_commit()
    at = {row[0]: row[1] for row in known}
    for table in work.tables:
        source = at[table.name] if table.name in at else work.sink.add_source(table.name, "table", path)
        work.sink.update_source(source, note=why, head=signature)
    work.done.notes.append((", ".join(sorted(table.name for table in work.tables)), why))


def _read_table(
    work: Work,
    table: tables.Table,
    connection: Connection,
    known: dict[str, tuple[int, str, str, int]],
    path: str,
    signature: str,
) -> None:
    found = tables.columns(connection, table)
    if table.name in known:
        source, _, seen_until, offset = known[table.name]
    else:
        source, seen_until, offset = work.sink.add_source(table.name, "table", path), "", 0
    if not found:
        absent = "no such table" if table.actual == table.name else f"no such table as {table.actual}"
        work.sink.update_source(source, note=absent, head=signature)
        work.done.notes.append((table.name, absent))
        return
    since = _read_from(work, table, connection, found, source, seen_until)
    for rows in tables.rows(connection, table, found, since, source, offset, work.zone):
        work.gather(_TABLE_RECORDS, rows, is_table=True, is_again=table.name in known)
        offset += rows.num_rows
        # With each batch: rows that are stored before the rest cannot be read keep their numbers.
        work.sink.update_source(source, offset=offset)
        work.advance(table.name, 0)
        if work.is_full:
            work.store()
    missing = [
        column
        for column in ("correlation_id", "command_execution_id")
        if table.name == "tool_invocations" and column not in found
    ]
    work.sink.update_source(
        source,
        head=signature,
        format="without correlation columns" if missing else "",
        note="",
    )


def _read_from(
    work: Work, table: tables.Table, connection: Connection, found: list[str], source: int, seen_until: str
) -> str:
    """The day to read from, empty for the first. A table of a few rows is read from where events are kept, so that a row that has
    changed is mended however old it is; a large one from the day before the last seen, or as a small one where older rows are
    there that were never taken in: rows that commit late bear a time long past."""
    if not seen_until:
        return ""
    work.finish_storing()
    day = str(date.fromisoformat(seen_until) - timedelta(days=1))
    kept = work.sink.kept_since()
    # A day earlier: times in the database may be the app's, and the floor is UTC.
    first = str(min(kept.values()).date() - timedelta(days=1)) if kept else ""
    if first >= day or not work.sink.is_saved:
        return day
    rows, is_late = 0, False
    for names in tables.keys(connection, table, found, first, day):
        rows += len(names)
        is_late = is_late or work.sink.has_unknown_rows(source, names)
    return first if is_late or rows <= WHOLE_ROWS else day
