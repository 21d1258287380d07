"""What an answer asks of the sink: how often events and spans are gone through, whatever the figures."""

from __future__ import annotations

import re

import pytest

from reporter import engine
from tests.helpers import event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


class Noting:
    """A connection that notes what is asked of it, and of those made beside it."""

    def __init__(self, con: engine.DuckDBPyConnection, asked: list[str]) -> None:
        self._con, self._asked = con, asked

    def execute(self, statement, *arguments):
        self._asked.append(statement if isinstance(statement, str) else statement.query)
        return self._con.execute(statement, *arguments)

    def _submit(self, statement, *arguments):
        self._asked.append(statement)
        return self._con._submit(statement, *arguments)

    def cursor(self) -> Noting:
        return Noting(self._con.cursor(), self._asked)

    def __getattr__(self, name: str):
        return getattr(self._con, name)


@pytest.fixture
def reads(app, monkeypatch):
    """How often an answer goes through the rows of relations of these names, as statements that name them."""
    write_log(
        app,
        *(
            event(f"tool.invocation.{ended}", f"10:00:0{n}.5", f"t{n}", tool_name="x", invocation_id=f"i{n}", duration_ms=n + 1)
            for n, ended in enumerate(["completed", "failed"])
        ),
    )  # fmt: skip
    assert run("sources", "--app", str(app), *DAY).exit_code == 0
    asked: list[str] = []
    connect = engine.connect
    monkeypatch.setattr(engine, "connect", lambda *given, **more: Noting(connect(*given, **more), asked))

    def reads_of(command: str, names: str, *more: str) -> int:
        asked.clear()
        done = run(command, "--app", str(app), *(more or DAY))
        assert done.exit_code == 0, done.output
        return sum(bool(re.search(rf"\b({names})\b", sql)) for sql in asked if not sql.lstrip().startswith("CREATE OR REPLACE TEMP VIEW"))  # fmt: skip

    return reads_of


def test_overview_goes_through_events_and_spans_a_few_times(reads):
    # Whether there are any; over time; traces; error events.
    assert reads("overview", "window_events") == 4
    # Crowded kinds, figures by kind, folded calls, busiest, tokens, failed, unfinished.
    assert reads("overview", "window_spans") == 7


def test_nothing_is_compared_where_nothing_was_before(reads):
    assert reads("overview", "both_sides") == 0
    later = ("--since", "2026-11-20T10:00:01.4Z", "--until", "2026-11-20T10:00:02.8Z", "--tz", "UTC")
    assert reads("overview", "both_sides", *later) == 2
    assert reads("performance", "compared_spans") == 0


def test_error_events_are_put_by_time_without_sorting_the_table(reads):
    """DuckDB keeps within bounds of memory by reading the table once for each part of what it sorts."""
    assert reads("errors", "exception") > 0
    assert reads("errors", r"exception[^;]*ORDER BY ts") == 0


def test_a_report_tells_calls_apart_and_puts_days_together_once(reads, tmp_path):
    """To plan a statement takes longer than to answer it of a small app."""

    def asked(names: str, zone: str) -> int:
        return reads("build", names, *DAY, "--tz", zone, "-o", str(tmp_path / "report"))

    # By each of the two connections: for figures, and for what the filter computes with.
    assert asked("folded_calls AS", "Europe/Berlin") == 2
    # Compared with; since when; each operation a day, each kind a day, how many days; and the days of single operations.
    assert asked("daily", "Asia/Tokyo") == 5


@pytest.mark.parametrize("command", [("overview",), ("build", "-o", "{}/report")])
def test_where_nothing_is_new_the_sink_is_opened_once(app, tmp_path, monkeypatch, command):
    """The one that was looked into for what is new is the one that is read."""
    write_log(app, event("tool.invocation.completed", "10:00:00.5", tool_name="x", duration_ms=1))
    assert run("sources", "--app", str(app), *DAY).exit_code == 0
    opened: list[str] = []
    connect = engine.connect
    monkeypatch.setattr(engine, "connect", lambda path=":memory:", **more: opened.append(path) or connect(path, **more))
    done = run(*(part.format(tmp_path) for part in command), "--app", str(app), *DAY)
    assert done.exit_code == 0, done.output
    assert [path for path in opened if path != ":memory:"] == opened[:1]
