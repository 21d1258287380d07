"""Real database servers for the tests: own data folder, own free port, run as an unprivileged user, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

# As the app's migrations make them: uuid keys, json, timestamptz in PostgreSQL; char(36), longtext, timestamp in MariaDB.
TYPES = {
    "postgresql": {"uuid": "uuid", "json": "jsonb", "time": "timestamptz", "float": "double precision", "bool": "boolean"},
    "mariadb": {"uuid": "char(36)", "json": "json", "time": "timestamp(6) NULL", "float": "decimal(12,3)", "bool": "tinyint(1)"},
}  # fmt: skip
TOOLS = """CREATE TABLE {name} (id {uuid} PRIMARY KEY, user_id bigint, tool_slug varchar(100), command_slug varchar(100), fragment_id bigint,
  message_id varchar(64), conversation_id varchar(64), command_execution_id varchar(64), correlation_id varchar(191), processing_job_id bigint,
  request {json}, response {json}, status varchar(20), duration_ms {float}, created_at {time})"""
OLD_TOOLS = """CREATE TABLE {name} (id {uuid} PRIMARY KEY, user_id bigint, tool_slug varchar(100), command_slug varchar(100), fragment_id bigint,
  request {json}, response {json}, status varchar(20), duration_ms {float}, created_at {time})"""
COMMANDS = """CREATE TABLE command_executions (id {uuid} PRIMARY KEY, command_name varchar(100), executed_at {time}, dry_run {bool},
  result {json}, user_id bigint, created_at {time}, updated_at {time})"""


@dataclass(frozen=True)
class Server:
    """A running server; `url` for an administrator, `reader` for one who may only read; `socket`: what DB_SOCKET names."""

    kind: str
    url: str
    reader: str
    port: int
    socket: str
    stop: Callable[[], None]
    start: Callable[[], None]

    def engine(self) -> Engine:
        return create_engine(self.url)

    def make_tables(self) -> None:
        """Both tables, empty, whatever the test before has left."""
        with self.engine().begin() as con:
            for name in ("tool_invocations", "command_executions", "tools"):
                con.execute(text(f"DROP TABLE IF EXISTS {name}"))
            con.execute(text(TOOLS.format(name="tool_invocations", **TYPES[self.kind])))
            con.execute(text(COMMANDS.format(**TYPES[self.kind])))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _folder(user: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="telemetry-db-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    return folder


def _wait(url: str) -> None:
    for _ in range(300):
        with contextlib.suppress(Exception):
            create_engine(url).connect().close()
            return
        time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")


@contextlib.contextmanager
def postgresql() -> Iterator[Server]:
    user = "postgres" if os.geteuid() == 0 else None
    home = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder, port = _folder(user), free_port()
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start() -> None:
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run(str(home / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")

    def stop() -> None:
        run(str(home / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")

    run(str(home / "initdb"), "-D", str(data), "-U", "app", "-A", "trust", "-E", "UTF8")
    start()
    url = f"postgresql+psycopg://app@127.0.0.1:{port}/postgres"
    try:
        _wait(url)
        with create_engine(url).begin() as admin:
            admin.execute(text("CREATE ROLE reader LOGIN"))
        yield Server("postgresql", url, url.replace("app@", "reader@"), port, str(folder), stop, start)
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def mariadb() -> Iterator[Server]:
    user = "mysql" if os.geteuid() == 0 else None
    folder, port = _folder(user), free_port()
    data = folder / "data"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    # Its certificate is one that no authority has signed.
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key -out {folder}/cert"
    subprocess.run(
        made.split(), check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        options = [
            f"--datadir={data}",
            f"--port={port}",
            f"--socket={folder}/s",
            f"--pid-file={folder}/pid",
            "--bind-address=127.0.0.1",
            f"--ssl-cert={folder}/cert",
            f"--ssl-key={folder}/key",
        ]
        running.append(
            subprocess.Popen(
                ["mariadbd", "--no-defaults", *options],
                user=user,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        _wait(url.replace("/app?", "/?"))

    def stop() -> None:
        running[-1].kill()
        running[-1].wait()

    url = f"mysql+pymysql://root@127.0.0.1:{port}/app?charset=utf8mb4"
    try:
        start()
        with create_engine(url.replace("/app?", "/?")).begin() as admin:
            admin.execute(text("CREATE DATABASE app CHARACTER SET utf8mb4"))
            admin.execute(text("CREATE USER reader@'127.0.0.1'"))
        yield Server("mariadb", url, url.replace("root@", "reader@"), port, f"{folder}/s", stop, start)
    finally:
        stop()
        shutil.rmtree(folder, ignore_errors=True)


SERVERS = {"postgresql": postgresql, "mariadb": mariadb}
