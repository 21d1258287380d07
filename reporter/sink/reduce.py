"""`reduce`: what many hosts exported as one small sink of cells, by batches of hosts, here or on a Dask cluster; results are merged as a tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter import __version__
from reporter.analysis.cells import KEPT
from reporter.errors import OutputError, ReportError, SourceError, UsageError
from reporter.replacing import replaced
from reporter.sink.gatherable import found
from reporter.sink.reducing import Reduced, merge, reduce_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from reporter.sources import Progress

# Parts that one merge takes.
_TOGETHER = 8
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


def job_of(given: Iterable[str], hosts_at_once: int, kept: int = KEPT) -> Job:
    """Hosts are told apart by their folders, `host=NAME`; what lies in none is one. Raises SourceError where nothing is there."""
    files: dict[str, list[str]] = {}
    for path in dict.fromkeys(path.resolve() for text in given for path in found(text)):
        host = _HOST.search(str(path))
        files.setdefault(host[1] if host else "", []).append(str(path))
    if not files:
        msg = f"there is nothing in {', '.join(given)}"
        raise SourceError(msg, "Name what `export --whole` or `prune --archive` wrote, with --from.")
    hosts = [files[name] for name in sorted(files)]
    batches = (hosts[at : at + hosts_at_once] for at in range(0, len(hosts), hosts_at_once))
    return Job(tuple(tuple(path for host in batch for path in host) for batch in batches), kept)


def reduce(
    job: Job, engine: str, path: Path, on_note: Callable[[str], None], on_progress: Callable[[Progress], None]
) -> None:
    """Write the reduced sink `path`. `engine`: local, or a cluster's scheduler as dask://host:port (dask+tls:// for TLS). Raises UsageError,
    SourceError, OutputError."""
    _check(path)
    done = _local(job, on_progress) if engine == "local" else _on_dask(job, engine, on_progress)
    for note in done.notes:
        on_note(note)
    if not done.data:
        msg = "there is no event to read"
        raise SourceError(msg, "Name what `export --whole` or `prune --archive` wrote, with --from.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as fresh:
            fresh.write_bytes(done.data)
    except OSError as exc:
        msg = f"{path} cannot be written: {exc.strerror}"
        raise OutputError(msg, "Name another file with -o FILE.") from exc


def _check(path: Path) -> None:
    """Only a reduced sink is replaced."""
    if path.exists() and not is_reduced(path):
        msg = f"{path} is there and is no reduced sink"
        raise OutputError(msg, "Name another file with -o FILE.")


def is_reduced(path: Path) -> bool:
    """Whether a file is what `reduce` wrote. False for what is no sink at all."""
    from reporter.sink.file import open_sink

    if not path.is_file() or path.suffix == ".parquet":
        return False
    try:
        with open_sink(path, read_only=True) as sink:
            return sink.is_reduced
    except ReportError:
        return False


def _local(job: Job, on_progress: Callable[[Progress], None]) -> Reduced:
    from reporter.sources import Progress

    parts = []
    for n, batch in enumerate(job.batches):
        on_progress(Progress(f"reducing, of {len(job.batches)} batches", n, len(job.batches)))
        parts.append(reduce_hosts(batch, kept=job.kept))
    while len(parts) > 1:
        parts = [merge(part, job.kept) for part in _groups(parts)]
    return parts[0]


def _groups(parts: Sequence[Any]) -> list[Sequence[Any]]:
    return [parts[at : at + _TOGETHER] for at in range(0, len(parts), _TOGETHER)]


def _on_dask(job: Job, engine: str, on_progress: Callable[[Progress], None]) -> Reduced:
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
        parts = first
        while len(parts) > 1:
            parts = [client.submit(_merge, job.kept, *part, pure=False, retries=_RETRIES) for part in _groups(parts)]
        try:
            for n, future in enumerate(as_completed(first, loop=client.loop)):
                on_progress(Progress(f"reducing, of {len(first)} batches", n + 1, len(first)))
                # What fails is told in its own words, not once every result that waits for it is lost.
                if future.status == "error":
                    raise future.exception()
            done: Reduced = parts[0].result()
        except KilledWorker as exc:
            msg = f"a batch's worker was lost {_RETRIES + 1} times, as where its memory runs out"
            hint = "Give workers more memory (--memory-limit), or batches fewer hosts (--hosts-at-once 1)."
            raise SourceError(msg, hint) from exc
        return done


def _merge(kept: int, *parts: Reduced) -> Reduced:
    return merge(parts, kept)
