"""A watch as a process of its own, what is logged while it runs, and waiting for what it shows."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.helpers import Started, entry, write_log


def now_entry(message: str, context: dict | None = None, *, level: str = "INFO") -> str:
    return entry(message, context, at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", level=level)


def call(tool: str, n: int, *, ok: bool = True) -> str:
    name = f"tool.invocation.{'completed' if ok else 'failed'}"
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    facts = {
        "tool_name": tool,
        "invocation_id": f"{tool}-{n}",
        "duration_ms": 12.5,
        "timestamp": at,
        "correlation_id": f"live-{n:04}",
    }
    return now_entry(name, facts if ok else {**facts, "error": "live boom"})


@contextlib.contextmanager
def watching(app: Path, *arguments: str) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", "reporter", "watch", "--app", str(app), *arguments]
    with Started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.send_signal(signal.SIGINT)
            try:
                started.wait(60)
            except subprocess.TimeoutExpired:
                started.kill()


def until(seen: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "never seen"
        time.sleep(0.05)


def processes(started: subprocess.Popen) -> list[int]:
    """The watch and what it has started."""
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text()
    return [started.pid, *map(int, children.split())]


def hearing(started: subprocess.Popen) -> Callable[..., None]:
    """A function that waits until the watch has said a text on stdout; `said` of it is all that was."""
    os.set_blocking(started.stdout.fileno(), False)
    said = bytearray()

    def shows(text: str, seconds: float = 30) -> None:
        def seen() -> bool:
            with contextlib.suppress(BlockingIOError):
                said.extend(os.read(started.stdout.fileno(), 1 << 16))
            return text in said.decode()

        until(seen, seconds)

    shows.said = said
    return shows


def under_way(app: Path, shows: Callable[..., None]) -> None:
    """Wait until a watch shows what is logged, which what was there before it began is not."""
    lines = iter(range(10_000))

    def seen() -> bool:
        write_log(app, now_entry(f"under way {next(lines)}"))
        time.sleep(0.3)
        with contextlib.suppress(AssertionError):
            shows("under way", 0.1)
            return True
        return False

    until(seen)
