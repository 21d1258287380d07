"""watch: a line written to a log shows up in an open page and in the terminal, whatever happens to the files meanwhile."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from reporter.analysis.session import Session
from reporter.cli.shown import InFolder
from reporter.settings.app import find_app
from reporter.site.render import environment
from reporter.watch.live import Live
from reporter.watch.renewing import Job
from reporter.watch.watching import Watch, changes, followed
from tests.helpers import Started, entry, run, write_database, write_log
from tests.watch.watching import call, now_entry, processes, until, watching


@pytest.fixture
def page(app, tmp_path, browser):
    """An open page of a watch on an app with some calls, and what its console said."""
    write_log(app, *(call("before", n) for n in range(3)))
    output = tmp_path / "out"
    with watching(app, "-o", str(output), "--rebuild", "1s", "--last", "1h", "--tz", "UTC") as started:
        assert str(output) in started.stdout.readline()
        context = browser.new_context()
        opened, heard = context.new_page(), []
        opened.on("console", lambda message: heard.append(message.text))
        opened.on("pageerror", lambda error: heard.append(str(error)))
        opened.goto((output / "index.html").as_uri())
        opened.wait_for_selector(".session")
        yield app, output, opened, heard, started
        context.close()
    assert heard == []


def test_an_open_page_shows_new_lines_and_renews_its_figures_in_place(page):
    app, output, opened, _, started = page
    assert opened.locator(".session").get_attribute("open") is not None
    assert opened.evaluate("scrollY") == 0
    opened.evaluate(
        """() => { window.told = []; new MutationObserver(() => window.told.push(document.querySelector('.pulse').textContent))
        .observe(document.getElementById('live'), { subtree: true, childList: true, characterData: true, attributes: true }) }"""
    )
    write_log(app, call("fresh", 1), call("fresh", 2, ok=False))
    until(lambda: opened.locator(".latest tr").count() == 5)
    # Rows come first, figures a moment later.
    until(lambda: "5 events, 5 operations, 1 fault" in opened.locator(".session summary").inner_text())
    assert "live boom" in opened.locator(".session").inner_text()
    # The failed call says why, and leads to its trace, which is there when the report has been renewed.
    failed = opened.locator(".latest tr", has_text="live boom")
    assert failed.locator("a[href^='trace.html#']").get_attribute("href") == "trace.html#live-0002"
    # A name leads to its operation's page.
    until(lambda: opened.locator(".session a[href^=operation-]", has_text="fresh").count())
    # The rest follows at its own rhythm: numbers, lists and charts of the page itself.
    until(lambda: "Operations\n5\n1 failed" in opened.locator("main .cards").inner_text())
    assert opened.locator("h1").inner_text().startswith("1 of 3 requests failed")
    assert opened.evaluate("document.title").startswith("Overview")
    assert set(opened.evaluate("told")) == {"Live"}
    opened.set_viewport_size({"width": 420, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 420

    started.send_signal(signal.SIGINT)
    assert started.wait(60) == 0
    until(lambda: "Watch ended" in opened.locator(".session summary").inner_text())
    assert {p.name for p in output.parent.iterdir()} == {"app", "out"}


def test_scroll_filter_sort_and_open_details_stay(page):
    app, output, opened, _, _ = page
    opened.set_viewport_size({"width": 900, "height": 500})
    opened.goto((output / "performance.html").as_uri() + "#kind=tool")
    opened.wait_for_selector("[data-drawn]")
    opened.locator("#ops th button", has_text="Count").click()
    opened.locator("details.how summary").click()
    opened.evaluate("scrollTo(0, 400)")
    chart = opened.locator("[data-chart=performance_histogram]")
    bars = chart.inner_html()
    write_log(app, *(call("fresh", n) for n in range(5)))
    until(lambda: opened.locator("#ops tbody tr").count() == 2)
    assert [row.split("\t")[1] for row in opened.locator("#ops tbody tr").all_inner_texts()] == ["fresh", "before"]
    assert opened.locator("#ops th[aria-sort=descending]").inner_text() == "Count"
    assert opened.locator("details.how").get_attribute("open") is not None
    assert abs(opened.evaluate("scrollY") - 400) < 60
    assert opened.url.endswith("#kind=tool")
    assert "path" in bars
    assert chart.inner_html() != bars


def test_a_filter_holds_for_what_a_watch_renews_and_so_does_that_of_the_list_of_traces(page):
    """Tiles, tables and the sentence of the chosen part, before and after; what the page was built with comes back renewed."""
    app, output, opened, heard, _ = page
    traces = opened.context.new_page()
    traces.on("console", lambda message: heard.append(message.text))
    traces.on("pageerror", lambda error: heard.append(str(error)))
    traces.goto((output / "traces.html").as_uri() + "#status=error")
    until(lambda: "0 of 3 traces" in traces.locator("#trace-count").inner_text())
    opened.goto((output / "index.html").as_uri() + "#status=error")
    opened.wait_for_selector("#page-filters[data-applied='status=error']", state="attached")
    assert opened.inner_text("h1") == "Nothing in this report fits the filter."
    write_log(app, call("fresh", 11), *(call("fresh", n, ok=False) for n in (12, 13)))
    until(lambda: opened.inner_text("h1").startswith("2 of 2 chosen operations"))
    assert opened.inner_text("[data-tile=count]").split() == ["2", "2", "failed,", "100", "%"]
    assert opened.locator("[data-table=kinds] tbody tr:has-text('tool') td").nth(2).inner_text() == "2"
    assert opened.input_value("#page-filters select[name=status]") == "error"
    opened.locator(".chip").click()
    until(lambda: opened.inner_text("h1").startswith("2 of 6 requests failed"))
    assert opened.inner_text("[data-tile=count]").split()[0] == "6"
    # A page that loads no data of its own knows where names lead too.
    opened.goto((output / "sources.html").as_uri())
    until(lambda: opened.locator(".session a[href^=operation-]").count())
    until(lambda: traces.locator("#trace-count").inner_text().startswith("2 of 6 traces"))
    assert traces.locator("#traces tbody tr").count() == 2
    assert traces.locator("#page-filters select[name=status]").input_value() == "error"
    # A trace that is only just logged is told of, and there when the report has been renewed.
    traces.goto((output / "trace.html").as_uri() + "#live-0014")
    traces.wait_for_selector("#trace[data-missing]")
    assert "when the watch renews the report" in traces.inner_text("#trace")
    write_log(app, call("fresh", 14, ok=False))
    traces.wait_for_selector("#trace[data-shown]")


def test_a_watch_that_is_killed_loses_nothing(app, tmp_path):
    write_log(app, now_entry("a"))
    output = tmp_path / "out"
    with watching(app, "-o", str(output), "--rebuild", "1s") as started:
        started.stdout.readline()
        write_log(app, *(now_entry(f"b{n}") for n in range(50)))
        time.sleep(1.2)
        started.kill()
    view = json.loads(run("overview", "--app", str(app), "--format", "json").stdout)
    assert view["totals"]["events"] == 51
    assert (output / "index.html").read_text().rstrip().endswith("</html>")


def test_a_full_disk_is_said_and_what_was_logged_meanwhile_comes_when_there_is_room(app, tmp_path):
    """A limit on the size of files stands in for the disk: writing fails, and later does not."""
    write_log(app, now_entry("before"))
    output, said = tmp_path / "out", tmp_path / "said"
    command = [sys.executable, "-m", "reporter", "watch", "--app", str(app), "-o", str(output), "--rebuild", "1s"]
    with said.open("w") as file, Started(command, stdout=subprocess.DEVNULL, stderr=file) as started:
        live = output / "data" / "live.js"
        until(live.exists)
        for pid in processes(started):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        write_log(app, *(now_entry(f"while it was full {n} {'x' * 300}") for n in range(40)))
        until(lambda: "File too large" in said.read_text())
        assert started.poll() is None
        for pid in processes(started):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        write_log(app, now_entry("after"))
        until(lambda: "after" in live.read_text())
        until(lambda: ">42<" in (output / "index.html").read_text())
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0
    assert "Traceback" not in said.read_text()
    assert json.loads(run("overview", "--app", str(app), "--format", "json").stdout)["totals"]["events"] == 42


def test_a_clock_that_is_set_forward_and_back_changes_nothing_but_the_window(app):
    write_log(app, call("t", 1))
    settings = find_app(str(app), None, (), None)
    now = datetime.now(UTC) + timedelta(seconds=30)
    views: list[Session] = []

    class Shown:
        def fresh(self, _: object) -> None: ...

        def show(self, view: Session) -> None:
            views.append(view)

        def alive(self, _: datetime) -> None: ...

        over = alive

    job = Job(settings, timedelta(hours=1), None, ZoneInfo("UTC"), settings.compare)
    watch = Watch(job, lambda _: Shown(), print, Event())
    assert watch.begin()
    for at in (now, now + timedelta(hours=9), now, now - timedelta(hours=9), now):
        watch.step(at)
    write_log(app, call("t", 2))
    assert watch.step(now) == 1
    watch.close()
    assert [view.totals.events for view in views] == [1, 0, 1, 0, 1, 2]


def test_output_that_cannot_be_written_is_said_before_the_watch_begins(app, tmp_path):
    write_log(app, now_entry("a"))
    (tmp_path / "file").write_text("")
    done = run("watch", "--app", str(app), "-o", str(tmp_path / "file"))
    assert done.exit_code == 2
    assert "is a file" in done.stderr


def test_the_session_is_that_of_the_sink_and_reads_each_line_once(app):
    write_log(app, *(call("t", n) for n in range(4)), call("t", 9, ok=False))
    run("sources", "--app", str(app))
    # What is logged below lies before it on a busy machine too.
    now = datetime.now(UTC) + timedelta(seconds=30)
    live, fresh = Live(find_app(str(app), None, (), None), now), []
    assert live.view(now).totals.events == 5
    assert live.read_on(now, fresh.append) == 0
    write_log(app, call("t", 10), call("u", 11, ok=False))
    assert live.read_on(now, fresh.append) == 2
    assert [(e.operation, e.correlation_id, e.message) for (e, *_) in [fresh[0], fresh[0][1:]]] == [
        ("t", "live-0010", None),
        ("u", "live-0011", "live boom"),
    ]
    assert len(fresh) == 1
    write_log(app, "[2026-11-20 10:00:00] local.INFO: unfini")
    assert live.read_on(now) == 0
    session = live.view(now)
    again = json.loads(run("overview", "--app", str(app), "--last", "1h", "--format", "json").stdout)
    assert (
        (session.totals.operations, session.totals.errors)
        == (again["totals"]["operations"], again["totals"]["errors"])
        == (7, 2)
    )
    assert session.kinds["tool"].p95_ms == again["kinds"]["tool"]["p95_ms"]
    assert sum(events for events, _ in session.counts) == 7
    live.close()


def test_a_session_of_one_entry_says_one_and_names_no_work(app):
    write_log(app, now_entry("Booted"))
    run("sources", "--app", str(app))
    now = datetime.now(UTC) + timedelta(seconds=30)
    live = Live(find_app(str(app), None, (), None), now)
    text = environment(ZoneInfo("UTC")).get_template("live.html").render(view=live.view(now), rebuild_seconds=30)
    assert "last hour: 1 event, 0 operations" in text
    assert "Busiest" not in text
    live.close()


def test_the_session_is_capped_by_memory_as_well_as_by_time(app):
    """Its older half goes, the heading says of how long it is, and what was logged with entries is never held."""
    start, count = datetime.now(UTC) - timedelta(minutes=50), 6000
    said = random.Random(1)
    context = {"note": "x" * 500, "correlation_id": "c-1"}
    lines = (
        entry(f"line {said.randbytes(400).hex()}", context, at=f"{start + timedelta(seconds=n // 3):%Y-%m-%d %H:%M:%S}")
        for n in range(count)
    )
    write_log(app, *lines)
    run("sources", "--app", str(app))
    settings, now = find_app(str(app), None, (), None), datetime.now(UTC) + timedelta(seconds=5)
    live = Live(settings, now)
    assert live.view(now).totals.events == count
    whole = live._size()
    live.close()

    live = Live(settings._replace(watch_max_bytes=whole * 4 // 5), now)
    write_log(app, now_entry("the latest"))
    now = datetime.now(UTC)
    assert live.read_on(now) == 1
    view = live.view(now)
    assert count // 4 <= view.totals.events <= count // 2 + 3
    assert view.window.start >= start + timedelta(seconds=count // 6 - 1)
    assert live._size() <= whole * 4 // 5
    assert any("the session is cut to the last" in why for _, why in live.notes)
    assert view.events[0].said == "the latest"
    write_log(app, now_entry("and the next"))
    now = datetime.now(UTC)
    assert live.read_on(now) == 1
    assert live.view(now).totals.events == view.totals.events + 1
    live.close()


def test_a_database_made_after_the_watch_began_is_followed_and_missed_when_it_goes(app):
    write_log(app, call("t", 1))
    settings = find_app(str(app), None, (), None)
    run("sources", "--app", str(app))
    now = datetime.now(UTC) + timedelta(seconds=1)
    live = Live(settings, now)
    assert followed(settings) == [app / "storage" / "logs"]
    database = write_database(app, tools=[("a", "from.table", "x-1", "ok", 5.0, f"{now:%Y-%m-%d %H:%M:%S}")])
    assert followed(settings) == [app / "database", app / "storage" / "logs"]
    fresh = []
    assert live.read_on(now, fresh.append) == 1
    assert [e.operation for e in fresh[0]] == ["from.table"]
    database.unlink()
    write_log(app, call("t", 2))
    assert live.read_on(now) == 1
    assert [why.rpartition(": ")[2] for _, why in live.notes] == ["no such database file"]
    live.close()


def test_a_report_that_is_killed_is_built_again(app, tmp_path):
    write_log(app, call("t", 1))
    settings = find_app(str(app), None, (), None)._replace(watch_rebuild=timedelta(0))
    notes: list[str] = []
    job = Job(settings, timedelta(hours=1), tmp_path / "o", ZoneInfo("UTC"), settings.compare)
    watch = Watch(job, lambda w: InFolder(w, tmp_path / "o"), notes.append, Event())
    assert watch.begin()
    write_log(app, call("t", 2))
    first = watch.built_at
    os.kill(watch._worker.pid, signal.SIGKILL)
    while watch.built_at == first:
        with watch._going_on():
            watch.step(datetime.now(UTC))
        time.sleep(0.1)
    watch.close()
    assert any("ended from outside" in note for note in notes)
    assert run("sources", "--app", str(app)).exit_code == 0


def test_what_is_followed(app, tmp_path):
    settings = find_app(str(app), None, (str(tmp_path / "x" / "**" / "*.log"),), None)
    (tmp_path / "x").mkdir()
    assert followed(settings) == [tmp_path / "x"]
    write_database(app)
    assert followed(find_app(str(app), None, (), None)) == [app / "database", app / "storage" / "logs"]


def test_changes_come_at_once_and_by_the_clock(app):
    from threading import Timer

    stop = Event()
    settings = find_app(str(app), None, (), None)
    steps = changes(settings, stop)
    next(steps)
    Timer(0.3, write_log, (app, "x")).start()
    begun = time.monotonic()
    next(steps)
    assert time.monotonic() - begun < 1.9  # before the clock's two seconds
    next(steps)
    stop.set()
    assert len(list(steps)) <= 1
