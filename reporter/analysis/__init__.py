"""Figures over events and spans: each defined once, as a function on a DuckDB connection that gives a frozen result.

The connection has relations `events` and `spans` (packing.PACKED_COLUMNS, SPAN_COLUMNS): the sink's tables, or registered
frames; cells (cells.py) have `weight` beside. `select_window` makes `window_events`, `window_spans` and so on of them. No I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.analysis.chosen import Chosen, prepare
from reporter.analysis.weights import ONE, how_many, weigh
from reporter.sql import timestamp

if TYPE_CHECKING:
    import duckdb

    from reporter.window import Window


ALL = Chosen()
# Of a kind with more operations than the first number, the second many most frequent keep their names.
_TOO_MANY, _KEPT = 5000, 1000
OTHER = "other operations"
# What stands as `row_event` of a call of which cells (cells.py) tell that it is folded: no event has it.
FOLDED_ROW = -1
# The type of what only cells have: a time to first token apart from its stream.
FIRST_TOKEN = "first_token"
# What cells tell of whole traces, which are no rows of spans; of single ones there is nothing beside these.
_COUNTED = """
CREATE TEMP VIEW IF NOT EXISTS counted AS SELECT NULL::TIMESTAMP AS ts, NULL::VARCHAR AS what, NULL::INTEGER AS layer,
  NULL::VARCHAR AS first, NULL::VARCHAR AS second, NULL::VARCHAR AS status, 0::BIGINT AS weight WHERE false"""


def select_window(
    con: duckdb.DuckDBPyConnection, window: Window, compared: Window | None = None, chosen: Chosen = ALL
) -> None:
    """Make the temporary views of what of the `chosen` lies in the half-open window, and of a window that it is `compared` with
    (`compared_events`, `compared_spans`); `window_counted`, what cells alone tell of its traces; and `named_spans`, all spans, `named` as lists name them.

    Where a kind has very many operations (ids that got into names), all but the most frequent are called OTHER in both
    windows' spans, so that no list, page or answer grows beyond what a person can read.
    """
    prepare(con, chosen)
    weigh(con)
    con.execute(_COUNTED)
    see(con, window, names=("events", "whole", "spans", "counted"), chosen=chosen)
    if compared:
        see(con, compared, "compared", chosen=chosen)
    con.execute("CREATE OR REPLACE TEMP VIEW named_spans AS SELECT *, operation AS named FROM spans")
    crowded = [
        row[0]
        for row in con.execute(
            f"SELECT kind FROM window_spans GROUP BY kind HAVING approx_count_distinct(operation) > {_TOO_MANY}"
        ).fetchall()
    ]
    if crowded:
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE named_operations AS SELECT kind, operation FROM window_spans GROUP BY kind, operation
            QUALIFY row_number() OVER (PARTITION BY kind ORDER BY {how_many()} DESC, operation) <= {_KEPT}"""
        )
        see(con, window, spans=f"* REPLACE ({_NAMED} AS operation)", chosen=chosen)
        if compared:
            see(con, compared, "compared", f"* REPLACE ({_NAMED} AS operation)", chosen=chosen)
        con.execute(f"CREATE OR REPLACE TEMP VIEW named_spans AS SELECT *, {_NAMED} AS named FROM spans")


def see_events(con: duckdb.DuckDBPyConnection, window: Window, chosen: Chosen = ALL) -> None:
    """Make `window_events` of the `chosen`, and `window_whole`, alone: what error events are found by."""
    prepare(con, chosen)
    see(con, window, names=("events", "whole"), chosen=chosen)


_NAMED = f"""CASE WHEN (kind, operation) IN (SELECT (kind, operation) FROM named_operations) THEN operation ELSE '{OTHER}' END"""


def folded(spans: str) -> str:
    """SQL: the ids of the LLM calls of a relation that their chat stream shows: of its calls of its own model the only one, which is
    the same call, seen by the chat and by the model's client."""
    return f"""
SELECT any_value(c.id) AS id FROM {spans} c JOIN spans p ON p.id = c.parent AND p.type = 'stream' AND p.operation = c.operation
WHERE c.type = 'llm' GROUP BY p.id HAVING count(*) = 1"""


def fold(con: duckdb.DuckDBPyConnection) -> int:
    """Make `listed_spans`: `window_spans` without the LLM calls that their chat stream shows, of which it is the number. Lists and
    charts hold one row of such a call, a trace both."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE folded_calls AS {folded("window_spans")}
        UNION ALL SELECT id FROM window_spans WHERE row_event = {FOLDED_ROW}"""
    )
    con.execute(
        "CREATE OR REPLACE TEMP VIEW listed_spans AS SELECT * FROM window_spans ANTI JOIN folded_calls USING (id)"
    )
    return int(con.execute("SELECT count(*) FROM folded_calls").fetchall()[0][0])


def see(
    con: duckdb.DuckDBPyConnection,
    window: Window,
    prefix: str = "window",
    spans: str = "*",
    names: tuple[str, ...] = ("events", "spans"),
    chosen: Chosen = ALL,
) -> None:
    """Make the temporary views `prefix`_events and `prefix`_spans (or those of `names`) of what of the `chosen`, which is prepared, lies
    in the window, each row with its `weight` (weights.py); `spans`: their columns. `whole` among the names: events, whatever is chosen."""
    start, end = map(timestamp, window.sql)
    relations = {"events": chosen.events, "spans": chosen.spans, "whole": "events"}
    for name in names:
        columns, relation = spans if name == "spans" else "*", relations.get(name, name)
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {prefix}_{name} AS SELECT {columns}, {ONE} FROM {relation} WHERE ts >= {start} AND ts < {end}"
        )
