"""Operations that stand together in one row of data/operations.js, where there are too many for a page to load."""

from __future__ import annotations

import ast
import json
from fractions import Fraction
from functools import reduce
from operator import add

from reporter.analysis import operations
from tests.helpers import event, run, write_log

ASKED = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


def test_their_mean_is_that_of_the_durations_in_whatever_order_they_come(app, monkeypatch, tmp_path):
    """Doubles of this size add up to other last bits in another order."""
    monkeypatch.setattr(operations, "OPERATIONS_AT_MOST", 1)
    durations = [1e10 + n * n * 0.37 for n in range(299, -1, -1)]
    write_log(
        app,
        *(
            event("tool.invocation.completed", "10:00:00.000001", f"trace-{n}", tool_name="t", duration_ms=duration)
            for n, duration in enumerate(durations)
        ),
    )
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *ASKED).exit_code == 0
    text = (tmp_path / "out" / "data" / "operations.js").read_text()
    rows = json.loads(ast.literal_eval(text[text.index(",") + 1 : text.rindex(")")]))["rows"]
    assert rows["n"] == [300]
    assert rows["ms"] == [round(float(sum(map(Fraction, durations)) / 300), 6)]
    # Not `sum`, which is exact to the last bit since Python 3.12.
    assert rows["ms"] != [round(reduce(add, durations) / 300, 6)]
