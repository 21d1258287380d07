"""`--from`: a sink made of archives, exports and other sinks, for as long as the command runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from reporter.analysis.cells import HOW_EXACT, WHAT_IS_KEPT, span_of_cells
from reporter.cli.options import end_in_order, note
from reporter.errors import UsageError
from reporter.format import words
from reporter.settings.app import find_app
from reporter.settings.folders import own_path
from reporter.sink.file import open_sink
from reporter.sink.gather import gather
from reporter.sink.reduce import is_reduced_file
from reporter.sink.scratch import scratch

if TYPE_CHECKING:
    from datetime import datetime

    from reporter.settings.app import Settings


_ANSWERS = ("build", "overview", "performance", "errors", "traces", "trace", "sources")


def gathered_settings(options: dict[str, Any]) -> Settings:
    """Settings whose sink holds all that is named; without a period `options` are about all of it from now on. Raises UsageError,
    SourceError."""
    for name in ("logs", "db", "sink"):
        if options[name]:
            msg = f"--from and --{name} cannot go together"
            raise UsageError(msg, "What --from names is read by itself.")
    settings = find_app(options["app"], None, (), None, options["log_tz"], is_awaited=True)
    if any(is_reduced_file(own_path(text)) for text in options["gathered"]):
        return _reduced(settings, options)
    end_in_order()
    folder = click.get_current_context().with_resource(scratch())
    found = gather(options["gathered"], folder / "telemetry.duckdb", note)
    _be_about(options, found.first, found.last + timedelta(microseconds=1))
    return settings._replace(sink=folder / "telemetry.duckdb", is_gathered=True)


def _be_about(options: dict[str, Any], first: datetime, end: datetime) -> None:
    if "since" in options and not any(options[name] for name in ("last", "since", "until")):
        options.update(since=words.iso(first), until=words.iso(end))


def _reduced(settings: Settings, options: dict[str, Any]) -> Settings:
    """The reduced sink by itself, which is only read."""
    command = click.get_current_context().command.name
    if len(options["gathered"]) > 1:
        msg = "a reduced sink is asked by itself"
        raise UsageError(msg, "Name it alone, or reduce all that it and the others were made of together.")
    if command not in _ANSWERS or click.get_current_context().params.get("json_file"):
        msg = f"{command}{' --json' if command == 'build' else ''} needs single operations, and a reduced sink has them of some traces only"
        raise UsageError(
            msg, f"It answers {', '.join(_ANSWERS)}; reports are made of what it was made of: build --from."
        )
    if any(options.get(name) for name in ("include", "exclude", "no_dry_runs")):
        msg = "of a reduced sink nothing can be left out"
        raise UsageError(msg, "Ask what it was made of: --include, --exclude and --no-dry-runs go with that.")
    path = own_path(options["gathered"][0])
    with open_sink(path, read_only=True, on_wait=note) as sink:
        first, last = span_of_cells(sink.connection)
    _be_about(options, first, last)
    note(WHAT_IS_KEPT if command in ("traces", "trace") else HOW_EXACT)
    return settings._replace(sink=path, is_gathered=True)
