"""The command line: options → Settings → one call → exit code. Bodies import lazily, so that `--help` starts at once."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from reporter import __version__
from reporter.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reporter.analysis.results import Results
    from reporter.config import Settings

    Command = Callable[..., None]


class _Group(click.Group):
    """Turns a ReportError into one line on stderr and its exit code; --debug shows the traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        try:
            return super().invoke(ctx)
        except ReportError as exc:
            if ctx.params.get("debug"):
                raise
            click.echo(f"telemetry-report: {exc}", err=True)
            ctx.exit(exc.exit_code)
        except KeyboardInterrupt:
            click.echo("telemetry-report: interrupted; what was committed is kept", err=True)
            ctx.exit(130)


@click.group(cls=_Group, epilog="Example: telemetry-report build --app ~/fragments --last 24h --open")
@click.version_option(__version__, prog_name="telemetry-report")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """An offline report of what a local Laravel / NativePHP AI app left on disk."""


def _shared(command: Command) -> Command:
    """The options that every command takes."""
    for option in reversed(
        (
            click.option("--app", default=".", metavar="DIR", help="The app's folder (default: here)."),
            click.option("--db", metavar="URL", help="Database to read instead of the one in .env."),
            click.option("--logs", multiple=True, metavar="GLOB", help="Logs to read instead of storage/logs."),
            click.option("--sink", metavar="FILE", help="Where what was read is kept."),
            click.option("--last", metavar="PERIOD", help="90s, 15m, 6h, 7d or 2w back from --until (default: 24h)."),
            click.option("--since", metavar="TIME", help="Start of the window, such as 2026-11-20T12:00."),
            click.option("--until", metavar="TIME", help="End of the window (default: now)."),
            click.option("--tz", metavar="ZONE", help="Time zone to show times in (default: this machine's)."),
        )
    ):
        command = option(command)
    return command


def _format(command: Command) -> Command:
    return click.option(
        "--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print."
    )(command)


def _settings(options: dict[str, Any]) -> Settings:
    from reporter.config import find_app

    return find_app(options["app"], options["db"], tuple(options["logs"]), options["sink"])


def _window(options: dict[str, Any]) -> tuple[Any, Any]:
    from reporter.config import viewer_zone
    from reporter.window import parse_window

    zone = viewer_zone(options["tz"])
    return parse_window(options["last"], options["since"], options["until"], zone, datetime.now(UTC)), zone


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


@cli.command(epilog="Example: telemetry-report build --app ~/fragments --last 24h -o output --open")
@_shared
@click.option("-o", "--output", default="output", metavar="DIR", help="Folder of the report (default: output).")
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
@click.option(
    "--compare", default="previous", metavar="DAYS", help="What to compare with: previous, or 2026-11-01..2026-11-07."
)
@click.option("--single-file", "single", metavar="FILE", help="Write the whole report as this one file instead.")
@click.option("--max-size", default="10MB", metavar="SIZE", help="What --single-file may measure (default: 10MB).")
def build(output: str, open_it: bool, compare: str, single: str | None, max_size: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Read what is new and write the report."""
    import time
    from pathlib import Path

    from reporter.build import build as run
    from reporter.config import parse_size
    from reporter.progress import progress
    from reporter.window import parse_compared

    begun = time.perf_counter()
    window, zone = _window(options)
    with progress() as on_progress:
        made = run(
            _settings(options),
            window,
            Path(single or output),
            zone=zone,
            built_at=datetime.now(UTC),
            compared=parse_compared(compare, window, zone),
            single_bytes=parse_size(max_size) if single else 0,
            on_progress=on_progress,
            on_note=_note,
        )
    events = made.results.overview.totals.events
    took = time.perf_counter() - begun
    click.echo(f"{made.index.resolve()}  ({events:,} events in the window, {made.ingested.events:,} new, {took:.1f} s)")
    if open_it:
        click.launch(made.index.resolve().as_uri())


def _analysed(options: dict[str, Any]) -> Results:
    from reporter.build import analyse, take_in
    from reporter.progress import progress
    from reporter.sink import open_sink

    window, _ = _window(options)
    settings = _settings(options)
    with progress() as on_progress:
        take_in(settings, on_progress, _note)
    with open_sink(settings.sink, read_only=True, on_wait=_note) as sink:
        return analyse(sink, window)


@cli.command(epilog="Example: telemetry-report overview --last 7d --format json")
@_shared
@_format
def overview(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Totals, rates and percentiles by kind."""
    from reporter import terminal

    click.echo(terminal.overview(_analysed(options), form))


@cli.command(epilog="Example: telemetry-report performance --type tools --format json")
@_shared
@_format
@click.option(
    "--type",
    "kind",
    type=click.Choice(["all", "chat", "commands", "tools", "processing", "llm"]),
    default="all",
    help="Which operations.",
)
def performance(form: str, kind: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Every operation's count, error rate and percentiles."""
    from reporter import terminal

    click.echo(terminal.performance(_analysed(options), form, kind))


@cli.command(epilog="Example: telemetry-report errors --last 6h")
@_shared
@_format
def errors(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Error groups, most frequent first."""
    from reporter import terminal

    click.echo(terminal.errors(_analysed(options), form))


@cli.command(epilog="Example: telemetry-report trace 7fee3741 --html trace.html")
@click.argument("correlation_id", metavar="ID")
@_shared
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "timeline"]), default="table", help="How to print."
)
@click.option("--html", metavar="FILE", help="Write the trace viewer with this trace alone, for a ticket.")
def trace(correlation_id: str, form: str, html: str | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """One trace by its correlation id or the beginning of it: what happened, in order."""
    import orjson

    from reporter import terminal
    from reporter.build import find_trace, take_in
    from reporter.config import viewer_zone
    from reporter.progress import progress
    from reporter.sink import open_sink

    settings, zone = _settings(options), viewer_zone(options["tz"])
    with progress() as on_progress:
        take_in(settings, on_progress, _note)
    with open_sink(settings.sink, read_only=True, on_wait=_note) as sink:
        text = find_trace(sink, correlation_id)
    if html:
        from pathlib import Path

        from reporter.site import write_trace

        path = write_trace(text, Path(html), zone=zone, app=settings.app.resolve().name, built_at=datetime.now(UTC))
        click.echo(path)
    elif form == "json":
        click.echo(text)
    else:
        click.echo(terminal.trace(orjson.loads(text), form, zone))


@cli.command(epilog="Example: telemetry-report sources --format json")
@_shared
@_format
def sources(form: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """What was read: entries, events and rejects by source."""
    from reporter import terminal

    click.echo(terminal.sources(_analysed(options), form))


@cli.command(epilog="Example: telemetry-report demo demo && telemetry-report build --app demo --last 7d")
@click.argument("folder", default="demo", metavar="[DIR]")
@click.option("--seed", default=1, help="Another seed makes another demo.")
def demo(folder: str, seed: int) -> None:
    """Write a realistic demo app, for a first look (default: ./demo)."""
    from pathlib import Path

    from reporter.demo import write_demo

    path: Path = write_demo(Path(folder), seed=seed, now=datetime.now(UTC))
    click.echo(f"{path}  (now: telemetry-report build --app {folder} --last 7d)")


def main() -> None:
    """The console script."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    cli()
