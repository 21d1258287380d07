"""telemetry-report build: the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reporter.asked import Asked
from reporter.cli.asking import is_interactive
from reporter.cli.options import (
    counted,
    gathered,
    note,
    opened,
    output_folder,
    privacy,
    settings_of,
    when,
    where,
    window_of,
)
from reporter.cli.paths import FILE
from reporter.errors import UsageError
from reporter.format import words
from reporter.sources import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from reporter.analysis.limits import Limit, Measured

# What --fail-on leaves with: told from all other ends (errors.py).
_BROKEN = 4


@click.command(epilog="Example: telemetry-report build --app ~/fragments --last 24h -o output --open")
@where
@gathered
@when
@counted
@privacy
@output_folder
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
@click.option("--compare", metavar="DAYS", help="What to compare with: previous (default), or 2026-11-01..2026-11-07.")
@click.option(
    "--single-file", "single", type=FILE, metavar="FILE", help="Write the whole report as this one file instead."
)
@click.option("--max-size", metavar="SIZE", help="What --single-file may measure (default: 10MB).")
@click.option(
    "--static-charts",
    is_flag=True,
    help="In --single-file, charts (but for single operations') as pictures too, that need no script.",
)
@click.option(
    "--by",
    type=click.Choice(["day", "week"]),
    help="A report for each day or week of the period, in folders of their own under a calendar.",
)
@click.option(
    "--json", "json_file", type=FILE, metavar="FILE", help="Write all figures as JSON here too (docs/report-json.md)."
)
@click.option("--title", metavar="TEXT", help="What the report calls the app (default: its folder's name).")
@click.option(
    "--fail-on",
    multiple=True,
    metavar="LIMIT",
    help="Exit with 4 where this holds, once the report is written: 'errors > 2%', 'p95(llm) > 10s', 'faults > 0'.",
)
def build(
    output: str | None,
    open_it: bool,
    compare: str | None,
    single: str | None,
    max_size: str | None,
    static_charts: bool,
    by: str | None,
    json_file: str | None,
    title: str | None,
    fail_on: tuple[str, ...],
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Read what is new and write the report."""
    import time
    from pathlib import Path

    from reporter.analysis.limits import parse_limit
    from reporter.settings.reproducible import now
    from reporter.settings.toml import parse_size
    from reporter.window import parse_compared

    _check_together(single, {"--max-size": max_size, "--static-charts": static_charts}, by, json_file or fail_on)
    begun, limits = time.perf_counter(), tuple(parse_limit(text) for text in fail_on)
    settings = settings_of(options)
    settings = settings._replace(title=title or settings.title, compare=compare or settings.compare)
    window, zone = window_of(options, settings)
    path = Path(single or output or settings.output)
    asked = Asked(settings, window, parse_compared(settings.compare, window, zone), zone, now())
    job = _Job(asked, path, begun, Listener(on_note=note).once())
    has_older = False
    if by:
        _build_dated(job, by)
    elif single:
        _build_one(job, limits, json_file, parse_size(max_size) if max_size else settings.max_bytes, static_charts)
    elif limits or json_file or not _stands(job):
        has_older = _build_one(job, limits, json_file, is_soon=is_interactive() and not (limits or json_file))
    if open_it:
        opened(path if single else path / "index.html")
    if has_older:
        note(
            "these logs are read now, then the report is written anew: reload it. Ctrl-C leaves them to the next build"
        )
        _build_one(job._replace(begun=time.perf_counter()), limits, json_file)


class _Job(NamedTuple):
    """A build: what it is about, where it goes, when it began by the process's own clock, and who is told its notes."""

    asked: Asked
    path: Path
    begun: float
    listener: Listener

    @property
    def state(self) -> str:
        """What the report would be made of, as far as that can be told from outside; what is later than a build may be told otherwise
        by the next."""
        from reporter.sink import standing

        asked = self.asked
        is_over = asked.window.end <= asked.built_at
        return standing.asked(asked.settings, asked.window, asked.compared, asked.zone.key) if is_over else ""


def _check_together(single: str | None, of_single: dict[str, object], by: str | None, of_one: object) -> None:
    for name, value in of_single.items():
        if value and not single:
            msg = f"{name} goes with --single-file only"
            raise UsageError(msg, "Add --single-file FILE, or leave it out.")
    if by and (single or of_one):
        msg = "--by goes with neither --single-file nor --json nor --fail-on"
        raise UsageError(msg, "Build the one report that these are about by itself.")


def _stands(job: _Job) -> bool:
    """Whether the report is there as it would be made; told, if so."""
    from reporter.sink import standing

    state = job.state
    kept = standing.standing(job.asked.settings.sink, job.path, state) if state else None
    if kept:
        for text in kept.notes:
            note(text)
        _tell(job, job.path / "index.html", kept.events, 0)
    return kept is not None


def _build_one(
    job: _Job,
    limits: tuple[Limit, ...],
    json_file: str | None,
    single_bytes: int = 0,
    static_charts: bool = False,
    *,
    is_soon: bool = False,
) -> bool:
    """Make the report. `is_soon`: of a new sink logs of before may be left; whether some were."""
    from pathlib import Path

    from reporter.cli.progress import listening
    from reporter.run import read
    from reporter.sink import standing
    from reporter.site.output import check_output, write_file

    notes, state = list[str](), "" if single_bytes else job.state

    def on_note(text: str) -> None:
        notes.append(text)
        job.listener.on_note(text)

    if not single_bytes:
        check_output(job.path)
    with listening() as told:
        listener = told._replace(on_note=on_note)
        run = read(job.asked, listener, is_to_be_written=True, is_soon=is_soon)
        page = run.write(job.path, single_bytes=single_bytes, static_charts=static_charts, listener=listener)
    if json_file:
        write_file(run.json(), Path(json_file))
    events = run.overview.totals.events
    has_older = run.ingested.older is not None
    if state and not has_older:
        standing.note(job.asked.settings.sink, job.path, state, run.sink_state, events, notes)
    _tell(job, page, events, run.ingested.events)
    _fail_on([run.measure(limit) for limit in limits])
    return has_older


def _build_dated(job: _Job, by: str) -> None:
    from reporter.cli.progress import listening
    from reporter.dated import write_dated

    with listening() as listener:
        done = write_dated(job.asked, by, job.path, listener)
    for name in done.removed:
        note(f"the report {name} is older than report.keep_days and was removed")
    made = ", ".join(done.built) or "nothing"
    click.echo(f"{done.page.resolve()}  ({words.counted(done.kept, 'report')} by {by}; made anew: {made})")


def _fail_on(found: list[Measured]) -> None:
    """Say what was measured, and leave with 4 where a limit is broken."""
    for one in found:
        click.echo(f"{'broken' if one.is_broken else 'kept' if one.is_known else 'note'}: {one.said}", err=True)
    if any(one.is_broken for one in found):
        raise click.exceptions.Exit(_BROKEN)


def _tell(job: _Job, page: Path, events: int, new: int) -> None:
    import time

    took = time.perf_counter() - job.begun
    click.echo(f"{page.resolve()}  ({words.counted(events, 'event')} in the window, {new:,} new, {took:.1f} s)")
