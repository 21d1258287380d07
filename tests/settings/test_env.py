"""`.env` is read as the app's own phpdotenv reads it, and what it holds of secrets never leaves."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reporter.settings.env import parse
from reporter.settings.secrets import passwords, secrets
from tests.helpers import entry, run, write_log

PHP = Path(__file__).parent.parent / "php" / "dotenv.php"
# What the grammar is made of, so that most combinations come up.
PIECES = st.sampled_from(
    [b"x", b"ab c", b"=", b'"', b"'", b"\\", b"\\\\", b'\\"', b"\\$", b"\\n", b"$", b"${A}", b"${B_C}", b"${A${B_C}}", b"${NONE}", b"#",
     b" #", b" # c", b" ", b"\t", b"\n", b"\r\n", b"\r", "é".encode(), "漢".encode(), b"\xe9", b"\xff", b"\xc3", b"\xe9\xa9", b"(", b")", b"\f",
     b"\v", b"\0", b"{", b"}", b".", b"null", b"\\t", b"\\x", b"\nQ=\"a\nb\"\n", b"\nD = 'x' # y\n"]
)  # fmt: skip
NAMES = st.sampled_from(
    [b"A=", b"B_C=", b"export D=", b"export\tD =", b'"Q"=', b"'S' = ", b"E", b"x.y=", b"=", b"a b=", b"export="]
)
QUOTED = st.tuples(st.sampled_from([b'"', b"'", b""]), st.lists(PIECES, max_size=6)).map(
    lambda made: made[0] + b"".join(made[1]) + made[0]
)
LINES = st.tuples(NAMES, QUOTED, st.sampled_from([b"\n", b"\r\n", b"", b" # c\n"])).map(b"".join)
FILES = st.tuples(
    st.sampled_from([b"", b"\xef\xbb\xbf", b"A=1\nB_C=A\n", b"# c\n\nA='${B}'\n"]), st.lists(LINES, max_size=3)
).map(lambda made: made[0] + b"".join(made[1]))


@pytest.fixture(scope="module")
def by_php():
    """What phpdotenv makes of a text; None where it refuses it."""
    with subprocess.Popen(["php", str(PHP)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as php:

        def read(text: bytes) -> dict | None:
            php.stdin.write(base64.b64encode(text) + b"\n")
            php.stdin.flush()
            return json.loads(php.stdout.readline())

        yield read


def by_us(text: bytes) -> dict | None:
    env = parse(text)
    return None if any("is not one that the app can read" in note for note in env.notes) else dict(env.values)


@settings(
    max_examples=300 * int(os.environ.get("TELEMETRY_FUZZ", "1")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=FILES)
def test_every_text_is_read_as_phpdotenv_reads_it(by_php, text):
    assert by_us(text) == by_php(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'KEY="a\\$b"', "a$b"),
        (b"KEY='a\\$b'", "a\\$b"),
        (b"KEY=a#b", "a"),
        (b'KEY="a#b" # c', "a#b"),
        (b"export KEY=x", "x"),
        (b"\xef\xbb\xbfKEY=x\r\n", "x"),
        (b'N=1\nKEY="${N}2"', "12"),
        (b"N=1\nKEY='${N}2'", "${N}2"),
        (b'KEY="-----BEGIN\nabc\n-----END"', "-----BEGIN\nabc\n-----END"),
        (b"KEY=pass\xe9word", "pass?word"),
        ("KEY=paßwort漢".encode(), "paßwort漢"),
        (b"KEY=(a)", "(a)"),
    ],
)
def test_what_people_write(by_php, text, value):
    assert by_us(text)["KEY"] == value == by_php(text)["KEY"]


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (b'API_KEY="se\\$cret-value-1"', "se$cret-value-1"),
        (b"API_TOKEN='to#ken-value 1'", "to#ken-value 1"),
        (b'PRIVATE_KEY="first-line\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nlast"', "MIIEvQIBADANBgkqhkiG9w0BAQEF"),
        (b'N=part-of-it\nAPP_SECRET="${N}-and-rest"', "part-of-it-and-rest"),
        (b"X=\xe9\nAPP_PASSWORD=hunter-two", "hunter-two"),
        ("APP_PASSWORD=mühsam-lang".encode("latin-1"), "mühsam-lang"),
        (b"APP_PASSWORD=two words", "two words"),
        (b'OPEN="never closed\nAPP_PASSWORD=hunter-two', "hunter-two"),
        (b"DB_URL=mysql://root:pa@ss-word@127.0.0.1/app", "pa@ss-word"),
        (b"DB_URL=mysql://root:pa/ss-word@127.0.0.1/app", "pa/ss-word"),
        (b"DB_URL=pgsql://root:pa%2Fss%21word@127.0.0.1/app", "pa/ss!word"),
        (b"REDIS_URL=redis://:hunter-two@127.0.0.1:6379/0", "hunter-two"),
        (b"MAIL_URL='smtp://me:hunter-two@mail:25?verify=a@b'", "hunter-two"),
        (b'ODBC="Server=db;Uid=sa;Pwd=hunter-two;"', "hunter-two"),
        (b"SENTRY=https://0a1b2c3d4e5f60718293a4b5c6d7e8f9@o1.ingest.example/1", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
    ],
)
def test_a_secret_of_env_is_nowhere_in_what_leaves(app, line, secret):
    (app / ".env").write_bytes(b"APP_NAME=Test\n" + line + b"\n")
    write_log(app, entry(f"sent it: <{secret}>", {"note": f"it was {secret}."}))
    day = ("--app", str(app), "--since", "2026-11-20", "--until", "2026-11-21", "--tz", "UTC")
    told = run("export", *day, "--format", "json")
    assert told.exit_code == 0, told.stderr
    assert "sent it: <[" in told.stdout
    assert secret not in told.stdout + told.stderr


@pytest.mark.parametrize(
    "plain",
    [
        "APP_URL=http://localhost:8000/login?u=a@b",
        "DB_HOST=127.0.0.1",
        "CACHE_STORE=database",
        "DB_PASSWORD=null",
        "X_URL=http://h/p",
    ],
)
def test_what_is_no_secret_is_left(plain):
    assert secrets(parse(plain.encode())) == ()


def test_passwords_of_urls():
    assert passwords("mysql://u:a%40bcd@h/d") == ("a%40bcd", "a@bcd")
    assert passwords("sqlite:///database.sqlite") == ()


def test_an_env_that_cannot_be_used_is_said(app, tmp_path):
    write_log(app, entry("a"))
    day = ("--app", str(app), "--since", "2026-11-20", "--until", "2026-11-21")
    (app / ".env").write_bytes(b"OK=1\nAPI_KEY=very secret value\n=x\n")
    told = run("build", *day, "-o", str(tmp_path / "out"))
    assert told.exit_code == 0
    assert "note: .env: line 2 is not one that the app can read (blanks in a value without quotes" in told.stderr
    assert "line 3" in told.stderr
    assert "secret" not in told.stderr
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Partial report" in page
    assert "line 2 is not one that the app can read" in page
    again = run("overview", *day)
    assert "line 2 is not one" in again.stderr
    (app / ".env").unlink()
    (app / ".env").mkdir()
    told = run("overview", *day)
    assert told.exit_code == 0
    assert "note: .env: cannot be read (Is a directory)" in told.stderr
