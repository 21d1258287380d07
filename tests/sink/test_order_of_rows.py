"""What a report says hangs on no order that SQL leaves open: neither in which rows lie in a sink, nor in which a statement
without ORDER BY gives its own. On a busy machine DuckDB gives another each time. TELEMETRY_FUZZ multiplies the examples."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime

import duckdb
import pytest

from reporter import engine
from reporter.demo.app import write_demo
from tests.helpers import run
from tests.sink.hosts import DAY

ROUNDS = int(os.environ.get("TELEMETRY_FUZZ", "1"))
ANSWERS = (
    ("overview", "--format", "json"),
    ("performance", "--format", "json"),
    ("errors", "--format", "json"),
    ("traces", "--status", "error"),
    ("traces", "--sort", "latest", "--format", "json"),
    ("sources",),
)
OF_SINGLES = (
    ("overview", "--exclude", "kind=log", "--format", "json"),
    ("errors", "--include", "kind=chat,llm"),
    ("export",),
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Shuffled:
    """A connection that gives the rows of what has no order of its own in a random one."""

    def __init__(self, con: duckdb.DuckDBPyConnection, parser: duckdb.DuckDBPyConnection) -> None:
        self._con, self._parser = con, parser

    def __getattr__(self, name: str):
        return getattr(self._con, name)

    def __enter__(self) -> Shuffled:
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def cursor(self) -> Shuffled:
        return Shuffled(self._con.cursor(), self._parser)

    def execute(self, sql, *rest):
        return self._con.execute(self._mixed(sql), *rest)

    def extract_statements(self, sql):
        return self._con.extract_statements(self._mixed(sql))

    def _submit(self, sql, *rest):
        return self._con._submit(self._mixed(sql), *rest)

    def _mixed(self, sql):
        if not isinstance(sql, str) or not self._is_open(sql):
            return sql
        return f"SELECT * FROM ({sql}) ORDER BY random()"

    def _is_open(self, sql: str) -> bool:
        """Whether it is one SELECT without an order."""
        parsed = json.loads(self._parser.cursor().execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()[0])
        if parsed["error"] or len(parsed["statements"]) != 1:
            return False
        node = parsed["statements"][0]["node"]
        return not any(modifier["type"] == "ORDER_MODIFIER" for modifier in node["modifiers"])


def mixed(path, target, seed: int) -> None:
    """A copy of a sink whose tables hold their rows in a random order."""
    con = duckdb.connect()
    con.execute(f"ATTACH '{path}' AS old (READ_ONLY)")
    con.execute(f"ATTACH '{target}' AS new")
    con.execute("COPY FROM DATABASE old TO new (SCHEMA)")
    for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'").fetchall():
        con.execute(f"SELECT setseed(0.{seed})")
        con.execute(f"INSERT INTO new.{table} SELECT * FROM old.{table} ORDER BY random()")
    con.close()


def said(sink, folder, period, is_reduced) -> dict[str, bytes]:
    """All files of a report of a sink, its figures as JSON, and the terminal's answers."""
    folder.mkdir()
    as_json = () if is_reduced else ("--json", str(folder / "all.json"))
    for asked in (("build", "-o", str(folder), *as_json), *ANSWERS, *(() if is_reduced else OF_SINGLES)):
        done = run(*asked, "--from", str(sink), *period)
        assert done.exit_code == 0, done.output
        if asked[0] != "build":
            (folder / " ".join(asked)).write_bytes(done.stdout_bytes)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def one(tmp_path):
    """The sink of an app, the period that it is of, whether it is reduced."""
    app, sink = write_demo(tmp_path / "app", seed=1, now=NOW), tmp_path / "kept.duckdb"
    assert run("sources", "--app", str(app), "--sink", str(sink)).exit_code == 0
    return sink, ("--last", "2d"), False


@pytest.fixture
def many(fleet):
    """The same of many hosts."""
    return fleet, DAY, True


@pytest.mark.parametrize("kept", ["one", "many"])
def test_no_order_that_is_left_open_is_seen(kept, request, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(NOW.timestamp())))
    kept, *rest = request.getfixturevalue(kept)
    sink, connect, parser = tmp_path / "a.duckdb", engine.connect, duckdb.connect()
    shutil.copy(kept, sink)
    plain = said(sink, tmp_path / "plain", *rest)
    monkeypatch.setattr(engine, "connect", lambda *args, **given: Shuffled(connect(*args, **given), parser))
    for seed in range(ROUNDS):
        sink.unlink()
        mixed(kept, sink, seed)
        found = said(sink, tmp_path / str(seed), *rest)
        assert found.keys() == plain.keys()
        assert [name for name in found if found[name] != plain[name]] == []
