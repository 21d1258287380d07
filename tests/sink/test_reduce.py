"""reduce: cells of many hosts give the figures that all their events give, on a real cluster too, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from copy import deepcopy
from functools import cache
from pathlib import Path

import duckdb
import pytest

from reporter.errors import SourceError
from reporter.sink.reduce import job_of
from reporter.sink.reducing import merge, reduce_hosts
from tests.helpers import run, write_log
from tests.sink.hosts import DAY, HOSTS, KEPT, OFF, answer, entries, reduced


@cache
def whole_answer(command: str, inbox: Path) -> dict:
    """That of all events: asked once."""
    return answer(command, inbox)


def apart(exact: object, found: object, name: str = "") -> dict[str, tuple]:
    """What differs: percentiles beyond OFF, all else at all."""
    if isinstance(exact, dict):
        return {k: v for part in exact for k, v in apart(exact[part], found[part], f"{name}.{part}").items()}
    if isinstance(exact, list):
        assert len(exact) == len(found), name
        return {k: v for n, part in enumerate(exact) for k, v in apart(part, found[n], f"{name}.{n}").items()}
    is_percentile = name.rpartition(".")[2] in ("p50_ms", "p90_ms", "p95_ms", "p99_ms")
    within = (OFF if is_percentile else 1e-9) * abs(exact) if isinstance(exact, float) else 0
    same = exact == found or (isinstance(exact, float) and abs(exact - found) <= within)
    return {} if same else {name: (exact, found)}


def assert_same_figures(inbox: Path, path: Path) -> None:
    whole, found = deepcopy(whole_answer("overview", inbox)), answer("overview", path)
    # Whose sources are numbered first depends on the order.
    for one in (whole, found):
        one["sources"].sort(key=lambda source: source["name"])
    assert apart(whole, found) == {}
    whole, found = deepcopy(whole_answer("performance", inbox)), answer("performance", path)
    for one in (whole, found):
        one["operations"].sort(key=lambda o: (o["kind"], o["operation"]))
    assert apart(whole, found) == {}
    assert apart(whole_answer("errors", inbox), answer("errors", path)) == {}


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


def test_a_day_of_a_zone_three_quarters_off_the_hour_is_exact(inbox, fleet):
    day = ("--since", "2026-11-19T18:15Z", "--until", "2026-11-20T18:15Z", "--tz", "Asia/Kathmandu")
    whole, found = answer("overview", inbox, *day), answer("overview", fleet, *day)
    assert whole["totals"]["events"] < whole_answer("overview", inbox)["totals"]["events"]
    assert apart({name: whole[name] for name in ("totals", "kinds", "tokens")}, found) == {}


def test_cells_are_small_and_most_traces_are_in_them(fleet):
    with duckdb.connect(str(fleet), read_only=True) as con:
        (kept,) = con.execute("SELECT count(DISTINCT correlation_id) FROM events").fetchall()[0]
        (counted,) = con.execute("SELECT sum(n) FROM trace_cells WHERE what = 'trace'").fetchall()[0]
        (bins,) = con.execute("SELECT max(n) FROM span_cells").fetchall()[0]
    # All that failed (16) or did not end (4), and at most twice KEPT of the others.
    assert 20 + KEPT <= kept <= 20 + 2 * KEPT
    assert kept + counted == 4 * (240 + 4 + 1)
    assert bins > 1


@pytest.mark.parametrize("at_once", [1, 3])
def test_any_batch_size_and_merge_order(inbox, tmp_path, at_once):
    batches = list(job_of([str(inbox)], at_once).batches)
    random.Random(at_once).shuffle(batches)
    parts = [reduce_hosts(batch, kept=KEPT) for batch in batches]
    while len(parts) > 1:
        parts = [merge([parts.pop(), parts.pop(0)], KEPT), *parts]
    (tmp_path / "fleet.duckdb").write_bytes(parts[0].data)
    assert_same_figures(inbox, tmp_path / "fleet.duckdb")


def test_one_fault_with_and_without_an_exception_is_as_one_run_has_it(inbox, fleet):
    whole, found = whole_answer("errors", inbox)["groups"], answer("errors", fleet)["groups"]
    assert [(g["fingerprint"], g["count"], g["faults"]) for g in found] == [(g["fingerprint"], g["count"], g["faults"]) for g in whole]  # fmt: skip
    assert sum(g["count"] for g in found) == sum(
        1 for i in range(0, 240, 60) for _ in HOSTS if i % 24 < 18 or i % 24 == 18
    )


def test_a_damaged_file_is_named_and_an_older_versions_columns_are_empty(inbox, tmp_path, cluster):
    folder = Path(shutil.copytree(inbox, tmp_path / "inbox"))
    damaged, old = (folder / f"host={host}" / "date=2026-11-20" / "events.parquet" for host in ("lima", "oslo"))
    damaged.write_bytes(damaged.read_bytes()[:-30])
    duckdb.connect().execute(
        f"COPY (SELECT * EXCLUDE (state, attempt, cached_tokens) FROM '{old}') TO '{tmp_path}/old.parquet'"
    )
    shutil.copy(tmp_path / "old.parquet", old)
    (note,) = reduced(folder, tmp_path / "fleet.duckdb", address(cluster), at_once=2)
    assert note.startswith(f"{damaged} is passed over: ")
    shutil.rmtree(folder / "host=lima")
    assert_same_figures(folder, tmp_path / "fleet.duckdb")


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers, each a process."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def address(cluster) -> str:
    return cluster.scheduler_address.replace("tcp://", "dask://")


def test_a_cluster_gives_the_same(inbox, tmp_path, cluster):
    done = run("reduce", "--from", str(inbox), "--engine", address(cluster), "--hosts-at-once", "1", "-o", str(tmp_path / "fleet.duckdb"))  # fmt: skip
    assert done.exit_code == 0, done.output
    assert oct((tmp_path / "fleet.duckdb").stat().st_mode)[-3:] == "600"
    assert_same_figures(inbox, tmp_path / "fleet.duckdb")


def test_a_worker_killed_half_way_costs_nothing(inbox, tmp_path, cluster):
    from distributed import Client

    path = tmp_path / "fleet.duckdb"
    work = threading.Thread(target=reduced, args=(inbox, path, address(cluster)))
    with Client(cluster, set_as_default=False) as client:
        pids = client.run(os.getpid)
        work.start()
        deadline = time.monotonic() + 60
        while not (busy := [name for name, tasks in client.processing().items() if tasks]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(pids[busy[0]], signal.SIGKILL)
        work.join(100)
    assert not work.is_alive()
    assert_same_figures(inbox, path)


def test_what_goes_wrong_on_a_worker_is_said(inbox, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("reporter.sink.reduce.ANSWERS_WITHIN", "1s")
    with pytest.raises(SourceError, match="this worker has telemetry-report"):
        reduce_hosts([str(inbox)], version="0.0.1")
    done = run("reduce", "--from", str(inbox), "--engine", "dask://127.0.0.1:9", "-o", str(tmp_path / "x.duckdb"))
    assert (done.exit_code, "no scheduler answers at 127.0.0.1:9" in done.stderr) == (3, True)
    done = run("reduce", "--from", str(inbox), "--engine", "spark", "-o", str(tmp_path / "x.duckdb"))
    assert (done.exit_code, "“spark” is no engine" in done.stderr) == (2, True)
    done = run("reduce", "--from", str(tmp_path), "--engine", address(cluster), "-o", str(tmp_path / "x.duckdb"))
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


def test_only_a_reduced_sink_is_replaced(inbox, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = run("reduce", "--from", str(inbox), "-o", str(tmp_path / "mine.txt"))
    assert (done.exit_code, (tmp_path / "mine.txt").read_text()) == (2, "mine")
    reduced(inbox / "host=oslo", tmp_path / "fleet.duckdb")
    reduced(inbox / "host=lima", tmp_path / "fleet.duckdb")
    assert answer("overview", tmp_path / "fleet.duckdb")["sources"][0]["name"] == "lima: storage/logs/laravel.log"
