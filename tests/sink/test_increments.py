"""What comes bit by bit gives what comes at once: small batches are mapped, paired and summed by shorter statements."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from reporter import engine
from reporter.analysis import select_window
from reporter.analysis.errors import errors
from reporter.analysis.faults import count_faults
from reporter.analysis.overview import buckets, count_traces, kinds, totals_of
from reporter.analysis.performance import operations
from reporter.analysis.recent import recent
from reporter.analysis.session import session, told
from reporter.events.facts import ALL_PATHS
from reporter.events.mapping import names_sql
from reporter.settings.app import find_app
from reporter.sink import staging
from reporter.sink.file import open_sink
from reporter.sink.ingest import ingest
from reporter.sources import format_of
from reporter.sources.blocks import of_source
from reporter.window import Window
from tests.helpers import entry, write_database, write_log

AT = "2026-11-20T10:00:00.000000Z"
# Where a name stands in a context, and how it may be written there.
ODD = [
    {"event": "tool.invocation.completed", "data": {"tool_name": "t", "duration_ms": 5}, "meta": {"timestamp": AT}},
    {"event": "tool.invocation.failed", "data": {"exception": json.dumps({"class": "E", "message": "m"})}},
    {"exception": {"class": "E", "message": "m"}, "correlation": {"context": {"correlation_id": "c-1"}}},
    {"context": {"correlation": {"correlation_id": "c-2"}}, "elapsed_ms": "7.5", "token_usage": {"input": 3}},
    {"context": json.dumps({"correlation_id": "c-3"}), "event_id": "", "success": False, "error": {"a": [1]}},
    {"result_stats": {"size_bytes": 10}, "cache_hit": True, "status": "failed", "step": "s", "command": None},
]


def mapped(con, records_sql, rows, paths):
    engine.register(con, "raw", rows)
    found = con.execute(f"FROM ({staging.staged(records_sql, paths)}) ORDER BY id").fetchall()
    con.unregister("raw")
    return found


def blocks(samples):
    """Log entries of both samples and some of our own, with their format."""
    own = "".join(entry("m", context) for context in ODD) + entry("k", {"x": 1}).replace(
        '{"x"', r'{"dura\u0074ion_ms":9,"x"'
    )
    yield own.encode()
    for app in samples.values():
        for path in sorted((app / "storage" / "logs").rglob("*.log")):
            yield path.read_bytes()


def test_a_batch_is_mapped_the_same_whether_it_is_looked_through_or_not(samples, tmp_path):
    compared = 0
    with open_sink(tmp_path / "s.duckdb") as sink:
        con = sink.connection
        for block in blocks(samples):
            (_, records_sql, found), *others = format_of(block).cut(block, at_end=True, is_closed=True).parts
            assert not others
            rows = of_source(found, 1, 0)
            engine.register(con, "raw", rows)
            sink._learn_names(con.execute(names_sql(records_sql)).fetchall())
            batches = [rows.slice(at, 4) for at in range(0, min(rows.num_rows, 60), 4)]
            whole = {event[:1]: event for event in mapped(con, records_sql, rows.slice(0, 60), ALL_PATHS)}
            # An entry is mapped by itself, so batches that tell by the same paths go through one statement: a fifth of the time.
            alike = defaultdict(list)
            for few in batches:
                alike[staging.paths_of(few)].append(few)
            for paths, found in alike.items():
                short = mapped(con, records_sql, pa.concat_tables(found), paths)
                assert short == [whole[event[:1]] for event in short]
                assert len(short) == sum(few.num_rows for few in found)
                compared += len(found) * (len(paths) < len(ALL_PATHS))
    assert compared > 100


def test_a_path_is_left_out_only_where_its_names_do_not_occur():
    assert staging.paths_in([r'{"dura\u0074ion_ms":1}']) == ALL_PATHS
    assert "duration_ms" in staging.paths_in(['{"duration_ms":1}'])
    assert "exception.message" in staging.paths_in([json.dumps({"exception": '{"message":"m"}'})])
    assert staging.paths_in(['{"über":"é"}']) == frozenset()


@pytest.fixture(scope="module")
def grown(samples, tmp_path_factory):
    """The LineFormatter sample's largest log, taken in at once and in pieces: both sinks, open."""
    logs = (samples["line"] / "storage" / "logs").rglob("*.log")
    lines = max(logs, key=lambda path: path.stat().st_size).read_bytes().splitlines(keepends=True)[:600]
    found = []
    home = tmp_path_factory.mktemp("grown")
    for name, size in (("whole", len(lines)), ("pieces", 25)):
        app = home / name
        (app / "storage" / "logs").mkdir(parents=True)
        shutil.copy(samples["line"] / ".env", app / ".env")
        settings = find_app(str(app), None, (), None)
        sink = open_sink(settings.sink)
        for at in range(0, len(lines), size):
            with (app / "storage" / "logs" / "laravel.log").open("ab") as log:
                log.writelines(lines[at : at + size])
            ingest(sink, settings)
        found.append(sink)
    yield found
    for sink in found:
        sink.connection.close()


def test_spans_of_a_log_that_grows_are_those_of_the_whole(grown):
    whole, pieces = (sink.connection for sink in grown)
    spans = whole.execute("FROM spans ORDER BY id").fetchall()
    assert len(spans) > 100
    assert pieces.execute("FROM spans ORDER BY id").fetchall() == spans
    times = "SELECT correlation_id, min(first_ts), max(last_ts) FROM traces GROUP BY ALL ORDER BY ALL"
    assert pieces.execute(times).fetchall() == whole.execute(times).fetchall()
    own = (
        "SELECT correlation_id, min(ts), max(ts) FROM events WHERE correlation_id IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    assert whole.execute(times).fetchall() == whole.execute(own).fetchall()


def test_the_sessions_figures_are_those_of_the_pages(grown):
    con = grown[0].connection
    end = con.execute("SELECT max(ts) FROM events").fetchall()[0][0].replace(tzinfo=UTC) + timedelta(seconds=1)
    window = Window(end - timedelta(days=2), end)
    found = session(con, told(con, window))
    select_window(con, window)
    over_time = buckets(con, window.bucket_seconds)
    assert found.kinds == kinds(con, over_time)
    whole = errors(con, window)
    groups = whole.groups[:5]
    faults = count_faults(con, whole.of_spans)
    assert found.totals == totals_of(count_traces(con), faults, over_time, found.kinds)
    assert found.totals.operations > 50
    busiest = sorted(operations(con), key=lambda o: (-o.count, o.kind, o.operation))[:8]
    assert [(o.kind, o.operation, o.count, o.p95_ms) for o in found.operations] == [
        (o.kind, o.operation, o.count, o.p95_ms) for o in busiest
    ]
    assert [(g.fingerprint, g.count, g.message) for g in found.groups] == [
        (g.fingerprint, g.count, g.message) for g in groups
    ]
    latest = con.execute("SELECT ts FROM window_events ORDER BY ts DESC, id DESC LIMIT 25").fetchall()
    assert [(e.ts,) for e in found.events] == latest


def test_the_latest_events_are_found_in_a_busy_minute_and_in_a_quiet_day(app):
    write_log(app, *(entry(f"early {n}", {}, at=f"2026-11-20 0{n}:00:00") for n in range(3)))
    write_log(app, *(entry(f"late {n:02}", {}, at=f"2026-11-20 10:00:{n:02}") for n in range(30)))
    settings = find_app(str(app), None, (), None)
    with open_sink(settings.sink) as sink:
        ingest(sink, settings)
        for end, count, first in (
            (datetime(2026, 11, 20, 10, 1, tzinfo=UTC), 25, "late 29"),
            (datetime(2026, 11, 20, 9, tzinfo=UTC), 3, "early 2"),
        ):
            window = Window(end - timedelta(days=1), end)
            select_window(sink.connection, window)
            found = recent(sink.connection, window, 25)
            assert (len(found), found[0].said) == (count, first)


def test_rows_of_a_table_join_the_spans_of_a_log_that_came_before(app):
    """The short statements leave rows out; those that come later are matched."""
    settings = find_app(str(app), None, (), None)
    write_log(
        app,
        entry("tool.invocation.completed", {"event": "tool.invocation.completed", "data": {"tool_name": "db", "duration_ms": 5}, "meta": {"timestamp": AT}, "correlation": {"correlation_id": "c-1"}}, at="2026-11-20 10:00:00"),
    )  # fmt: skip
    with open_sink(settings.sink) as sink:
        ingest(sink, settings)
        assert sink.connection.execute("SELECT count(*), count(row_event) FROM spans").fetchall() == [(1, 0)]
        write_database(app, tools=[(1, "db", "c-1", "ok", 5, "2026-11-20 10:00:00")])
        ingest(sink, settings)
        assert sink.connection.execute("SELECT count(*), count(row_event) FROM spans").fetchall() == [(1, 1)]
