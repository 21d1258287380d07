"""The engine below the package that wraps it."""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb

from reporter import engine
from tests.helpers import event, run, write_log


def test_without_the_private_module_the_package_serves(app):
    """`_duckdb` is DuckDB's own affair: where it is not found, answers are the same, only later."""
    write_log(
        app, *(event("tool.invocation.completed", f"10:00:0{n}.5", tool_name="t", duration_ms=n) for n in range(9))
    )
    arguments = ["performance", "--app", str(app), "--since", "2026-11-20", "--until", "2026-11-21", "--format", "json"]
    code = f"""
import sys, duckdb
sys.modules["_duckdb"] = None
import duckdb

from reporter import engine
assert engine.Error is duckdb.Error and engine._connect is duckdb.connect
from reporter.__main__ import main
sys.argv[1:] = {arguments!r}
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(run(*arguments).stdout)
    assert json.loads(done.stdout)["operations"][0]["count"] == 9


def test_without_its_private_way_to_arrow_relations_serve():
    """A connection's `_submit` is DuckDB's own affair too: it plans once what a relation plans twice."""

    class Older:
        """A connection as an older package has it."""

        def __init__(self, con):
            self.sql = con.sql

    con = duckdb.connect()
    sql = (
        "SELECT range AS n, 'n' || range AS name, timezone('UTC', make_timestamp(range)) AS t FROM range($few::BIGINT)"
    )
    found = engine.arrow(con, sql, {"few": 3})
    assert found.to_pydict() == engine.arrow(Older(con), sql, {"few": 3}).to_pydict()
    assert found.column("name").to_pylist() == ["n0", "n1", "n2"]
