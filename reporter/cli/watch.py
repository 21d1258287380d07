"""telemetry-report watch: the report, or the terminal, kept up to date."""

from __future__ import annotations

from typing import Any

import click

from reporter.cli.options import note, opened, output_folder, privacy, settings_of, where, zone_of


@click.command(epilog="Example: telemetry-report watch --app ~/fragments --open")
@where
@click.option("--last", metavar="PERIOD", help="The period of the report: 90s, 15m, 6h, 7d or 2w (default: 24h).")
@click.option("--tz", metavar="ZONE", help="Time zone to show times in (default: this machine's).")
@privacy
@output_folder
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
    from reporter.watch.renewing import Job
    from reporter.watch.watching import Watch
    from reporter.window import parse_period

    settings = settings_of(options, is_awaited=True)
    settings = settings._replace(
        watch_window=parse_period(window) if window else settings.watch_window,
        watch_rebuild=parse_period(rebuild) if rebuild else settings.watch_rebuild,
    )
    zone = zone_of(options, settings)
    folder = None if terminal else Path(output or settings.output)
    job = Job(settings, parse_period(last or settings.last), folder, zone, settings.compare)
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What was started with nohup outlives its terminal.
        if signal.getsignal(name) != signal.SIG_IGN:
            signal.signal(name, lambda *_: stop.set())
    if folder:
        note(f"watching {settings.app.resolve()}; the first report is being built")
    watching = Watch(job, (lambda w: InFolder(w, folder)) if folder else (lambda _: OnTerminal(zone)), note, stop)
    if not watching.begin():
        return
    if folder:
        click.echo(f"{(folder / 'index.html').resolve()}  (renews itself while open; Ctrl-C ends the watch)")
        if open_it:
            opened(folder / "index.html")
    watching.run()
