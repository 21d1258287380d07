"""Three hosts' archives on a real cluster of two worker processes: their figures and pages, whatever is lost or differs on the way."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import duckdb
import pytest

from reporter.sink.reduce import Job, job_of, reduce
from reporter.sources import Listener
from tests.helpers import event, run, write_log
from tests.sink.hosts import DAY, KEPT, answer, apart, assert_same_figures, entries, reduced, whole_answer

HOSTS = ("delhi", "lima", "oslo")
# Of each host.
TRACES = 96
# Days of zones that are hours, half an hour and a quarter off.
ZONES = {
    "America/New_York": ("2026-11-20T05:00Z", "2026-11-21T05:00Z"),
    "Asia/Kolkata": ("2026-11-19T18:30Z", "2026-11-20T18:30Z"),
    "Asia/Kathmandu": ("2026-11-19T18:15Z", "2026-11-20T18:15Z"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """What three hosts archived, and exported of their last day, `inbox`; and an app that has all their logs, `all`."""
    home, chance = tmp_path_factory.mktemp("archives"), random.Random(1)
    # What came later lets go of the day before.
    later = event("tool.invocation.completed", "10:00:00.1", None, tool_name="later", duration_ms=1)
    for host in HOSTS:
        made = (*entries(host, chance, TRACES), later.replace("2026-11-20", "2026-11-23"))
        for app, name in ((home / host, "laravel.log"), (home / "all", f"{host}/laravel.log")):
            write_log(app, *made, name=name)
        (home / host / "telemetry-report.toml").write_text(f'[app]\nhost = "{host}"\n')
        later_day = ("--since", "2026-11-23T00:00Z", "--until", "2026-11-24T00:00Z")
        done = run("export", "--app", str(home / host), "--whole", "-o", str(home / "inbox"), *later_day)
        assert done.exit_code == 0, done.output
        done = run("prune", "--app", str(home / host), "--days", "1", "--archive", str(home / "inbox"))
        assert done.exit_code == 0, done.output
    assert len([*(home / "inbox").rglob("*.parquet")]) == 15
    return home


@pytest.fixture(scope="module")
def inbox(home) -> Path:
    return home / "inbox"


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers, each a process."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


@pytest.fixture(scope="module")
def address(cluster) -> str:
    return cluster.scheduler_address.replace("tcp://", "dask://")


@pytest.fixture(scope="module")
def fleet(home, address) -> Path:
    """What the cluster makes of the archives."""
    path = home / "fleet.duckdb"
    assert reduced(home / "inbox", path, address) == []
    return path


@pytest.fixture(scope="module")
def sites(home) -> dict[str, Path]:
    """The report of one sink that read all three logs, and that of the archives."""
    made = {}
    for name, given in (("one", ()), ("archives", ("--from", str(home / "inbox")))):
        made[name] = home / "sites" / name
        done = run("build", "--app", str(home / "all"), *given, *DAY, "-o", str(made[name]))
        assert done.exit_code == 0, done.output
    return made


def text_of(page: Path) -> list[str]:
    """Its lines, but for when it was built, what there is of hosts (their page, their filter, whose sources they are), and last bits of sums."""
    text = page.read_text()
    for host in HOSTS:
        text = text.replace(f"{host}: storage/logs/laravel.log", f"storage/logs/{host}/laravel.log")
    text = re.sub(r'<label>Host <select name="host">.*?</select></label>', "", text)
    text = re.sub(r"\d+\.\d{9,}", lambda number: f"{float(number[0]):.9g}", text)
    return [
        line
        for line in text.splitlines()
        if line.strip() and "hosts.html" not in line and not line.startswith("Built ")
    ]


def test_archives_make_the_pages_of_one_sink_that_read_all_three_logs(sites):
    one, many = ({path.name for path in sites[name].glob("*.html")} for name in ("one", "archives"))
    assert many - one == {"hosts.html"}
    assert {"index.html", "errors.html", "traces.html", "logs.html"} <= one
    assert len([name for name in one if name.startswith("operation-")]) > 6
    for name in sorted(one):
        assert text_of(sites["archives"] / name) == text_of(sites["one"] / name), name


def test_a_cluster_gives_the_same_figures(inbox, fleet):
    assert_same_figures(inbox, fleet)


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_of_a_zone_is_exact(inbox, fleet, zone):
    since, until = ZONES[zone]
    day = ("--since", since, "--until", until, "--tz", zone)
    whole, found = (ask("overview", path, *day) for ask, path in ((whole_answer, inbox), (answer, fleet)))
    # Some of their events lie outside of each.
    assert 0 < whole["totals"]["events"] < 3 * len(entries("x", random.Random(1), TRACES))
    assert apart({name: whole[name] for name in ("totals", "kinds", "tokens")}, found) == {}


def test_one_fault_with_and_without_an_exception_is_as_one_run_has_it(inbox, fleet):
    whole, found = whole_answer("errors", inbox)["groups"], answer("errors", fleet)["groups"]
    told = [[(group["fingerprint"], group["count"], group["faults"]) for group in one] for one in (whole, found)]
    assert told[0] == told[1]
    # On oslo alone it is an exception.
    assert {group["error_class"] for group in found} > {"App\\Exceptions\\DiskFull"}
    assert sum(group["faults"] for group in found) == sum(
        entry.count("quota") for host in HOSTS for entry in in_day(host)
    )


def in_day(host: str) -> list[str]:
    """Entries of a host that lie in DAY."""
    return [entry for entry in entries(host, random.Random(1), TRACES) if entry[1:20] < "2026-11-20 18:30:00"]


@pytest.mark.parametrize("at_once", [1, 2])
def test_any_batch_size_and_merge_order(inbox, tmp_path, address, monkeypatch, at_once):
    monkeypatch.setattr("reporter.sink.reduce._TOGETHER", 2)
    batches = list(job_of([str(inbox)], at_once, KEPT).batches)
    assert len(batches) == -(-3 // at_once)
    random.Random(at_once).shuffle(batches)
    path = tmp_path / "fleet.duckdb"
    reduce(Job(tuple(batches), KEPT), address, path, Listener())
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert_same_figures(inbox, path)


def test_damaged_files_are_named_and_what_older_versions_did_not_write_is_empty(inbox, tmp_path, address):
    folder = Path(shutil.copytree(inbox, tmp_path / "inbox"))
    torn, old = (folder / f"host={host}" / "date=2026-11-20" / "events.parquet" for host in ("delhi", "oslo"))
    cut = torn.with_name("cut.parquet")
    cut.write_bytes(torn.read_bytes()[:-30])
    # What only events that are kept whole are asked for: it is found when all else was read.
    spoil(torn, "context")
    for path, columns in (
        (old, "host, sink, state, attempt, cached_tokens"),
        (old.with_name("spans.parquet"), "host, sink, dry_run"),
    ):
        duckdb.connect().execute(f"COPY (SELECT * EXCLUDE ({columns}) FROM '{path}') TO '{tmp_path}/old.parquet'")
        shutil.copy(tmp_path / "old.parquet", path)
    notes = reduced(folder, tmp_path / "fleet.duckdb", address, at_once=2)
    assert sorted(note.partition(" is passed over: ")[0] for note in notes) == [str(cut), str(torn)]
    for path in (torn, cut):
        path.unlink()
    assert_same_figures(folder, tmp_path / "fleet.duckdb")


def spoil(path: Path, column: str) -> None:
    """Damage what a Parquet file holds of a column."""
    ((at, size),) = (
        duckdb.connect()
        .execute(
            f"""SELECT least(coalesce(dictionary_page_offset, data_page_offset), data_page_offset), total_compressed_size
        FROM parquet_metadata('{path}') WHERE path_in_schema = '{column}'"""
        )
        .fetchall()
    )
    data = path.read_bytes()
    path.write_bytes(data[: at + 40] + bytes(size - 40) + data[at + size :])


def test_spans_that_are_damaged_and_what_two_files_hold(inbox, tmp_path, address):
    folder = Path(shutil.copytree(inbox, tmp_path / "inbox"))
    spans = folder / "host=delhi" / "date=2026-11-20" / "spans.parquet"
    spans.write_bytes(b"text")
    # Lima's day was gathered twice.
    shutil.copytree(folder / "host=lima" / "date=2026-11-20", folder / "host=lima" / "again")
    (note,) = reduced(folder, tmp_path / "fleet.duckdb", address, at_once=1)
    assert note.startswith(f"{spans} is passed over: ")
    assert_same_figures(inbox, tmp_path / "fleet.duckdb")


def test_a_worker_killed_half_way_costs_nothing(inbox, tmp_path, cluster, address):
    from distributed import Client

    path = tmp_path / "fleet.duckdb"
    work = threading.Thread(target=reduced, args=(inbox, path, address))
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
