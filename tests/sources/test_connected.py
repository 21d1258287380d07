"""Connections by `.env` to real servers: sockets, prefixes, schemas, and servers that must show who they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.helpers import entry, run, write_log
from tests.servers import TOOLS, TYPES, Server
from tests.sources.test_databases import DAY, call


def connection(server: Server, **more: str) -> str:
    """What stands in an app's `.env` for a server."""
    kind, user = {"postgresql": ("pgsql", "app"), "mariadb": ("mariadb", "root")}[server.kind]
    name = "postgres" if kind == "pgsql" else "app"
    lines = {"DB_CONNECTION": kind, "DB_HOST": "127.0.0.1", "DB_PORT": str(server.port), "DB_DATABASE": name} | more
    return "".join(f"{key}={value}\n" for key, value in ({"DB_USERNAME": user, "DB_PASSWORD": "null"} | lines).items())


def told_by_env(app: Path, env: str) -> tuple[int, str]:
    """How many calls an app with this `.env` has, and what was said of reading them."""
    (app / ".env").write_text(env)
    done = run("overview", "--app", str(app), *DAY, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["kinds"].get("tool", {"count": 0})["count"], done.stderr


def test_an_env_with_a_socket_a_prefix_and_a_schema_finds_its_tables(server, app):
    """As Laravel puts them together: the socket in place of the host, the prefix before the table's name, the schema's table first."""
    call(server, "2026-11-20 10:00:00")
    assert told_by_env(app, connection(server, DB_HOST="nowhere.invalid", DB_SOCKET=server.socket)) == (1, "")
    types = TYPES[server.kind]
    with server.engine().begin() as con:
        con.execute(text("DROP TABLE IF EXISTS my_tool_invocations"))
        con.execute(text(TOOLS.format(name="my_tool_invocations", **types)))
    for n in range(2):
        call(server, f"2026-11-20 10:00:0{n}", table="my_tool_invocations")
    (app / "storage" / "telemetry").rename(app / "before")
    count, said = told_by_env(app, connection(server, DB_PREFIX="my_"))
    assert count == 2
    assert "my_command_executions" in said
    with server.engine().begin() as con:
        con.execute(text("DROP TABLE my_tool_invocations"))
    if server.kind == "postgresql":
        with server.engine().begin() as con:
            con.execute(text("CREATE SCHEMA IF NOT EXISTS tele"))
            con.execute(text(TOOLS.format(name="tele.tool_invocations", **types)))
        for n in range(3):
            call(server, f"2026-11-20 10:00:0{n}", table="tele.tool_invocations")
        (app / "storage" / "telemetry").rename(app / "before that")
        assert told_by_env(app, connection(server, DB_SCHEMA="tele,public"))[0] == 3
        with server.engine().begin() as con:
            con.execute(text("DROP SCHEMA tele CASCADE"))


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_server_that_cannot_show_who_it_is_is_not_read_where_that_is_asked(server, app, mode):
    """MariaDB's certificate is signed by no authority, PostgreSQL has none; with that certificate as the authority it is read."""
    call(server, "2026-11-20 10:00:00")
    write_log(app, entry("a"))
    login, name = ("app", "postgres") if server.kind == "postgresql" else ("root", "app")
    where = f"DB_URL={server.kind}://{login}:hunter-two@127.0.0.1:{server.port}/{name}"
    count, said = told_by_env(app, f"{where}?ssl-mode={mode}\n")
    assert count == 0
    assert "not read from" in said
    assert "hunter-two" not in said
    if server.kind == "mariadb":
        assert told_by_env(app, f"DB_URL=mariadb://root@127.0.0.1:{server.port}/app?ssl-mode=required\n")[0] == 1
        authority = f"ssl_ca={Path(server.socket).parent}/cert"
        assert (
            told_by_env(app, f"DB_URL=mariadb://root@127.0.0.1:{server.port}/app?ssl-mode={mode}&{authority}\n")[0] == 1
        )
