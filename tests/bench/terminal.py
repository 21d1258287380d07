"""`make bench`, second half: terminal answers and the watch's own work on a sink of 1,000,000 events in 24 hours."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from reporter.demo.app import write_demo
from reporter.settings.app import find_app
from reporter.site.live import LIVE_FILE

EVENTS = 1_000_000
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROUNDS = 7
_ID = re.compile(rb'"([0-9a-f]{8})(-[0-9a-f]{4}-)')
_TIME = re.compile(rb"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(?:\.\d+)?")
_OWN = re.compile(rb'"timestamp":"([\d:.T-]+)')


def make(home: Path) -> Path:
    """An app whose one log holds the demo's entries over and over, evenly spread over the 24 hours before UNTIL."""
    shutil.rmtree(home, ignore_errors=True)
    seed = write_demo(home / "demo", seed=1, now=UNTIL)
    lines = [line for path in sorted((seed / "storage" / "logs").glob("*-telemetry-*")) for line in path.open("rb")]
    # By time over all files, so that what belongs together stays together.
    lines.sort(key=lambda line: _OWN.search(line)[1] if _OWN.search(line) else line[1:20].replace(b" ", b"T"))
    log = home / "app" / "storage" / "logs" / "laravel.log"
    log.parent.mkdir(parents=True)
    shutil.copy(seed / ".env", home / "app" / ".env")
    with log.open("wb") as file:
        for n in range(EVENTS):
            turn, at = n // len(lines), UNTIL - timedelta(days=1) + timedelta(seconds=86400 * n / EVENTS)
            stamp, fraction = f"{at:%Y-%m-%d %H:%M:%S}".encode(), f".{at:%f}".encode()
            fresh = _ID.sub(
                lambda m, t=turn: b'"%08x' % ((int(m[1], 16) + t * 7919) % 2**32) + m[2], lines[n % len(lines)]
            )
            own = _TIME.sub(
                lambda m, s=stamp, f=fraction: s[:10] + m[1] + s[11:] + (f if m[1] == b"T" else b""), fresh[21:]
            )
            file.write(b"[" + stamp + b"]" + own)
    return home / "app"


def asked(app: Path, *question: str) -> tuple[float, float]:
    """Median seconds of the whole process, and the most memory of any in MB."""
    program = str(Path(sys.executable).parent / "telemetry-report")
    return processes([program, *question, "--app", str(app), "--until", "2026-11-20T12:00Z"])


def processes(command: list[str]) -> tuple[float, float]:
    took, memory = [], 0.0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        took.append(time.perf_counter() - begun)
        assert process.returncode == 0, command
        memory = max(memory, used.ru_maxrss / 1000)
    return statistics.median(took), memory


def live(app: Path, output: Path) -> tuple[list[float], list[float]]:
    """Milliseconds from a line in the log to the written data/live.js, for lines one by one; and those from that file's loading to
    an open page that shows it."""
    # Loaded here, for a process begins with the memory of the one that starts it.
    from reporter.asked import Asked
    from reporter.run import read
    from reporter.site.live import LiveFiles
    from reporter.watch.live import Live
    from reporter.window import Window

    settings, zone = find_app(str(app), None, (), None), ZoneInfo("UTC")
    window = Window(UNTIL - timedelta(days=1), UNTIL)
    read(Asked(settings, window, window.previous(), zone, UNTIL), is_to_be_written=True).write(output, is_live=True)
    session, files = Live(settings, UNTIL), LiveFiles(output, zone)
    log = app / "storage" / "logs" / "laravel.log"
    with log.open("rb") as file:
        file.seek(-200_000, 2)
        lines = file.read().splitlines(keepends=True)[1:]
    took, texts = [], []
    for n, line in enumerate(lines[:30]):
        with log.open("ab") as file:
            file.write(line.replace(b'"event_id":"', b'"event_id":"%d' % n))
        begun = time.perf_counter()
        assert session.read_on(UNTIL) == 1
        files.show(session.view(UNTIL), UNTIL, 30)
        took.append((time.perf_counter() - begun) * 1000)
        texts.append((output / LIVE_FILE).read_text())
    session.close()
    return took, taken_over(output, texts)


def taken_over(output: Path, scripts: list[str]) -> list[float]:
    """Milliseconds that an open page of the report takes to run each script and lay itself out."""
    from tests.browser import WHOLE, chromium

    with chromium(WHOLE) as browser:
        page = browser.new_page()
        page.goto((output / "index.html").as_uri())
        page.wait_for_selector(".session")
        run = "text => { const t = performance.now(); telemetryLive(text); document.body.offsetHeight; return performance.now() - t; }"
        return [page.evaluate(run, json.loads(script[len("telemetryLive(") : -3])) for script in scripts]


def main() -> None:
    home = Path(__file__).parent.parent.parent / "bench" / "day"
    app = make(home)
    program = str(Path(sys.executable).parent / "telemetry-report")
    build = [
        program,
        "build",
        "--app",
        str(app),
        "--until",
        "2026-11-20T12:00Z",
        "--last",
        "24h",
        "-o",
        str(home / "out"),
    ]
    subprocess.run(build, check=True, capture_output=True)
    index = (home / "out" / "index.html").stat().st_size / 1000
    with (app / "storage" / "logs" / "laravel.log").open("rb") as log:
        trace = re.search(rb'"correlation_id":"([0-9a-f-]{36})"', log.read(10_000))
    print(
        f"{EVENTS:,} events in 24 h; whole processes with nothing new to read, median of {ROUNDS}; index.html {index:.0f} kB"
    )
    # What the machine at hand takes for nothing: it wavers by a factor of two, and only figures of one run compare.
    print(f"  {'python -c pass':<30} {processes([sys.executable, '-c', 'pass'])[0] * 1000:6.0f} ms")
    for question in (
        ("trace", trace[1].decode()), ("trace", trace[1].decode(), "--format", "json"), ("overview",), ("performance", "--last=24h"),
        ("errors",), ("sources",),
    ):  # fmt: skip
        seconds, memory = asked(app, *question)
        print(f"  {' '.join(q[:12] for q in question):<30} {seconds * 1000:6.0f} ms  {memory:5.0f} MB")
    for name, took in zip(
        ("from a line to the written session", "until an open page shows it"), live(app, home / "out"), strict=True
    ):
        print(f"  watch, {name}: median {statistics.median(took[1:]):.0f} ms, at most {max(took[1:]):.0f} ms")


if __name__ == "__main__":
    main()
