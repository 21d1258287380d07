"""Where the retention's limit cuts through work: it goes or stays whole, and counts once."""

from __future__ import annotations

import pytest

from reporter.sink.store import Sink
from tests.helpers import entry, run, write_database, write_log
from tests.sink.test_retention import asked, logged, pruned, view


@pytest.mark.parametrize("trace", ["trace-0001", None])
@pytest.mark.parametrize("logged_at", ["2026-11-12T23:59:59.5", "2026-11-13T00:00:00.4"])
def test_work_goes_or_stays_whole(app, trace, logged_at):
    """A call and its row on either side of midnight, a stream that began before: its spans are put together anew when their trace, or
    what has none, gets more."""

    def told(name: str, at: str, **data: object) -> str:
        meta = {"timestamp": f"{at}Z"}
        body = {"event": name, "data": data, "meta": meta, "correlation": {"correlation_id": trace}}
        return entry(name, body, at=f"{at[:10]} {at[11:19]}")

    def found() -> tuple:
        figures = asked(app, "SELECT day, events, operations FROM daily WHERE operation IS NULL ORDER BY ALL")
        spans = (
            "SELECT kind, operation, count(*) FROM spans WHERE ts < TIMESTAMP '2026-11-20' GROUP BY ALL ORDER BY ALL"
        )
        return figures, asked(app, spans)

    row_at = "2026-11-13 00:00:00" if logged_at < "2026-11-13" else "2026-11-12 23:59:59"
    write_database(app, tools=[("t-1", "search", trace, "ok", 10.0, row_at)])
    write_log(
        app,
        told("chat.streaming.started", "2026-11-12T23:59:50.0", message_id="m-1", provider="openai", model="gpt-4o"),
        told("chat.streaming.completed", "2026-11-13T00:00:10.0", message_id="m-1", duration_ms=20000),
        told("tool.invocation.completed", logged_at, tool_name="search", duration_ms=10),
        told("command.execution.completed", "2026-11-12T12:00:00.0", command="note", duration_ms=1),
        told("command.execution.completed", "2026-11-20T12:00:00.0", command="note", duration_ms=1),
    )
    view(app)
    first = found()
    write_log(app, told("command.execution.completed", "2026-11-20T12:10:00.0", command="note", duration_ms=1))
    view(app)
    assert found() == first
    assert first[1] == [("chat", "openai/gpt-4o", 1), ("tool", "search", 1)]
    assert [row[1:] for row in first[0]] == [(1, 1)]


def test_what_goes_right_after_a_run_that_died_before_its_spans_counts_as_work(app, monkeypatch):
    def die(_: Sink) -> None:
        raise KeyboardInterrupt

    write_log(app, *(logged(day, n) for day in range(5, -1, -1) for n in range(3)))
    with monkeypatch.context() as during:
        during.setattr(Sink, "derive_spans", die)
        assert run("sources", "--app", str(app)).exit_code != 0
    assert pruned(app, "--days", "1")["events"] == 12
    figures = "SELECT sum(events), sum(operations) FROM daily WHERE operation IS NULL"
    assert asked(app, figures) == [(12, 12)]
    assert view(app)["totals"]["operations"] == 6
