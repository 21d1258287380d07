"""build, watch, demo: what writes files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.options import note, privacy, settings_of, when, where, window_of, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., None]


def _output(command: Command) -> Command:
    return click.option("-o", "--output", metavar="DIR", help="Folder of the report (default: output).")(command)


@click.command(epilog="Example: telemetry-report build --app ~/fragments --last 24h -o output --open")
@where
@when
@privacy
@_output
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
@click.option("--compare", metavar="DAYS", help="What to compare with: previous (default), or 2026-11-01..2026-11-07.")
@click.option("--single-file", "single", metavar="FILE", help="Write the whole report as this one file instead.")
@click.option("--max-size", metavar="SIZE", help="What --single-file may measure (default: 10MB).")
@click.option(
    "--static-charts", is_flag=True, help="In --single-file, every chart as a picture that needs no script too."
)
def build(
    output: str | None,
    open_it: bool,
    compare: str | None,
    single: str | None,
    max_size: str | None,
    static_charts: bool,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Read what is new and write the report."""
    import time
    from pathlib import Path

    from reporter.build import build as run
    from reporter.config_file import parse_size
    from reporter.progress import progress
    from reporter.window import parse_compared

    begun = time.perf_counter()
    settings = settings_of(options)
    window, zone = window_of(options, settings)
    with progress() as on_progress:
        made = run(
            settings,
            window,
            Path(single or output or settings.output),
            zone=zone,
            built_at=datetime.now(UTC),
            compared=parse_compared(compare or settings.compare, window, zone),
            single_bytes=(parse_size(max_size) if max_size else settings.max_bytes) if single else 0,
            static_charts=static_charts,
            on_progress=on_progress,
            on_note=note,
        )
    events = made.results.overview.totals.events
    took = time.perf_counter() - begun
    click.echo(f"{made.index.resolve()}  ({events:,} events in the window, {made.ingested.events:,} new, {took:.1f} s)")
    if open_it:
        click.launch(made.index.resolve().as_uri())


@click.command(epilog="Example: telemetry-report watch --app ~/fragments --open")
@where
@click.option("--last", metavar="PERIOD", help="The period of the report: 90s, 15m, 6h, 7d or 2w (default: 24h).")
@click.option("--tz", metavar="ZONE", help="Time zone to show times in (default: this machine's).")
@privacy
@_output
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
@click.option("--window", metavar="PERIOD", help="The current session that is shown at once (default: 1h).")
@click.option("--rebuild", metavar="PERIOD", help="How often the whole report is renewed, at most (default: 30s).")
@click.option("--terminal", is_flag=True, help="Show the session here instead of writing a report.")
def watch(
    last: str | None,
    output: str | None,
    open_it: bool,
    window: str | None,
    rebuild: str | None,
    terminal: bool,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Follow the app: keep an open report, or the terminal, up to date until Ctrl-C."""
    import signal
    from pathlib import Path
    from threading import Event

    from reporter.cli.shown import InFolder, OnTerminal
    from reporter.watch import Job, Watch
    from reporter.window import parse_period

    settings = settings_of(options)
    settings = settings._replace(
        watch_window=parse_period(window) if window else settings.watch_window,
        watch_rebuild=parse_period(rebuild) if rebuild else settings.watch_rebuild,
    )
    zone = zone_of(options, settings)
    folder = None if terminal else Path(output or settings.output)
    job = Job(settings, parse_period(last or settings.last), folder, zone, settings.compare)
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    if folder:
        note(f"watching {settings.app.resolve()}; the first report is being built")
    watching = Watch(job, (lambda w: InFolder(w, folder)) if folder else (lambda _: OnTerminal(zone)), note)
    if folder:
        click.echo(f"{(folder / 'index.html').resolve()}  (renews itself while open; Ctrl-C ends the watch)")
        if open_it:
            click.launch((folder / "index.html").resolve().as_uri())
    watching.run(stop)


@click.command(epilog="Example: telemetry-report demo demo && telemetry-report build --app demo --last 7d")
@click.argument("folder", default="demo", metavar="[DIR]")
@click.option("--seed", default=1, help="Another seed makes another demo.")
def demo(folder: str, seed: int) -> None:
    """Write a realistic demo app, for a first look (default: ./demo)."""
    from pathlib import Path

    from reporter.demo import write_demo

    path: Path = write_demo(Path(folder), seed=seed, now=datetime.now(UTC))
    click.echo(f"{path}  (now: telemetry-report build --app {folder} --last 7d)")
