"""telemetry-report errors: error groups, or one of them, and what is decided on it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from reporter.cli.asking import asked, gated
from reporter.cli.options import counted, note, question
from reporter.errors import NotFoundError, UsageError
from reporter.events.names import KINDS

if TYPE_CHECKING:
    from reporter.analysis.errors import ErrorGroup, Errors
    from reporter.settings.app import Settings
    from reporter.sink.store import Sink


@click.command(epilog="Example: telemetry-report errors --last 6h --new")
@click.argument("fingerprint", required=False)
@click.option("--new", "only_new", is_flag=True, help="Only groups of which nothing was seen before.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N groups with most faults.")
@click.option("--kind", type=click.Choice(KINDS), help="Only groups with an error event of this kind, each whole.")
@click.option("--all", "with_closed", is_flag=True, help="Ignored and resolved groups too.")
@click.option("--ignore", is_flag=True, help="From now on leave the group out of lists.")
@click.option("--resolve", is_flag=True, help="It is mended: said to be regressed if it comes back.")
@click.option("--merge", metavar="OTHER", help="It is the same as this other group: count it there.")
@click.option("--reopen", is_flag=True, help="Take such a decision back.")
@counted
@question("table", "json", "csv")
def errors(
    fingerprint: str | None,
    form: str,
    only_new: bool,
    top: int | None,
    kind: str | None,
    with_closed: bool,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Error groups, most frequent first; with a FINGERPRINT (or its beginning) that one in full. What is decided on a group is
    written into telemetry-report.toml."""
    from reporter.analysis.error_details import error_details, latest_of
    from reporter.analysis.errors import errors as analyse
    from reporter.sink.faults import has_faults
    from reporter.terminal import failures

    given = {name: options.pop(name) for name in ("ignore", "resolve", "merge", "reopen")}
    decisions = [name for name, value in given.items() if value]
    if len(decisions) > 1 or (decisions and not fingerprint):
        msg = "one decision on one group at a time"
        raise UsageError(msg, "Such as `telemetry-report errors FINGERPRINT --ignore`.")
    with asked(options, form, needs_past=only_new) as (sink, about):
        settings, zone = about.settings, about.zone
        found = analyse(sink.connection, about.window, settings.decisions, has_faults=has_faults(sink))
        if decisions:
            text = _decide(sink, settings, found, fingerprint or "", decisions[0], given["merge"])
        elif not fingerprint:
            if only_new and not found.has_past and form != "table":
                note(
                    "what is kept does not reach back over the period before this one: which groups are new cannot be told"
                )
            chosen = found.of(kind, only_new=only_new, top=top, with_closed=with_closed)
            latest = latest_of(sink.connection, chosen.groups) if form != "csv" else {}
            chosen, latest = gated(sink, settings, (chosen, latest))
            text = failures.errors(chosen, latest, form, zone, found, kind, only_new=only_new)
        else:
            group = _one(found, fingerprint)
            details = error_details(sink.connection, [group], found.of_events)[group.fingerprint]
            found, group, details = gated(sink, settings, (found, group, details))
            text = failures.group(found, group, details, form, zone)
    click.echo(text)


def _one(found: Errors, fingerprint: str) -> ErrorGroup:
    """The group whose fingerprint begins so. Raises NotFoundError."""
    chosen = [g for g in found.groups if g.fingerprint.startswith(fingerprint.lower())]
    if len(chosen) != 1:
        msg = f"{'no' if not chosen else 'more than one'} error group {fingerprint} in this period"
        raise NotFoundError(msg, "`telemetry-report errors` lists them; --last looks further back.")
    return chosen[0]


def _decide(sink: Sink, settings: Settings, found: Errors, asked_for: str, decision: str, other: str | None) -> str:
    """Write a decision on a group into the app's telemetry-report.toml; what was done, in words."""
    from reporter.settings.decisions import FINGERPRINT, decide
    from reporter.settings.reproducible import now
    from reporter.settings.toml import CONFIG_FILE

    def whole(given: str) -> str:
        """A fingerprint in full is one of a group that may have gone."""
        return given.lower() if FINGERPRINT.fullmatch(given.lower()) else _one(found, given).fingerprint

    fingerprint, into, said = whole(asked_for), whole(other) if other else "", ""
    group = next((g for g in found.groups if g.fingerprint == fingerprint), None)
    if group:
        shown = gated(sink, settings, group)
        said = f"{shown.error_class}: {shown.pattern}" if shown.error_class else shown.pattern
    today = f"{now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    section, value, done = {
        "ignore": ("ignored", f'"since {today[:10]}"', "is ignored"),
        "resolve": ("resolved", today, f"is resolved as of {today}"),
        "merge": ("merged", f'"{into}"', f"is counted as {into}"),
        "reopen": (None, "", "is open again"),
    }[decision]
    if into and settings.decisions.group_of(into) == fingerprint:
        msg = f"error group {into} is counted as {fingerprint} already"
        raise UsageError(msg, "Name another group; `--reopen` takes a merge back.")
    if decision == "reopen" and not any(fingerprint in decided for decided in settings.decisions):
        msg = f"nothing was decided on error group {fingerprint}"
        raise NotFoundError(msg, "`telemetry-report errors --all` says what was decided on which.")
    path = settings.app / CONFIG_FILE
    decide(path, fingerprint, section, value, said)
    return f"{fingerprint} {done}: {path}"
