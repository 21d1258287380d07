"""What to read and where to write: options, environment and the app's own files merged into frozen Settings."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from reporter.analysis.given import CLASS_LIMITS_MS, Retention
from reporter.errors import SourceError, UsageError
from reporter.events.names import KINDS
from reporter.redaction.gate import Privacy
from reporter.settings import reproducible
from reporter.settings.env import read_env
from reporter.settings.secrets import secrets
from reporter.settings.toml import CONFIG_FILE, TABLE_NAMES, Values, load
from reporter.window import parse_period

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from reporter.analysis.given import Price
    from reporter.settings.env import Env

_CONFIG_ZONE = re.compile(
    r"""['"]timezone['"]\s*=>\s*(?:env\(\s*['"](\w+)['"]\s*(?:,\s*['"]([^'"]+)['"])?\s*\)|['"]([^'"]+)['"])"""
)


class Settings(NamedTuple):
    """`database_url`: SQLAlchemy's; `is_database_named`: by the user, not only by the app. `logs`: globs; empty for the app's
    own. `app_zone`: IANA name. `prices`: by provider/model; `classes`: limits in ms by type of work. `notes`: (what, why) of
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
    privacy: Privacy
    table_names: Mapping[str, str]
    table_columns: Mapping[str, Mapping[str, str]]
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def database(self) -> str:
        """The database's URL; '' as long as the app's own SQLite file is not there."""
        return self.database_url if self.is_database_named or _may_exist(self.database_url) else ""


def read_config(app: str) -> Values:
    """telemetry-report.toml in the app's folder and the environment. Raises UsageError."""
    return load(Path(app).expanduser() / CONFIG_FILE, os.environ)


def find_app(
    app: str, database: str | None, logs: tuple[str, ...], sink: str | None, *, is_awaited: bool = False
) -> Settings:
    """Settings for the app in folder `app`. Raises SourceError where there is nothing to read (`is_awaited`: only where there is
    no such folder), UsageError for a bad one."""
    # Absolute, so that a cursor is found again from wherever the app is named next.
    root, config = Path(app).expanduser().absolute(), read_config(app)
    values = config.values
    database, logs, sink = (
        database or values["sources.db"],
        logs or values["sources.logs"],
        sink or values["sources.sink"],
    )
    if not root.is_dir() and not (logs and database):
        msg = f"no such folder: {root}"
        raise SourceError(msg, "Name the app's folder with --app DIR.")
    env = read_env(root / ".env")
    url = _checked(database) if database else _database_url(root, env)
    if not is_awaited and not logs and not (root / "storage" / "logs").is_dir() and not _may_exist(url):
        msg = f"no Laravel app in {root.resolve()}: neither storage/logs nor a database is there"
        raise SourceError(msg, "Name its folder with --app DIR, or what to read with --logs GLOB and --db URL.")
    return Settings(
        root,
        url,
        bool(database),
        logs,
        Path(sink).expanduser() if sink else _sink(root),
        _zone(root, env),
        config.prices,
        {name: values[f"classes.{name}"] for name in CLASS_LIMITS_MS},
        _retention(root, values),
        values["report.last"],
        values["report.tz"],
        values["report.output"],
        values["report.compare"],
        values["report.max_size"],
        parse_period(values["watch.window"]),
        parse_period(values["watch.rebuild"]),
        Privacy(
            secrets(env),
            config.patterns,
            values["redaction.phones"],
            values["redaction.include_content"],
            salt=reproducible.salt(secrets(env)),
        ),
        {name: values[f"tables.{name}"] for name in TABLE_NAMES},
        config.columns,
        tuple((".env", note) for note in env.notes),
    )


def _retention(root: Path, values: Mapping[str, Any]) -> Retention:
    own = {kind: values[f"retention.kinds.{kind}"] or values["retention.days"] for kind in KINDS}
    archive = root / Path(values["retention.archive"]).expanduser() if values["retention.archive"] else None
    return Retention(own, values["retention.max_size"], values["retention.aggregate_days"], archive)


def _may_exist(url: str) -> bool:
    return bool(url) and (not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).is_file())


def _checked(url: str) -> str:
    if "://" not in url:
        return f"sqlite:///{Path(url).expanduser().resolve()}"
    if url.split("://", 1)[0].split("+")[0] not in ("sqlite", "postgresql", "pgsql", "postgres", "mysql", "mariadb"):
        msg = f"--db {url.split('://', 1)[0]}://… is not a database this reads"
        raise UsageError(msg, "Use sqlite:///file, postgresql://… or mysql://…")
    return _with_driver(url)


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    known = {
        "pgsql": "postgresql+psycopg",
        "postgres": "postgresql+psycopg",
        "postgresql": "postgresql+psycopg",
        "mysql": "mysql+pymysql",
        "mariadb": "mysql+pymysql",
    }
    return f"{known.get(scheme, scheme)}://{rest}"


def _database_url(root: Path, env: Env) -> str:
    if env.get("DB_URL"):
        return _with_driver(env.get("DB_URL"))
    driver = env.get("DB_CONNECTION", "sqlite") or "sqlite"
    if driver == "sqlite":
        path = Path(env.get("DB_DATABASE") or "database/database.sqlite")
        return f"sqlite:///{(path if path.is_absolute() else root / path).resolve()}"
    user, password = quote(env.get("DB_USERNAME", ""), safe=""), quote(env.get("DB_PASSWORD", ""), safe="")
    host, port = env.get("DB_HOST", "127.0.0.1"), env.get("DB_PORT", "")
    where = f"{host}:{port}" if port else host
    return _with_driver(f"{driver}://{user}:{password}@{where}/{env.get('DB_DATABASE', 'laravel')}")


def _zone(root: Path, env: Env) -> str:
    """The app's time zone: config/app.php's `timezone`, else APP_TIMEZONE, else UTC (Laravel's default)."""
    try:
        found = _CONFIG_ZONE.search((root / "config" / "app.php").read_text("utf-8", "replace"))
    except OSError:
        found = None
    name = env.get("APP_TIMEZONE", "")
    if found:
        name = found[3] or env.get(found[1] or "") or found[2] or ""
    return name if name and _is_zone(name) else "UTC"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def viewer_zone(name: str | None) -> ZoneInfo:
    """The zone that times are shown in: --tz, else the machine's, else UTC. Raises UsageError."""
    if name:
        if not _is_zone(name):
            msg = f"“{name}” is not a time zone"
            raise UsageError(msg, "Use an IANA name such as Europe/Berlin or UTC.")
        return ZoneInfo(name)
    local = os.environ.get("TZ", "").lstrip(":") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return ZoneInfo(local) if local and _is_zone(local) else ZoneInfo("UTC")


def _sink(root: Path) -> Path:
    """storage/telemetry in the app, or the user's cache folder where that can't be written."""
    folder = root / "storage" / "telemetry"
    nearest = next((p for p in (folder, *folder.parents) if p.is_dir()), root)
    if nearest.is_relative_to(root) and os.access(nearest, os.W_OK):
        return folder / "telemetry.duckdb"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    import hashlib

    name = hashlib.blake2b(str(root.resolve()).encode(), digest_size=6).hexdigest()
    return cache / "telemetry-report" / f"{root.resolve().name or 'app'}-{name}.duckdb"
