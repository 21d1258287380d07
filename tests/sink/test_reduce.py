"""reduce: cells of many hosts give the figures that all their events give, on a real cluster too, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import random
import re
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
from reporter.sink.reduce import job_of, reduce
from reporter.sink.reducing import merge, reduce_hosts
from tests.browser import look
from tests.helpers import event, run, write_log

HOSTS = ("delhi", "katmandu", "lima", "oslo")
# From a midnight in Asia/Kolkata to the next, which is no whole hour in UTC.
DAY = ("--since", "2026-11-19T18:30Z", "--until", "2026-11-20T18:30Z", "--tz", "Asia/Kolkata")
# What a percentile may be off, of a duration in bins of which there are 240 a decade.
OFF = 10 ** (1 / 240) - 1
KEPT = 10


def entries(host: str, chance: random.Random) -> list[str]:
    """Calls of models that their streams show, tools and steps, all day long; on some hosts the fault is an exception too."""
    made = []
    for i in range(240):
        trace, at = f"{host}-{i:05}", f"{i % 24:02}:{chance.randrange(60):02}:{chance.randrange(55):02}"
        ms, tool = chance.lognormvariate(6, 1), chance.lognormvariate(3, 1)
        made += [
            event("chat.streaming.started", f"{at}.100000", trace, message_id=f"m-{trace}", provider="openai", model="gpt-4o"),
            event("tool.invocation.completed", f"{at}.200000", trace, tool_name="db.query", duration_ms=tool),
            event("llm.call.completed", f"{at}.250000", trace, provider="openai", model="gpt-4o", message_id=f"m-{trace}", duration_ms=ms / 2,
                  token_usage={"prompt_tokens": 10 + i, "completion_tokens": i}, cost_usd=i / 1000),
            event("chat.streaming.completed", f"{at}.900000", trace, message_id=f"m-{trace}", duration_ms=ms),
        ]  # fmt: skip
        if i % 60 == 0:
            why = {"exception": "App\\Exceptions\\DiskFull"} if host == "oslo" else {}
            made.append(event("tool.invocation.failed", f"{at}.950000", f"bad-{trace}", tool_name="db.query", duration_ms=3, error="Disk quota exceeded", **why))  # fmt: skip
    made += [
        event("tool.invocation.completed", "18:29:59.999999", None, tool_name="db.query", duration_ms=1e9),
        event("tool.invocation.completed", "18:30:00.000000", None, tool_name="late", duration_ms=1),
        event(
            "command.execution.started", "12:00:00.000000", f"open-{host}", command="import", execution_id=f"x-{host}"
        ),
    ]
    return made


@pytest.fixture(scope="module")
def inbox(tmp_path_factory) -> Path:
    """What the hosts exported."""
    home, chance = tmp_path_factory.mktemp("inbox"), random.Random(1)
    for host in HOSTS:
        write_log(home / host, *entries(host, chance))
        days = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
        done = run("export", "--app", str(home / host), "--whole", "--host", host, "-o", str(home / "inbox"), *days)
        assert done.exit_code == 0, done.output
    return home / "inbox"


def reduced(
    given: Path | list[str], path: Path, engine: str = "local", at_once: int = 1, kept: int = KEPT
) -> list[str]:
    """Makes the reduced sink; the notes."""
    notes: list[str] = []
    reduce(
        job_of([str(given)] if isinstance(given, Path) else given, at_once, kept),
        engine,
        path,
        notes.append,
        lambda _: None,
    )
    return notes


def answer(command: str, given: Path, *arguments: str) -> dict:
    done = run(command, "--app", "/", "--from", str(given), *(arguments or DAY), "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


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


@pytest.fixture(scope="module")
def fleet(inbox) -> Path:
    """The reduced sink of all hosts."""
    path = inbox.parent / "fleet.duckdb"
    assert reduced(inbox, path) == []
    return path


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
    assert found != whole


def test_cells_are_small_and_most_traces_are_in_them(fleet):
    with duckdb.connect(str(fleet), read_only=True) as con:
        (kept,) = con.execute("SELECT count(DISTINCT correlation_id) FROM events").fetchall()[0]
        (counted,) = con.execute("SELECT sum(n) FROM trace_cells").fetchall()[0]
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


def test_a_damaged_file_is_named_and_an_older_versions_columns_are_empty(inbox, tmp_path):
    folder = Path(shutil.copytree(inbox, tmp_path / "inbox"))
    damaged, old = (folder / f"host={host}" / "date=2026-11-20" / "events.parquet" for host in ("lima", "oslo"))
    damaged.write_bytes(damaged.read_bytes()[:-30])
    duckdb.connect().execute(
        f"COPY (SELECT * EXCLUDE (state, attempt, cached_tokens) FROM '{old}') TO '{tmp_path}/old.parquet'"
    )
    shutil.copy(tmp_path / "old.parquet", old)
    (note,) = reduced(folder, tmp_path / "fleet.duckdb")
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


@pytest.fixture(scope="module")
def sites(inbox, fleet, tmp_path_factory) -> tuple[Path, Path]:
    """The report of all events, and that of cells."""
    home = tmp_path_factory.mktemp("sites")
    for given, name in ((inbox, "whole"), (fleet, "cells")):
        done = run("build", "--app", "/", "--from", str(given), *DAY, "-o", str(home / name))
        assert done.exit_code == 0, done.output
    return home / "whole", home / "cells"


def table(page: Path, mark: str) -> list[tuple[str, list[float]]]:
    """The rows of a table by their words, with their figures."""
    text = page.read_text()
    body = text[text.index(mark) :].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr.*?</tr>", body, re.S)
    words = (" ".join(re.sub(r"<[^>]+>", " ", row.partition('<td class="n')[0]).split()) for row in rows)
    figures = ([float(n) for n in re.findall(r'class="n[^>]*data-v="([^"]+)"', row)] for row in rows)
    return sorted(zip(words, figures, strict=True))


@pytest.mark.parametrize(
    ("name", "mark"),
    [("index", 'data-table="kinds"'), ("performance", 'id="ops"'), ("trends", 'data-table="days"'), ("index", 'id="over-time"')],
)  # fmt: skip
def test_the_pages_have_the_figures_of_all_events(sites, name, mark):
    whole, cells = (table(site / f"{name}.html", mark) for site in sites)
    assert len(whole) > 1
    assert [words for words, _ in cells] == [words for words, _ in whole]
    for (words, exact), (_, found) in zip(whole, cells, strict=True):
        assert found == pytest.approx(exact, rel=OFF), words


def test_hosts_have_their_counts(sites):
    whole, cells = (table(site / "hosts.html", 'id="hosts"') for site in sites)
    assert [words for words, _ in cells] == list(HOSTS)
    for (_, exact), (_, found) in zip(whole, cells, strict=True):
        # All but p95, which comes last: events, traces, operations, failed, rate, error events, unfinished.
        assert found == pytest.approx(exact[:-1], rel=1e-9)


def test_the_pages_of_cells_say_what_they_are_and_lead_nowhere_else(sites, fleet, browser):
    _, cells = sites
    for path in sorted(cells.glob("*.html")):
        text = path.read_text()
        assert "put together in quarters of an hour" in text or path.name == "trace.html", path.name
        assert [link for link in re.findall(r'href="([\w-]+\.html)', text) if not (cells / link).exists()] == []
    for name in ("chat", "commands", "tools", "processing", "llm", "logs"):
        assert "needs single operations and entries" in (cells / f"{name}.html").read_text()
    assert "Outliers</h2>" not in (cells / "performance.html").read_text()
    assert "No ten minutes" not in (cells / "sources.html").read_text()
    assert 'name="host"' not in (cells / "index.html").read_text()
    (group, *_) = cells.glob("error-*.html")
    assert "no sample to compare with" in group.read_text()
    page, heard = look(browser, f"file://{cells}/performance.html#kind=tool", "#page-filters[data-applied*=tool]")
    told = {o["operation"]: o["count"] for o in answer("performance", fleet)["operations"] if o["kind"] == "tool"}  # fmt: skip
    shown = page.eval_on_selector_all("#ops tbody tr", "rows => rows.map(row => [row.cells[1].innerText, Number(row.cells[2].dataset.v)])")  # fmt: skip
    assert dict(shown) == told
    assert heard == []
    assert page.inner_text("#filter-note").startswith("Approximately ")


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
