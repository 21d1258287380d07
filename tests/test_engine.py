"""The engine below the package that wraps it."""

from __future__ import annotations

import json
import subprocess
import sys

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
