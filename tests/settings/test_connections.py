"""Connections are what Laravel makes of `.env`, and PHP of URLs; what cannot be used is one line, without any password."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reporter.settings.database import by_env
from reporter.settings.env import parse
from reporter.settings.url import parse_url
from tests.helpers import entry, run, write_log

PHP = Path(__file__).parent.parent / "php" / "parse_url.php"
DAY = ("--since", "2026-11-20", "--until", "2026-11-21", "--tz", "UTC")
PIECES = st.sampled_from([*list("a@:/?#[]%=& \té+-0"), "::1", "3306", "99999", "%40", "x.y"])
URLS = st.tuples(st.sampled_from(["mysql", "pgsql", "sqlite"]), st.lists(PIECES, max_size=9).map("".join)).map(
    "://".join
)


@pytest.fixture(scope="module")
def by_php():
    """What PHP's parse_url makes of a URL, without its fragment."""
    with subprocess.Popen(["php", str(PHP)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as php:

        def read(url: str) -> dict | bool:
            php.stdin.write(base64.b64encode(url.encode()) + b"\n")
            php.stdin.flush()
            found = json.loads(php.stdout.readline())
            return found and {name: value for name, value in found.items() if name != "fragment"}

        yield read


@settings(
    max_examples=300 * int(os.environ.get("TELEMETRY_FUZZ", "1")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(url=URLS)
def test_a_url_is_taken_apart_as_php_takes_it(by_php, url):
    found = parse_url(url)
    names = ("scheme", "user", "pass", "host", "port", "path", "query")
    ours = found is not None and {n: part for n, part in zip(names, found, strict=True) if part is not None}
    assert ours == by_php(url)


@pytest.mark.parametrize(
    ("env", "url", "prefix"),
    [
        ("DB_CONNECTION=mysql\nDB_USERNAME=u\nDB_PASSWORD=null", "mysql+pymysql://u@127.0.0.1/laravel", ""),
        ("DB_CONNECTION=mariadb\nDB_SOCKET=/run/s\nDB_PREFIX=app_", "mysql+pymysql://root@127.0.0.1/laravel?unix_socket=%2Frun%2Fs", "app_"),
        ("DB_CONNECTION=pgsql\nDB_HOST=::1\nDB_PORT=5433\nDB_USERNAME=u\nDB_PASSWORD='a@b/c'", "postgresql+psycopg://u:a%40b%2Fc@[::1]:5433/laravel", ""),
        ("DB_CONNECTION=pgsql\nDB_USERNAME=u\nDB_SCHEMA=tele", "postgresql+psycopg://u@127.0.0.1/laravel?search_path=tele", ""),
        ("DB_URL=mysql://u:p@ss@h/d?charset=utf8&prefix=x_", "mysql+pymysql://u:p%40ss@h/d", "x_"),
        ("DB_URL=pgsql://u:p%2Fw@[::1]:5433/d?sslmode=require", "postgresql+psycopg://u:p%2Fw@[::1]:5433/d?sslmode=require", ""),
        ("DB_URL=pgsql://u@h/d?ssl-mode=REQUIRED", "postgresql+psycopg://u@h/d?sslmode=require", ""),
        ("DB_URL=sqlite:///database/x.sqlite?foreign_key_constraints=true", "sqlite:////app/database/x.sqlite", ""),
        ("DB_URL=sqlite:////data/x.sqlite", "sqlite:////data/x.sqlite", ""),
    ],
)  # fmt: skip
def test_what_laravel_connects_to(env, url, prefix):
    found = by_env(Path("/app"), parse(env.encode()), ())
    assert (found.url, found.prefix) == (url, prefix)


UNUSABLE = "DB_CONNECTION=pgsql\nDB_PORT=abc\nDB_PASSWORD=hunter-two"


def noted(app: Path, env: str, *command: str) -> Result:
    """What is said of a database that cannot be used: one note, without its password."""
    (app / ".env").write_text(env + "\n")
    write_log(app, entry("all the same", at="2026-11-20 10:00:00"))
    told = run(*command, "--app", str(app), *DAY)
    assert told.exit_code == 0, told.stderr
    lines = told.stderr.splitlines()
    assert all(line.startswith("note: ") and len(line) < 400 for line in lines)
    assert sum("cannot be used" in line or "not read from" in line for line in lines) == 1
    assert "hunter-two" not in told.output
    return told


@pytest.mark.parametrize(
    "env",
    [
        UNUSABLE,
        "DB_URL=mysql://root:hunter-two/x@h/d",
        "DB_URL=mysql://root:hunter-two@h:99999/d",
        "DB_URL=hunter-two",
        "DB_CONNECTION=sqlsrv\nDB_PASSWORD=hunter-two",
        "DB_URL=sqlite:///:memory:",
        "DB_CONNECTION=mysql\nDB_PORT=1\nDB_PASSWORD=hunter-two",
        "DB_URL=pgsql://u:hunter-two@127.0.0.1:1/d?sslmode=require&strict=true",
        "DB_CONNECTION=sqlite\nDB_DATABASE=/nowhere/x.sqlite",
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_is_read(app, env):
    shown = noted(app, env, "overview", "--format", "json").stdout
    assert json.loads(shown)["totals"]["events"] == 1


@pytest.mark.parametrize("env", [UNUSABLE, "DB_URL=pgsql://u:hunter-two@127.0.0.1:1/d?sslmode=require&strict=true"])
def test_a_report_of_the_rest_says_so_without_a_password(app, tmp_path, env):
    noted(app, env, "build", "-o", str(tmp_path / "out"))
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Partial report" in page
    assert "hunter-two" not in page


def test_a_database_named_but_not_there_is_a_source_with_a_note(app):
    (app / ".env").write_text("DB_DATABASE=/nowhere/x.sqlite\n")
    write_log(app, entry("a", at="2026-11-20 10:00:00"))
    for _ in range(2):
        told = run("sources", "--app", str(app), *DAY, "--format", "json")
        notes = [s["note"] for s in json.loads(told.stdout)["sources"] if s["kind"] == "table"]
        assert notes == ["not read from sqlite:////nowhere/x.sqlite: no such database file"] * 2
        assert told.stderr.count("no such database file") == 1
