"""`make bench-scale`: how time, CPU, memory and disk grow with entries, files and contexts, side by side with GoAccess and DuckDB.

SCALE=1 (default): up to 500,000 entries, a few minutes; SCALE=8 makes it 4,000,000, SCALE=20 10,000,000. Only ratios of one run
mean something. Everything lies in bench/scale and is removed in the end.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple

from reporter.demo.app import write_demo
from tests.bench.build import _FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Path(__file__).parent.parent.parent / "bench" / "scale"
SCALE = float(os.environ.get("SCALE", "1"))
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
_ID = re.compile(rb'"([0-9a-f]{8})(-[0-9a-f]{4}-)')
WINDOW = ("--since", "2026-11-01T00:00Z", "--until", "2026-11-20T12:00Z")
MOVED = ("--since", "2026-11-01T00:00Z", "--until", "2026-11-20T11:00Z")


class Cost(NamedTuple):
    """What a process and its children took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def cost(*command: str) -> Cost:
    begun = time.perf_counter()
    with TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, cwd=HOME)
        _, status, used = os.wait4(process.pid, 0)
        said.seek(0)
        last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        msg = f"{' '.join(command)} ended with {process.returncode}: {last}"
        raise SystemExit(msg)
    return Cost(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)


def entries(count: int, context_bytes: int) -> Iterator[bytes]:
    """The demo's telemetry over and over with fresh ids; contexts made so long."""
    seed = HOME / "demo"
    if not seed.exists():
        write_demo(seed, seed=1, now=UNTIL)
    lines = [line for path in sorted((seed / "storage" / "logs").glob("*-telemetry-*")) for line in path.open("rb")]
    pad = b'{"pad":"%s",' % (b"lorem ipsum " * (context_bytes // 12)) if context_bytes else b"{"
    for n in range(count):
        turn, line = n // len(lines), lines[n % len(lines)]
        fresh = _ID.sub(lambda m, t=turn: b'"%08x' % ((int(m[1], 16) + t * 7919) % 2**32) + m[2], line)
        head, context = fresh.rstrip().split(b" {", 1)
        yield head + b" " + pad + context + b" \n"


def write(name: str, count: int, *, context_bytes: int = 0, files: int = 1) -> int:
    """An app with so many entries in so many files, and the same as JSON lines; the logs' bytes."""
    logs = HOME / name / "storage" / "logs"
    logs.mkdir(parents=True)
    (HOME / name / "telemetry-report.toml").write_text("[retention]\ndays = 60\nmax_size = '100GB'\n")
    size, at = 0, -1
    with (HOME / f"{name}.json").open("wb") as lines:
        log = None
        for n, line in enumerate(entries(count, context_bytes)):
            if n * files // count != at:
                at = n * files // count
                if log:
                    log.close()
                log = (logs / f"request-{at:05}.log").open("wb")
            assert log
            log.write(line)
            size += len(line)
            head, context = line.rstrip().split(b" {", 1)
            lines.write(
                b'{"date":"%s","time":"%s","ip":"10.0.%d.%d","method":"POST","uri":"/%s","status":"200","size":"%d","dur":"%d","ua":"x","context":{%s}\n'
                % (
                    head[1:11],
                    head[12:20],
                    n % 256,
                    n // 256 % 256,
                    head.split(b": ", 1)[1].replace(b" ", b"-"),
                    len(line),
                    n % 2000,
                    context,
                )
            )
        if log:
            log.close()
    return size


def build(name: str, *window: str) -> Cost:
    program = str(Path(sys.executable).parent / "telemetry-report")
    return cost(program, "build", "--app", name, *window, "-o", f"{name}-output")


def goaccess(name: str) -> Cost:
    formats = (f"--log-format={_FORMAT}", "--date-format=%Y-%m-%d", "--time-format=%H:%M:%S")
    return cost("goaccess", f"{name}.json", *formats, "-o", "goaccess.html", "--no-progress")


def read_json(name: str) -> Cost:
    """DuckDB's own reader over the same bytes, into a table."""
    code = "import duckdb, sys; duckdb.connect('j.duckdb').execute(\"CREATE OR REPLACE TABLE t AS FROM read_json(?, maximum_object_size=100000000)\", [sys.argv[1]])"
    return cost(sys.executable, "-c", code, f"{name}.json")


def measure(name: str, count: int, *, context_bytes: int = 0, files: int = 1) -> None:
    size = write(name, count, context_bytes=context_bytes, files=files)
    rows = {"cold": build(name, *WINDOW)}
    sink = (HOME / name / "storage" / "telemetry" / "telemetry.duckdb").stat().st_size
    rows["same window again"] = build(name, *WINDOW)
    rows["window moved"] = build(name, *MOVED)
    if shutil.which("goaccess"):
        rows["GoAccess, same entries"] = goaccess(name)
    rows["DuckDB read_json"] = read_json(name)
    print(f"{name}: {count:,} entries, {size / 1e6:,.0f} MB, {files:,} files; sink {sink / size:.1%} of the logs")
    for what, took in rows.items():
        print(
            f"  {what:<24} {took.wall_s:8.2f} s {took.cpu_s:8.2f} CPU s {took.peak_mb:7,.0f} MB   "
            f"{took.wall_s / rows['cold'].wall_s:6.3f} × the cold build's time, {took.cpu_s / rows['cold'].cpu_s:6.3f} × its CPU time"
        )
    sys.stdout.flush()
    for path in (HOME / name, HOME / f"{name}-output"):
        shutil.rmtree(path, ignore_errors=True)
    for path in (HOME / f"{name}.json", HOME / "j.duckdb"):
        path.unlink(missing_ok=True)


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    most = int(500_000 * SCALE)
    try:
        measure("demo-size", 10_000)
        measure("twenty-thousand", 20_000)
        measure("one-file", 100_000)
        measure("many-files", 100_000, files=5_000)
        measure("contexts-4k", 20_000, context_bytes=4_000)
        measure("contexts-16k", 20_000, context_bytes=16_000)
        measure("quarter", most // 4)
        measure("most", most)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)


if __name__ == "__main__":
    main()
