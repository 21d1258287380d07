"""Connections to an app's database that cannot write: a SQLite file by Python's own module, a server through SQLAlchemy, which takes
0.2 s to load: a tenth of a small build."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reporter.sources.tables import is_sqlite, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from ssl import SSLContext

    import sqlalchemy as sa
    from sqlalchemy.engine import URL, ExceptionContext

BUSY_SECONDS = 5
STATEMENT_SECONDS = 60
# What pip calls the drivers of the databases that are not there by themselves.
_DRIVERS = {"postgresql": "pip install 'psycopg[binary]'", "mysql": "pip install PyMySQL"}


class UnreadableError(Exception):
    """A database or a table of it cannot be read; says why, in one line."""


class Connection(Protocol):
    """An open database: whether there is a table or view, how a name stands in a query, and what a query selects."""

    def has_table(self, name: str) -> bool: ...

    def quoted(self, name: str) -> str: ...

    def as_written(self, name: str) -> str:
        """What orders a table's rows as they were written; empty where nothing tells."""

    def ask(
        self, query: str, given: Mapping[str, str], at_once: int
    ) -> tuple[Sequence[str], Iterator[Sequence[Sequence[Any]]]]:
        """The columns that a query selects and its rows, `at_once` at a time as they come; `:name` stands for what is `given`."""


@contextlib.contextmanager
def connected(url: str, zone: str) -> Iterator[Connection]:
    """A database, open for reading. `zone`: the app's, for times without one. Raises UnreadableError, for what fails while it is read too."""
    try:
        if is_sqlite(url):
            with contextlib.closing(_open_sqlite(sqlite_path(url))) as connection:
                yield _Sqlite(connection)
        else:
            with _told_by_sqlalchemy(), server(url, zone).connect() as found:
                yield _Server(found)
    except (sqlite3.Error, OSError, ImportError, ValueError, TypeError) as exc:
        raise UnreadableError(_first_line(exc)) from exc


@contextlib.contextmanager
def _told_by_sqlalchemy() -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as exc:
        raise UnreadableError(_first_line(getattr(exc, "orig", None) or exc)) from exc


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0]


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def has_table(self, name: str) -> bool:
        return bool(self._connection.execute(f"PRAGMA table_info({self.quoted(name)})").fetchall())

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def as_written(self, name: str) -> str:
        numbers = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? AND sql NOT LIKE '%WITHOUT ROWID%'"
        return "rowid" if self._connection.execute(numbers, [name]).fetchall() else ""

    def ask(
        self, query: str, given: Mapping[str, str], at_once: int
    ) -> tuple[Sequence[str], Iterator[Sequence[Sequence[Any]]]]:
        cursor = self._connection.execute(query, given)
        return [column[0] for column in cursor.description], iter(lambda: cursor.fetchmany(at_once), [])


class _Server:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def has_table(self, name: str) -> bool:
        from sqlalchemy import inspect

        return bool(inspect(self._connection).has_table(name))

    def quoted(self, name: str) -> str:
        return self._connection.dialect.identifier_preparer.quote(name)

    def as_written(self, name: str) -> str:
        return ""

    def ask(
        self, query: str, given: Mapping[str, str], at_once: int
    ) -> tuple[Sequence[str], Iterator[Sequence[Sequence[Any]]]]:
        from sqlalchemy import text

        options = {"stream_results": True, "max_row_buffer": at_once}
        result = self._connection.execution_options(**options).execute(text(query), given)
        return list(result.keys()), iter(lambda: result.fetchmany(at_once), [])


def server(url: str, zone: str) -> sa.Engine:
    """An engine that can't write, and gives up on what takes too long. Raises SQLAlchemyError (a bad URL) and ImportError (no driver)."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import make_url
    from sqlalchemy.pool import NullPool

    made = make_url(url)
    backend = made.get_backend_name()
    own = {name: str(made.query[name]) for name in ("search_path", "ssl_mode", "ssl_ca") if name in made.query}
    made = made.difference_update_query(own)
    try:
        if backend == "postgresql":
            return _postgresql(made, zone, own.get("search_path", ""))
        given: dict[str, Any] = {
            "connect_timeout": BUSY_SECONDS,
            "read_timeout": STATEMENT_SECONDS,
            "charset": "utf8mb4",
        }
        if tls := _mysql_tls(own.get("ssl_mode", ""), own.get("ssl_ca", "")):
            given["ssl"] = tls
        engine = create_engine(made, connect_args=given, poolclass=NullPool)
    except ImportError as exc:
        msg = f"its driver is missing: {_DRIVERS.get(backend, f'install the one for {backend}')}"
        raise ImportError(msg) from exc

    @event.listens_for(engine, "connect")
    def read_only(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            # MariaDB counts seconds, MySQL milliseconds, each under a name of its own.
            for statement in (
                f"max_statement_time = {STATEMENT_SECONDS}",
                f"max_execution_time = {STATEMENT_SECONDS}000",
            ):
                with contextlib.suppress(Exception):
                    cursor.execute(f"SET SESSION {statement}")

    @event.listens_for(engine, "handle_error")
    def let_go(error: ExceptionContext) -> None:
        """PyMySQL would read on from the dead connection when it is collected, and print a traceback of that."""
        unread = getattr(getattr(error.execution_context, "cursor", None), "_result", None)
        if error.is_disconnect and unread is not None:
            unread.unbuffered_active = False

    return engine


def _mysql_tls(mode: str, authority: str) -> SSLContext | None:
    """How to encrypt by MySQL's ssl-mode, or PostgreSQL's: `required` takes any certificate, `verify-ca` one that an authority has
    signed (the file `authority`, else the system's), `verify-identity` and `verify-full` that host's. None: not asked for."""
    import ssl

    level = mode.lower().replace("_", "-")
    if level not in ("require", "required", "verify-ca", "verify-identity", "verify-full"):
        return None
    made = ssl.create_default_context(cafile=authority or None)
    made.check_hostname = level in ("verify-identity", "verify-full")
    if level.startswith("require"):
        made.verify_mode = ssl.CERT_NONE
    return made


def _postgresql(url: URL, zone: str, search_path: str) -> sa.Engine:
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.types.datetime import TimestampLoader, TimestamptzLoader
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    settings = {"default_transaction_read_only": "on", "statement_timeout": f"{STATEMENT_SECONDS}s", "timezone": zone}
    if search_path:
        settings["search_path"] = search_path
    # libpq takes a backslash for what makes the next character plain.
    written = {name: re.sub(r"([ \\])", r"\\\1", value) for name, value in settings.items()}
    options = " ".join(f"-c {name}={value}" for name, value in written.items())
    given = {"connect_timeout": BUSY_SECONDS, "options": options}
    engine = create_engine(url, connect_args=given, poolclass=NullPool)

    class Tolerant(Loader):
        def load(self, data: Any) -> Any:  # noqa: ANN401 - the driver's own
            try:
                return super().load(data)  # type: ignore[safe-super]
            except DataError:
                return bytes(data).decode()

    class Moment(Tolerant, TimestampLoader):
        pass

    class MomentWithZone(Tolerant, TimestamptzLoader):
        pass

    @event.listens_for(engine, "connect")
    def tolerant(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
        """'infinity' is no time of Python's: it costs its row, not the table."""
        for name, loader in (("timestamp", Moment), ("timestamptz", MomentWithZone)):
            connection.adapters.register_loader(name, loader)

    return engine


def _open_sqlite(path: Path) -> sqlite3.Connection:
    from urllib.parse import quote

    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if _is_resting_wal(path) else ''}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
    # Text that is no UTF-8 costs its bad bytes, not the table.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _is_resting_wal(path: Path) -> bool:
    """A database in WAL mode that nobody has open. Reading it the usual way would leave -wal and -shm files in the
    app's folder."""
    with path.open("rb") as file:
        header = file.read(20)
    return header[18:20] == b"\x02\x02" and not Path(f"{path}-wal").exists()
