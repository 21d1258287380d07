"""Cells (making_cells.py) as `events` and `spans`, of which every figure is made by the statement it always has.

A cell is read as at most three rows with weights (weights.py): its shortest and its longest duration as they were, and the others, which share
what is left of its sum. So counts, sums, least and greatest are exact whatever is asked of them, and a percentile is off by less than a bin's
width, 10^(1/240) − 1, 0.97 % (of durations of 0.1 ms and more; shorter ones are one bin). What it costs grows with cells, however many they are of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reporter.analysis import FIRST_TOKEN, FOLDED_ROW
from reporter.analysis.hosts import HostFigures
from reporter.events.columns import SPAN_COLUMNS
from reporter.events.packing import PACKED_COLUMNS
from reporter.sql import quoted

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

# Traces that went well and are kept whole all the same: the slowest, and as many of the latest.
KEPT = 1000
HOW_EXACT = "put together in quarters of an hour: percentiles are within 0.97 %, all else is exact for whole quarters"
WHAT_IS_KEPT = (
    f"a reduced sink keeps traces that failed or did not end, and of the others the {KEPT:,} slowest and latest"
)


def quarter(moment: str) -> str:
    """SQL: the quarter of an hour that a moment is of, by its beginning."""
    return f"make_timestamp(epoch_us({moment}) // 900000000 * 900000000)"


# Numbers of rows of cells are below 0, which no event's is; those of places far below.
_ROW = "-(c.rowid * 4 + i + 1)"
_PLACE, _BEYOND = (f"-(hash({key}place, quarter) >> 2)::BIGINT" for key in ("", "'beyond', "))
# Three, of which those there are none of fall out: `unnest` of a range a cell takes a hundred times as long.
_ROWS = "span_cells c, range(3) AS r(i) WHERE i < CASE WHEN sum_ms IS NULL THEN 1 ELSE least(n, 3) END"
# Of a cell's `n` those up to this row, and up to the one before it.
_UPTO, _BEFORE = "CASE WHEN sum_ms IS NULL OR i = 2 THEN n ELSE i + 1 END", "CASE WHEN sum_ms IS NULL THEN 0 ELSE i END"
_VALUE = (
    "CASE WHEN i = 0 THEN coalesce(min_ms, sum_ms) WHEN i = 1 THEN max_ms ELSE (sum_ms - min_ms - max_ms) / (n - 2) END"
)
# A call that its chat stream shows (`analysis.folded`) is told from others by its `row_event`.
_SPAN = {
    "id": _ROW, "ts": "quarter", "start_ts": "quarter", "row_event": f"CASE WHEN is_folded THEN {FOLDED_ROW} END",
    "duration_ms": f"CASE WHEN type <> '{FIRST_TOKEN}' THEN {_VALUE} END", "ttft_ms": f"CASE WHEN type = '{FIRST_TOKEN}' THEN {_VALUE} END",
    "parent": f"CASE WHEN place IS NOT NULL THEN {_PLACE} END",
    **{name: f"{name} * ({_UPTO}) // n - {name} * ({_BEFORE}) // n" for name in ("prompt_tokens", "completion_tokens", "total_tokens")},
    "cost_usd": "CASE WHEN i = 0 THEN cost_usd ELSE 0 * cost_usd END", "weight": f"{_UPTO} - ({_BEFORE})",
    **{name: name for name in ("kind", "type", "operation", "status", "is_operation", "counts_tokens", "dry_run")},
}  # fmt: skip
# What spans stand in, as spans that count nothing.
_WITHIN = {
    "id": _PLACE, "ts": "quarter", "kind": "within_kind", "type": "within_type", "operation": "within",
    "parent": f"CASE WHEN beyond_type IS NOT NULL THEN {_BEYOND} END", "is_operation": "false", "status": "'ok'", "weight": "0",
}  # fmt: skip
_OUTER = {**_WITHIN, "id": _BEYOND, "kind": "beyond_kind", "type": "beyond_type", "operation": "beyond", "parent": "NULL"}  # fmt: skip
_EVENT = {
    "id": "-(rowid + 1)", "ts": "quarter", "phase": "CASE WHEN is_retry THEN 'finish' END", "attempt": "CASE WHEN is_retry THEN 2 END",
    **{name: name for name in ("kind", "event", "operation", "status", "level", "tool", "state")}, "weight": "n",
}  # fmt: skip
# Tokens from a cache are an event's, asked for by its span's number: as an event that counts nothing.
_CACHED = {"id": "-(c.rowid * 4 + 1)", "ts": "quarter", "kind": "kind", "cached_tokens": "cached_tokens", "weight": "0"}
_COUNTED = "CREATE OR REPLACE TEMP VIEW counted AS SELECT quarter AS ts, what, layer, first, second, status, n AS weight FROM trace_cells"
_PERCENTILES = (
    "CREATE TEMP MACRO percentiles(value, weight, shares) AS weighted_percentiles(list(value), list(weight), shares)"
)


def see_cells(con: duckdb.DuckDBPyConnection) -> None:
    """Let `events` and `spans` be what is kept whole and the cells together, for this connection."""
    columns = ["double[]", "bigint[]", "double[]"]
    con.create_function(
        "weighted_percentiles", _weighted_percentiles, columns, "double[]", type="arrow", null_handling="special"
    )  # type: ignore[call-overload]
    # Percentiles hold the rows of their cells, which cannot go to disk.
    con.execute("SET memory_limit = '25%'")
    con.execute(_PERCENTILES)
    con.execute(_COUNTED)
    _see(con, "events", PACKED_COLUMNS, (("event_cells", _EVENT), ("span_cells c WHERE cached_tokens > 0", _CACHED)))
    within, beyond = "places", "places WHERE beyond_type IS NOT NULL"
    _see(con, "spans", tuple(SPAN_COLUMNS), ((_ROWS, _SPAN), (within, _WITHIN), (beyond, _OUTER)))


def _see(
    con: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], parts: tuple[tuple[str, dict[str, str]], ...]
) -> None:
    (own,) = con.execute("SELECT current_database()").fetchall()[0]
    names = quoted(columns)
    told = [f'SELECT {names}, 1::BIGINT FROM "{own}".main.{table}']
    for rows, made in parts:
        told.append(f"SELECT {', '.join(made.get(name, 'NULL') for name in (*columns, 'weight'))} FROM {rows}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW {table} ({names}, weight) AS {' UNION ALL '.join(told)}")


def _weighted_percentiles(values: Any, weights: Any, shares: Any) -> Any:  # noqa: ANN401 - Arrow's columns of lists
    """Of each group the percentiles of its values, each as often as it weighs; linear between order statistics."""
    import pyarrow as pa

    found = [
        _weighted(*(pa.array([]) if part.values is None else part.values for part in row))
        for row in zip(values, weights, shares, strict=True)
    ]
    return pa.array(found, type=pa.list_(pa.float64()))


def _weighted(values: Any, weights: Any, shares: Any) -> list[float] | None:  # noqa: ANN401 - Arrow's columns
    import numpy as np

    value, weight = (part.to_numpy(zero_copy_only=False).astype(float) for part in (values, weights))
    is_counted = ~np.isnan(value) & (weight > 0) if len(value) else np.zeros(0, dtype=bool)
    value, weight = value[is_counted], weight[is_counted]
    if not len(value):
        return None
    order = np.argsort(value, kind="stable")
    value, up_to = value[order], np.cumsum(weight[order])
    at = (up_to[-1] - 1) * shares.to_numpy(zero_copy_only=False)
    low, high = (value[np.searchsorted(up_to, rank, side="right")] for rank in (np.floor(at), np.ceil(at)))
    found: list[float] = (low + (high - low) * (at - np.floor(at))).tolist()
    return found


def span_of_cells(con: duckdb.DuckDBPyConnection) -> tuple[datetime, datetime]:
    """From when to when there is anything, in whole quarters of an hour (UTC, without a zone)."""
    return con.execute(
        f"SELECT min(quarter), max(quarter) + INTERVAL 15 MINUTE FROM (SELECT {quarter('ts')} AS quarter FROM events)"
    ).fetchall()[0]


_HOSTS = """
SELECT c.host, coalesce(sum(events) FILTER (is_in), 0)::BIGINT, coalesce(sum(error_events) FILTER (is_in), 0)::BIGINT,
  coalesce(sum(traces) FILTER (is_in), 0)::BIGINT, coalesce(sum(operations) FILTER (is_in), 0)::BIGINT,
  coalesce(sum(errors) FILTER (is_in), 0)::BIGINT, coalesce(sum(unfinished) FILTER (is_in), 0)::BIGINT, max(last), coalesce(any_value(v.value), '')
FROM (SELECT *, quarter >= $start AND quarter < $end AS is_in FROM host_cells) c LEFT JOIN about v ON v.key = 'version:' || c.host
GROUP BY c.host ORDER BY c.host"""


def hosts_of_cells(con: duckdb.DuckDBPyConnection, window: Window) -> tuple[HostFigures, ...]:
    """Hosts by name, counted in whole quarters of an hour; how long their operations take is not told of each."""
    start, end = window.sql
    found = []
    for host, events, error_events, traces, count, errors, unfinished, last, versions in con.execute(
        _HOSTS, {"start": start, "end": end}
    ).fetchall():
        rate = errors / count if count else None
        found.append(
            HostFigures(host, events, error_events, traces, count, errors, rate, unfinished, None, last, versions, "")
        )
    return tuple(found) if len(found) > 1 else ()


class Cells(NamedTuple):
    """SQL for operations.py: what adds to its `span_names` what cells stand in, and the cells as rows of its `selectable`."""

    names: str
    rows: str


_NAMES = """
INSERT INTO span_names SELECT *, (SELECT coalesce(max(number), 0) FROM span_names) + row_number() OVER (ORDER BY within_kind, within_type, within) FROM (
  SELECT within_kind, within_type, within FROM places UNION SELECT beyond_kind, beyond_type, beyond FROM places WHERE beyond_type IS NOT NULL
  EXCEPT SELECT kind, type, operation FROM span_names)"""
_IS = "(p.kind, p.type, p.operation) = (within_kind, within_type, within)"
_SELECTABLE = f"""
SELECT NULL::BIGINT AS id, epoch_ms(quarter) AS t, c.kind, c.type, c.operation, CASE WHEN NOT is_operation THEN 3 WHEN status = 'error' THEN 1 ELSE 0 END AS status,
  CASE WHEN is_operation THEN sum_ms / n END AS ms, n, prompt_tokens AS prompt, completion_tokens AS completion, cached_tokens AS cached,
  total_tokens AS total, cost_usd AS cost, counts_tokens IS TRUE AS counts, dry_run IS TRUE AS dry, is_folded AS folded,
  CASE WHEN c.type = 'tool' THEN coalesce(g.number, p.number)
    WHEN c.type IN ('step', 'generation', 'template') AND within_type = 'command' THEN p.number END AS caller,
  CASE WHEN within_type <> 'root' THEN p.number END AS parent
FROM span_cells c LEFT JOIN places USING (quarter, place) LEFT JOIN span_names p ON {_IS}
  LEFT JOIN span_names g ON {_IS.replace("p.", "g.").replace("within", "beyond")}
WHERE quarter >= TIMESTAMP '{{}}' AND quarter < TIMESTAMP '{{}}' AND (is_operation OR counts_tokens)"""


def selectable_cells(window: Window) -> Cells:
    """The window's, for the filter."""
    return Cells(_NAMES, _SELECTABLE.format(*window.sql))
