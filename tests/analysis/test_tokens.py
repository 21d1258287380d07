"""A call's tokens: one figure, wherever they are counted."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from reporter.analysis import select_window
from reporter.analysis.chat import chat
from reporter.analysis.llm import llm
from reporter.analysis.local import know_zone
from reporter.analysis.trends import trends
from reporter.site.context import rows
from reporter.window import Window
from tests.helpers import event, run, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


@contextmanager
def sink_of(app: Path):
    with duckdb.connect(str(app / "storage" / "telemetry" / "telemetry.duckdb"), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        select_window(con, Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)))
        know_zone(con, "UTC")
        yield con


def test_a_calls_tokens_are_all_of_them_wherever_they_are_counted(app):
    """As logged, which models that think say more of than both ways together, or alone."""
    usages = {
        "both": ({"prompt_tokens": 30, "completion_tokens": 4}, 34),
        "all": ({"total_tokens": 500}, 500),
        "more": ({"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 6000}, 6000),
    }
    for n, (trace, (usage, _)) in enumerate(usages.items()):
        call = {"provider": "p", "model": trace, "conversation_id": f"talk-{trace}", "duration_ms": 5}
        write_log(app, event("llm.call.completed", f"10:00:0{n}.000001", trace, **call, token_usage=usage))
    expected = {trace: tokens for trace, (_, tokens) in usages.items()}
    day = ["--app", str(app), *DAY]
    assert json.loads(run("overview", *day, "--format", "json").stdout)["tokens"]["total"] == sum(expected.values())
    for trace, tokens in expected.items():
        assert f"{tokens:,} tokens" in run("trace", trace, *day[:2], "--format", "timeline").stdout
    with sink_of(app) as con:
        use = llm(con, 3600, {})
        assert {m.operation.removeprefix("p/"): m.tokens for m in rows(use.models)} == expected
        assert {t.correlation_id: t.tokens for t in rows(use.expensive)} == expected
        assert use.points["tokens"].sum() == sum(expected.values())
        assert {c.conversation_id.removeprefix("talk-"): c.tokens for c in rows(chat(con, 3600).recent)} == expected
        assert trends(con).days["tokens"].sum() == sum(expected.values())
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 1\n")
    # Day by day, as an app runs: a leap ahead would be a wrong clock.
    late = event("llm.call.completed", "09:00:00.000001", "late", provider="p", model="late", duration_ms=5)
    for day in ("2026-11-21", "2026-11-22"):
        write_log(app, late.replace("2026-11-20", day))
        assert run("sources", "--app", str(app)).exit_code == 0
    with sink_of(app) as con:
        assert con.execute("SELECT count(*) FROM spans").fetchall() == [(2,)]
        assert trends(con).days["tokens"].sum() == sum(expected.values())


def used(app: Path) -> int:
    return json.loads(run("overview", "--app", str(app), *DAY, "--format", "json").stdout)["tokens"]["total"]


def test_a_call_and_its_stream_count_once_without_a_trace_too(app):
    use = {"provider": "p", "model": "m", "duration_ms": 900}
    tokens = {"prompt_tokens": 30, "completion_tokens": 4}
    write_log(
        app,
        # By their message, however far apart.
        event("llm.call.completed", "10:00:00.000001", None, message_id="one", **use, token_usage=tokens),
        event("chat.streaming.completed", "10:00:09.000001", None, message_id="one", **use, token_usage=tokens),
        # By the same tokens near in time: on both sides of a boundary of two seconds.
        event("llm.call.completed", "11:00:01.900000", None, **use, token_usage=tokens),
        event("chat.streaming.completed", "11:00:02.100000", None, message_id="two", **use, token_usage=tokens),
        # Too far apart to be told for one, alike as they are: without a trace that says nothing.
        event("llm.call.completed", "12:00:00.000001", None, **use, token_usage=tokens),
        event("chat.streaming.completed", "12:00:09.000001", None, message_id="three", **use, token_usage=tokens),
    )
    assert used(app) == 4 * 34


def test_a_stream_whose_call_the_retention_removed_does_not_count_the_calls_tokens_again(app):
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 9\n[retention.kinds]\nllm = 1\n")
    use = {"provider": "p", "model": "m", "duration_ms": 900}
    tokens = {"prompt_tokens": 30, "completion_tokens": 4}
    write_log(
        app,
        event("llm.call.completed", "10:00:00.000001", message_id="one", **use, token_usage=tokens),
        event("chat.streaming.completed", "10:00:00.100001", message_id="one", **use, token_usage=tokens),
    )
    for day in ("2026-11-21", "2026-11-22"):
        write_log(
            app, event("tool.invocation.completed", "09:00:00.000001", "x", tool_name="t").replace("2026-11-20", day)
        )
        assert run("sources", "--app", str(app)).exit_code == 0
    with sink_of(app) as con:
        assert con.execute("SELECT kind, counts_tokens FROM spans WHERE type IN ('llm', 'stream')").fetchall() == [
            ("chat", False)
        ]
    # Something late of the same trace: its spans are put together anew.
    write_log(app, event("tool.invocation.completed", "10:00:01.000001", tool_name="late"))
    assert run("sources", "--app", str(app)).exit_code == 0
    with sink_of(app) as con:
        assert trends(con).days["tokens"].sum() == 34
