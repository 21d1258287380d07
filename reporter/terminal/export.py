"""`export`: events in bulk, in bounded memory: the window is cut into stretches of time that are sorted one by one."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
from typing import IO, TYPE_CHECKING, Any

from reporter.errors import OutputError, UsageError
from reporter.events.packing import with_contexts
from reporter.redaction.relation import ID, JSON, TEXT, redacted, shown_columns, sorted_texts
from reporter.replacing import opened
from reporter.terminal.layout import unformula

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from reporter.redaction.redactor import Redactor

COLUMNS = (
    "ts", "kind", "event", "operation", "status", "duration_ms", "level", "message", "correlation_id", "source", "offset", "context",
)  # fmt: skip
# What a stretch holds at most: DuckDB makes several times the size of contexts as it writes them.
_STRETCH_EVENTS, _STRETCH_BYTES = 20_000, 8_000_000
_STRETCH = f"""
CREATE OR REPLACE TEMP TABLE stretch AS
SELECT e.id AS n, e.ts, kind, event, coalesce(operation, operation_of_span) AS operation, status, duration_ms, level, message, correlation_id,
  coalesce(n.name, 'source ' || e.source) AS source, "offset", rtrim(context) AS context
FROM {with_contexts("window_events")} e LEFT JOIN source_names n ON n.id = e.source
  LEFT JOIN (SELECT id AS span, operation AS operation_of_span FROM window_spans) ON span = e.id WHERE {{where}}"""
_TEXTS = {"event": ID, "operation": ID, "message": TEXT, "correlation_id": ID, "source": ID, "context": JSON}
_SHOWN = shown_columns("FROM stretch", _TEXTS)
_TIME = "strftime(ts, '%Y-%m-%dT%H:%M:%S.%f') || 'Z'"
# A context that is no JSON stays a string.
_MADE = {"ts": _TIME, "context": "CASE WHEN json_valid(context) THEN context::JSON ELSE to_json(context) END"}
_QUOTED = {name: f'"{name}"' for name in COLUMNS}
_OTHERS = ", ".join(list(_QUOTED.values())[1:])
_OBJECT = ", ".join(f"{quoted}: {_MADE.get(name, quoted)}" for name, quoted in _QUOTED.items())


def export(
    con: duckdb.DuckDBPyConnection, form: str, kinds: tuple[str, ...], output: Path | None, redactor: Redactor | None
) -> int:
    """Write the events of `window_events` in order of time; how many. Raises OutputError and UsageError.

    JSON: an object a line; CSV: with a header, RFC 4180, text that a spreadsheet would run as a formula begins with `'`.
    """
    if form == "parquet":
        return _parquet(con, kinds, output, redactor)
    write = _write_json if form == "json" else _write_csv
    with _opened(output) as file:
        return sum(write(con, file, where, is_first, redactor) for where, is_first in _stretches(con, kinds))


def _of_kinds(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(repr(kind) for kind in kinds)})" if kinds else "true"


def _stretches(con: duckdb.DuckDBPyConnection, kinds: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Conditions that part the events by time, each for so many that they fit in memory, and whether it is the first; events
    of the same microsecond are not parted."""
    chosen = _of_kinds(kinds)
    share = f"greatest(coalesce(strlen(packed), 0), {_STRETCH_BYTES // _STRETCH_EVENTS})"
    starts = con.execute(
        f"""SELECT DISTINCT min(ts) AS start FROM (
          SELECT ts, (sum({share}) OVER (ORDER BY ts ROWS UNBOUNDED PRECEDING) - 1) // {_STRETCH_BYTES} AS stretch FROM window_events WHERE {chosen})
        GROUP BY stretch ORDER BY start"""
    ).fetchall()
    bounds = [f"TIMESTAMP '{start}'" for (start,) in starts]
    for n, start in enumerate(bounds or ["TIMESTAMP '1970-01-01'"]):
        end = f" AND ts < {bounds[n + 1]}" if n + 1 < len(bounds) else ""
        yield f"{chosen} AND ts >= {start}{end}", n == 0


def _rows(
    con: duckdb.DuckDBPyConnection, where: str, redactor: Redactor | None, selected: str
) -> list[tuple[Any, ...]]:
    """The events by time, `selected` (SQL) of their columns as they may leave the machine."""
    con.execute(_STRETCH.format(where=where))
    redacted(con, sorted_texts("FROM stretch", _TEXTS), redactor).register(con)
    return con.execute(f"SELECT {selected} FROM ({_SHOWN}) AS shown ORDER BY shown.ts, n").fetchall()


def _write_json(con: duckdb.DuckDBPyConnection, file: IO[bytes], where: str, _: bool, redactor: Redactor | None) -> int:
    rows = _rows(con, where, redactor, f"to_json({{{_OBJECT}}})::VARCHAR")
    file.writelines(text.encode("utf-8", "replace") + b"\n" for (text,) in rows)
    return len(rows)


def _write_csv(
    con: duckdb.DuckDBPyConnection, file: IO[bytes], where: str, is_first: bool, redactor: Redactor | None
) -> int:
    rows = _rows(con, where, redactor, f"{_TIME}, {_OTHERS}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if is_first:
        writer.writerow(COLUMNS)
    writer.writerows([unformula(value) for value in row] for row in rows)
    file.write(text.getvalue().encode("utf-8", "replace"))
    return len(rows)


def _parquet(
    con: duckdb.DuckDBPyConnection, kinds: tuple[str, ...], output: Path | None, redactor: Redactor | None
) -> int:
    if output is None and sys.stdout.isatty():
        msg = "Parquet is not for a terminal"
        raise UsageError(msg, "Name a file with -o FILE.")
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"ts": pa.timestamp("us", tz="UTC"), "duration_ms": pa.float64(), "offset": pa.int64()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    count = 0
    with _opened(output) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for where, _ in _stretches(con, kinds):
            rows = _rows(con, where, redactor, f"ts, {_OTHERS}")
            columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
            writer.write_table(pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema))
            count += len(rows)
    return count


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """stdout, or a file that is there only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    try:
        with opened(output) as file:
            yield file
    except OSError as exc:
        msg = f"{output} cannot be written: {exc.strerror}"
        raise OutputError(msg, "Name another file with -o FILE.") from exc
