"""What a report carries of very many traces is bounded by bytes: the worst, the slowest and the latest; all count in every figure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

import reporter
from reporter import engine
from reporter.analysis import logged, select_window
from reporter.analysis import trace_data as carrying
from reporter.analysis import traces as listing
from reporter.events.packing import with_contexts
from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.notes import SOURCE_NAMES
from reporter.window import Window
from tests.helpers import ask, event, write_log


@pytest.fixture(scope="module")
def app_of_60(tmp_path_factory):
    """60 traces of two events: trace n lasts n ms and began n seconds before 10:02; each tenth failed."""
    app, lines = tmp_path_factory.mktemp("carried") / "app", []
    for n in range(60):
        began = datetime(2026, 11, 20, 10, 2, tzinfo=UTC) - timedelta(seconds=n)
        ended = "failed" if n % 10 == 5 else "completed"
        for name, at in (("started", began), (ended, began + timedelta(milliseconds=n + 1))):
            lines.append(
                event(
                    f"tool.invocation.{name}",
                    f"{at:%H:%M:%S.%f}",
                    f"trace-{n:04d}",
                    tool_slug="t",
                    invocation_id=f"i{n}",
                    pad="x" * 200,
                )
            )
    write_log(app, *lines)
    assert ask("overview", app)["totals"]["traces"] == 60
    return app


@pytest.fixture
def con(app_of_60):
    """Their sink, and their day."""
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    with open_sink(find_app(str(app_of_60), None, (), None).sink, read_only=True) as sink:
        select_window(sink.connection, window, window.previous())
        sink.connection.execute(SOURCE_NAMES)
        yield sink.connection, window


def carried(con) -> list[int]:
    return [
        int(name.removeprefix("trace-"))
        for (name,) in con.execute("SELECT correlation_id FROM carried ORDER BY n").fetchall()
    ]


def test_all_are_carried_where_there_is_room(con):
    con, window = con
    found = listing.traces(con, window)
    assert (found.total, found.carried) == (60, 60)
    assert carried(con) == list(range(60))
    assert con.execute("SELECT count(*) FROM carried JOIN trace_list USING (correlation_id, n)").fetchall() == [(60,)]


def test_else_the_worst_the_slowest_and_the_latest_by_turns(con):
    con, window = con
    found = listing.traces(con, window, 12 * 500)
    assert (found.total, found.carried) == (60, 12)
    # The failing ones are 55, 45, 35 …; 59 is the slowest, 0 the latest.
    assert carried(con) == [0, 1, 2, 3, 25, 35, 45, 55, 56, 57, 58, 59]


def test_list_ids_and_shards_hold_what_is_carried(con):
    con, window = con
    listing.traces(con, window, 12 * 500)
    data = carrying.trace_data(con, 5)
    index, ids = json.loads(data.index), json.loads(data.ids)
    assert [int(name.removeprefix("trace-")) for name in index["id"]] == carried(con)
    assert ids["i59"] == [11]
    assert "i30" not in ids
    shards = [json.loads(shard.json) for shard in data.shards]
    whole = [name for shard in shards for name in shard["whole"]]
    brief = [name for shard in shards for name in (shard["brief"] or {"ids": []})["ids"]]
    assert sorted(whole + brief) == sorted(index["id"])
    assert len(whole) == 5


def test_shards_tell_of_each_trace_the_spans_it_has(con, monkeypatch):
    """However many traces share one, and whether some of them are carried whole."""
    con, window = con
    listing.traces(con, window)
    columns = "id, parent, kind, type, operation, status, epoch_us(start_ts) / 1000, duration_ms"
    carrying.trace_data(con, 5)
    rows = con.execute(
        f"SELECT correlation_id, {columns} FROM spans ANTI JOIN chosen USING (correlation_id)"
    ).fetchall()
    for a_shard in (3, 200):
        monkeypatch.setattr(carrying, "SHARD", a_shard)
        shards = [json.loads(shard.json) for shard in carrying.trace_data(con, 5).shards]
        assert sorted(told for shard in shards if shard["brief"] for told in spans_of(shard["brief"])) == sorted(rows)
    assert len(rows) == 55


def spans_of(brief) -> list[tuple]:
    """As assets/data.js reads them."""
    spans, name = brief["spans"], brief["names"]
    return [
        (
            brief["ids"][brief["numbers"].index(spans["trace"][i])],
            spans["id"][i],
            spans["parent"][i],
            *(name[spans[word][i]] for word in ("kind", "type", "operation", "status")),
            spans["start"][i],
            spans["duration_ms"][i],
        )
        for i in range(len(spans["id"]))
    ]


def test_records_are_carried_up_to_so_many_bytes(con, monkeypatch):
    """Of a trace that alone is too large its spans are."""
    con, window = con
    listing.traces(con, window)
    size = con.execute(
        f"SELECT max(s) FROM (SELECT sum(500 + length(message) + length(context)) AS s FROM {with_contexts()} GROUP BY correlation_id)"
    ).fetchall()[0][0]
    monkeypatch.setattr(carrying, "DETAILED_BYTES", 3 * size)
    assert sorted(carrying.trace_data(con, 20).documents) == ["trace-0035", "trace-0045", "trace-0055"]
    monkeypatch.setattr(carrying, "TRACE_BYTES", size // 2)
    data = carrying.trace_data(con, 20)
    assert data.documents == {}
    assert len(json.loads(data.shards[0].json)["brief"]["ids"]) == 60


def test_records_before_the_window_take_room_too(con, monkeypatch):
    con, window = con
    # Trace 59 began 30 ms before it.
    window = Window(datetime(2026, 11, 20, 10, 1, 1, 30_000, UTC), window.end)
    select_window(con, window)
    listing.traces(con, window)
    assert 59 in carried(con)
    (size,) = con.execute(
        f"SELECT min(s) FROM (SELECT sum(500 + length(message) + length(context)) AS s FROM {with_contexts()} GROUP BY correlation_id)"
    ).fetchall()[0]
    assert "trace-0059" in carrying.trace_data(con, 20).documents
    monkeypatch.setattr(carrying, "TRACE_BYTES", size - 10)
    data = carrying.trace_data(con, 20, has_logs=True)
    assert data.documents == {}
    # What lies before the window is no entry of it, with a context or without.
    assert (data.logs.total, data.logs.bare) == (119, 0)
    assert sum(len(json.loads(part)) for part in data.logs.contexts.values()) == 119


def test_figures_hold_as_many_rows_for_ten_times_the_work(app, monkeypatch, tmp_path):
    """Of finished work nothing is held by the piece, only what is shown of it."""
    ask, held = engine.arrow, []

    def watched(con, sql, parameters):
        found = ask(con, sql, parameters)
        held[-1].append(found.num_rows)
        return found

    monkeypatch.setattr(engine, "arrow", watched)
    done = ("chat.completed", "tool.invocation.completed", "command.execution.completed")
    for times in (120, 1200):
        write_log(
            app,
            *(
                event(
                    name,
                    f"10:{n % 60:02}:{n // 60:02}.5",
                    f"t{times}-{n}",
                    tool_slug="t",
                    provider="p",
                    model="m",
                    command="c",
                    duration_ms=n % 100 + 1,
                )
                for n in range(times)
                for name in done
            ),
            name=f"{times}.log",
        )
        held.append([])
        run = reporter.load(
            app, since="2026-11-20T00:00Z", until="2026-11-21T00:00Z", sink=tmp_path / f"{times}.duckdb"
        )
        assert run.overview.totals.operations > 2 * times
    # A row a stretch of time, a bin, one of the first calls.
    assert max(held[1]) <= max(held[0])
    assert max(held[0]) < 300


def test_a_long_context_is_not_unpacked_to_be_measured(app):
    """200 contexts of 690 kB, unpacked at once, took 3 GB."""
    write_log(app, *(event("tool.invocation.completed", f"10:00:0{n}.5", f"a-long-trace-id-{n}", tool_name="a", text="xy" * size) for n, size in enumerate((10, 9_000))))  # fmt: skip
    settings = find_app(str(app), None, (), None)
    ask("overview", app)
    with open_sink(settings.sink, read_only=True) as sink:
        sink.connection.execute("CREATE TEMP TABLE chosen AS SELECT DISTINCT correlation_id, 1 AS n FROM events")
        sink.connection.execute("CREATE TEMP VIEW window_events AS FROM events")
        logged.measure(sink.connection)
        found = sink.connection.execute(
            f"SELECT size, length(packed), length(context) FROM logged JOIN {with_contexts()} USING (id) ORDER BY id"
        ).fetchall()
    assert [size for size, _, _ in found] == [found[0][2], found[1][1]]
