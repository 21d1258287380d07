"""pandas frames out of a sink: the events and spans of a window, narrow, with dtypes that do not depend on the data.

Each caller names the columns it needs. Text is Arrow-backed, ids and counts are `Int64`, times aware UTC, and what has
few values is a categorical over *sorted* categories: DuckDB and pandas order categoricals by their codes, so with sorted
ones an order by category is the order by name. Reads the connection it is given and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reporter import engine
from reporter.events.columns import EVENT_COLUMNS, LEVELS, SPAN_COLUMNS
from reporter.events.names import KINDS, PHASES, SPAN_TYPES, STATUSES
from reporter.events.packing import with_contexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

TEXT = pd.StringDtype("pyarrow")
TIME = pd.DatetimeTZDtype("us", "UTC")


def _one_of(values: Iterable[str]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(sorted(values))


# What a column of few values may hold; a column is named so in events, spans and every frame made of them.
CATEGORIES = {
    "kind": _one_of(KINDS),
    "type": _one_of(SPAN_TYPES),
    "phase": _one_of(PHASES),
    "status": _one_of(STATUSES),
    "level": _one_of(LEVELS),
}
_DTYPES: dict[str, Any] = {
    "BIGINT": pd.Int64Dtype(),
    "INTEGER": pd.Int64Dtype(),
    "DOUBLE": "float64",
    "BOOLEAN": pd.BooleanDtype(),
    "TIMESTAMP": TIME,
    "UUID": TEXT,
    "VARCHAR": TEXT,
}


def _dtypes(columns: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {name: CATEGORIES.get(name, _DTYPES[kind.split()[0]]) for name, (kind, _) in columns.items()}


# What was written, which is long and personal: asked for by id (`contexts`).
WRITTEN = ("message", "error_message", "exception", "context", "extra")
# column: dtype, of all else that an event and a span are.
EVENT_DTYPES = _dtypes({name: column for name, column in EVENT_COLUMNS.items() if name not in WRITTEN})
CONTEXT_DTYPES = _dtypes({"id": EVENT_COLUMNS["id"], **{name: EVENT_COLUMNS[name] for name in WRITTEN}})
SPAN_DTYPES = _dtypes(SPAN_COLUMNS)


def events(
    con: duckdb.DuckDBPyConnection, columns: Sequence[str] = (), relation: str = "window_events"
) -> pd.DataFrame:
    """The events of `relation` by time and id: `columns` of EVENT_DTYPES, by default all."""
    return _read(con, relation, columns or tuple(EVENT_DTYPES), EVENT_DTYPES)


def spans(con: duckdb.DuckDBPyConnection, columns: Sequence[str] = (), relation: str = "window_spans") -> pd.DataFrame:
    """The spans of `relation` by time and id: `columns` of SPAN_DTYPES, by default all."""
    return _read(con, relation, columns or tuple(SPAN_DTYPES), SPAN_DTYPES)


def contexts(con: duckdb.DuckDBPyConnection, ids: Sequence[int]) -> pd.DataFrame:
    """What the `window_events` of these ids were logged with, by id."""
    sql = f"SELECT {', '.join(CONTEXT_DTYPES)} FROM {with_contexts('window_events')} WHERE id IN (SELECT unnest($ids::BIGINT[])) ORDER BY id"
    return query(con, sql, CONTEXT_DTYPES, {"ids": list(ids)})


def _read(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], dtypes: dict[str, Any]
) -> pd.DataFrame:
    chosen = ", ".join(_column(name, dtypes[name]) for name in columns)
    return query(con, f"SELECT {chosen} FROM {relation} ORDER BY ts, id", {name: dtypes[name] for name in columns})


def _column(name: str, dtype: Any) -> str:  # noqa: ANN401 - a pandas dtype
    """An instant with its zone: without one, Arrow would take it for a wall clock. A UUID as text."""
    if dtype == TIME:
        return f'timezone(\'UTC\', "{name}") AS "{name}"'
    return f'"{name}"::VARCHAR AS "{name}"' if name == "record_id" else f'"{name}"'


def query(
    con: duckdb.DuckDBPyConnection, sql: str, dtypes: dict[str, Any], parameters: dict[str, object] | None = None
) -> pd.DataFrame:
    """What `sql` selects, in the order of its rows, as a frame of exactly these columns and dtypes."""
    found = engine.arrow(con, sql, parameters or {})
    return pd.DataFrame(
        {name: _taken(column, dtype) for column, (name, dtype) in zip(found.columns, dtypes.items(), strict=True)}
    )


def _taken(column: Any, dtype: Any) -> Any:  # noqa: ANN401 - an Arrow column → what pandas holds of this dtype
    """Each straight into its dtype: as a frame of Arrow's choice that is converted then, one of no rows took three times as long."""
    wanted = pd.api.types.pandas_dtype(dtype)
    if isinstance(wanted, pd.CategoricalDtype):
        return _taken(column, TEXT).astype(wanted)
    if hasattr(wanted, "__from_arrow__"):
        return wanted.__from_arrow__(column)
    return column.to_pandas().to_numpy() if wanted.kind == "O" else column.to_numpy().astype(wanted, copy=False)


def typed(frame: pd.DataFrame, dtypes: dict[str, Any]) -> pd.DataFrame:
    """The frame with these columns and dtypes; times without a zone are UTC. Columns it lacks are empty (missing)."""
    columns = {}
    for name, dtype in dtypes.items():
        column = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype=object)
        if dtype == TIME and getattr(column.dtype, "tz", None) is None:
            column = pd.to_datetime(column, utc=True)
        columns[name] = column.astype(dtype)
    return pd.DataFrame(columns, index=frame.index)
