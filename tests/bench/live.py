"""`make bench-live`: from a line written to a log until a person sees it: on the terminal, piped, and on an open page of the report; file
watching and the page's own asking included. And the memory that a watch takes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from pathlib import Path

from reporter.demo.app import write_demo
from tests.browser import WHOLE, chromium
from tests.helpers import write_log
from tests.watch.watching import call, processes

LINES = 25
# Between lines: longer than whatever is asked at intervals, and not a multiple of it.
PAUSE = 0.73
_IDLE_SECONDS = 10
# Notes in the page when a text came to be in it, by the clock that Python reads too.
_NOTE = """() => { const seen = window.seenAt = {}; const look = () => { for (const name of
  document.getElementById("live").textContent.match(/needle\\.\\w+/g) || []) seen[name] = seen[name] || performance.timeOrigin + performance.now(); };
  new MutationObserver(look).observe(document.getElementById("live"), { childList: true, subtree: true, characterData: true }); }"""


def make(home: Path, session: int) -> Path:
    """The demo, with so many calls of the last minutes besides."""
    shutil.rmtree(home, ignore_errors=True)
    app = write_demo(home / "app", seed=1, now=datetime.now(UTC))
    write_log(app, *(call("busy", n, ok=n % 50 > 0) for n in range(session)))
    return app


@contextlib.contextmanager
def watching(app: Path, *arguments: str, output: int = subprocess.PIPE):
    program = [sys.executable, "-m", "reporter", "watch", "--app", str(app), "--tz", "UTC", *arguments]
    process = subprocess.Popen(program, stdout=output, stderr=subprocess.DEVNULL, env={**os.environ, "BROWSER": "true"})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def to_terminal(app: Path, *, is_terminal: bool) -> tuple[list[float], str]:
    """Milliseconds a line, and MB of the processes at the end."""
    shown, theirs = pty.openpty() if is_terminal else os.pipe()
    if is_terminal:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    with watching(app, "--terminal", output=theirs) as process:
        os.close(theirs)
        seen = b""
        while b"warm" not in seen:
            write_log(app, call("warm", time.time_ns()))
            seen += _said(shown, 1.0)
        _said(shown, 2.0)
        took = []
        for n in range(LINES):
            name, seen = f"needle.{'tty' if is_terminal else 'pipe'}{n}x", b""
            begun = time.time()
            write_log(app, call(name, n))
            while name.encode() not in seen:
                seen += _said(shown, 0.5, once=True)
            took.append((time.time() - begun) * 1000)
            _said(shown, PAUSE)
        return took, memory(process)


def _said(file: int, seconds: float, *, once: bool = False) -> bytes:
    end, said = time.monotonic() + seconds, b""
    while (left := end - time.monotonic()) > 0 and not (once and said):
        if select.select([file], [], [], left)[0]:
            said += os.read(file, 1 << 16)
    return said


def to_page(app: Path, output: Path) -> tuple[list[float], str, float]:
    """Milliseconds a line, MB of the processes at the end, and the share of a core that the open page takes while nothing comes."""
    with watching(app, "-o", str(output)) as process, chromium(WHOLE) as browser:
        assert process.stdout
        process.stdout.readline()
        page = browser.new_context(bypass_csp=True).new_page()
        page.goto((output / "index.html").as_uri())
        write_log(app, call("warm", 1))
        page.wait_for_selector(".session", timeout=60_000)
        page.evaluate(_NOTE)
        took, worked = [], page.context.new_cdp_session(page)
        worked.send("Performance.enable")
        before = _busy(worked)
        time.sleep(_IDLE_SECONDS)
        busy = (_busy(worked) - before) / _IDLE_SECONDS
        for n in range(LINES):
            name = f"needle.page{n}x"
            begun = time.time()
            write_log(app, call(name, n))
            page.wait_for_function(f"window.seenAt['{name}']", timeout=30_000)
            took.append(page.evaluate(f"window.seenAt['{name}']") - begun * 1000)
            time.sleep(PAUSE)
        return took, memory(process), busy


def _busy(session) -> float:
    found = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in found if metric["name"] == "TaskDuration")


def memory(process: subprocess.Popen) -> str:
    """MB that the watch and what it has started hold (RSS: with the libraries that they share)."""
    told = (Path(f"/proc/{pid}/status").read_text() for pid in processes(process))
    sizes = [int(line.split()[1]) / 1000 for text in told for line in text.splitlines() if line.startswith("VmRSS:")]
    return " + ".join(f"{size:.0f}" for size in sizes)


def main() -> None:
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent.parent / "bench" / "live"
    for session in (0, 20_000):
        app = make(home, session)
        print(
            f"a session of {session:,} calls and the demo's last hour, {LINES} lines one by one; load {os.getloadavg()[0]:.1f}"
        )
        for name, is_terminal in (("to a terminal", True), ("to a pipe", False)):
            took, held = to_terminal(app, is_terminal=is_terminal)
            print(f"  {name:<16} median {statistics.median(took):4.0f} ms, at most {max(took):4.0f} ms; {held} MB")
        took, held, busy = to_page(app, home / "out")
        print(
            f"  {'to an open page':<16} median {statistics.median(took):4.0f} ms, at most {max(took):4.0f} ms; {held} MB; an idle page {busy:.1%} of a core"
        )


if __name__ == "__main__":
    main()
