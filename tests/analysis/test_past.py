"""What was before a window is told by faults that are kept, and is what putting together all error events there tells."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reporter import engine
from reporter.analysis.faults import rows_of
from reporter.analysis.given import UNDECIDED
from reporter.analysis.past import past
from reporter.settings.app import find_app
from reporter.sink.faults import has_faults
from reporter.sink.file import open_sink
from tests.helpers import entry, event, run, write_database, write_log

_STEP = timedelta(microseconds=1)
# So many windows are tried, evenly spread. TELEMETRY_FUZZ multiplies them.
_TRIED = 4 * int(os.environ.get("TELEMETRY_FUZZ", "1"))


def agrees(app: Path) -> int:
    """How many fingerprints there are in all, after windows that begin with an error event or right behind one have been asked both ways."""
    settings = find_app(str(app), None, (), None)
    assert run("sources", "--app", str(app)).exit_code == 0
    with open_sink(settings.sink, read_only=True) as sink:
        con = sink.connection
        assert has_faults(sink)
        times = [
            ts for (ts,) in con.execute("SELECT DISTINCT ts FROM events WHERE status = 'error' ORDER BY ts").fetchall()
        ]
        tried = times[:: max(1, len(times) // _TRIED)]
        for n, at in enumerate(tried):
            ts = at + n % 2 * _STEP
            kept, whole = (
                past(con, ts, ts - timedelta(seconds=30), UNDECIDED, has_faults=is_kept) for is_kept in (True, False)
            )
            assert kept == whole, ts
        return len(past(con, times[-1] + _STEP, times[-1], UNDECIDED, has_faults=True).ever) if times else 0


WORDS = (
    "gone away",
    "Permission denied on notes",
    "Tool fs.read failed: Permission denied on notes",
    "timeout after 30 s",
    "",
)


def life(rng: random.Random) -> list[str]:
    """Entries of a few overlapping traces and of none, most of which fail somehow."""
    made = []
    for _ in range(60):
        trace = rng.choice(["t1", "t2", "t3", "t4", "", None])
        at = f"10:0{rng.randrange(4)}:{rng.randrange(60):02}.{rng.choice(['000000', '500000', '250001'])}"
        error = {"error": rng.choice(WORDS)} if rng.random() < 0.8 else {}
        name, call = rng.choice(["fs.read", "db.query"]), f"i{rng.randrange(12)}"
        made.append(
            rng.choice(
                [
                    event("tool.invocation.failed", at, trace, tool_name=name, duration_ms=rng.choice([5, 900]), **error),
                    event("tool.invocation.failed", at, trace, tool_name=name, invocation_id=call, duration_ms=5, **error),
                    event("tool.invocation.started", at, trace, tool_name=name, invocation_id=call),
                    event("command.execution.started", at, trace, command="recall"),
                    event("command.execution.failed", at, trace, command="recall", duration_ms=rng.choice([5, 9000]), **error),
                    entry(rng.choice(WORDS[:4]), {"correlation_id": trace} if trace else None, at=f"2026-11-20 {at[:8]}", level="ERROR"),
                    entry(
                        "Boom",
                        {"exception": f"[object] (App\\\\Gone(code: 0): {rng.choice(WORDS)} at /srv/x/app/Tag.php:7)", "correlation_id": trace},
                        at=f"2026-11-20 {at[:8]}",
                        level="ERROR",
                    ),
                ]
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_in_whatever_order_the_past_is_the_same(app, seed):
    """Late entries, rows of calls, also of another trace than their log tells, and rows that change."""
    rng = random.Random(seed)
    entries = life(rng)
    rows = [
        (f"i{n}", "fs.read", rng.choice(["t1", "t2", None]), rng.choice(["ok", "error"]), 5.0, f"2026-11-20 10:0{n % 4}:{n:02}")
        for n in range(12)
    ]  # fmt: skip
    write_log(app, *entries[:30])
    write_database(app, tools=rows[:4])
    assert agrees(app) > 1
    write_log(app, *entries[30:45])
    assert agrees(app) > 1
    write_database(app, tools=rows[4:])
    agrees(app)
    with sqlite3.connect(app / "database" / "database.sqlite") as db:
        db.execute("UPDATE tool_invocations SET status = 'error', correlation_id = 't4' WHERE id IN ('i0', 'i5')")
        db.execute("UPDATE tool_invocations SET status = 'ok' WHERE id = 'i6'")
    db.close()
    agrees(app)
    write_log(app, *entries[45:], name="other.log")
    agrees(app)


def test_a_row_of_one_trace_may_be_of_a_call_without(app):
    """They are one fault, of which the trace alone does not tell."""
    write_log(
        app, event("tool.invocation.failed", "10:03:34.5", None, tool_name="fs.read", invocation_id="i5", duration_ms=5)
    )
    write_log(app, event("command.execution.failed", "10:03:50.5", "t1", command="recall", error="gone away"))
    assert agrees(app) == 2
    write_database(app, tools=[("i5", "fs.read", "t1", "error", 5.0, "2026-11-20 10:01:05")])
    assert agrees(app) == 2


@pytest.mark.parametrize("sample", ["line", "json"])
def test_of_real_apps_too(samples, sample, tmp_path):
    app = tmp_path / sample
    shutil.copytree(samples[sample], app)
    assert agrees(app) > 1


def test_a_trace_of_which_the_retention_lets_something_go_is_put_together_anew(app):
    """Its fault was told by the event that went."""
    told = {"exception": "[object] (App\\\\Gone(code: 0): gone away at /srv/x/app/Tag.php:7)", "correlation_id": "t1"}
    write_log(
        app,
        entry("Boom", told, at="2026-10-01 10:00:00", level="ERROR"),
        event("tool.invocation.failed", "09:00:00.5", "t1", tool_name="x", duration_ms=5, error="gone away"),
        event("tool.invocation.failed", "09:30:00.5", "t2", tool_name="x", duration_ms=5, error="gone away"),
    )
    assert agrees(app) == 1
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 10\n")
    assert run("prune", "--app", str(app)).exit_code == 0
    assert agrees(app) == 1


def test_a_sink_that_was_made_before_faults_were_kept_keeps_them_from_the_next_question_on(app):
    write_log(app, event("tool.invocation.failed", "10:00:00.5", "t1", tool_name="x", duration_ms=5, error="gone away"))
    assert agrees(app) == 1
    settings = find_app(str(app), None, (), None)
    with engine.connect(str(settings.sink)) as con:
        con.execute(
            "DROP TABLE faults; DELETE FROM about WHERE key = 'faults'; UPDATE about SET value = '6' WHERE key = 'schema'"
        )
    assert agrees(app) == 1


def test_what_was_before_a_window_is_not_read_event_by_event(app, monkeypatch):
    """Only the trace that goes on within the window is."""
    failed = [
        event("tool.invocation.failed", f"{hour}:00:00.5", trace, tool_name="x", duration_ms=5, error="gone away")
        for hour, trace in (("08", "t1"), ("08", "t2"), ("09", "t3"), ("09", "t9"), ("11", "t9"))
    ]
    write_log(app, *failed)
    settings = find_app(str(app), None, (), None)
    assert run("sources", "--app", str(app)).exit_code == 0
    with open_sink(settings.sink, read_only=True) as sink:
        read: list[int] = []
        monkeypatch.setattr(
            "reporter.analysis.past.rows_of", lambda *given: read.append(len(found := rows_of(*given))) or found
        )
        for hour, rows in ((10, [1]), (12, [])):
            read.clear()
            start = datetime(2026, 11, 20, hour)
            past(sink.connection, start, start, UNDECIDED, has_faults=True)
            assert read == rows


def test_what_another_version_put_together_is_not_believed(app):
    entries = [
        event("tool.invocation.failed", f"10:00:0{n}.5", f"t{n}", tool_name="x", duration_ms=5, error="gone away")
        for n in (1, 2)
    ]
    write_log(app, entries[0])
    assert agrees(app) == 1
    settings = find_app(str(app), None, (), None)
    with engine.connect(str(settings.sink)) as con:
        con.execute("UPDATE faults SET pattern = 'otherwise'; UPDATE about SET value = '1 0.0.1' WHERE key = 'faults'")
    with open_sink(settings.sink, read_only=True) as sink:
        assert not has_faults(sink)
    write_log(app, entries[1])
    assert agrees(app) == 1
