"""The browser part of `make bench`: from a click to drawn, in headless Chromium from file://, on the report of bench.py."""

from __future__ import annotations

import json
import re
import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.browser import chromium, look
from tests.helpers import run

CLICKS = 15
DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


def drawn(page, selector: str) -> float:
    """Milliseconds from the start of the navigation to what the page notes when all is drawn."""
    found = page.wait_for_selector(f"{selector}[data-shown]", state="attached", timeout=60_000)
    return float(found.get_attribute("data-shown"))


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
    """Medians in ms: the list of all traces, one of them opened by a click, one of 5,000 events."""
    with chromium() as browser:
        page, _ = look(browser, f"file://{output}/traces.html#sort=ms-")
        listed = drawn(page, "#traces")
        opened = []
        for n in range(CLICKS):
            page.goto(f"file://{output}/traces.html#sort={'ms-' if n % 2 else 'start-'}&min={n * 10}")
            page.reload()
            drawn(page, "#traces")
            page.locator("#traces tbody a").nth(n * 7).click()
            opened.append(drawn(page, "#trace"))
        page, _ = look(browser, big_trace(output.parent / "big"))
        big = drawn(page, "#trace")
    traces = int(re.search(r"([\d,]+) traces; here", (output / "traces.html").read_text())[1].replace(",", ""))
    return {
        "traces": traces,
        "list_ms": listed,
        "open_ms": statistics.median(opened),
        "open_most_ms": max(opened),
        "big_ms": big,
    }


def show(found: dict[str, float]) -> None:
    print(f"in the browser, {found['traces']:,.0f} traces, {CLICKS} clicks")
    print(f"  list of all traces drawn                   {found['list_ms']:6.0f} ms")
    print(
        f"  a trace opened, click to drawn, median     {found['open_ms']:6.0f} ms, at most {found['open_most_ms']:.0f} ms"
    )
    print(f"  a trace of 5,000 events                    {found['big_ms']:6.0f} ms")
