"""`export --whole`: all of whole days, events and spans with every column, as it may leave the host (layout: reporter/sink/whole.py)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import engine
from reporter.errors import OutputError
from reporter.events.columns import EVENT_COLUMNS, SPAN_COLUMNS
from reporter.redaction.relation import ID, JSON, TEXT, redacted, shown_columns, sorted_texts
from reporter.replacing import replaced
from reporter.sink.whole import EVENTS, SOURCES, SPANS, events_sql, of_day, parquet, sources_sql, spans_sql, sweep
from reporter.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    import pyarrow as pa

    from reporter.redaction.redactor import Redactor
    from reporter.sink.whole import Host
    from reporter.window import Window

# Rows that are held at once.
_ROWS = 20_000
_TEXTS = ("host", "sink", "source_name", "version", "name", "format", "note", "record_id")
_TYPES = {
    **{name: kind for name, (kind, _) in (*SPAN_COLUMNS.items(), *EVENT_COLUMNS.items())},
    **dict.fromkeys(_TEXTS, "VARCHAR"),
}
# Words of our own, and what is no secret by what it is.
_PLAIN = {"host", "sink", "version", "kind", "type", "phase", "status", "level", "record_id", "format"}
# Names, which may look random without being secrets; beside ids.
_NAMES = {"source_name", "event", "family", "operation", "provider", "model", "tool", "command", "step", "name"}
_JSON = {"context", "extra", "exception"}


def export_whole(
    con: engine.DuckDBPyConnection,
    folder: Path,
    host: Host,
    window: Window,
    kept_since: Mapping[str, datetime],
    redactor: Redactor | None,
) -> int:
    """Write the days of UTC that the window touches, each anew; how many events the sink gave. What was before `kept_since` (by kind, UTC
    without a zone) the sink no longer has: what a file that is there holds of it stays. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(host.folder(folder))
        count = 0
        for day, begin in _days(con, window):
            own, of = host.day(folder, day), of_day(day)
            gone = {kind: since for kind, since in kept_since.items() if begin < since}
            count += _write(con, events_sql(host, of), own / EVENTS, redactor, _Held(host, gone))
            _write(con, spans_sql(host, of), own / SPANS, redactor, _Held(host, gone))
        _write(con, sources_sql(host), host.folder(folder) / SOURCES, redactor)
    except (OSError, engine.Error) as exc:
        msg = f"{folder} cannot be written: {getattr(exc, 'strerror', None) or exc}"
        raise OutputError(msg, "Name another folder with -o DIR.") from exc
    return count


def _days(con: engine.DuckDBPyConnection, window: Window) -> Iterator[tuple[date, datetime]]:
    """With the moment that each begins."""
    start, end = window.sql
    last = end - timedelta(microseconds=1)
    yield from con.execute(
        "SELECT DISTINCT ts::DATE, ts::DATE::TIMESTAMP FROM events WHERE ts::DATE BETWEEN ? AND ? ORDER BY 1",
        [start.date(), last.date()],
    ).fetchall()


class _Held(NamedTuple):
    """What stays of a file that is written anew: `gone` is from when on the sink has events, by kind."""

    host: Host
    gone: Mapping[str, datetime]

    def rows(
        self, con: engine.DuckDBPyConnection, path: Path, selected: str, names: Sequence[str]
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """As they left the first time, so many at a time as fit in memory, without those that are `selected` of the sink."""
        if not self.gone or not path.exists():
            return
        file = parquet(path)
        there = {row[0] for row in con.execute(f"DESCRIBE FROM {file}").fetchall()}
        columns = ", ".join(f'"{name}"' if name in there else f'NULL AS "{name}"' for name in names)
        before = " ".join(f"WHEN '{kind}' THEN TIMESTAMP '{since}'" for kind, since in self.gone.items())
        found = con.execute(
            f"""SELECT {columns} FROM {file} WHERE ts < CASE kind {before} END
            AND NOT (sink = {literal(self.host.sink)} AND id IN (SELECT id FROM ({selected}))) ORDER BY ts, id"""
        )
        while rows := found.fetchmany(_ROWS):
            yield rows


def _write(
    con: engine.DuckDBPyConnection, selected: str, path: Path, redactor: Redactor | None, held: _Held | None = None
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [row[0] for row in con.execute(f"DESCRIBE {selected}").fetchall()]
    schema = pa.schema([(name, _arrow(_TYPES.get(name, "BIGINT"))) for name in names])
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with replaced(path) as fresh, pq.ParquetWriter(fresh, schema, compression="zstd") as writer:

        def add(rows: Sequence[tuple[Any, ...]]) -> None:
            columns = list(zip(*rows, strict=True))
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))

        for rows in held.rows(con, path, selected, names) if held else ():
            add(rows)
        for rows in _stretches(con, selected, names, redactor):
            add(rows)
            count += len(rows)
    return count


def _arrow(kind: str) -> pa.DataType:
    import pyarrow as pa

    return {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "TIMESTAMP": pa.timestamp("us")}.get(
        kind, pa.string()
    )  # fmt: skip


def _stretches(
    con: engine.DuckDBPyConnection, selected: str, names: Sequence[str], redactor: Redactor | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows as they may leave, so many at a time as fit in memory, by time and id."""
    order = "ts, id" if "ts" in names else "id"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE leaving AS SELECT row_number() OVER (ORDER BY {order}) AS n, * FROM ({selected})"
    )
    texts = [name for name in names if _TYPES.get(name, "").startswith("VARCHAR") and name not in _PLAIN]
    sorts = {name: JSON if name in _JSON else ID if name in _NAMES or name.endswith("_id") else TEXT for name in texts}
    (total,) = con.execute("SELECT count(*) FROM leaving").fetchall()[0]
    for at in range(0, total, _ROWS):
        part = f"SELECT * FROM leaving WHERE n > {at} AND n <= {at + _ROWS}"
        redacted(con, sorted_texts(part, sorts), redactor).register(con)
        yield con.execute(f"SELECT * EXCLUDE (n) FROM ({shown_columns(part, sorts)}) ORDER BY n").fetchall()
    con.execute("DROP TABLE leaving")
