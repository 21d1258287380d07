"""telemetry-report build: the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reporter.cli.options import counted, note, output_folder, privacy, settings_of, when, where, window_of
from reporter.cli.paths import FILE
from reporter.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from reporter.analysis.limits import Measured

# What --fail-on leaves with: told from all other ends (errors.py).
_BROKEN = 4


@click.command(epilog="Example: telemetry-report build --app ~/fragments --last 24h -o output --open")
@where
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
    json_file: str | None,
    title: str | None,
    fail_on: tuple[str, ...],
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Read what is new and write the report."""
    import time
    from pathlib import Path

    from reporter.analysis.limits import parse_limit
    from reporter.cli.progress import progress
    from reporter.settings.reproducible import now
    from reporter.settings.toml import parse_size
    from reporter.sink import standing
    from reporter.window import parse_compared

    for name, value in (("--max-size", max_size), ("--static-charts", static_charts)):
        if value and not single:
            msg = f"{name} goes with --single-file only"
            raise UsageError(msg, "Add --single-file FILE, or leave it out.")
    begun = time.perf_counter()
    limits = [parse_limit(text) for text in fail_on]
    settings = settings_of(options)
    settings = settings._replace(title=title or settings.title)
    window, zone = window_of(options, settings)
    compared = parse_compared(compare or settings.compare, window, zone)
    path, built_at = Path(single or output or settings.output), now()
    # What is later than a build may be told otherwise by the next.
    state = standing.asked(settings, window, compared, zone.key) if not single and window.end <= built_at else ""
    kept = standing.standing(settings.sink, path, state) if state and not limits and not json_file else None
    if kept:
        for text in kept.notes:
            note(text)
        return _told(path / "index.html", kept.events, 0, begun, open_it)

    from reporter.reading import Asked
    from reporter.run import read
    from reporter.site.output import check_output, write_file

    notes: list[str] = []

    def on_note(text: str) -> None:
        notes.append(text)
        note(text)

    if not single:
        check_output(path)
    with progress() as on_progress:
        run = read(
            Asked(settings, window, compared, zone, built_at),
            on_progress=on_progress,
            on_note=on_note,
            is_to_be_written=True,
        )
        index = run.write(
            path,
            single_bytes=(parse_size(max_size) if max_size else settings.max_bytes) if single else 0,
            static_charts=static_charts,
            on_progress=on_progress,
        )
    if json_file:
        write_file(run.json(), Path(json_file))
    events = run.overview.totals.events
    if state:
        standing.note(settings.sink, path, state, run.sink_state, events, notes)
    _told(index, events, run.ingested.events, begun, open_it)
    _fail_on([run.measure(limit) for limit in limits])
    return None


def _fail_on(found: list[Measured]) -> None:
    """Say what was measured, and leave with 4 where a limit is broken."""
    for one in found:
        click.echo(f"{'broken' if one.is_broken else 'kept' if one.is_known else 'note'}: {one.said}", err=True)
    if any(one.is_broken for one in found):
        raise click.exceptions.Exit(_BROKEN)


def _told(index: Path, events: int, new: int, begun: float, open_it: bool) -> None:
    import time

    took = time.perf_counter() - begun
    click.echo(f"{index.resolve()}  ({events:,} events in the window, {new:,} new, {took:.1f} s)")
    if open_it:
        click.launch(index.resolve().as_uri())
