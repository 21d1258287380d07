"""Where memory runs out one line says so, whatever was asked."""

from __future__ import annotations

import pytest

from reporter import engine
from tests.helpers import event, run, write_log
from tests.sink.hosts import DAY


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """More durations than a small limit holds; percentiles cannot go to disk."""
    app = tmp_path_factory.mktemp("many") / "app"
    made = (
        event("tool.invocation.completed", f"10:{n // 600:02}:{n // 10 % 60:02}.{n % 10}00000", f"t-{n:06}", tool_name="db.query", duration_ms=n)
        for n in range(12_000)
    )  # fmt: skip
    write_log(app, *made)
    assert run("sources", "--app", str(app)).exit_code == 0
    return app


@pytest.mark.parametrize("asked", [("performance",), ("errors",), ("build", "-o", "{}/out")])
def test_out_of_memory_is_one_line(many, asked, monkeypatch):
    monkeypatch.setattr(engine, "READING_BYTES", 150_000)
    command = [part.format(many) for part in asked]
    done = run(*command, "--app", str(many), *DAY)
    assert done.exit_code == 3, done.output
    (line,) = [line for line in done.stderr.splitlines() if "memory ran out" in line]
    assert line.startswith("telemetry-report: memory ran out: ")
    assert "a shorter period (--last 24h)" in line
    assert "Traceback" not in done.output


def test_a_worker_without_memory_is_told_of_alike(tmp_path, monkeypatch):
    def grow(*_: object, **__: object) -> None:
        raise MemoryError

    (tmp_path / "x.parquet").write_bytes(b"")
    monkeypatch.setattr("reporter.sink.reduce.reduce_into", grow)
    done = run("reduce", "--from", str(tmp_path), "-o", str(tmp_path / "fleet.duckdb"))
    assert (done.exit_code, done.stderr.splitlines()[-1][:35]) == (3, "telemetry-report: memory ran out. A")
