"""telemetry-report completion: what a shell completes by."""

from __future__ import annotations

import click


@click.command(epilog='Example: eval "$(telemetry-report completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """What makes a shell complete commands, options, files and folders: put it into its start-up file."""
    from click.shell_completion import get_completion_class

    from reporter.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "telemetry-report", "_TELEMETRY_REPORT_COMPLETE").source())
