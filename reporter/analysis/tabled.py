"""Results as frames: what `Run` shows of figures that the terminal answers too. Computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter import frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from reporter.analysis.errors import Errors
    from reporter.analysis.overview import Source
    from reporter.analysis.performance import Performance

_KIND, _TYPE, _STATUS = (frames.CATEGORIES[name] for name in ("kind", "type", "status"))
_FIGURES_MS = ("min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms")
OPERATION_DTYPES: dict[str, Any] = {
    "kind": _KIND, "operation": frames.TEXT, "type": _TYPE, "count": "Int64", "errors": "Int64", "error_rate": "float64",
    "unfinished": "Int64", **dict.fromkeys(_FIGURES_MS, "float64"), "class": frames.TEXT,
}  # fmt: skip
ERROR_DTYPES: dict[str, Any] = {
    "fingerprint": frames.TEXT, "kind": _KIND, "error_class": frames.TEXT, "message": frames.TEXT, "pattern": frames.TEXT,
    "frame": frames.TEXT, "count": "Int64", "faults": "Int64", "share": "float64", "first_seen": frames.TIME, "last_seen": frames.TIME,
    "operations": object, "trace_count": "Int64", "new": "boolean", "regressed": "boolean", "state": frames.TEXT,
}  # fmt: skip
TRACE_DTYPES: dict[str, Any] = {
    "correlation_id": frames.TEXT, "start": frames.TIME, "duration_ms": "float64", "status": _STATUS, "events": "Int64",
    "error_events": "Int64", "operations": "Int64", "root": frames.TEXT, "failed": "Int64",
}  # fmt: skip
SOURCE_DTYPES: dict[str, Any] = {
    "name": frames.TEXT, "kind": frames.TEXT,
    **dict.fromkeys(("entries", "events", "rejects", "duplicates", "waiting_bytes"), "Int64"), "note": frames.TEXT,
    "format": frames.TEXT, **dict.fromkeys(("offset", "size", "pruned"), "Int64"),
}  # fmt: skip


def operations(found: Performance) -> pd.DataFrame:
    """OPERATION_DTYPES, slowest p95 first."""
    return _of(found.operations, OPERATION_DTYPES, {"class": "duration_class"})


def errors(found: Errors) -> pd.DataFrame:
    """ERROR_DTYPES, most faults first."""
    return _of(found.groups, ERROR_DTYPES)


def sources(found: Sequence[Source]) -> pd.DataFrame:
    """SOURCE_DTYPES, by name."""
    return _of(found, SOURCE_DTYPES)


def traces(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """TRACE_DTYPES of all in `trace_list`, which `traces.traces` leaves; latest first."""
    names = ", ".join("errors" if name == "error_events" else name for name in TRACE_DTYPES)
    return frames.query(con, f"SELECT {names} FROM trace_list ORDER BY n", TRACE_DTYPES)


def _of(rows: Sequence[Any], dtypes: dict[str, Any], named: dict[str, str] | None = None) -> pd.DataFrame:
    attributes = [(named or {}).get(name, name) for name in dtypes]
    columns = zip(*([getattr(row, name) for name in attributes] for row in rows), strict=True) if rows else ()
    return frames.typed(
        pd.DataFrame({name: pd.Series(list(c), dtype=object) for name, c in zip(dtypes, columns, strict=False)}), dtypes
    )
