"""What commands share: their options, and what is made of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.paths import FILE, FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.settings.app import Settings
    from reporter.window import Window

    Command = Callable[..., None]


def _debug(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    """Behind the command as good as before it."""
    ctx.find_root().params["debug"] |= is_wanted


def where(command: Command) -> Command:
    """What to read, and where it is kept."""
    for option in reversed(
        (
            click.option(
                "--app",
                default=".",
                type=FOLDER,
                metavar="APP",
                help="The app's folder, or a built app's name (default: here).",
            ),
            click.option("--db", metavar="URL", help="Database to read instead of the one in .env."),
            click.option(
                "--logs",
                multiple=True,
                type=FILE,
                metavar="GLOB",
                help="Logs to read instead of storage/logs; - reads standard input.",
            ),
            click.option("--log-tz", metavar="ZONE", help="Time zone the app logs in (default: the app's own)."),
            click.option("--sink", type=FILE, metavar="FILE", help="Where what was read is kept."),
            click.option(
                "--debug", is_flag=True, expose_value=False, callback=_debug, help="Show the traceback of an error."
            ),
        )
    ):
        command = option(command)
    return command


def when(command: Command) -> Command:
    """Of what period, and in whose time."""
    for option in reversed(
        (
            click.option("--last", metavar="PERIOD", help="90s, 15m, 6h, 7d or 2w back from --until (default: 24h)."),
            click.option("--since", metavar="TIME", help="Start of the window, such as 2026-11-20T12:00."),
            click.option("--until", metavar="TIME", help="End of the window (default: now)."),
            click.option("--tz", metavar="ZONE", help="Time zone to show times in (default: this machine's)."),
        )
    ):
        command = option(command)
    return command


def counted(command: Command) -> Command:
    """Of which events and operations."""
    wanted = "kind=chat,llm or operation='openai/*' or level=error; can be given more than once."
    for option in reversed(
        (
            click.option("--include", multiple=True, metavar="WHAT", help=f"Count only {wanted}"),
            click.option("--exclude", multiple=True, metavar="WHAT", help=f"Leave out {wanted}"),
            click.option("--no-dry-runs", is_flag=True, help="Leave out what was only tried out, and all within it."),
        )
    ):
        command = option(command)
    return command


def privacy(command: Command) -> Command:
    """What leaves the machine."""
    for option in (
        click.option("--include-content", is_flag=True, help="Leave in what people wrote and models answered."),
        click.option("--no-redact", is_flag=True, help="Leave everything in, secrets too: not for strangers."),
    ):
        command = option(command)
    return command


def output_folder(command: Command) -> Command:
    return click.option("-o", "--output", type=FOLDER, metavar="DIR", help="Folder of the report (default: output).")(
        command
    )


def gathered(command: Command) -> Command:
    return click.option(
        "--from",
        "--from-archive",
        "gathered",
        multiple=True,
        type=FILE,
        metavar="WHAT",
        help="Read what archives and whole exports (folders, globs of *.parquet) or sinks hold, and nothing else; can be given more than once.",
    )(command)


def end_in_order() -> None:
    """Let SIGTERM end the command as Ctrl-C does, so that what it made on the way is removed."""
    import signal
    import sys
    import threading

    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        click.get_current_context().call_on_close(lambda: signal.signal(signal.SIGTERM, before))


def formats(*names: str) -> Callable[[Command], Command]:
    return click.option("--format", "form", type=click.Choice(names), default=names[0], help="How to print.")


def question(*names: str) -> Callable[[Command], Command]:
    """What every question to the sink takes; `names`: the formats it answers in."""
    return lambda command: where(gathered(when(privacy(formats(*names)(command)))))


# What a trace can be asked for by beside its own id: option → what it names.
IDS = {
    "message": "a chat message", "conversation": "a conversation", "execution": "a command's execution", "fragment": "a fragment",
    "job": "a queued job", "session": "a session",
}  # fmt: skip


def ids(command: Command) -> Command:
    """A trace by the id of something that happened in it."""
    for name, what in reversed(IDS.items()):
        command = click.option(f"--{name}", metavar="ID", help=f"The trace, or traces, of {what}.")(command)
    return command


def ids_of(options: dict[str, Any]) -> list[tuple[str, str]]:
    """The columns that were asked by, each with the id."""
    return [(f"{name}_id", options[name]) for name in IDS if options[name]]


def settings_of(options: dict[str, Any], *, is_awaited: bool = False) -> Settings:
    """`is_awaited`: there may be nothing to read yet. What this process writes from here on is its user's alone, unless
    report.shared is set."""
    from reporter.settings.app import find_app

    if options.get("gathered"):
        from reporter.cli.gathered import gathered_settings

        return _as_asked(gathered_settings(options), options)
    logs, sink = tuple(options["logs"]), options["sink"]
    if "-" in logs:
        from reporter.cli.standard_input import spooled

        logs, sink = spooled(logs, sink, is_awaited=is_awaited)
    settings = find_app(options["app"], options["db"], logs, sink, options["log_tz"], is_awaited=is_awaited)
    return _as_asked(settings, options)


def _as_asked(settings: Settings, options: dict[str, Any]) -> Settings:
    """With what options say of what leaves the machine and of what counts."""
    if not settings.is_shared:
        os.umask(0o077)
    if options.get("include") or options.get("exclude") or options.get("no_dry_runs"):
        from reporter.analysis.chosen import parse_chosen

        wanted = parse_chosen(options["include"], options["exclude"], without_dry_runs=options["no_dry_runs"])
        settings = settings._replace(chosen=wanted)
        note(f"counted is {wanted}")
    privacy = settings.privacy._replace(
        is_off=options.get("no_redact", False),
        include_content=settings.privacy.include_content or options.get("include_content", False),
    )
    return settings._replace(privacy=privacy)


def window_of(options: dict[str, Any], settings: Settings) -> tuple[Window, ZoneInfo]:
    from reporter.settings.reproducible import now
    from reporter.window import parse_window

    zone = zone_of(options, settings)
    last = options["last"] or (None if options["since"] else settings.last)
    return parse_window(last, options["since"], options["until"], zone, now()), zone


def zone_of(options: dict[str, Any], settings: Settings) -> ZoneInfo:
    from reporter.settings.zones import viewer_zone

    return viewer_zone(options["tz"] or settings.tz)


def note(text: str) -> None:
    """A line on stderr; what files are called can't steer the terminal."""
    from reporter.terminal.layout import plain

    click.echo(f"note: {plain(text)}", err=True)


def opened(page: Path) -> None:
    """Show a page in the user's browser. Where there is none that is said, in a line: xdg-open would list all it looked for."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        note("--open found no browser")
