"""The browser part of `make bench`: from a click to drawn, in headless Chromium from file://, on the report of bench.py."""

from __future__ import annotations

import json
import re
import shutil
import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.browser import WHOLE, chromium, look
from tests.helpers import run

CLICKS = 15
DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


def drawn(page, selector: str) -> float:
    """Milliseconds from the start of the navigation to what the page notes when all is drawn."""
    found = page.wait_for_selector(f"{selector}[data-shown]", state="attached", timeout=60_000)
    return float(found.get_attribute("data-shown"))


# From what is chosen to all figures of the page, and to the frame that shows them.
_CHOOSE = """async change => {
  const form = document.getElementById("page-filters");
  for (const [name, value] of Object.entries(change)) form.elements[name].value = value;
  const done = new Promise(resolve => addEventListener("telemetry-chosen", resolve, { once: true }));
  const begun = performance.now();
  form.dispatchEvent(new Event("input", { bubbles: true }));
  await done;
  const computed = performance.now() - begun;
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return [computed, performance.now() - begun];
}"""
_CHOICES = (
    {"kind": "tool"},
    {"kind": ""},
    {"status": "error"},
    {"status": "", "kind": "processing"},
    {"kind": "", "q": "openai"},
    {"q": ""},
)
FILTERED = ("index", "performance", "chat", "llm", "commands", "tools", "errors")
OPERATIONS = 300_000


def filtered(browser, output: Path) -> dict[str, float]:
    """Milliseconds to filter OPERATIONS operations, the slowest of several choices by page; what loading them takes first."""
    many = output.parent / "many"
    shutil.rmtree(many, ignore_errors=True)
    shutil.copytree(output, many)
    text = (output / "data" / "operations.js").read_text()
    (many / "data" / "operations.js").write_text(text.replace("telemetryData(", "telemetryMany("))
    # The report's own operations as often as makes so many.
    (many / "assets" / "data.js").write_text((output / "assets" / "data.js").read_text() + _MANY % OPERATIONS)
    loaded, computed, shown = [], [], []
    for name in FILTERED:
        page, heard = look(browser, f"file://{many}/{name}.html", "#page-filters[data-applied]")
        loaded.append(page.evaluate(_CHOOSE, _CHOICES[0])[0])
        took = [page.evaluate(_CHOOSE, choice) for choice in _CHOICES[1:]]
        assert page.evaluate("telemetryChosen === null"), heard
        computed.append(max(took[1:], key=lambda one: one[0])[0])
        shown.append(max(took[1:], key=lambda one: one[1])[1])
        page.context.close()
    return {"filter_load_ms": max(loaded), "filter_ms": max(computed), "filter_shown_ms": max(shown)}


_MANY = """
window.telemetryMany = (name, json) => {
  const told = JSON.parse(json), { rows, facts } = told, size = rows.t.length, wanted = %d;
  const again = (column) => Array.from({ length: wanted }, (_, i) => column[i %% size]);
  const times = [];
  rows.t.reduce((sum, step, i) => (times[i] = sum + step), 0);
  const sorted = again(times).sort((a, b) => a - b);
  told.rows = { ...rows, t: sorted.map((t, i) => t - (sorted[i - 1] || 0)), name: again(rows.name), status: again(rows.status).join(""),
    ms: again(rows.ms).map((ms, i) => ms === null ? null : ms * (0.5 + (i %% 997) / 997)), trace: again(rows.trace), caller: again(rows.caller), parent: again(rows.parent), n: null };
  // Sparse columns: each row's place, and what stands beside it.
  const spread = (row) => row.flatMap((i, at) => Array.from({ length: Math.ceil((wanted - i) / size) }, (_, n) => [i + n * size, at])).sort(([a], [b]) => a - b);
  for (const name of ["led", "after", "talk"]) {
    const places = spread(rows[name].row || []);
    told.rows[name] = Object.fromEntries(Object.entries(rows[name]).map(([key, column]) => [key, places.map(([, at]) => column[at])]));
    told.rows[name].row = places.map(([row]) => row);
  }
  const { notes } = told, most = Math.floor(wanted / size), often = (column) => Array.from({ length: most }, () => column).flat();
  told.notes = { ...notes, what: notes.what.repeat(most), failed: notes.failed.repeat(most), ...Object.fromEntries(["name", "trace", "state", "request", "response"].map((name) => [name, often(notes[name])])),
    t: notes.t.flatMap((step, i) => [step, ...Array(most - 1).fill(0)]) };
  const all = spread(facts.row);
  told.facts = Object.fromEntries(Object.entries(facts).map(([key, column]) => [key, all.map(([, at]) => column[at])]));
  told.facts.row = all.map(([row]) => row);
  told.facts.counts = told.facts.counts.join("");
  window.telemetryData(name, JSON.stringify(told));
};
"""


def big_trace(home: Path) -> str:
    """A report of one trace of 5,000 events; returns the address of its page."""
    logs = home / "storage" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    (home / ".env").write_text("APP_NAME=Big\n")
    begin = datetime(2026, 11, 20, 10, tzinfo=UTC)
    lines = []
    for n in range(5000):
        at = begin + timedelta(seconds=n * 0.4, microseconds=1)
        context = {
            "event": "dsl.step.executed",
            "correlation_id": "big",
            "timestamp": at.isoformat(),
            "step_type": f"step{n % 7}",
            "duration_ms": 300,
        }
        lines.append(f"[{at:%Y-%m-%d %H:%M:%S}] local.INFO: dsl.step.executed {json.dumps(context)} \n")
    (logs / "laravel.log").write_text("".join(lines))
    done = run("build", "--app", str(home), "-o", str(home / "output"), *DAY)
    assert done.exit_code == 0, done.output
    return f"file://{home}/output/trace.html#big"


def measure(output: Path) -> dict[str, float]:
    """Medians in ms: the list of all traces, one of them opened by a click, one of 5,000 events; the slowest filter of many operations."""
    with chromium(WHOLE) as browser:
        page, _ = look(browser, f"file://{output}/traces.html#sort=ms-")
        listed = drawn(page, "#traces")
        opened = []
        for n in range(CLICKS):
            page.goto(f"file://{output}/traces.html#sort={'ms-' if n % 2 else 'start-'}&min={n * 10}")
            page.reload()
            drawn(page, "#traces")
            page.locator('#traces tbody a[href^="trace.html"]').nth(n * 7).click()
            opened.append(drawn(page, "#trace"))
        page, _ = look(browser, big_trace(output.parent / "big"))
        big = drawn(page, "#trace")
        filtering = filtered(browser, output)
    traces = int(re.search(r"([\d,]+) traces; here", (output / "traces.html").read_text())[1].replace(",", ""))
    return {
        "traces": traces,
        "list_ms": listed,
        "open_ms": statistics.median(opened),
        "open_most_ms": max(opened),
        "big_ms": big,
        **filtering,
    }


def show(found: dict[str, float]) -> None:
    print(f"in the browser, {found['traces']:,.0f} traces, {CLICKS} clicks")
    print(f"  list of all traces drawn                   {found['list_ms']:6.0f} ms")
    print(
        f"  a trace opened, click to drawn, median     {found['open_ms']:6.0f} ms, at most {found['open_most_ms']:.0f} ms"
    )
    print(f"  a trace of 5,000 events                    {found['big_ms']:6.0f} ms")
    print(
        f"  {OPERATIONS:,} operations filtered, figures computed, at most {found['filter_ms']:6.0f} ms, shown {found['filter_shown_ms']:.0f} ms"
    )
    print(f"  {OPERATIONS:,} operations loaded for the first filter           {found['filter_load_ms']:6.0f} ms")
