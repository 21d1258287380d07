"""`make bench`: a cold build of 500,000 LineFormatter entries beside GoAccess on as many JSON lines, in one run.

Not a test: these machines are noisy, so only ratios of one run mean something. Entries: the demo app's, repeated with
fresh ids. GoAccess gets as many JSON lines three times over: the access log that Caddy writes (GoAccess's own preset),
each entry as a JSON line with its context (about the same bytes), and without (lean).
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from reporter.demo.app import write_demo
from tests.bench.browser import measure, show

ENTRIES = 500_000
HOME = Path(__file__).parent.parent.parent / "bench"
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
_ID = re.compile(rb'"([0-9a-f]{8})(-[0-9a-f]{4}-)')
_FORMAT = '{"date":"%d","time":"%t","ip":"%h","method":"%m","uri":"%U","status":"%s","size":"%b","dur":"%L","ua":"%u"}'

# The sample apps' entries are longer than the demo's; with this they are as long (680 bytes).
_LONGER = b'"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) fragments/2.4 Chrome/134.0 Electron/35.1",'
_CADDY = (
    b'{"level":"info","ts":%d.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"10.0.0.%d",'
    b'"remote_port":"5000","client_ip":"10.0.0.1","proto":"HTTP/1.1","method":"GET","host":"app.test","uri":"/%s/%d","headers":'
    b'{"User-Agent":["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0"],"Referer":["http://app.test/"]}},'
    b'"bytes_read":0,"user_id":"","duration":0.25,"size":%d,"status":200,"resp_headers":{"Server":["Caddy"],"Content-Type":["text/html"]}}\n'
)


def make() -> None:
    """bench/app with one log of ENTRIES entries, bench/full.json and bench/lean.json."""
    shutil.rmtree(HOME, ignore_errors=True)
    seed = write_demo(HOME / "demo", seed=1, now=UNTIL)
    lines = [line for path in sorted((seed / "storage" / "logs").glob("*-telemetry-*")) for line in path.open("rb")]
    (HOME / "app" / "storage" / "logs").mkdir(parents=True)
    # All of it is kept: GoAccess lets nothing go either.
    (HOME / "app" / "telemetry-report.toml").write_text("[retention]\ndays = 30\n")
    written = 0
    with (
        (HOME / "app" / "storage" / "logs" / "laravel.log").open("wb") as log,
        (HOME / "full.json").open("wb") as full,
        (HOME / "lean.json").open("wb") as lean,
        (HOME / "caddy.json").open("wb") as caddy,
    ):
        for turn in range(ENTRIES // len(lines) + 1):
            for line in lines[: ENTRIES - written]:
                fresh = _ID.sub(lambda m, t=turn: b'"%08x' % ((int(m[1], 16) + t * 7919) % 2**32) + m[2], line)
                head, context = fresh.rstrip().split(b" {", 1)
                context = _LONGER + context
                log.write(head + b" {" + context + b" \n")
                day, clock, uri = head[1:11], head[12:20], head.split(b": ", 1)[1].replace(b" ", b"-")
                access = b'{"date":"%s","time":"%s","ip":"10.0.%d.%d","method":"POST","uri":"/%s","status":"200","size":"%d","dur":"%d","ua":"Mozilla/5.0"'
                access %= (day, clock, written % 256, written // 256 % 256, uri, len(fresh), written % 2000)
                lean.write(access + b"}\n")
                caddy.write(_CADDY % (1763600000 + written, written % 256, uri, written % 7000, len(fresh)))
                full.write(access + b',"context":{' + context + b"}\n")
                written += 1


def timed(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=HOME)
    return time.perf_counter() - begun


def build(cold: bool) -> float:
    if cold:
        shutil.rmtree(HOME / "app" / "storage" / "telemetry", ignore_errors=True)
    program = str(Path(sys.executable).parent / "telemetry-report")
    return timed(program, "build", "--app", "app", "--last", "9d", "--until", "2026-11-20T12:00Z", "-o", "output")


def goaccess(name: str) -> float:
    formats = (f"--log-format={_FORMAT}", "--date-format=%Y-%m-%d", "--time-format=%H:%M:%S")
    return timed("goaccess", name, *formats, "-o", "goaccess.html", "--no-progress")


def goaccess_caddy() -> float:
    return timed("goaccess", "caddy.json", "--log-format=CADDY", "-o", "goaccess.html", "--no-progress")


def main() -> None:
    make()
    sizes = {
        name: (HOME / name).stat().st_size / 1e6
        for name in ("app/storage/logs/laravel.log", "full.json", "lean.json", "caddy.json")
    }
    rounds = [
        (build(True), goaccess_caddy(), goaccess("full.json"), goaccess("lean.json"), build(False)) for _ in range(3)
    ]
    cold, caddy, full, lean, again = (statistics.median(column) for column in zip(*rounds, strict=True))
    rows = (
        (f"telemetry-report build, cold ({sizes['app/storage/logs/laravel.log']:.0f} MB)", cold),
        (f"GoAccess, Caddy's JSON access log ({sizes['caddy.json']:.0f} MB)", caddy),
        (f"GoAccess, same entries as JSON ({sizes['full.json']:.0f} MB)", full),
        (f"GoAccess, JSON without contexts ({sizes['lean.json']:.0f} MB)", lean),
        ("telemetry-report build, nothing new", again),
    )
    print(f"{ENTRIES:,} entries, medians of {len(rounds)} rounds")
    for name, seconds in rows:
        print(f"  {name:<62} {seconds:6.2f} s   {seconds / cold:5.2f} × the cold build")
    browser = measure(HOME / "output")
    show(browser)
    print(
        json.dumps(
            {
                **browser,
                "cold_s": cold,
                "goaccess_caddy_s": caddy,
                "goaccess_full_s": full,
                "goaccess_lean_s": lean,
                "rebuild_s": again,
            }
        )
    )


if __name__ == "__main__":
    main()
