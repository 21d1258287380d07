"""Traces: parents, what a report carries of them, the terminal's text."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reporter.analysis import select_window
from reporter.analysis.trace import trace as trace_of
from reporter.analysis.trace_data import CONTEXT_CHARS, _documents
from reporter.analysis.traces import traces
from reporter.events.packing import with_contexts
from reporter.redaction.relation import Shown
from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.notes import SOURCE_NAMES
from reporter.window import Window
from tests.helpers import entry, event, run, write_database, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


def trace(app: Path, name: str = "trace-0001") -> dict:
    done = run("trace", name, "--app", str(app), "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def tree(document: dict) -> list[tuple[str, str, str | None]]:
    """(type, operation, operation of the parent) by start."""
    names = {span["id"]: span["operation"] for span in document["spans"]}
    return [(s["type"], s["operation"], names.get(s.get("parent"))) for s in document["spans"]]


def test_the_json_has_every_member_that_scripts_rely_on(app):
    chat(app)
    document = trace(app)
    assert set(document) == {
        "correlation_id", "root", "start", "end", "duration_ms", "status", "failed", "events", "spans",
    }  # fmt: skip
    for span in document["spans"]:
        assert {"id", "parent", "kind", "operation", "start", "end", "duration_ms", "status"} <= set(span)
    for told in document["events"]:
        assert {
            "ts",
            "kind",
            "event",
            "operation",
            "status",
            "duration_ms",
            "level",
            "message",
            "source",
            "offset",
            "context",
        } <= set(told)
    assert [e["ts"] for e in document["events"]] == sorted(e["ts"] for e in document["events"])


def chat(app: Path) -> None:
    """A message: its stream, with the call behind it; a command with a step that calls a tool; a pipeline with a step."""
    stream = {"message_id": "m1", "provider": "openai", "model": "gpt"}
    write_log(
        app,
        event("chat.streaming.started", "10:00:00.000000", **stream),
        event(
            "llm.call.completed", "10:00:01.000000", message_id="m1", duration_ms=900, provider="openai", model="gpt"
        ),
        event("chat.streaming.completed", "10:00:01.000500", message_id="m1", duration_ms=1000),
        event("command.execution.started", "10:00:01.100000", command="todo"),
        event("dsl.step.executed", "10:00:01.500000", step_type="tool.call", step_id="step-0", duration_ms=300),
        event("command.execution.completed", "10:00:02.000500", command="todo", duration_ms=900, success=True),
        event("fragment.processing.pipeline.started", "10:00:02.100000", pipeline_id="p1"),
        event(
            "fragment.processing.step.completed", "10:00:02.300000", pipeline_id="p1", step_name="Tag", duration_ms=100
        ),
        event("fragment.processing.pipeline.completed", "10:00:02.400000", pipeline_id="p1", duration_ms=300),
        event("chat.transaction.summary", "10:00:02.500000", **stream, duration_ms=2500),
        entry("Tagging is slow", {"correlation_id": "trace-0001"}, at="2026-11-20 10:00:02", level="WARNING"),
    )


def test_parents_are_found_by_id_then_by_enclosure(app):
    chat(app)
    write_log(
        app,
        event("tool.invocation.started", "10:00:01.250000", tool_name="db", invocation_id="i1"),
        event("tool.invocation.completed", "10:00:01.450000", tool_name="db", invocation_id="i1", duration_ms=200),
    )
    assert sorted(tree(trace(app))) == sorted(
        [
            ("root", "openai/gpt", None),
            ("stream", "openai/gpt", "openai/gpt"),
            ("llm", "openai/gpt", "openai/gpt"),
            ("command", "todo", "openai/gpt"),
            ("step", "tool.call", "todo"),
            ("tool", "db", "tool.call"),
            ("pipeline", "pipeline", "openai/gpt"),
            ("step", "Tag", "pipeline"),
        ]
    )


def test_a_table_row_and_its_log_events_are_one_span(app):
    write_database(app, tools=[("i1", "db", "trace-0001", "ok", 200, "2026-11-20 10:00:01")])
    write_log(
        app,
        event("tool.invocation.started", "10:00:00.800000", tool_name="db", invocation_id="i1"),
        event("tool.invocation.completed", "10:00:01.000000", tool_name="db", invocation_id="i1", duration_ms=200),
    )
    document = trace(app)
    assert len(document["events"]) == 3
    (span,) = document["spans"]
    assert {e["id"] for e in document["events"]} == {span["id"], span["start_event"], span["row_event"]}


def test_unfinished_work_is_shown_and_contains_what_came_after(app):
    write_log(
        app,
        event("command.execution.started", "10:00:00.000000", command="todo"),
        event("dsl.step.executed", "10:00:01.000000", step_type="notify", step_id="step-0", duration_ms=300),
    )
    document = trace(app)
    assert document["status"] == "unfinished"
    assert tree(document) == [("command", "todo", None), ("step", "notify", "todo")]
    assert document["spans"][0]["status"] == "unfinished"
    assert document["spans"][0]["end"] is None
    assert document["spans"][0]["parent"] is None
    assert document["spans"][0]["duration_ms"] is None


def test_a_log_line_of_a_whole_second_neither_begins_a_trace_nor_stands_apart(app):
    write_log(app, event("tool.invocation.completed", "10:00:01.900000", tool_name="db", duration_ms=500))
    write_log(app, entry("Querying", {"correlation_id": "trace-0001"}, at="2026-11-20 10:00:01"))
    document = trace(app)
    assert document["start"] == "2026-11-20T10:00:01.400000Z"
    assert document["duration_ms"] == 500
    text = run("trace", "trace-0001", "--app", str(app), "--format", "timeline", "--tz", "UTC").stdout
    assert re.search(r"\+0 ms +500 ms +tool db\n +≈ \+0 ms +log Querying", text), text


def test_the_timeline_reads_in_order_with_reasons(app):
    chat(app)
    write_log(
        app, event("tool.invocation.failed", "10:00:01.480000", tool_name="db", duration_ms=100, error="no `table`\nx")
    )
    text = run("trace", "trace-0001", "--app", str(app), "--format", "timeline", "--tz", "UTC").stdout
    assert text.startswith("### command todo: error\n\nTrace `trace-0001` · 2026-11-20 10:00:00 UTC · 2.50 s · ")
    steps = [line.split(maxsplit=4)[-1] for line in text.splitlines() if line.lstrip(" ≈").startswith("+")]
    assert [step.split()[-1] for step in steps] == [
        "openai/gpt", "openai/gpt", "openai/gpt", "todo", "tool.call", "db", "slow", "pipeline", "Tag",
    ]  # fmt: skip
    assert "→ no table x" in re.sub(r"\s+", " ", text)


def test_a_trace_is_found_by_the_beginning_of_its_id_and_near_ones_are_named(app):
    write_log(app, event("tool.cache.completed", "10:00:00.000000", "abc-1", duration_ms=1))
    write_log(app, event("tool.cache.completed", "10:00:00.000000", "abd-1", duration_ms=1))
    assert trace(app, "abc")["correlation_id"] == "abc-1"
    for asked, said, near in (
        ("ab", "more than one trace begins with ab", "abc-1, abd-1"),
        ("abd-2", "no trace abd-2", "abd-1"),
        ("ABC", "no trace ABC", "abc-1"),
        ("bc-1", "no trace bc-1", "abc-1"),
        ("zzz", "no trace zzz", "`telemetry-report traces` lists them"),
    ):
        done = run("trace", asked, "--app", str(app))
        assert done.exit_code == 1
        assert said in done.stderr
        assert near in done.stderr


def test_a_trace_that_reaches_beyond_the_window_is_listed_whole(app, tmp_path):
    """It failed an hour before; what came of it lies within the window."""
    early = [event("tool.invocation.failed", "09:00:00.500001", tool_name="db", duration_ms=100, error="no table")]
    write_log(app, *early, event("tool.invocation.completed", "10:00:00.500001", tool_name="fs", duration_ms=50))
    hour = ("--since", "2026-11-20T10:00Z", "--until", "2026-11-20T11:00Z", "--tz", "UTC")
    done = run("overview", "--app", str(app), *hour, "--format", "json")
    totals = json.loads(done.stdout)["totals"]
    wanted = {"operations": 1, "errors": 0, "faults": 0, "traces": 1, "failed_traces": 1}
    assert {name: totals[name] for name in wanted} == wanted
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *hour).exit_code == 0
    (listed,) = re.findall(r"<tr><td><a class=.mono.*?</tr>", (tmp_path / "out" / "traces.html").read_text(), re.S)
    document = trace(app)
    wanted = {"root": "tool db", "duration_ms": 3600100, "status": "error", "failed": 1}
    assert {name: document[name] for name in wanted} == wanted
    assert 'data-v="3600100.0"' in listed
    told = " ".join(re.sub(r"<[^>]+>", " ", listed).split())
    assert "tool db ✕ failed 2026-11-20 09:00:00" in told
    assert told.endswith("2 1 2")


def test_a_trace_table_lists_every_event(app):
    chat(app)
    text = run("trace", "trace-0001", "--app", str(app), "--tz", "UTC").stdout
    rows = [line for line in text.splitlines() if line.startswith("10:00:0")]
    assert len(rows) == 11
    assert all(re.search(r" \[1\] \d+$", row) for row in rows)
    assert text.splitlines()[-1] == "[1] storage/logs/laravel.log"


def shards(output: Path) -> list[dict]:
    """What the data files hold, as a browser reads them."""
    found = []
    for path in sorted((output / "data").glob("trace-[0-9]*.js")):
        literal = re.fullmatch(r"telemetryData\('[\w-]+','(.*)'\);\n", path.read_text(), re.S)[1]
        text = re.sub(
            r"\\(\\|n|r|x27|x3c)", lambda m: {"\\": "\\", "n": "\n", "r": "\r", "x27": "'", "x3c": "<"}[m[1]], literal
        )
        found.append(json.loads(text))
    return found


def test_a_report_carries_every_trace_and_of_the_notable_all_events(app, tmp_path):
    entries = []
    for n in range(1030):
        failed = n == 500
        name = "tool.invocation.failed" if failed else "tool.invocation.completed"
        entries.append(
            event(name, f"10:{n // 60:02}:{n % 60:02}.000000", f"t'<{n:04}\\", tool_name="db", duration_ms=n + 1)
        )
    write_log(app, *entries)
    output = tmp_path / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    found = shards(output)
    whole = {name for shard in found for name in shard["whole"]}
    brief = {name for shard in found if shard["brief"] for name in shard["brief"]["ids"]}
    assert len(whole) == 1000
    assert whole | brief == {f"t'<{n:04}\\" for n in range(1030)}
    assert not whole & brief
    assert "t'<0500\\" in whole
    spans = [n for shard in found if shard["brief"] for n in shard["brief"]["spans"]["trace"]]
    assert len(spans) == 30


def test_a_context_of_any_depth_or_length_is_carried_as_it_can_be(app, tmp_path):
    deep = "[" * 5000 + "]" * 5000
    write_log(app, entry("deep", {"correlation_id": "t", "k": "x"}).replace('"x"', deep))
    write_log(app, entry("long", {"correlation_id": "t", "k": "y" * 50_000}))
    output = tmp_path / "out"
    done = run("build", "--app", str(app), "-o", str(output), *DAY)
    assert done.exit_code == 0, done.output
    (shard,) = shards(output)
    by_message = {e["message"]: e["context"] for e in shard["whole"]["t"]["events"]}
    assert by_message["deep"].startswith('{"correlation_id":"t","k":[[[')
    assert len(by_message["long"]) == 20_000
    full = {e["message"]: e["context"] for e in trace(app, "t")["events"]}
    assert full["long"]["k"] == "y" * 50_000


def test_the_sample_is_carried_whole(report, samples):
    carried = sum(len(t["events"]) for shard in shards(report) for t in shard["whole"].values())
    listed = json.loads(
        run(
            "overview",
            "--app",
            str(samples["line"]),
            "--until",
            "2026-11-20T12:00Z",
            "--last",
            "3d",
            "--format",
            "json",
        ).stdout
    )
    import duckdb

    with duckdb.connect(str(samples["line"] / "storage" / "telemetry" / "telemetry.duckdb"), read_only=True) as con:
        (bearing,) = con.execute("SELECT count(*) FROM events WHERE correlation_id IS NOT NULL").fetchone()
    assert carried == bearing
    assert listed["totals"]["traces"] == sum(len(shard["whole"]) for shard in shards(report))


@pytest.mark.parametrize("sample", ["line", "json"])
def test_one_trace_and_all_of_a_report_are_the_same_documents(samples, sample):
    """Python puts the one together, SQL the many."""
    run("overview", "--app", str(samples[sample]), "--until", "2026-11-20T12:00Z")
    with open_sink(find_app(str(samples[sample]), None, (), None).sink, read_only=True) as sink:
        con = sink.connection
        con.execute(SOURCE_NAMES)
        window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        select_window(con, window)
        listed = {t.correlation_id: t for t in traces(con, window).notable}
        Shown().register(con)
        con.execute(f"CREATE TEMP VIEW told AS FROM {with_contexts()}")
        made = dict(con.execute(_documents("correlation_id IS NOT NULL", CONTEXT_CHARS)).fetchall())
        assert len(made) >= 50
        for name, document in made.items():
            assert trace_of(con, name) == json.loads(document), name
        for name, said in listed.items():
            told = json.loads(made[name])
            assert [told[key] for key in ("root", "duration_ms", "status", "failed")] == [
                said.root,
                said.duration_ms,
                said.status,
                said.failed,
            ]


def test_a_trace_that_grew_is_whole_and_one_that_went_is_gone(app):
    """When its events were is noted at each ingest; events of other traces around it are looked at and left out."""
    write_log(app, event("tool.invocation.started", "10:00:00.000001", "trace-grows", tool_name="t"))
    assert len(trace(app, "trace-grows")["events"]) == 1
    write_log(
        app,
        event("tool.invocation.completed", "10:00:01.5", "trace-grows", tool_name="t", duration_ms=1500),
        event("tool.invocation.completed", "10:00:01", "trace-other", tool_name="t", duration_ms=5),
    )
    # An entry whose time comes before all others, and no span's.
    write_log(app, entry("early", {"correlation_id": "trace-grows"}, at="2026-11-20 09:00:00"))
    document = trace(app, "trace-grows")
    assert document["events"][0]["message"] == "early"
    assert (len(document["events"]), len(document["spans"]), document["duration_ms"]) == (3, 1, 3601500)
    assert trace(app, "trace-g") == document
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 1\n")
    # A jump of more than a day would let nothing go at once.
    for at in ("2026-11-21 09:00:00", "2026-11-22 08:00:00"):
        write_log(app, entry("late", {"correlation_id": "trace-late"}, at=at))
        run("overview", "--app", str(app))
    gone = run("trace", "trace-grows", "--app", str(app))
    assert gone.exit_code == 1
    assert "trace-late" not in gone.stderr
    assert "Near ones" not in gone.stderr
    assert trace(app, "trace-late")["status"] == "ok"


def test_a_trace_is_found_without_looking_at_all_events(app):
    """In a sink of four stretches of DuckDB's 122,880 rows, only that with the trace's times is read."""
    write_log(app, event("chat.started", "10:00:00.5", "trace-one"))
    trace(app, "trace-one")
    with open_sink(find_app(str(app), None, (), None).sink) as sink:
        con = sink.connection
        con.execute(
            """INSERT INTO events SELECT * EXCLUDE (n)
            REPLACE (id + n AS id, ts - to_minutes(n) AS ts, chr((97 + n % 26)::INT) || n AS correlation_id)
            FROM events, range(1, 400000) numbers(n)"""
        )
        con.execute("CHECKPOINT")
        con.execute(SOURCE_NAMES)
        recorded = Recorded(con)
        assert [e["event"] for e in trace_of(recorded, "trace-one")["events"]] == ["chat.started"]
        questions = [question for question in recorded.questions if "FROM events" in question[0]]
        assert [row_groups_scanned(con, *question) for question in questions] == [1]
        assert row_groups_scanned(con, "SELECT ts FROM events WHERE correlation_id = $1", ["trace-one"]) > 3


class Recorded:
    """A connection that notes what it is asked."""

    def __init__(self, con):
        self.con, self.questions = con, []

    def execute(self, sql, parameters=()):
        self.questions.append((sql, parameters))
        return self.con.execute(sql, parameters)


def row_groups_scanned(con, sql, parameters):
    plan = con.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql}", parameters).fetchall()[0][1]
    return json.loads(plan)["query"]["total_row_groups_scanned"]
