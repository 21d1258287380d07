"""What an ingest holds does not grow with the logs: batches are bounded by bytes, and it commits within a file."""

from __future__ import annotations

import gzip
import json

import pytest

from reporter import engine
from reporter.events import spans
from reporter.settings.app import find_app
from reporter.sink import ingest as ingesting
from reporter.sink import turns as turning
from reporter.sink.file import open_sink
from reporter.sink.store import Sink
from reporter.sources import Listener, blocks, files
from tests.helpers import event, write_log

COUNT = 300


@pytest.fixture(params=["plain", "packed"])
def app_of_one_file(request, app, monkeypatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 4000)
    monkeypatch.setattr(ingesting, "DERIVE_BYTES", 10_000)
    log = write_log(
        app,
        *(
            event("chat.started" if n % 2 else "chat.completed", f"10:{n // 60:02}:{n % 60:02}.5", f"t{n // 4}", n=n)
            for n in range(COUNT)
        ),
    )
    if request.param == "packed":
        log.with_name("laravel.log.gz").write_bytes(gzip.compress(log.read_bytes()))
        log.unlink()
    return find_app(str(app), None, (), None)


def test_an_ingest_that_dies_within_a_file_keeps_what_it_committed_and_the_next_reads_on(app_of_one_file):
    settings = app_of_one_file
    told = []

    def die(progress) -> None:
        told.append(progress)
        if len(told) > 14:
            raise KeyboardInterrupt

    with open_sink(settings.sink) as sink, pytest.raises(KeyboardInterrupt):
        ingesting.ingest(sink, settings, Listener(die))
    with open_sink(settings.sink) as sink:
        kept = sink.connection.execute("SELECT count(*), max(batch) FROM events").fetchall()[0]
        assert 0 < kept[0] < COUNT
        assert kept[1] > 1
        assert sink.connection.execute("SELECT sum(entries) FROM sources").fetchall() == [(kept[0],)]
        done = ingesting.ingest(sink, settings)
        assert done.events == COUNT - kept[0]
        assert sink.connection.execute("SELECT count(*), count(DISTINCT id) FROM events").fetchall() == [(COUNT, COUNT)]
        assert ingesting.ingest(sink, settings).bytes_read == 0


def test_spans_are_those_of_one_commit(app_of_one_file, tmp_path, monkeypatch):
    settings = app_of_one_file
    found = []
    for name, most in (("many", 10_000), ("one", 1 << 30)):
        monkeypatch.setattr(ingesting, "DERIVE_BYTES", most)
        with open_sink(tmp_path / f"{name}.duckdb") as sink:
            ingesting.ingest(sink, settings)
            found.append(sink.connection.execute("SELECT * FROM spans ORDER BY id").fetchall())
    assert found[0] == found[1]
    assert len(found[0]) > COUNT // 4


def test_spans_derived_in_turns_are_those_derived_at_once_and_a_death_between_turns_is_made_good(
    app_of_one_file, tmp_path, monkeypatch
):
    settings = app_of_one_file
    found = []
    for name, most in (("turns", 20), ("one", 10_000)):
        monkeypatch.setattr(turning, "DERIVED_AT_ONCE", most)
        with open_sink(tmp_path / f"{name}.duckdb") as sink:
            ingesting.ingest(sink, settings)
            found.append(sink.connection.execute("SELECT * FROM spans ORDER BY id").fetchall())
    assert found[0] == found[1]
    monkeypatch.setattr(turning, "DERIVED_AT_ONCE", 20)
    derive, turns = spans.derive, []

    def die(con, sql) -> str:
        turns.append(sql)
        if len(turns) == 4:
            raise KeyboardInterrupt
        return derive(con, sql)

    monkeypatch.setattr(ingesting, "DERIVE_BYTES", 1 << 30)
    monkeypatch.setattr(spans, "derive", die)
    with open_sink(tmp_path / "dies.duckdb") as sink, pytest.raises(KeyboardInterrupt):
        ingesting.ingest(sink, settings)
    with open_sink(tmp_path / "dies.duckdb") as sink:
        assert 0 < sink.connection.execute("SELECT count(*) FROM spans").fetchall()[0][0] < len(found[0])
        ingesting.ingest(sink, settings)
        assert sink.connection.execute("SELECT * FROM spans ORDER BY id").fetchall() == found[0]
        # Nothing that spans were derived over is held on to.
        assert not sink.connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    # A turn holds its share of the events, and a trace is never torn.
    assert len(turns) > 2 + COUNT // 24


@pytest.mark.parametrize("app_of_one_file", ["plain"], indirect=True)
def test_what_does_not_fit_in_memory_goes_to_a_folder_of_its_own_that_is_gone_afterwards(app_of_one_file, monkeypatch):
    path = app_of_one_file.sink
    monkeypatch.setattr("reporter.engine.memory_limit", lambda: 60_000_000)
    with open_sink(path) as sink:
        sink.connection.execute(
            "SET threads = 1; CREATE TEMP TABLE large AS SELECT md5(r::VARCHAR) FROM range(3000000) t(r)"
        )
        (spilt,) = path.parent.glob(f".{path.name}.spilt-*")
        assert list(spilt.iterdir())
    left = path.with_name(f".{path.name}.spilt-1")
    left.mkdir()
    (left / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"of one that was killed")
    with open_sink(path, read_only=True):
        assert left.exists()
    with open_sink(path):
        assert not list(path.parent.glob(f".{path.name}.spilt-*"))


def test_batches_are_bounded_by_bytes(app, monkeypatch):
    held, stage = [], Sink.stage

    def watched(self, records_sql, rows) -> bool:
        held.append(rows.nbytes)
        return stage(self, records_sql, rows)

    monkeypatch.setattr(files, "BLOCK_BYTES", 20_000)
    monkeypatch.setattr(ingesting, "STORE_BYTES", 50_000)
    monkeypatch.setattr(Sink, "stage", watched)
    write_log(app, *(event("chat.started", "10:00:00.5", f"t{n}", text="x" * 5000) for n in range(100)))
    settings = find_app(str(app), None, (), None)
    with open_sink(settings.sink) as sink:
        assert ingesting.ingest(sink, settings).events == 100
        # Each in a transaction of its own: DuckDB holds what a transaction made in memory.
        assert sink.connection.execute("SELECT count(DISTINCT batch) FROM events").fetchall() == [(len(held),)]
    assert len(held) > 5
    assert max(held) < 50_000 + 2 * 20_000


@pytest.mark.parametrize("form", ["line", "json"])
def test_of_large_contexts_duckdb_has_few_before_it(app, monkeypatch, form):
    """It takes 2,048 rows at a time, however long, and makes several times their size of them: 19 MB of logs with contexts nested 500 deep
    could not be taken in, nor 35 MB with lists of 100,000."""
    seen, register = [], engine.register

    def watched(con, name, table) -> None:
        seen.extend((name, batch.num_rows, batch.nbytes) for batch in table.to_batches())
        register(con, name, table)

    monkeypatch.setattr(engine, "register", watched)
    for name in ("VECTOR_BYTES", "_FEW"):
        monkeypatch.setattr(blocks, name, 40_000 if name == "VECTOR_BYTES" else 0)
    contexts = [{"text": "x" * (4000 if n < 300 else 5), "correlation_id": f"t{n}"} for n in range(2000)]
    write_log(
        app,
        *(
            event("chat.started", "10:00:00.5", f"t{n}", text=c["text"]) if form == "line" else json_line(c)
            for n, c in enumerate(contexts)
        ),
    )
    settings = find_app(str(app), None, (), None)
    with open_sink(settings.sink) as sink:
        assert ingesting.ingest(sink, settings).events == 2000
        assert sink.connection.execute("SELECT count(DISTINCT correlation_id) FROM events").fetchall() == [(2000,)]
    held = {name for name, _, _ in seen}
    assert {"raw"} < held
    # A few bytes of each row are offsets.
    assert max(size for name, _, size in seen if name in ("raw", "contexts", "lines")) < 4 * 40_000 + 2048 * 64


def json_line(context: dict[str, object]) -> str:
    return json.dumps({"message": "said", "level_name": "INFO", "datetime": "2026-11-20T10:00:00.5+00:00", "context": context, "extra": {}})  # fmt: skip


@pytest.mark.parametrize("app_of_one_file", ["plain"], indirect=True)
def test_a_run_of_many_batches_writes_no_rows_again_to_join_them_one_in_sixteen_small_ones_may(
    app_of_one_file, monkeypatch
):
    monkeypatch.setattr(ingesting, "STORE_ROWS", 60)
    settings = app_of_one_file
    with open_sink(settings.sink) as sink:
        ingesting.ingest(sink, settings)
        assert _joins(sink) == 0
        many, small = sink.next_batch, []
        for n in range(ingesting.JOINED_EVERY):
            write_log(settings.app, event("chat.started", f"11:00:{n:02}.5", "t"), name=f"more-{n}.log")
            assert ingesting.ingest(sink, settings).events == 1
            small.append(_joins(sink))
    assert many > 3
    assert sorted(small) == [0] * (ingesting.JOINED_EVERY - 1) + [1]


def _joins(sink) -> int:
    return int(sink.connection.execute("SELECT current_setting('max_vacuum_tasks')").fetchall()[0][0])


UNTRACED = """
INSERT INTO events BY NAME SELECT 2 * r + n AS id, 1 AS source, 2 * r + n AS "offset", 1 AS batch, 'tool' AS kind, 'INFO' AS level, 'x' AS message,
  TIMESTAMP '2026-11-20' + to_seconds(r) + to_milliseconds(250 * n) AS ts, 'tool.invocation.' || ['started', 'completed'][n + 1] AS event,
  'tool.invocation' AS family, 'tool' AS type, ['start', 'finish'][n + 1] AS phase, ['error', 'ok'][1 + r % 2] AS status, 'fs.read' AS operation,
  md5('i' || r) AS invocation_id, md5('c' || r) AS conversation_id, md5('f' || r) AS fragment_id, md5('m' || r) AS message_id
FROM range(60000) t(r), range(2) u(n)"""


def test_what_is_without_a_trace_has_its_spans_however_much_it_is(tmp_path, monkeypatch):
    """It cannot be taken trace by trace: where it does not fit, it gets what the machine has."""
    with open_sink(tmp_path / "s.duckdb") as sink:
        con = sink.connection
        con.execute(UNTRACED)
        sink.tell("batch", "1")
        con.execute("CHECKPOINT; SET threads = 1; SET memory_limit = '30MB'")
        with monkeypatch.context() as patch:
            patch.setattr(engine, "memory_limit", lambda: 30_000_000)
            with pytest.raises(engine.OutOfMemoryException):
                sink.derive_spans()
        sink.derive_spans()
        found = con.execute(
            "SELECT count(*), count(DISTINCT start_event), min(duration_ms), max(duration_ms) FROM spans"
        )
        assert found.fetchall() == [(60_000, 60_000, 250, 250)]
