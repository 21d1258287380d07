"""How many a row stands for: its `weight`, which is 1 but for cells (cells.py). So each figure has one statement, over single ones and over cells.

Counts add weights up, sums of durations take each times its own, percentiles weigh by them. Tokens and cost are a row's in all. Text alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

# Over single ones; where cells are seen, theirs is there already.
_PERCENTILES = "CREATE TEMP MACRO IF NOT EXISTS percentiles(value, weight, shares) AS quantile_cont(value, shares)"
# Doubles add up to other last bits in another order, and to sort them first takes five times as long as to add decimals. More than this is
# no time or cost; of 10^11 rows that say more the sum still fits.
_MOST = "1e15"
# Selected behind `*`. A relation that has weights keeps them: of two columns of a name the first is meant.
ONE = "1::BIGINT AS weight"
ALL_EVENTS, ALL_SPANS = f"(SELECT *, {ONE} FROM events)", f"(SELECT *, {ONE} FROM spans)"


def weigh(con: duckdb.DuckDBPyConnection) -> None:
    """Let the connection's statements ask for `percentiles`."""
    con.execute(_PERCENTILES)


def how_many(which: str = "", of: str = "") -> str:
    """SQL: how many rows there are, or of those `which`. `of`: whose, with its dot, where several relations have weights."""
    return f"coalesce(sum({of}weight){_only(which)}, 0)::BIGINT"


def added(value: str, which: str = "") -> str:
    """SQL: the sum of a row's `value` (ms, USD), null without any; to 12 digits behind the point, the same in whatever order the rows come."""
    held = f"CASE WHEN {value} IS NOT NULL THEN greatest(-{_MOST}, least({value}, {_MOST})) END"
    return f"(sum(({held})::DECIMAL(38, 12)){_only(which)})::DOUBLE"


def total(value: str, which: str = "", of: str = "") -> str:
    """SQL: the sum of each one's `value` (ms), null without any; added as `added` does."""
    return added(f"{value} * {of}weight", which)


def mean(value: str, which: str) -> str:
    """SQL: the mean of each one's `value`, null without any."""
    return f"{total(value, which)} / sum(weight){_only(which)}"


def percentiles(value: str, shares: Sequence[float], which: str = "") -> str:
    """SQL: a list of percentiles of `value`, of those rows `which`; null without any. Linear between order statistics."""
    return f"percentiles({f'CASE WHEN {which} THEN {value} END' if which else value}, weight, {list(shares)})"


def percentile(value: str, share: float, which: str = "") -> str:
    """SQL: one of them."""
    return f"{percentiles(value, [share], which)}[1]"


def _only(which: str) -> str:
    return f" FILTER ({which})" if which else ""
