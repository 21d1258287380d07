"""reduce on this machine: cells of many hosts give the figures that all their events give, at a bounded cost."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from reporter import engine
from reporter.analysis import making_cells
from reporter.errors import SourceError
from reporter.sink.reduce import job_of, reduce
from reporter.sink.reducing import reduce_hosts
from reporter.sources import Listener
from tests.helpers import run, write_log
from tests.sink.hosts import DAY, HOSTS, KEPT, answer, assert_same_figures, entries, reduced, whole_answer


def test_the_figures_are_those_of_all_events(inbox, fleet):
    assert_same_figures(inbox, fleet)
    whole, found = whole_answer("performance", inbox), answer("performance", fleet)
    calls = next(o for o in found["operations"] if o["operation"] == "db.query")
    # By the logs themselves: what ended before 18:30.
    ended = [
        line
        for host in HOSTS
        for line in (inbox.parent / host / "storage" / "logs" / "laravel.log").read_text().splitlines()
        if "tool.invocation" in line and "db.query" in line and json.loads(line[line.index("{"):])["meta"]["timestamp"] < "2026-11-20T18:30"
    ]  # fmt: skip
    assert (calls["count"], calls["errors"]) == (len(ended), sum("failed" in line for line in ended))
    assert calls["max_ms"] == 1e9
    assert "late" not in {o["operation"] for o in found["operations"]}
    # They are told by cells: most calls are no rows there.
    with duckdb.connect(str(fleet), read_only=True) as con:
        (kept,) = con.execute("SELECT count(*) FROM spans WHERE operation = 'db.query'").fetchall()[0]
    assert kept < calls["count"] / 2
    assert [o["operation"] for o in found["operations"]] == [o["operation"] for o in whole["operations"]]


def test_cells_are_small_and_most_traces_are_in_them(fleet):
    with duckdb.connect(str(fleet), read_only=True) as con:
        (kept,) = con.execute("SELECT count(DISTINCT correlation_id) FROM events").fetchall()[0]
        (counted,) = con.execute("SELECT sum(n) FROM trace_cells WHERE what = 'trace'").fetchall()[0]
        (bins,) = con.execute("SELECT max(n) FROM span_cells").fetchall()[0]
    # All that failed (16) or did not end (4), and at most twice KEPT of the others.
    assert 20 + KEPT <= kept <= 20 + 2 * KEPT
    assert kept + counted == 4 * (240 + 4 + 1)
    assert bins > 1


def statements(given: list[str], monkeypatch) -> int:
    """How many a batch is run by."""
    asked = []

    class Heard:
        def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
            self._con = con

        def execute(self, sql: str, *parameters: object):
            asked.append(sql)
            return self._con.execute(sql, *parameters)

        def __getattr__(self, name: str) -> object:
            return getattr(self._con, name)

    connect = engine.connect
    with monkeypatch.context() as patch:
        patch.setattr(engine, "connect", lambda *arguments, **more: Heard(connect(*arguments, **more)))
        reduce_hosts(given, kept=KEPT)
    return len(asked)


def test_a_batch_is_run_by_as_many_statements_however_many_hosts_it_has(inbox, monkeypatch):
    one = statements([str(inbox / f"host={HOSTS[0]}")], monkeypatch)
    assert 20 < one < 60
    assert statements([str(inbox)], monkeypatch) == one


def test_hosts_are_put_together_by_their_bytes(inbox, monkeypatch):
    (all_of_them,) = job_of([str(inbox)]).batches
    assert len(all_of_them) == 3 * len(HOSTS)
    sizes = [sum(Path(file).stat().st_size for file in files) for files in job_of([str(inbox)], 1).batches]
    monkeypatch.setattr("reporter.sink.reduce._BATCH_BYTES", sizes[0] + sizes[1])
    assert job_of([str(inbox)]).batches[0] == all_of_them[:6]
    monkeypatch.setattr("reporter.sink.reduce._BATCH_BYTES", 1)
    assert job_of([str(inbox)]).batches == job_of([str(inbox)], 1).batches


def test_no_more_parts_lie_there_than_a_merge_of_each_level_takes(inbox, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("reporter.sink.reduce._TOGETHER", 2)
    seen = []

    def look(_: object) -> None:
        seen.append(sorted(path.name for path in tmp_path.glob("telemetry-report-*/*.duckdb")))

    reduce(job_of([str(inbox)], 1, KEPT), "local", tmp_path / "fleet.duckdb", Listener(on_progress=look))
    assert seen == [[], ["part-0.duckdb"], ["merged-0-1.duckdb"], ["merged-0-1.duckdb", "part-2.duckdb"]]
    assert_same_figures(inbox, tmp_path / "fleet.duckdb")


def close(value: object) -> object:
    """Sums are added in any order."""
    return pytest.approx(value) if isinstance(value, float) else value


def test_merged_a_stretch_at_a_time_all_is_as_merged_at_once(inbox, fleet, tmp_path, monkeypatch):
    monkeypatch.setattr("reporter.analysis.making_cells._AT_ONCE", 100)
    path, asked = tmp_path / "fleet.duckdb", []
    stretches = making_cells.stretches
    monkeypatch.setattr(making_cells, "stretches", lambda *told: asked.append(stretches(*told)) or asked[-1])
    reduced(inbox, path)
    assert min(len(found) for found in asked[-3:]) > 3  # of cells, spans and events of the last merge
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute(f"ATTACH '{fleet}' AS at_once (READ_ONLY)")
        for table in ("events", "spans", "traces", "sources", *making_cells.CELL_TABLES):
            found, expected = (con.execute(f"FROM {of}{table} ORDER BY ALL").fetchall() for of in ("", "at_once."))
            assert found == [tuple(map(close, row)) for row in expected], table


def test_a_cluster_that_is_not_there_or_of_another_version_is_said(inbox, tmp_path, monkeypatch):
    monkeypatch.setattr("reporter.sink.reduce.ANSWERS_WITHIN", "1s")
    with pytest.raises(SourceError, match="this worker has telemetry-report"):
        reduce_hosts([str(inbox)], version="0.0.1")
    done = run("reduce", "--from", str(inbox), "--engine", "dask://127.0.0.1:9", "-o", str(tmp_path / "x.duckdb"))
    assert (done.exit_code, "no scheduler answers at 127.0.0.1:9" in done.stderr) == (3, True)
    done = run("reduce", "--from", str(inbox), "--engine", "spark", "-o", str(tmp_path / "x.duckdb"))
    assert (done.exit_code, "“spark” is no engine" in done.stderr) == (2, True)
    done = run("reduce", "--from", str(tmp_path), "-o", str(tmp_path / "x.duckdb"))
    assert (done.exit_code, "there is nothing in" in done.stderr) == (3, True)


def test_a_reduced_sink_is_only_read_and_answers_what_it_can(inbox, fleet, tmp_path, app):
    path = fleet
    before = path.read_bytes()
    write_log(app, *entries("lima", random.Random(2))[:4])
    done = run("overview", "--app", str(app), "--sink", str(path))
    assert (done.exit_code, "is a reduced sink, which is only read" in done.stderr) == (3, True)
    done = run(
        "build", "--app", str(app), "--from", str(path), "-o", str(tmp_path / "out"), "--json", str(tmp_path / "j")
    )
    assert (done.exit_code, "build --json needs single operations" in done.stderr) == (2, True)
    done = run("overview", "--app", str(app), "--from", str(path), "--include", "kind=tool")
    assert (done.exit_code, "nothing can be left out" in done.stderr) == (2, True)
    done = run("query", "SELECT 1", "--app", str(app), "--from", str(path))
    assert (done.exit_code, "query needs single operations" in done.stderr) == (2, True)
    done = run("overview", "--app", str(app), "--from", str(path), "--from", str(inbox))
    assert (done.exit_code, "is asked by itself" in done.stderr) == (2, True)
    done = run("overview", "--app", str(app), "--from", str(path))
    assert "percentiles are within 0.97 %" in done.stderr
    assert f"{answer('overview', inbox, '--last', '9999d')['totals']['events']:,} events" in done.stdout
    traces = answer("traces", path, *DAY, "--top", "100")["traces"]
    assert {trace["status"] for trace in traces} == {"error", "unfinished", "ok"}
    found = answer("trace", path, traces[0]["correlation_id"])
    assert len(found["events"]) == traces[0]["events"]
    assert path.read_bytes() == before


def test_a_link_to_nothing_is_passed_over(inbox, tmp_path):
    day = next((inbox / "host=oslo").glob("date=*"))
    (day / "gone.parquet").symlink_to(tmp_path / "nowhere")
    done = run("reduce", "--from", str(inbox), "-o", str(tmp_path / "fleet.duckdb"))
    assert (done.exit_code, (tmp_path / "fleet.duckdb").is_file()) == (0, True)


def test_only_a_reduced_sink_is_replaced(inbox, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = run("reduce", "--from", str(inbox), "-o", str(tmp_path / "mine.txt"))
    assert (done.exit_code, (tmp_path / "mine.txt").read_text()) == (2, "mine")
    reduced(inbox / "host=oslo", tmp_path / "fleet.duckdb")
    reduced(inbox / "host=lima", tmp_path / "fleet.duckdb")
    assert answer("overview", tmp_path / "fleet.duckdb")["sources"][0]["name"] == "lima: storage/logs/laravel.log"


def test_one_that_another_version_reduced_is_said_and_made_anew(inbox, fleet, tmp_path):
    path = Path(shutil.copy(fleet, tmp_path / "fleet.duckdb"))
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE about SET value = '5' WHERE key = 'schema'")
    asked = ("overview", "--app", "/", "--from", str(path))
    done = run(*asked)
    assert (done.exit_code, "was reduced by another version. Reduce anew what it was made of." in done.stderr) == (
        3,
        True,
    )
    assert run("reduce", "--from", str(inbox), "-o", str(path)).exit_code == 0
    assert run(*asked).exit_code == 0
