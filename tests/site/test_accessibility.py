"""Every page, opened once: nothing said, nothing fetched, every chart drawn, no serious violation by axe-core, light and dark, and none is
wider than its window."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import look
from tests.helpers import run
from tests.site.test_site import CHARTED
from tests.site.test_viewer import FAILED, OK, SHOWN

AXE = Path(__file__).parent.parent.parent / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
COLOURS = ("color-contrast", "link-in-text-block")
PAGES = {
    "index.html": "[data-drawn]",
    "performance.html": "[data-drawn]",
    "errors.html": "[data-drawn]",
    "error": "main",
    "traces.html#status=error": "#traces[data-shown]",
    f"trace.html#{FAILED}": SHOWN,
    f"trace.html#{OK}&with={FAILED}": SHOWN,
    f"trace.html#{FAILED}&view=flame": ".frame",
    f"trace.html#{FAILED}&view=statistics": ".statistics",
    "notable.html": "main",
    "logs.html#level=ERROR&contexts=1": "#logs[data-shown]",
    "operation": "[data-drawn]",
    # What the filter makes, and what it marks as not following.
    "index.html#status=error": "#page-filters[data-applied='status=error']",
    "trends.html#kind=tool&status=error": "#page-filters[data-applied*=error]",
    "sources.html": "main",
    **{f"{name}.html": "[data-drawn]" for name in ("chat", "commands", "tools", "processing", "llm", "trends")},
}


# The dark scheme differs in colours alone, and these hold all that there are. They are opened in it and looked at in it first.
DARK = (
    "index.html",
    "performance.html",
    "error",
    "traces.html#status=error",
    f"trace.html#{FAILED}",
    "trends.html#kind=tool&status=error",
)


def test_every_page_with_charts_is_looked_at():
    assert {name.partition("#")[0] for name in PAGES} >= CHARTED.keys()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_and_fetches_nothing_draws_its_charts_is_accessible_and_fits(report, browser, name):
    file = next(report.glob(f"{name}-*.html")).name if name in ("error", "operation") else name
    page, heard = look(
        browser, f"file://{report}/{file}", PAGES[name], color_scheme="dark" if name in DARK else "light"
    )
    charts = [chart.get_attribute("data-chart") for chart in page.locator("[data-chart]").all()]
    assert len(charts) == CHARTED.get(name, len(charts))
    for chart in charts:
        page.locator(f"[data-chart={chart}]").scroll_into_view_if_needed()
        page.wait_for_selector(f"[data-chart={chart}][data-drawn] svg path", state="attached")
    for width in (1280, 420):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 720})
    # Axe would say something: it asks for style sheets, which the page's policy forbids it.
    assert heard == []
    if name in DARK:
        assert violations(page, *COLOURS) == []
        page.emulate_media(color_scheme="light")
    assert violations(page) == []


def test_axe_finds_no_serious_violation_in_a_file_of_one_trace(samples, browser, tmp_path):
    path = tmp_path / "trace.html"
    done = run("trace", FAILED, "--app", str(samples["line"]), "--html", str(path))
    assert done.exit_code == 0, done.output
    page, _ = look(browser, path.as_uri(), SHOWN)
    assert violations(page) == []


# What is no violation axe need not tell of, nor ask for style sheets, which the page's policy forbids it.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
# Serious and critical ones; rules that never are it need not try.
WORST = """options => {
  const worst = ['serious', 'critical'], lesser = axe._audit.rules.filter(r => r.impact && !worst.includes(r.impact)).map(r => [r.id, { enabled: false }]);
  return axe.run(options.runOnly ? options : { ...options, rules: Object.fromEntries(lesser) })
    .then(r => r.violations.filter(v => worst.includes(v.impact)));
}"""


def violations(page, *rules: str) -> list[tuple]:
    """Serious and critical ones, of some rules or of all, with everything folded open."""
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    # As a script of the page the page's own policy would forbid it.
    page.evaluate(f"{AXE.read_text()}; undefined")
    found = page.evaluate(WORST, {**OPTIONS, **({"runOnly": rules} if rules else {})})
    return [
        (v["id"], v["nodes"][0]["html"][:200], v["nodes"][0]["failureSummary"][:300], len(v["nodes"])) for v in found
    ]
