"""`make bench-fleet`: how the cost of one report over many hosts grows with them, as --from, as reduce, and as reduce on two Dask workers.

SIZES=1 (default) is 1,000,000 events; SIZES=1,5,10,50 takes an hour and 20 GB of disk. Ratios to the first size are printed, since only those
of one run mean something. Hosts are the demo's week over and over, with traces and durations of their own, each by a zone's hours later than the one
before: so cells do not all fall on the same quarters. All at once (--from), and on two workers, are measured up to FROM (million events, 1 by
default): beyond, all at once takes more memory than many machines have. Everything lies in bench/fleet and is removed in the end.
"""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from reporter.demo.app import write_demo
from tests.bench import scale
from tests.bench.scale import Cost, cost

HOME = Path(__file__).parent.parent.parent / "bench" / "fleet"
SIZES = [float(part) for part in os.environ.get("SIZES", "1").split(",")]
FROM = float(os.environ.get("FROM", "1"))
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = (sys.executable, "-m", "reporter")


def exported() -> Path:
    """One host's week, as `export --whole` writes it."""
    write_demo(HOME / "demo", seed=1, now=UNTIL)
    last = ("--last", "8d", "--until", "2026-11-20T12:00Z")
    cost(*RUN, "export", "--app", str(HOME / "demo"), "--whole", "--host", "demo", "-o", str(HOME / "one"), *last)
    return HOME / "one" / "host=demo"


class Copies:
    """Of one host's export any number, each as a host of its own."""

    def __init__(self, one: Path) -> None:
        self._con = duckdb.connect()
        for table in ("events", "spans"):
            files = f"read_parquet('{one}/date=*/{table}.parquet', hive_partitioning = false)"
            self._con.execute(f"CREATE TABLE {table} AS FROM {files} ORDER BY ts, id")
        (self.size,) = self._con.execute("SELECT count(*) FROM events").fetchall()[0]

    def write(self, number: int, folder: Path) -> None:
        own = folder / f"host=h{number:05}"
        own.mkdir(parents=True)
        fresh = {
            name: f"CASE WHEN {name} IS NULL THEN NULL ELSE '{number:05}-' || {name} END"
            for name in ("correlation_id", "message_id", "execution_id")
        }
        for table, more in (
            ("events", {"record_id": "NULL::VARCHAR"}),
            ("spans", {"duration_ms": "duration_ms * (0.8 + 0.4 * random())"}),
        ):
            later = {
                name: f"{name} + INTERVAL {number % 24} HOUR"
                for name in ("ts", *(("start_ts",) if table == "spans" else ()))
            }
            columns = ", ".join(
                f"{sql} AS {name}" for name, sql in {"host": f"'h{number:05}'", **fresh, **later, **more}.items()
            )
            self._con.execute(
                f"COPY (SELECT * REPLACE ({columns}) FROM {table}) TO '{own}/{table}.parquet' (COMPRESSION zstd)"
            )


def measured(folder: Path, scheduler: str, *, is_small: bool) -> dict[str, Cost]:
    """What each way costs; a process and those it starts, but not the cluster's."""
    out, reduced = HOME / "out", str(HOME / "fleet.duckdb")
    ways = {"reduce": ("reduce", "--from", str(folder), "-o", reduced)}
    for name in ("build", "overview", "performance"):
        ways[f"{name}, reduced"] = (
            name,
            "--app",
            "/",
            "--from",
            reduced,
            *(("-o", str(out)) if name == "build" else ()),
        )
    if is_small:
        ways["build --from"] = ("build", "--app", "/", "--from", str(folder), "-o", str(out))
        ways["overview --from"] = ("overview", "--app", "/", "--from", str(folder))
        ways["reduce, two workers"] = (
            "reduce",
            "--from",
            str(folder),
            "--engine",
            scheduler,
            "-o",
            str(HOME / "dask.duckdb"),
        )
    found = {name: cost(*RUN, *way) for name, way in ways.items()}
    shutil.rmtree(out)
    return found


def size_of(path: Path) -> float:
    """MB."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def main() -> None:
    from distributed import LocalCluster

    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    scale.HOME = HOME
    try:
        copies, folder, hosts = Copies(exported()), HOME / "inbox", 0
        first: dict[str, Cost] = {}
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            for size in SIZES:
                while hosts * copies.size < size * 1e6:
                    copies.write(hosts, folder)
                    hosts += 1
                found = measured(folder, cluster.scheduler_address.replace("tcp://", "dask://"), is_small=size <= FROM)
                first = first or found
                print(f"{hosts * copies.size:,} events of {hosts} hosts, {size_of(folder):.0f} MB; reduced {size_of(HOME / 'fleet.duckdb'):.1f} MB")  # fmt: skip
                for name, one in found.items():
                    cpu = one.cpu_s / first[name].cpu_s
                    print(f"  {name:22}{one.wall_s:8.1f} s  CPU {one.cpu_s:7.1f} s {cpu:7.1f} ×  peak {one.peak_mb:6.0f} MB", flush=True)  # fmt: skip
    finally:
        shutil.rmtree(HOME, ignore_errors=True)


if __name__ == "__main__":
    main()
