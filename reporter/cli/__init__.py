"""The command line: options → Settings → one call → exit code. Bodies import lazily, so that `--help` starts at once."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, NoReturn

import click

from reporter import __version__
from reporter.cli import keeping, questions, report
from reporter.errors import ReportError


def _wrong_usage(exc: click.UsageError) -> NoReturn:
    """In one line, as every other error."""
    command, said = exc.ctx.command_path if exc.ctx else "telemetry-report", exc.format_message()
    click.echo(f"telemetry-report: {said}{'' if said[-1:] in '.?' else '.'} `{command} --help` shows how.", err=True)
    raise click.exceptions.Exit(exc.exit_code) from exc


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
        try:
            return super().invoke(ctx)
        except ReportError as exc:
            if ctx.params["debug"]:
                raise
            from reporter.terminal.layout import plain

            click.echo(f"telemetry-report: {plain(exc)}", err=True)
            ctx.exit(exc.exit_code)
        except click.UsageError as exc:
            _wrong_usage(exc)
        except KeyboardInterrupt:
            click.echo("telemetry-report: interrupted; what was committed is kept", err=True)
            ctx.exit(130)

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Group, epilog="Example: telemetry-report build --app ~/fragments --last 24h --open")
@click.version_option(__version__, prog_name="telemetry-report")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """An offline report of what a local Laravel / NativePHP AI app left on disk."""


for _command in (
    report.build,
    report.watch,
    questions.overview,
    questions.performance,
    questions.errors,
    questions.trace,
    questions.sources,
    questions.export,
    keeping.prune,
    keeping.redact_check,
    keeping.config,
    keeping.completion,
    report.demo,
):
    cli.add_command(_command)


def main() -> None:
    """The console script."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        cli()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
            # All that was written is closed; taking the interpreter apart would be a tenth of an answer's time.
            os._exit(code)
        os._exit(1)
