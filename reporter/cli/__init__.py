"""The command line: options → Settings → one call → exit code. Bodies import lazily, so that `--help` starts at once."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, NoReturn

import click

from reporter import __version__
from reporter.errors import DamagedSinkError, ReportError, TooLargeError, is_out_of_memory

# In the order of --help. Each is a module of its own, and only the one asked for is loaded: all of them take 8 ms.
_COMMANDS = (
    "build", "watch", "overview", "performance", "errors", "traces", "trace", "sources", "export", "query", "prune", "reduce", "redact-check", "config", "completion",
    "demo",
)  # fmt: skip


def _wrong_usage(exc: click.UsageError) -> NoReturn:
    """In one line, as every other error."""
    command, said = exc.ctx.command_path if exc.ctx else "telemetry-report", exc.format_message()
    if "unexpected extra argument" in said:
        said = f"{said.rstrip('.')}. A glob such as '*.log' needs quotes, or the shell puts file names in its place"
    click.echo(f"telemetry-report: {said}{'' if said[-1:] in '.?' else '.'} `{command} --help` shows how.", err=True)
    raise click.exceptions.Exit(exc.exit_code) from exc


def _have_home() -> None:
    """A container that runs under a number knows no home, and altair fails without: then it is one where nothing can be kept."""
    if os.path.expanduser("~") == "~":  # noqa: PTH111 - pathlib's raises
        os.environ["HOME"] = os.devnull


def _tell(ctx: click.Context, exc: ReportError) -> NoReturn:
    from reporter.terminal.layout import plain

    click.echo(f"telemetry-report: {plain(exc)}", err=True)
    ctx.exit(exc.exit_code)


# What DuckDB makes of Ctrl-C while a statement runs, as a RuntimeError.
_INTERRUPTED = "Query interrupted"


def _break_off(ctx: click.Context) -> NoReturn:
    click.echo("telemetry-report: interrupted; what was committed is kept", err=True)
    ctx.exit(130)


def _tell_of_duckdb(ctx: click.Context, exc: Exception) -> None:
    """Of what is no fault of anybody's; anything else is for who calls to raise again."""
    if str(exc) == _INTERRUPTED:
        _break_off(ctx)
    if not ctx.params["debug"] and is_out_of_memory(exc):
        _tell(ctx, TooLargeError(str(exc)))


class _Group(click.Group):
    """Turns a ReportError into one line on stderr and its exit code; --debug shows the traceback."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:  # noqa: ANN401 - click's signature
        try:
            return super().make_context(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as exc:
            _wrong_usage(exc)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        _have_home()
        given = (ctx.args, ctx._protected_args)
        try:
            try:
                return super().invoke(ctx)
            except DamagedSinkError as exc:
                # Found while the sink was read for an answer, which is printed when it is whole: asked once more of a new one.
                from reporter.cli.options import note
                from reporter.sink.damage import set_aside

                set_aside(exc, note)
                ctx.args, ctx._protected_args = given
                return super().invoke(ctx)
        except ReportError as exc:
            if ctx.params["debug"]:
                raise
            _tell(ctx, exc)
        except click.UsageError as exc:
            _wrong_usage(exc)
        except OSError as exc:
            if isinstance(exc, BrokenPipeError) or ctx.params["debug"]:
                raise
            where = f" {exc.filename}:" if exc.filename else ""
            click.echo(f"telemetry-report:{where} {exc.strerror or exc}. --debug shows where.", err=True)
            ctx.exit(3)
        except Exception as exc:
            _tell_of_duckdb(ctx, exc)
            raise
        except KeyboardInterrupt:
            _break_off(ctx)

    def list_commands(self, _: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # An unknown one is compared with all that are loaded, for “did you mean”.
        for name in [cmd_name] if cmd_name in _COMMANDS else _COMMANDS:
            if name not in self.commands:
                own = name.replace("-", "_")
                self.add_command(getattr(import_module(f"reporter.cli.{own}"), own))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group, epilog="Example: telemetry-report build --app ~/fragments --last 24h --open")
@click.version_option(__version__, prog_name="telemetry-report")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """An offline report of what a local Laravel / NativePHP AI app left on disk."""
