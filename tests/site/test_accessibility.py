"""axe-core on every page, light and dark: no serious violation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import look
from tests.helpers import run
from tests.site.test_viewer import FAILED, OK, SHOWN

AXE = Path(__file__).parent.parent.parent / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
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


# The dark scheme differs in colours alone, and these hold all that there are.
DARK = (
    "index.html",
    "performance.html",
    "error",
    "traces.html#status=error",
    f"trace.html#{FAILED}",
    "trends.html#kind=tool&status=error",
)


@pytest.mark.parametrize(("name", "scheme"), [(name, "light") for name in PAGES] + [(name, "dark") for name in DARK])
def test_axe_finds_no_serious_violation(report, browser, name, scheme):
    wait_for = PAGES[name]
    name = next(report.glob(f"{name}-*.html")).name if name in ("error", "operation") else name
    # bypass_csp: axe is added to the page as a script, which the pages' own policy forbids.
    page, _ = look(browser, f"file://{report}/{name}", wait_for, color_scheme=scheme, bypass_csp=True)
    assert violations(page, COLOURS if scheme == "dark" else {}) == []


def test_axe_finds_no_serious_violation_in_a_file_of_one_trace(samples, browser, tmp_path):
    path = tmp_path / "trace.html"
    done = run("trace", FAILED, "--app", str(samples["line"]), "--html", str(path))
    assert done.exit_code == 0, done.output
    page, _ = look(browser, path.as_uri(), SHOWN, bypass_csp=True)
    assert violations(page) == []


def violations(page, options: dict | None = None) -> list[tuple]:
    """Serious and critical ones, with everything folded open."""
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.add_script_tag(content=AXE.read_text())
    found = page.evaluate(
        "options => axe.run(options).then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact)))",
        options or {},
    )
    return [
        (v["id"], v["nodes"][0]["html"][:200], v["nodes"][0]["failureSummary"][:300], len(v["nodes"])) for v in found
    ]
