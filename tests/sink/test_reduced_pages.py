"""The report of a reduced sink: its pages have the figures of all events, and say what they leave out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser import look
from tests.helpers import run
from tests.sink.hosts import DAY, HOSTS, OFF, answer


@pytest.fixture(scope="module")
def sites(inbox, fleet, tmp_path_factory) -> tuple[Path, Path]:
    """The report of all events, and that of cells."""
    home = tmp_path_factory.mktemp("sites")
    for given, name in ((inbox, "whole"), (fleet, "cells")):
        done = run("build", "--app", "/", "--from", str(given), *DAY, "-o", str(home / name))
        assert done.exit_code == 0, done.output
    return home / "whole", home / "cells"


def tables(page: Path) -> dict[str, list[tuple[str, list[float]]]]:
    """Each table's rows by their words, with their figures, by the table's head and what is said of it."""
    found = {}
    for said, head, body in re.findall(
        r"<table([^>]*)>.*?<thead>(.*?)</thead>\s*<tbody>(.*?)</tbody>", page.read_text(), re.S
    ):
        rows = re.findall(r"<tr.*?</tr>", body, re.S)
        words = (" ".join(re.sub(r"<[^>]+>", " ", row.partition('<td class="n')[0]).split()) for row in rows)
        figures = ([float(n) for n in re.findall(r'class="n[^>]*data-v="([^"]+)"', row)] for row in rows)
        found[f"{said} {re.sub('<[^>]+>', ' ', head)}"] = sorted(zip(words, figures, strict=True))
    return found


def tiles(page: Path) -> dict[str, str]:
    """What a page's tiles say, by name, but for durations."""
    found = re.findall(r"<div[^>]*><dt>(.*?)</dt>(.*?)</div>", page.read_text(), re.S)
    said = {name: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for name, text in found}
    return {name: text for name, text in said.items() if name not in ("p50", "p95", "p99", "Longest")}


# Of single operations and entries: by what a table says of itself.
SINGLES = ('"slow"', '"outliers"', '"expensive"', '"conversations"', '"sizes"', '"states"', '"silences"')


def assert_same_tables(whole: Path, cells: Path, at_least: int) -> None:
    exact, found = tables(whole), tables(cells)
    shared = [name for name in exact if not any(single in name for single in SINGLES)]
    assert list(found) == shared
    assert sum(len(exact[name]) > 0 for name in shared) >= at_least, list(exact)
    for name in shared:
        assert [words for words, _ in found[name]] == [words for words, _ in exact[name]], name
        for (words, figures), (_, of_cells) in zip(exact[name], found[name], strict=True):
            assert of_cells == pytest.approx(figures, rel=OFF), (name, words)


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("index", 2), ("performance", 1), ("trends", 3), ("chat", 2), ("commands", 2), ("tools", 4), ("processing", 2), ("llm", 1)],
)  # fmt: skip
def test_the_pages_have_the_figures_of_all_events(sites, name, at_least):
    whole, cells = (site / f"{name}.html" for site in sites)
    assert_same_tables(whole, cells, at_least)
    exact, found = tiles(whole), tiles(cells)
    assert len(found) > 2 or name == "performance" or name == "trends"
    assert {tile: exact[tile] for tile in exact if tile != "Conversations"} == found


def test_every_operation_has_its_page(sites):
    whole, cells = ({path.name: path for path in site.glob("operation-*.html")} for site in sites)
    assert whole.keys() == cells.keys()
    assert len(whole) > 6
    for name, path in whole.items():
        # Of one that never ended there is nothing but that.
        assert_same_tables(path, cells[name], 1 if "By day" in path.read_text() else 0)
        assert tiles(path) == tiles(cells[name])


def test_hosts_have_their_counts(sites):
    whole, cells = (
        next(rows for name, rows in tables(site / "hosts.html").items() if 'id="hosts"' in name) for site in sites
    )
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
    for name in ("chat", "commands", "tools", "llm", "operation-*"):
        for path in cells.glob(f"{name}.html"):
            assert "left out: cells do not tell them" in path.read_text()
    assert "Entries are not in cells" in (cells / "logs.html").read_text()
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
    # Steps follow, by what they stand in; what is told of single events alone does not, and says so.
    page, heard = look(browser, f"file://{cells}/commands.html#kind=command", "#page-filters[data-applied*=command]")
    shown = page.eval_on_selector_all("#steps tbody tr", "rows => rows.map(row => Number(row.cells[2].dataset.v))")
    (built,) = [rows for name, rows in tables(cells / "commands.html").items() if 'id="steps"' in name]
    assert shown == [figures[0] for _, figures in built]
    assert "not filtered" in page.inner_text('.cards div:has([data-outcome="condition"])')
    assert heard == []
