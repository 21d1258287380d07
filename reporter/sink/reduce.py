"""`reduce`: what many hosts exported as one small sink of cells, by batches of hosts, here or on a Dask cluster; results are merged as a tree."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import __version__
from reporter.analysis.cells import KEPT
from reporter.errors import OutputError, SourceError, UsageError
from reporter.replacing import replaced
from reporter.sink.gatherable import found
from reporter.sink.reducing import Reduced, merge, merge_into, reduce_hosts, reduce_into
from reporter.sink.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reporter.sources import Listener

# Parts that one merge takes.
_TOGETHER = 8
# What a task reads where nobody says how many hosts: about 500,000 events. Each statement of it costs as much to begin for one host as for
# fifty; beyond, memory grows and nothing is saved.
_BATCH_BYTES = 50_000_000
_HOST = re.compile(r"[/\\]host=([^/\\]+)[/\\]")
_SCHEMES = {"dask": "tcp", "dask+tls": "tls"}
# How long a scheduler may take to answer.
ANSWERS_WITHIN = "10s"
# How often a task is begun anew, on another worker, where one was lost.
_RETRIES = 3


class Job(NamedTuple):
    """`batches`: what each task reads, all of a host in one. `kept`: see cells.choose."""

    batches: tuple[tuple[str, ...], ...]
    kept: int = KEPT


def job_of(given: Iterable[str], hosts_at_once: int | None = None, kept: int = KEPT) -> Job:
    """Hosts are told apart by their folders, `host=NAME`; what lies in none is one. A task reads so many of them, or by default as many as
    have _BATCH_BYTES, one at least. Raises SourceError where nothing is there."""
    files: dict[str, list[str]] = {}
    for path in dict.fromkeys(path.resolve() for text in given for path in found(text)):
        host = _HOST.search(str(path))
        files.setdefault(host[1] if host else "", []).append(str(path))
    if not files:
        msg = f"there is nothing in {', '.join(given)}"
        raise SourceError(msg, "Name what `export --whole` or `prune --archive` wrote, with --from.")
    batches: list[list[str]] = []
    hosts = size = 0
    for name in sorted(files):
        more = sum(map(_bytes, files[name]))
        is_full = hosts >= hosts_at_once if hosts_at_once else size + more > _BATCH_BYTES
        if is_full or not batches:
            batches.append([])
            hosts = size = 0
        batches[-1] += files[name]
        hosts, size = hosts + 1, size + more
    return Job(tuple(map(tuple, batches)), kept)


def _bytes(path: str) -> int:
    """None of a link to nothing or a file that has just gone: neither is read."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def reduce(job: Job, engine: str, path: Path, listener: Listener) -> None:
    """Write the reduced sink `path`. `engine`: local, or a cluster's scheduler as dask://host:port (dask+tls:// for TLS). Raises UsageError,
    SourceError, OutputError."""
    _check(path)
    with scratch() as folder:
        made, notes = _local(job, folder, listener) if engine == "local" else _on_dask(job, engine, folder, listener)
        for note in notes:
            listener.on_note(note)
        if not made:
            msg = "there is no event to read"
            raise SourceError(msg, "Name what `export --whole` or `prune --archive` wrote, with --from.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as fresh:
                shutil.copyfile(made, fresh)
        except OSError as exc:
            msg = f"{path} cannot be written: {exc.strerror}"
            raise OutputError(msg, "Name another file with -o FILE.") from exc


def _check(path: Path) -> None:
    """Only a reduced sink is replaced."""
    if path.exists() and not is_reduced_file(path):
        msg = f"{path} is there and is no reduced sink"
        raise OutputError(msg, "Name another file with -o FILE.")


def is_reduced_file(path: Path) -> bool:
    """Whether a file is what `reduce` wrote, of whatever version. False for what is no sink at all."""
    from reporter.engine import Error, connect
    from reporter.sink.file import is_reduced

    if not path.is_file() or path.suffix == ".parquet":
        return False
    try:
        with connect(str(path), read_only=True) as con:
            return is_reduced(con)
    except (Error, OSError, ValueError):
        return False


def _local(job: Job, folder: Path, listener: Listener) -> tuple[Path | None, list[str]]:
    """Batch by batch, in files; merged as soon as there are _TOGETHER of a level, so that no more than that lie there of each."""
    from reporter.sources import Progress

    levels: list[list[Path]] = [[]]
    notes: list[str] = []
    for n, batch in enumerate(job.batches):
        listener.on_progress(Progress(f"reducing, of {len(job.batches)} batches", n, len(job.batches)))
        part = folder / f"part-{n}.duckdb"
        notes += reduce_into(part, batch, job.kept)
        if part.exists():
            levels[0].append(part)
        for level, parts in enumerate(levels):
            if len(parts) == _TOGETHER:
                if level + 1 == len(levels):
                    levels.append([])
                levels[level + 1].append(_merged(parts, folder / f"merged-{level}-{n}.duckdb", job.kept))
                levels[level] = []
    rest = [part for parts in levels for part in parts]
    return (_merged(rest, folder / "merged.duckdb", job.kept) if len(rest) > 1 else rest[0] if rest else None), notes


def _merged(parts: Sequence[Path], path: Path, kept: int) -> Path:
    merge_into(path, parts, kept)
    for part in parts:
        part.unlink()
    return path


def _groups(parts: Sequence[Any]) -> list[Sequence[Any]]:
    return [parts[at : at + _TOGETHER] for at in range(0, len(parts), _TOGETHER)]


def _on_dask(job: Job, engine: str, folder: Path, listener: Listener) -> tuple[Path | None, list[str]]:
    """What workers make of the batches. Merging comes before further batches, so that of each level a few parts at a time wait for others."""
    from reporter.sources import Progress

    scheme, mark, place = engine.partition("://")
    if not mark or scheme not in _SCHEMES or not place:
        msg = f"“{engine}” is no engine"
        raise UsageError(msg, "Write local, or where a scheduler listens: dask://host:8786, dask+tls://host:8786.")
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as exc:
        msg = "Dask is not installed"
        raise UsageError(msg, "pip install 'telemetry-report[fleet]', here and on the cluster.") from exc
    try:
        client = Client(f"{_SCHEMES[scheme]}://{place}", timeout=ANSWERS_WITHIN, set_as_default=False)
    except (OSError, ValueError) as exc:
        msg = f"no scheduler answers at {place}: {exc}"
        raise SourceError(msg, "Start one with `dask scheduler`, and workers with `dask worker`.") from exc
    with client:
        first = [
            client.submit(reduce_hosts, batch, __version__, job.kept, pure=False, retries=_RETRIES)
            for batch in job.batches
        ]
        parts, level = first, 0
        while len(parts) > 1:
            level += 1
            parts = [
                client.submit(_merge, job.kept, *part, pure=False, retries=_RETRIES, priority=level)
                for part in _groups(parts)
            ]
        try:
            for n, future in enumerate(as_completed(first, loop=client.loop)):
                listener.on_progress(Progress(f"reducing, of {len(first)} batches", n + 1, len(first)))
                # What fails is told in its own words, not once every result that waits for it is lost.
                if future.status == "error":
                    raise future.exception()
            done: Reduced = parts[0].result()
        except KilledWorker as exc:
            msg = f"a batch's worker was lost {_RETRIES + 1} times, as where its memory runs out"
            hint = "Give workers more memory (--memory-limit), or batches fewer hosts (--hosts-at-once 1)."
            raise SourceError(msg, hint) from exc
    made = folder / "merged.duckdb"
    if done.data:
        made.write_bytes(done.data)
    return made if done.data else None, list(done.notes)


def _merge(kept: int, *parts: Reduced) -> Reduced:
    return merge(parts, kept)
