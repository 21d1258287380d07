"""`export`: events in bulk, in bounded memory: the window is cut into stretches of time that are sorted one by one."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reporter.errors import OutputError, UsageError
from reporter.terminal.layout import unformula

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

COLUMNS = (
    "ts", "kind", "event", "operation", "status", "duration_ms", "level", "message", "correlation_id", "source", "offset", "context",
)  # fmt: skip
_STRETCH_EVENTS = 20_000
_TIME = "strftime(ts, '%Y-%m-%dT%H:%M:%S.%f') || 'Z'"
_SELECTED = f"""
SELECT {_TIME} AS ts, kind, event, operation, status, duration_ms, level, message, correlation_id,
  coalesce(n.name, 'source ' || e.source) AS source, "offset", {{context}} AS context
FROM window_events e LEFT JOIN source_names n ON n.id = e.source WHERE {{where}} ORDER BY e.ts, e.id"""
# A context that is no JSON stays a string.
_CONTEXT = "CASE WHEN json_valid(context) THEN context::JSON ELSE to_json(context) END"


def export(con: duckdb.DuckDBPyConnection, form: str, kinds: tuple[str, ...], output: Path | None) -> int:
    """Write the events of `window_events` in order of time; how many. Raises OutputError and UsageError.

    JSON: an object a line; CSV: with a header, RFC 4180, text that a spreadsheet would run as a formula begins with `'`.
    """
    if form == "parquet":
        return _parquet(con, kinds, output)
    write = _write_json if form == "json" else _write_csv
    with _opened(output) as file:
        return sum(write(con, file, where, is_first) for where, is_first in _stretches(con, kinds))


def _of_kinds(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(repr(kind) for kind in kinds)})" if kinds else "true"


def _stretches(con: duckdb.DuckDBPyConnection, kinds: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Conditions that part the events by time, each for so many that they fit in memory; a minute is not parted."""
    chosen = _of_kinds(kinds)
    minutes = con.execute(
        f"SELECT date_trunc('minute', ts) AS minute, count(*) FROM window_events WHERE {chosen} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    bounds, held = [], _STRETCH_EVENTS
    for minute, count in minutes:
        if held >= _STRETCH_EVENTS:
            bounds.append(f"TIMESTAMP '{minute}'")
            held = 0
        held += count
    for n, start in enumerate(bounds or ["TIMESTAMP '1970-01-01'"]):
        end = f" AND ts < {bounds[n + 1]}" if n + 1 < len(bounds) else ""
        yield f"{chosen} AND ts >= {start}{end}", n == 0


def _write_json(con: duckdb.DuckDBPyConnection, file: IO[bytes], where: str, _: bool) -> int:
    selected = _SELECTED.format(where=where, context=_CONTEXT)
    lines = con.execute(f"SELECT to_json(line)::VARCHAR FROM ({selected}) AS line").fetchall()
    file.writelines(line.encode("utf-8", "replace") + b"\n" for (line,) in lines)
    return len(lines)


def _write_csv(con: duckdb.DuckDBPyConnection, file: IO[bytes], where: str, is_first: bool) -> int:
    rows = con.execute(_SELECTED.format(where=where, context="rtrim(context)")).fetchall()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if is_first:
        writer.writerow(COLUMNS)
    writer.writerows([unformula(value) for value in row] for row in rows)
    file.write(text.getvalue().encode("utf-8", "replace"))
    return len(rows)


def _parquet(con: duckdb.DuckDBPyConnection, kinds: tuple[str, ...], output: Path | None) -> int:
    if output is None and sys.stdout.isatty():
        msg = "Parquet is not for a terminal"
        raise UsageError(msg, "Name a file with -o FILE.")
    with tempfile.TemporaryDirectory(prefix="telemetry-report-", dir=output.parent if output else None) as folder:
        path = Path(folder) / "events.parquet"
        selected = _SELECTED.format(where=_of_kinds(kinds), context="rtrim(context)").replace(_TIME, "ts")
        count = con.execute(f"COPY ({selected}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)").fetchall()[0][0]
        if output:
            path.replace(output)
        else:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    sys.stdout.buffer.write(block)
    return int(count)


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """stdout, or a file that is there only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    fresh = output.with_name(f".{output.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            yield file
        fresh.replace(output)
    except OSError as exc:
        msg = f"{output} cannot be written: {exc.strerror}"
        raise OutputError(msg, "Name another file with -o FILE.") from exc
    finally:
        fresh.unlink(missing_ok=True)
