"""The database that an app's `.env`, or --db, speaks of, as SQLAlchemy's URL: what Laravel makes of it, and PHP of its URLs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from reporter.errors import UsageError
from reporter.settings.env import is_nothing
from reporter.settings.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reporter.settings.env import Env

_DRIVERS = {
    "sqlite": "sqlite", "sqlite3": "sqlite", "nativephp": "sqlite", "pgsql": "postgresql", "postgres": "postgresql",
    "postgresql": "postgresql", "mysql": "mysql", "mysql2": "mysql", "mariadb": "mysql",
}  # fmt: skip
_SCHEMES = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
# Parameters by Laravel's names or others', under the driver's own; those that need nothing here are not worth a word.
_PARAMETERS = {
    "postgresql": {
        "sslmode": "sslmode", "ssl-mode": "sslmode", "sslcert": "sslcert", "sslkey": "sslkey", "sslrootcert": "sslrootcert",
        "channel_binding": "channel_binding", "application_name": "application_name",
    },
    "mysql": {"ssl-mode": "ssl_mode", "sslmode": "ssl_mode", "ssl_mode": "ssl_mode", "ssl_ca": "ssl_ca", "sslca": "ssl_ca"},
    "sqlite": {},
}  # fmt: skip
_NEEDLESS = {"charset", "client_encoding"}
_OWN = ("driver", "host", "port", "database", "username", "password", "unix_socket", "prefix", "schema", "search_path")


class Database(NamedTuple):
    """`url`: SQLAlchemy's, with `search_path` and `ssl_mode` beside the driver's own parameters; '' where it cannot be used.
    `prefix`: what the tables' names begin with. `notes`: what of it is not used and why, without any value."""

    url: str = ""
    is_named: bool = False
    prefix: str = ""
    notes: tuple[str, ...] = ()


class _UnusableError(Exception):
    """What is wrong with it, in words that hold nothing of its values."""


def by_option(url: str) -> Database:
    """What --db names: a URL, or a SQLite file. Raises UsageError."""
    if "://" not in url:
        return Database(f"sqlite:///{Path(url).expanduser().resolve()}", is_named=True)
    scheme = url.split("://", 1)[0]
    backend = _DRIVERS.get(scheme.split("+")[0])
    if not backend or scheme == "nativephp":
        msg = f"--db {scheme}://… is not a database this reads"
        raise UsageError(msg, "Use sqlite:///file, postgresql://… or mysql://…")
    if backend == "sqlite":
        path = unquote(url.partition("://")[2].partition("?")[0]).removeprefix("/")
        return Database(f"sqlite:///{Path(path).expanduser().absolute()}", is_named=True)
    try:
        # As SQLAlchemy's, it may go without a host.
        return _made(_of_url(re.sub(r"^([\w+]+://(?:[^@/?#]*@)?)(?=/)", r"\1localhost", url), {}), "--db")
    except _UnusableError as exc:
        msg = f"--db cannot be used: {exc}"
        raise UsageError(
            msg, "Write it as mysql://user:password@host:3306/database, with %2F for a / in the password."
        ) from exc


def by_env(root: Path, env: Env, files: tuple[Path, ...]) -> Database:
    """What the app's `.env` names. `files`: SQLite files that the app may have beside, the likeliest first; the one that
    is written last is read."""
    driver = env.get("DB_CONNECTION", "sqlite") or "sqlite"
    given = {
        "driver": driver,
        "host": env.get("DB_HOST"),
        "port": env.get("DB_PORT"),
        "database": env.get("DB_DATABASE"),
        "username": env.get("DB_USERNAME"),
        "password": env.get("DB_PASSWORD"),
        "unix_socket": env.get("DB_SOCKET"),
        "prefix": env.get("DB_PREFIX"),
        "search_path": env.get("DB_SCHEMA") or env.get("DB_SEARCH_PATH"),
        **({"sslmode": mode} if (mode := env.get("DB_SSLMODE")) else {}),
    }
    name = "DB_URL" if env.get("DB_URL") else "DATABASE_URL"
    url = env.get(name)
    try:
        if url:
            given = _of_url(url, given)
        if _DRIVERS.get(given["driver"]) == "sqlite":
            return _sqlite(root, given, files, is_native=driver == "nativephp" and not url)
        made = _made(given, name if url else ".env")
    except _UnusableError as exc:
        return Database(notes=(f"{name if url else 'DB_CONNECTION'} cannot be used: {exc}",))
    there = [path for path in files if path.is_file()]
    return made._replace(
        notes=(*made.notes, *(f"{path} is there too and not read: .env names another database" for path in there))
    )


def _of_url(url: str, given: Mapping[str, str]) -> dict[str, str]:
    """The URL's facts over what is given, as Laravel's ConfigurationUrlParser puts them together."""
    parts = parse_url(re.sub(r"^(sqlite3?):///", r"\1://null/", url))
    if not parts or not parts.scheme:
        msg = "it is no URL that can be read (is a / or # of its password written as it is, not as %2F or %23?)"
        raise _UnusableError(msg)
    found = {
        "driver": parts.scheme.partition("+")[0],
        "host": parts.host,
        "port": str(parts.port) if parts.port is not None else None,
        "database": parts.path[1:] if parts.path and parts.path != "/" else None,
        "username": parts.user,
        "password": parts.password,
    }
    told = {name: unquote(value) for name, value in found.items() if value is not None}
    return {**given, **told, **dict(parse_qsl(parts.query or "", keep_blank_values=True))}


def _sqlite(root: Path, given: Mapping[str, str], files: tuple[Path, ...], *, is_native: bool) -> Database:
    named = given.get("database", "")
    if ":memory:" in named or "mode=memory" in named:
        msg = "it is kept in the app's memory"
        raise _UnusableError(msg)
    own = [] if is_native or not named else [_file(root, named)]
    there = [path for path in dict.fromkeys((*own, *files)) if path.is_file()]
    if is_native:
        # The connection that NativePHP makes itself, whatever else is there.
        there.sort(key=lambda path: path.name != "nativephp.sqlite")
    else:
        there.sort(key=_written, reverse=True)
    chosen = there[0] if there else (own or [*files])[0]
    notes = [f"{path} is there too and not read: {chosen.name} was written last" for path in there[1:]]
    if own and chosen != own[0] and own[0] not in there:
        notes.append(f"{own[0]} (DB_DATABASE) is not there: {chosen} is read")
    ignored = _ignored("sqlite", given, "DB_URL")
    return Database(f"sqlite:///{chosen}", bool(own), given.get("prefix", ""), (*notes, *ignored))


def _file(root: Path, named: str) -> Path:
    """Relative to the app's folder; what a URL names without its first / may be meant from the root."""
    path = root / Path(named)
    meant = Path("/", named)
    return (meant if not path.exists() and meant.is_file() else path).resolve()


def _written(path: Path) -> tuple[bool, int]:
    """What was written last, and an empty file before nothing but a missing one."""
    times = [0]
    for part in (path, Path(f"{path}-wal")):
        try:
            times.append(part.stat().st_mtime_ns)
        except OSError:
            continue
    return path.stat().st_size > 0, max(times)


def _made(given: Mapping[str, str], where: str) -> Database:
    """A server's. Raises _UnusableError."""
    backend = _DRIVERS.get(given["driver"])
    if not backend or backend == "sqlite":
        msg = "it is none of sqlite, pgsql, mysql and mariadb"
        raise _UnusableError(msg)
    facts = {name: value for name, value in given.items() if not is_nothing(value)}
    port = facts.get("port", "")
    if port and not (port.isdecimal() and port.isascii() and int(port) <= 65535):
        msg = "DB_PORT is no port" if where == ".env" else "its port is none"
        raise _UnusableError(msg)
    asked = {_PARAMETERS[backend][name]: value for name, value in facts.items() if name in _PARAMETERS[backend]}
    if "sslmode" in asked:
        asked["sslmode"] = {"preferred": "prefer", "required": "require", "disabled": "disable"}.get(
            mode := asked["sslmode"].lower().replace("_", "-"), mode
        )
    host, database = facts.get("host", "127.0.0.1"), facts.get("database", "laravel")
    if socket := facts.get("unix_socket", ""):
        asked["unix_socket" if backend == "mysql" else "host"] = socket
    elif host.startswith("/"):
        asked["host"], host = host, ""
    if backend == "postgresql":
        asked |= {"search_path": path} if (path := facts.get("search_path") or facts.get("schema", "")) else {}
        host = "" if socket else host
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    login = quote(facts.get("username", "root" if where == ".env" else ""), safe="")
    if "password" in facts:
        login += f":{quote(facts['password'], safe='')}"
    place = f"{login}{'@' if login else ''}{host}{f':{port}' if port else ''}"
    url = f"{_SCHEMES[backend]}://{place}/{quote(database, safe='')}{f'?{urlencode(asked)}' if asked else ''}"
    return Database(url, is_named=True, prefix=facts.get("prefix", ""), notes=_ignored(backend, given, where))


def _ignored(backend: str, given: Mapping[str, str], where: str) -> tuple[str, ...]:
    names = [name for name in given if name not in (*_OWN, *_PARAMETERS[backend], *_NEEDLESS)]
    told = ", ".join(name if re.fullmatch(r"[A-Za-z][\w-]{1,30}", name) else "…" for name in names)
    return (f"of {where}, {told} is left out: reading needs none of it",) if names else ()
