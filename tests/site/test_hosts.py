"""Hosts of a fleet: their page, and the filter by host, which gives the figures that the host's own data have."""

from __future__ import annotations

import json
from functools import cache

import pytest

from tests.browser import look
from tests.helpers import run
from tests.site.test_accessibility import COLOURS, violations
from tests.site.test_filter import FIGURES, opened, rows, same

PERIOD = ("--since", "2026-11-17T12:00Z", "--until", "2026-11-20T12:00Z", "--tz", "UTC")
HOSTS = {"line": "berlin-3", "json": "oslo.1"}


@pytest.fixture(scope="module")
def fleet(samples, tmp_path_factory):
    """The report of two hosts, and what they exported."""
    home = tmp_path_factory.mktemp("hosts")
    for name, host in HOSTS.items():
        done = run("export", "--app", str(samples[name]), "--whole", "--host", host, "-o", str(home / "out"), *PERIOD)
        assert done.exit_code == 0, done.output
    done = run("build", "--app", "/", "--from", str(home / "out"), *PERIOD, "-o", str(home / "site"))
    assert done.exit_code == 0, done.output
    return home


@cache
def own(fleet, command: str, host: str) -> dict:
    """A command's answer of one host's export: asked once."""
    done = run(command, "--app", "/", "--from", str(fleet / "out" / f"host={host}"), *PERIOD, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_page_has_each_hosts_figures(fleet, browser):
    page = opened(browser, fleet / "site", "hosts.html")
    shown = {row["host"].strip(): row for row in rows(page, "#hosts")}
    assert sorted(shown) == sorted(HOSTS.values())
    for host, row in shown.items():
        totals = own(fleet, "overview", host)["totals"]
        names = {"events": "events", "traces": "traces", "count": "operations", "errors": "errors", "error_events": "error_events"}  # fmt: skip
        assert {name: int(row[name]) for name in names} == {name: totals[of] for name, of in names.items()}
        assert same(row["error_rate"], totals["error_rate"])
    assert page.inner_text("nav [aria-current]") == "Hosts"


@pytest.mark.parametrize("host", HOSTS.values())
def test_a_host_that_is_chosen_has_its_own_figures_on_other_pages(fleet, browser, host):
    page = opened(browser, fleet / "site", f"performance.html#host={host}")
    told = [o for o in own(fleet, "performance", host)["operations"] if o["kind"] != "llm"]
    shown = rows(page, "#ops")
    assert [(row["kind"], row["operation"]) for row in shown] == [(o["kind"], o["operation"]) for o in told]
    assert len(shown) >= 5
    for row, figures in zip(shown, told, strict=True):
        assert [name for name in FIGURES if not same(row[name], figures[name])] == [], figures
    totals = own(fleet, "overview", host)["totals"]
    page = opened(browser, fleet / "site", f"traces.html#host={host}")
    page.wait_for_function("document.querySelector('#trace-count').textContent.includes(' of ')")
    assert page.inner_text("#trace-count").startswith(f"{totals['traces']:,} of ")
    page = opened(browser, fleet / "site", f"index.html#host={host}")
    assert page.inner_text("[data-tile=faults]").split()[0] == str(totals["faults"])
    assert page.inner_text("#filter-chips").startswith(f"host: {host}")


def test_the_hosts_page_follows_the_filter(fleet, browser):
    page = opened(browser, fleet / "site", "hosts.html#kind=tool")
    shown = {row["host"].strip(): row for row in rows(page, "#hosts")}
    for host in HOSTS.values():
        tool = own(fleet, "overview", host)["kinds"]["tool"]
        row = shown[host]
        assert [int(row[name]) for name in ("count", "errors", "unfinished")] == [
            tool[name] for name in ("count", "errors", "unfinished")
        ]
        assert same(row["p95_ms"], tool["p95_ms"])
        assert row["events"] == ""


def test_entries_of_a_host(fleet, browser):
    page, heard = look(browser, f"file://{fleet}/site/logs.html#host=oslo.1", "#log-count")
    page.wait_for_function("/^[\\d,]+ of [\\d,]+ entries/.test(document.querySelector('#log-count').textContent)")
    assert heard == []
    assert page.inner_text("#log-count").startswith(f"{own(fleet, 'overview', 'oslo.1')['totals']['events']:,} of ")


def test_one_host_has_neither_page_nor_filter(report):
    assert not (report / "hosts.html").exists()
    assert 'name="host"' not in (report / "index.html").read_text()


def test_axe_finds_no_serious_violation(fleet, browser):
    page, _ = look(
        browser, f"file://{fleet}/site/hosts.html#kind=tool", "#page-filters[data-applied*=tool]", color_scheme="dark"
    )
    assert violations(page, *COLOURS) == []
    page.emulate_media(color_scheme="light")
    assert violations(page) == []
