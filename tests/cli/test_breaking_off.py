"""Ctrl-C: one line, exit code 130, at once."""

from __future__ import annotations

from threading import Event

import pytest

from tests.helpers import event, run, write_log


@pytest.mark.parametrize("told", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_an_answer_that_is_broken_off_does_not_wait_for_what_runs_beside_it(app, monkeypatch, told):
    """DuckDB tells of an interrupt as a RuntimeError."""
    write_log(app, event("tool.invocation.failed", "10:00:00.5", tool_name="x", duration_ms=5, error="gone away"))
    is_over, begun = Event(), Event()

    def long(*_: object, **__: object) -> None:
        begun.set()
        assert is_over.wait(60)

    def interrupted(*_: object) -> None:
        assert begun.wait(60)
        raise told

    monkeypatch.setattr("reporter.analysis.errors.errors", long)
    monkeypatch.setattr("reporter.analysis.overview.overview", interrupted)
    try:
        done = run("overview", "--app", str(app))
        assert (done.exit_code, done.stderr.splitlines()[-1]) == (
            130,
            "telemetry-report: interrupted; what was committed is kept",
        )
    finally:
        is_over.set()
