"""Sums are exact, whatever order rows come in."""

from __future__ import annotations

import random
from decimal import Decimal
from functools import reduce
from operator import add

import duckdb
import pandas as pd
import pytest

from reporter.analysis.trends import busiest
from reporter.analysis.weights import added, mean, total, weigh


def asked(values: list[float | None], sql: str) -> float | None:
    with duckdb.connect() as con:
        weigh(con)
        con.execute("CREATE TABLE t (ms DOUBLE, weight BIGINT)")
        con.execute("INSERT INTO t SELECT unnest($1), 1", [values])
        return con.execute(f"SELECT {sql} FROM t").fetchall()[0][0]


def test_a_sum_is_the_same_to_the_last_bit_in_any_order():
    drawn = random.Random(1)
    texts = [f"{drawn.random() * 10 ** drawn.randrange(6):.3f}" for _ in range(3000)]
    exact = sum(map(Decimal, texts))
    sums = set()
    for _ in range(3):
        drawn.shuffle(texts)
        sums.add(asked([float(text) for text in texts], total("ms")))
    assert sums == {float(exact)}
    # Not `sum`, which is exact to the last bit since Python 3.12.
    assert reduce(add, map(float, texts)) != float(exact)


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), float("-inf"), 1e300, -1e300])
def test_nonsense_fits_in_a_sum(nonsense):
    assert abs(asked([1.5, nonsense, nonsense], added("ms"))) == pytest.approx(2e15)
    assert asked([1.5, 2.5, nonsense], mean("ms", "abs(ms) < 10")) == 2.0


def test_of_no_value_there_is_no_sum():
    assert asked([None, None], added("ms")) is None
    assert asked([None, 0.25], total("ms")) == 0.25


def test_of_operations_that_took_as_long_the_same_are_the_busiest_in_any_order():
    """A call and the stream that shows it, of nine days of the demo."""
    days = [5376.47, 27970.42, 81501.62, 35080.82, 33246.14, 47320.88, 38842.51, 48448.02, 32785.82]
    rows = [(kind, f"{kind} {n}", day) for n in range(4) for kind in ("chat", "llm") for day in days]
    drawn = random.Random(1)
    found = set()
    for _ in range(20):
        drawn.shuffle(rows)
        found.add(tuple(busiest(pd.DataFrame(rows, columns=["kind", "operation", "total_ms"]))["operation"]))
    assert found == {("chat 0", "chat 1", "chat 2", "chat 3", "llm 0", "llm 1")}
