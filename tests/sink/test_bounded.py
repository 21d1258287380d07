"""What an ingest holds does not grow with the logs: batches are bounded by bytes, and it commits within a file."""

from __future__ import annotations

import gzip

import pytest

from reporter.settings.app import find_app
from reporter.sink import ingest as ingesting
from reporter.sink.file import open_sink
from reporter.sink.store import Sink
from reporter.sources import files
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
        ingesting.ingest(sink, settings, die)
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


def test_batches_are_bounded_by_bytes(app, monkeypatch):
    held, store = [], Sink.store

    def watched(self, records_sql, rows, **given) -> int:
        held.append(rows.nbytes)
        return store(self, records_sql, rows, **given)

    monkeypatch.setattr(files, "BLOCK_BYTES", 20_000)
    monkeypatch.setattr(ingesting, "STORE_BYTES", 50_000)
    monkeypatch.setattr(Sink, "store", watched)
    write_log(app, *(event("chat.started", "10:00:00.5", f"t{n}", text="x" * 5000) for n in range(100)))
    settings = find_app(str(app), None, (), None)
    with open_sink(settings.sink) as sink:
        assert ingesting.ingest(sink, settings).events == 100
        # Each in a transaction of its own: DuckDB holds what does not fill a row group in memory.
        assert sink.connection.execute("SELECT count(DISTINCT batch) FROM events").fetchall() == [(len(held),)]
    assert len(held) > 5
    assert max(held) < 50_000 + 2 * 20_000
