"""What the report's filter computes with, a row an operation: columns of `selectable` (operations.py) as JSON.

Sorted once and made of Arrow's columns: of lists that DuckDB makes each is sorted by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import engine
from reporter.analysis.as_json import digits, dumped, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]

# 0 and -1 stand for none.
_ROWS = """
SELECT s.id, t, m.number AS name, status, ms, coalesce(s.trace, -1) AS trace, coalesce(caller, 0) AS caller, coalesce(parent, 0) AS parent,
  coalesce(led, 0) AS led, n, host, coalesce(dry, false) AS dry, coalesce(folded, false) AS folded, before, coalesce(conversation, -1) AS conversation,
  coalesce(whose, -1) AS whose, prompt, completion, cached, total, cost, ttft, coalesce(counts, false) AS counts
FROM selectable s JOIN selectable_names m USING (kind, type, operation) LEFT JOIN trace_conversations y ON y.trace = s.trace ORDER BY t, s.id"""
# What rows of many operations may have in common besides: cells have no id.
_TOGETHER = ", name, s.status, s.caller, s.parent, s.led, s.host, s.dry, s.folded, s.counts, s.ms, s.n"
_PLACES = """
SELECT s.number, m.number AS place FROM span_names s JOIN selectable_names m
  ON (m.kind, m.type) = (s.kind, s.type) AND m.operation IS NOT DISTINCT FROM s.operation"""
_FACTS = ("prompt", "completion", "cached", "total", "cost", "ttft")


class OperationColumns(NamedTuple):
    """`rows` and `facts` as the document of operations.py has them; `failed`: the row of each failed operation by its span's id."""

    rows: str
    facts: str
    failed: Mapping[int, int]


def operation_columns(con: duckdb.DuckDBPyConnection, *, is_together: bool) -> OperationColumns:
    """Columns of `selectable` by time, with names as places in `selectable_names`. `is_together`: a row may be many operations."""
    import numpy as np

    table = engine.arrow(con, _ROWS + (_TOGETHER if is_together else ""), {})
    if not len(table):
        return OperationColumns("null", "null", {})
    place_of = np.full(con.execute("SELECT coalesce(max(number), 0) + 1 FROM span_names").fetchall()[0][0], -1)
    for number, place in con.execute(_PLACES).fetchall():
        place_of[number] = place

    def column(name: str) -> Array:
        found: Array = table[name].to_numpy()
        return found

    status, led = column("status"), place_of[column("led")]
    is_failed = status == 1
    hosts = table["host"].drop_null().to_numpy()
    # Times are told as differences: shorter.
    rows = {
        "t": np.diff(column("t"), prepend=0),
        "name": column("name"),
        "status": digits(status),
        "ms": column("ms"),
        "trace": column("trace"),
        "caller": place_of[column("caller")],
        "parent": place_of[column("parent")],
        "n": column("n") if is_together else None,
        "host": _listed(hosts),
        "dry": _where(column("dry")),
        "folded": _where(column("folded")),
        "led": {"row": _where(led >= 0), "source": _listed(led[led >= 0])},
        "after": _after(column("id"), table["before"]),
        "talk": _talk(column("conversation"), column("whose")),
    }
    failed = dict(zip(column("id")[is_failed].tolist(), np.flatnonzero(is_failed).tolist(), strict=True))
    return OperationColumns(_object(rows), _facts(table), failed)


def _after(ids: Array, before: pa.ChunkedArray) -> dict[str, Array | None]:
    """Of rows with an operation before them in their trace, that one's row."""
    import numpy as np

    rows = np.flatnonzero(before.is_valid().to_numpy())
    wanted = before.drop_null().to_numpy()
    order = np.argsort(ids, kind="stable")
    found = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    is_there = ids[found] == wanted
    return {"row": _listed(rows[is_there]), "before": _listed(found[is_there])}


def _talk(conversation: Array, whose: Array) -> dict[str, Any]:
    is_other = conversation != whose
    told = [None if number < 0 else number for number in conversation[is_other].tolist()]
    return {"row": _where(is_other), "conversation": told or None}


def _facts(table: pa.Table) -> str:
    import numpy as np

    counts = table["counts"].to_numpy()
    is_fact = counts.copy()
    for name in _FACTS:
        if name != "cached":
            is_fact |= table[name].is_valid().to_numpy()
    if not is_fact.any():
        return "null"
    # Numbers with gaps are floating ones, and a gap no number.
    told = {name: table[name].to_numpy()[is_fact].astype(float) for name in _FACTS}
    return _object({"row": np.flatnonzero(is_fact), **told, "counts": digits(counts[is_fact])})


def _where(is_so: Array) -> Array | None:
    import numpy as np

    return _listed(np.flatnonzero(is_so))


def _listed(values: Array) -> Array | None:
    return values if len(values) else None


def _object(columns: Mapping[str, Any]) -> str:
    """JSON of them, floating numbers in short."""
    parts = (
        f'"{name}":{shortened(dumped(column)) if getattr(column, "dtype", None) == "float64" else dumped(column)}'
        for name, column in columns.items()
    )
    return f"{{{','.join(parts)}}}"
