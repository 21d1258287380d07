"""The finished site: links resolve, nothing is fetched, nothing runs that should not, every chart is drawn."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from reporter.analysis.shards import hashed
from reporter.format import words
from reporter.site.specs import vega
from tests.browser import look
from tests.conftest import UNTIL
from tests.helpers import entry, event, run, write_log

# How many charts each page has on the sample.
CHARTED = {
    "index.html": 2, "performance.html": 3, "errors.html": 1, "traces.html": 0, "chat.html": 3, "commands.html": 1, "tools.html": 2,
    "processing.html": 1, "llm.html": 2, "trends.html": 4, "sources.html": 0, "notable.html": 0, "logs.html": 0,
}  # fmt: skip


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.found += [given[name] for name in ("href", "src") if given.get(name)]
        self.ids.add(given.get("id") or "")


def test_every_link_resolves(report: Path):
    for path in report.glob("*.html"):
        text = path.read_text()
        assert "http://" not in re.sub(r"<script type=.application/json.*?</script>", "", text, flags=re.S)
        for link in _Links(text).found:
            name, _, fragment = link.partition("#")
            if name.startswith("data:"):
                continue
            assert (report / name if name else path).is_file(), link
            if fragment and name != "trace.html" and not fragment.startswith(("q=", "status=", "kind=", "operation=")):
                target = (report / name if name else path).read_text()
                assert unquote(fragment) in _Links(target).ids, link


def families(report: Path, most: int) -> list[Path]:
    """Pages, of those that one template makes (operations', error groups') the longest: they hold the longest names and lists."""
    family: dict[str, list[Path]] = {}
    for path in sorted(report.glob("*.html"), key=lambda path: -path.stat().st_size):
        family.setdefault(re.sub(r"-[^-]*$", "-", path.stem), []).append(path)
    assert len(family) > 15
    return [path for paths in family.values() for path in paths[:most]]


def test_no_page_of_a_family_is_wider_than_its_window(report, browser):
    """All others: tests/site/test_accessibility.py."""
    page, _ = look(browser, "about:blank", "html")
    paths = [path for path in families(report, 3) if path.name not in CHARTED]
    assert len(paths) >= 6
    for path in paths:
        for width in (1280, 420):
            page.set_viewport_size({"width": width, "height": 900})
            if width == 1280:
                page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name


def test_a_trace_opens_by_its_link_with_all_its_events(report, browser):
    link = re.search(r'href="(trace\.html#[^"]+)"', (report / "index.html").read_text())
    page, heard = look(browser, f"file://{report}/{link[1]}", "#trace[data-shown]")
    assert page.locator("#trace [role=treeitem]").count() == 12
    assert page.locator("#trace [role=treeitem] .bar").count() == 6  # and 14 events
    assert heard == []


def test_tables_sort_by_value(report, browser):
    page, _ = look(browser, f"file://{report}/performance.html")
    page.click("#ops th:nth-child(3) button")
    counts = [int(text.replace(",", "")) for text in page.locator("#ops tbody td:nth-child(3)").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)


def test_an_empty_window_says_what_to_do(samples, tmp_path, browser):
    output = tmp_path / "out"
    assert run("build", "--app", str(samples["json"]), "-o", str(output), "--until", "2020-01-01").exit_code == 0
    page, heard = look(browser, "about:blank", "html")
    for name in CHARTED:
        page.goto(f"file://{output}/{name}")
        page.wait_for_selector("main", state="attached")
        assert heard == []
    assert "--last 7d" in (output / "index.html").read_text()


def test_every_page_says_window_zone_sources_and_version(report):
    from reporter import __version__

    for path in report.glob("*.html"):
        text = path.read_text()
        assert "2026-11-17 12:00:00 – 2026-11-20 12:00:00" in text
        assert "3,718 entries = 3,718 events + 0 rejects" in text
        assert f"by telemetry-report {__version__}" in text


def test_one_of_anything_is_one(app, tmp_path):
    write_log(app, entry("one"))
    done = run(
        "build", "--app", str(app), "-o", str(tmp_path / "out"), "--since", "2026-11-20", "--until", "2026-11-21"
    )
    assert done.exit_code == 0, done.output
    said = {path.name: re.sub("<[^>]*>", "", path.read_text()) for path in (tmp_path / "out").glob("*.html")}
    assert "1 entry = 1 event + 0 rejects, from 1 source." in " ".join(said["index.html"].split())
    plural = re.compile(r"(?<![\d.,:-])1 (entries|events|rejects|sources|days|traces|requests|groups|faults)\b")
    assert {name: found[0] for name, text in said.items() if (found := plural.search(text))} == {}


def test_the_shard_hash_is_fnv_1a():
    assert hashed(["", "foobar"], 1 << 32) == [0x811C9DC5, 0xBF9CF968]


def test_a_build_replaces_only_its_own_report(app, tmp_path):
    write_log(app, entry("one"))
    output = tmp_path / "out"
    arguments = ["build", "--app", str(app), "-o", str(output), *UNTIL]
    assert run(*arguments).exit_code == 0
    (output / "data" / "trace-99.js").write_text("old")
    assert run(*arguments).exit_code == 0
    assert not (output / "data" / "trace-99.js").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"app", "out"}


def test_chart_fields_exist_in_their_data_and_transforms_in_the_runtime(report):
    import json

    registered = {
        "aggregate",
        "bin",
        "collect",
        "extent",
        "filter",
        "formula",
        "project",
        "stack",
        "timeunit",
        "impute",
        "joinaggregate",
        "window",
        "identifier",
    }
    for name in (name for name, count in CHARTED.items() if count):
        charts = json.loads(re.search(r'id="charts">(.*?)</script>', (report / name).read_text(), re.S)[1])
        for chart in charts.values():
            spec = vega(chart["spec"], chart["height"], chart["signals"])
            assert {t["type"] for d in spec["data"] for t in d.get("transform", [])} <= registered
            assert {d["name"] for d in spec["data"] if not d.get("source")} <= set(chart["data"])
            for columns in chart["data"].values():
                assert len({len(column) for column in columns.values()}) == 1


def test_figures_that_stand_alone_have_three_digits():
    shown = [words.short(n) for n in (0, 9_999, 12_431, 123_456, 999_999, 3_100_000)]
    assert shown == ["0", "9,999", "12.4k", "123k", "1M", "3.1M"]


def test_what_was_not_filtered_away_is_not_said_to_be(app, tmp_path, browser):
    """Of an entry that is no operation there are no lines of percentiles, nor of calls of one length outliers."""
    write_log(app, entry("Booted"))
    period = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *period).exit_code == 0
    page, _ = look(browser, f"file://{tmp_path}/out/trends.html", "[data-drawn]")
    assert page.locator("[data-chart]").count() == 1
    assert page.locator("#p95").count() == 0
    assert "fits the filter" not in page.inner_text("main")
    write_log(
        app,
        *[event("tool.invocation.completed", f"10:00:{n}.1", tool_name="db", duration_ms=10) for n in range(10, 40)],
    )
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *period).exit_code == 0
    assert "<h2>Outliers</h2>" not in (tmp_path / "out" / "performance.html").read_text()
