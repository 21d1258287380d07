"""What to read and where to write: options, environment and the app's own files merged into frozen Settings."""

from __future__ import annotations

import math
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reporter.analysis.chosen import Chosen
from reporter.analysis.given import CLASS_LIMITS_MS, UNDECIDED, Decisions, Retention
from reporter.errors import SourceError, UsageError
from reporter.events.names import KINDS
from reporter.redaction.gate import Privacy
from reporter.settings import reproducible
from reporter.settings.database import by_env, by_option
from reporter.settings.env import read_env
from reporter.settings.folders import find_folder, own_path, places
from reporter.settings.secrets import passwords, secrets
from reporter.settings.sinks import other_sources, sink_of
from reporter.settings.toml import CONFIG_FILE, TABLE_NAMES, Values, load
from reporter.settings.zones import app_zone, checked_zone
from reporter.window import parse_period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reporter.analysis.given import Price


_SALT_CHARS = 16


class Settings(NamedTuple):
    """`database_url`: SQLAlchemy's; `is_database_named`: by the user, not only by the app. `logs`: globs; empty for the app's
    own. `app_zone`: IANA name. `title`: what reports call the app. `host`: what archives call this installation. `chosen`: what of it they are
    about; `decisions`: on error groups. `keep_days`: how long dated ones stay. `is_gathered`: the sink is made of archives or other sinks, and
    nothing is taken in. `prices`: by provider/model; `classes`: limits in ms by type of work. `notes`: (what, why) of
    what was found but cannot be used. The rest: what options fall back to."""

    app: Path
    database_url: str
    is_database_named: bool
    logs: tuple[str, ...]
    sink: Path
    app_zone: str
    prices: Mapping[str, Price]
    classes: Mapping[str, tuple[float, ...]]
    retention: Retention
    last: str
    tz: str
    output: str
    compare: str
    max_bytes: int
    watch_window: timedelta
    watch_rebuild: timedelta
    watch_max_bytes: int
    privacy: Privacy
    table_names: Mapping[str, str]
    table_columns: Mapping[str, Mapping[str, str]]
    notes: tuple[tuple[str, str], ...] = ()
    is_shared: bool = False
    title: str = ""
    chosen: Chosen = Chosen()
    keep_days: int = 0
    is_gathered: bool = False
    decisions: Decisions = UNDECIDED
    host: str = ""

    @property
    def database(self) -> str:
        """The database's URL; '' as long as the app's own SQLite file is not there."""
        return self.database_url if self.is_database_named or _may_exist(self.database_url) else ""


def read_config(app: str) -> Values:
    """telemetry-report.toml in the app's folder and the environment. Raises UsageError."""
    return load(find_folder(app)[0] / CONFIG_FILE, os.environ)


def find_app(
    app: str,
    database: str | None,
    logs: tuple[str, ...],
    sink: str | None,
    log_zone: str | None = None,
    *,
    is_awaited: bool = False,
) -> Settings:
    """Settings for the app `app`: its folder or its name. Raises SourceError where there is nothing to read (`is_awaited`: only
    where there is no such folder), UsageError for a bad one."""
    # Absolute, so that a cursor is found again from wherever the app is named next.
    root, notes = find_folder(app)
    config = load(root / CONFIG_FILE, os.environ)
    values = config.values
    chosen_logs, chosen_database = logs, database
    database, logs, sink = (
        database or values["sources.db"],
        logs or values["sources.logs"],
        sink or values["sources.sink"],
    )
    if not root.is_dir() and not (logs and database):
        msg = f"no such folder, and no app of that name: {root}"
        raise SourceError(msg, "Name the app with --app: its folder, or what its data folder is called.")
    env = read_env(root / ".env")
    found = places(root, env)
    base = by_option(database) if database else by_env(root, env, found.databases)
    if (
        not is_awaited
        and not logs
        and not (found.logs or (found.storage / "logs").is_dir())
        and not _may_exist(base.url)
    ):
        there = f"nor the database {base.url}" if chosen_database else "nor a database"
        msg = f"no Laravel app in {root.resolve()}: neither storage/logs {there} is there"
        raise SourceError(msg, "Name its folder with --app DIR, or what to read with --logs GLOB and --db URL.")
    own = by_option(values["sources.db"]) if values["sources.db"] else by_env(root, env, found.databases)
    others = other_sources(
        (chosen_logs, values["sources.logs"] or found.logs or (str(found.storage / "logs"),)),
        (base.url if chosen_database else "", own.url),
    )
    known = tuple(sorted({*secrets(env), *passwords(database or "")}))
    zone = log_zone or values["app.timezone"]
    return Settings(
        root,
        base.url,
        base.is_named,
        logs or found.logs,
        own_path(sink) if sink else sink_of(root, found.storage, others),
        checked_zone(zone) if zone else app_zone(root, env),
        config.prices,
        {name: values[f"classes.{name}"] for name in CLASS_LIMITS_MS},
        _retention(root, config),
        values["report.last"],
        values["report.tz"],
        values["report.output"],
        values["report.compare"],
        values["report.max_size"],
        parse_period(values["watch.window"]),
        parse_period(values["watch.rebuild"]),
        values["watch.max_size"],
        Privacy(
            known,
            config.patterns,
            values["redaction.phones"],
            values["redaction.include_content"],
            salt=_salt(root, values["redaction.salt_file"]) or reproducible.salt(known),
        ),
        {name: _table_name(config, name, base.prefix) for name in TABLE_NAMES},
        config.columns,
        (
            *((".env", note) for note in env.notes),
            *(("database", note) for note in base.notes),
            *(("app", note) for note in (*notes, *found.notes)),
        ),
        is_shared=values["report.shared"],
        title=values["report.title"] or root.resolve().name,
        keep_days=values["report.keep_days"],
        decisions=config.decisions,
        host=values["app.host"],
    )


def _salt(root: Path, name: str) -> str | None:
    """Raises UsageError: with another salt the same secret would have another placeholder."""
    if not name:
        return None
    try:
        salt = (root / own_path(name)).read_text("utf-8").strip()
    except (OSError, ValueError) as exc:
        msg = f"redaction.salt_file {name} cannot be read: {getattr(exc, 'strerror', None) or exc}"
        raise UsageError(msg, "Write a long random text into it, the same on every host.") from exc
    if len(salt) < _SALT_CHARS:
        msg = f"redaction.salt_file {name} holds fewer than {_SALT_CHARS} characters"
        raise UsageError(
            msg, "Write a long random text into it: what is hashed with a short one can be found by trying."
        )
    return salt


def _table_name(config: Values, name: str, prefix: str) -> str:
    """As the user has named it; else the app's own name behind the connection's prefix."""
    key = f"tables.{name}"
    return prefix + name if config.origins[key] == "default" else str(config.values[key])


def _retention(root: Path, config: Values) -> Retention:
    """Where nothing is said of it, events are kept for at least twice the period that reports are about: each is compared with the
    one before."""
    values, days = config.values, config.values["retention.days"]
    if config.origins["retention.days"] == "default":
        days = max(days, math.ceil(2 * parse_period(values["report.last"]) / timedelta(days=1)))
    own = {kind: values[f"retention.kinds.{kind}"] or days for kind in KINDS}
    archive = root / own_path(values["retention.archive"]) if values["retention.archive"] else None
    return Retention(own, values["retention.max_size"], values["retention.aggregate_days"], archive)


def _may_exist(url: str) -> bool:
    return bool(url) and (not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).is_file())
