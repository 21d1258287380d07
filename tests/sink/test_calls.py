"""Events and rows that are one piece of work, through the command line: what pairs, what counts once, which trace it is of."""

from __future__ import annotations

import json

import pytest

from tests.helpers import ask, entry, event, run, write_database, write_log

STREAM = {"message_id": "m1", "provider": "openai", "model": "gpt-4o"}


def operations(app, *arguments):
    found = ask("performance", app, *arguments)["operations"]
    return {(o["kind"], o["operation"]): o for o in found}


def test_facts_travel_from_start_to_end(app):
    write_log(app, event("chat.streaming.started", "10:00:00.000000", **STREAM))
    write_log(app, event("chat.streaming.completed", "10:00:01.000000", message_id="m1", duration_ms=1000))
    assert operations(app)["chat", "openai/gpt-4o"]["count"] == 1


def test_nested_commands_without_ids_pair_innermost_first(app):
    write_log(
        app,
        event("command.execution.started", "10:00:00.000000", command="outer", dry_run=False),
        event("command.execution.started", "10:00:00.100000", command="outer"),
        event("command.execution.completed", "10:00:00.300000", command="outer", success=True),
        event("command.execution.completed", "10:00:01.000000", command="outer", success=True),
    )
    found = operations(app)["command", "outer"]
    assert (found["count"], found["min_ms"], found["max_ms"]) == (2, 200, 1000)


def test_a_start_without_an_end_is_unfinished(app):
    write_log(app, event("tool.invocation.started", "10:00:00.000000", tool_name="db", invocation_id="i1"))
    assert ask("overview", app)["kinds"]["tool"]["unfinished"] == 1


def test_a_tool_call_in_table_and_log_is_one_and_the_table_wins_for_status(app):
    write_log(
        app,
        event(
            "tool.invocation.completed",
            "10:00:01.500000",
            tool_name="db",
            invocation_id="log-id",
            duration_ms=12.5,
            success=True,
        ),
    )
    write_database(
        app,
        [
            ("row-1", "db", "trace-0001", "error", 12.5, "2026-11-20 10:00:01"),
            ("row-2", "db", "trace-0001", "ok", 99.0, "2026-11-20 10:00:01"),
        ],
    )
    found = operations(app)["tool", "db"]
    assert (found["count"], found["errors"]) == (2, 1)


def test_a_command_in_table_and_log_without_correlation_is_one(app):
    write_log(
        app, event("command.execution.completed", "10:00:01.900000", None, command="note", duration_ms=5, success=True)
    )
    write_database(
        app,
        commands=[
            ("c1", "note", "2026-11-20 10:00:02", '{"success":true}'),
            ("c2", "note", "2026-11-20 10:30:00", "{}"),
        ],
    )
    assert operations(app)["command", "note"]["count"] == 2


@pytest.mark.parametrize("row_at", ["10:00:01", "10:00:02", "10:00:03"])
def test_a_row_is_the_call_that_ended_like_it_where_two_may_be_it(app, row_at):
    """A command that failed and was tried again at once: the table has rows of successes only, and would end the failure well."""
    for at, outcome in (("10:00:01.200000", "failed"), ("10:00:02.100000", "completed")):
        done = {"command": "note", "duration_ms": 5, "success": outcome == "completed"}
        write_log(app, event(f"command.execution.{outcome}", at, **done))
    result = '{"correlation_id": "trace-0001", "success": true}'
    write_database(app, commands=[("c1", "note", f"2026-11-20 {row_at}", result)])
    found = operations(app)["command", "note"]
    assert (found["count"], found["errors"]) == (2, 1)


@pytest.mark.parametrize("trace", ["trace-0001", None])
@pytest.mark.parametrize(("ms", "took"), [(120.0, 120), (None, 600)])
def test_a_row_ends_the_call_of_its_id_whose_end_was_not_logged(app, trace, ms, took):
    call = {"tool_name": "db", "invocation_id": "i1"}
    write_log(app, event("tool.invocation.started", "10:00:00.400000", **call))
    assert ask("overview", app)["kinds"]["tool"]["unfinished"] == 1
    write_database(app, [("i1", "db", trace, "error", ms, "2026-11-20 10:00:01")])
    found = ask("overview", app)["kinds"]["tool"]
    assert (found["count"], found["errors"], found["unfinished"], found["p50_ms"]) == (1, 1, 0, took)
    (span,) = ask("trace", app, "trace-0001")["spans"]
    assert (span["status"], span["start"], span["end"]) == (
        "error",
        "2026-11-20T10:00:00.400000Z",
        "2026-11-20T10:00:01.000000Z",
    )


def test_a_pipeline_that_ended_before_its_step_by_the_clock_stands_in_none(app):
    """Its end has a whole second alone: each stood in the other, and in nothing else."""
    ids = {"pipeline_id": "p1"}
    step = {**ids, "step_name": "Embed", "duration_ms": 1000}
    write_log(
        app,
        event("fragment.processing.pipeline.started", "10:00:33.205709", **ids),
        event("fragment.processing.step.completed", "10:00:34.205709", **step),
        entry(
            "fragment.processing.pipeline.completed",
            {
                "event": "fragment.processing.pipeline.completed",
                "data": {**ids, "duration_ms": 1011.91},
                "correlation": {"correlation_id": "trace-0001"},
            },
            at="2026-11-20 10:00:34",
        ),
    )
    spans = {span["operation"]: span for span in ask("trace", app, "trace-0001")["spans"]}
    assert (spans["pipeline"]["parent"], spans["Embed"]["parent"]) == (None, spans["pipeline"]["id"])


def test_tokens_of_a_call_are_counted_once(app):
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    call = {
        "provider": "openai",
        "model": "gpt-4o",
        "response_time_ms": 900,
        "tokens_prompt": 10,
        "tokens_completion": 5,
        "cost_usd": 0.5,
    }
    write_log(
        app,
        event("chat.streaming.started", "10:00:00.000000", **STREAM),
        event("llm.call.completed", "10:00:01.000000", **call),
        event("llm.call.completed", "10:00:01.000001", event_type="performance_analysis", **call),
        event("chat.streaming.completed", "10:00:01.000000", message_id="m1", duration_ms=1000, token_usage=usage),
        event(
            "chat.streaming.completed",
            "11:00:01.000000",
            "trace-0002",
            provider="ollama",
            model="x",
            duration_ms=1,
            token_usage=usage,
        ),
    )
    view = ask("overview", app)
    assert view["tokens"] == {"prompt": 20, "completion": 10, "total": 30, "cost_usd": 0.5}
    assert view["kinds"]["llm"]["count"] == 1


@pytest.mark.parametrize("called", [("m1",), ("m2",), ("m1", "m2"), ()])
def test_a_call_of_a_model_takes_the_place_of_one_stream(app, called):
    """Two streams of one model at once: the tokens of that whose call was not logged are its own."""
    use = {"m1": (10, 5), "m2": (700, 30)}
    for n, (message, (prompt, completion)) in enumerate(use.items()):
        end, model = f"10:00:01.{n}00000", {"provider": "openai", "model": "gpt-4o"}
        tokens = {"prompt_tokens": prompt, "completion_tokens": completion}
        write_log(
            app,
            event("chat.streaming.started", "10:00:00.000000", message_id=message, **model),
            event("chat.streaming.completed", end, message_id=message, duration_ms=900, token_usage=tokens),
        )
        if message in called:
            tokens = {"tokens_prompt": prompt, "tokens_completion": completion}
            write_log(app, event("llm.call.completed", end, response_time_ms=900, **model, **tokens))
    assert (ask("overview", app)["tokens"]["prompt"], ask("overview", app)["tokens"]["completion"]) == (710, 35)


@pytest.mark.parametrize("first", ["a.log", "z.log"])
def test_work_that_took_no_time_is_one_whichever_of_two_files_holds_its_start(app, first):
    step = {"pipeline_id": "p1", "step_name": "Embed"}
    write_log(app, event("fragment.processing.step.started", "10:00:00.416208", **step), name=first)
    write_log(app, event("fragment.processing.step.completed", "10:00:00.416208", **step), name="m.log")
    found = ask("overview", app)["kinds"]["processing"]
    assert (found["count"], found["unfinished"], found["p50_ms"]) == (1, 0, 0)


def test_progress_alerts_and_health_checks_are_no_operations(app):
    for name in (
        "chat.streaming.progress",
        "tool.health.check",
        "tool.alert.performance",
        "command.error",
        "llm.performance.metrics",
    ):
        write_log(app, event(name, "10:00:00.000000", duration_ms=5, elapsed_ms=5, tool_name="t"))
    view = ask("overview", app)
    assert (view["totals"]["events"], view["totals"]["operations"]) == (5, 0)


def test_an_unknown_event_that_finishes_with_a_duration_is_an_operation(app):
    write_log(
        app,
        event("billing.sync.finished", "10:00:00.000000", duration_ms=7),
        event("tool.cache.completed", "10:00:00.000000", duration_ms=3),
    )
    assert set(operations(app)) == {("log", "billing.sync"), ("tool", "tool.cache")}


# A client may send any text as an id; PHP's empty array is none.
NONE = ([], {}, ["a"], {"a": 1}, None, "")
PLACES = {
    "context": lambda id: ({"correlation_id": id}, {}),
    "object": lambda id: ({"correlation": {"correlation_id": id}}, {}),
    "its context": lambda id: ({"correlation": {"correlation_id": None, "context": {"correlation_id": id}}}, {}),
    "a context": lambda id: ({"context": {"correlation_id": id}}, {}),
    "data": lambda id: ({"event": "note.seen", "data": {"correlation_id": id}}, {}),
    "extra": lambda id: ({}, {"correlation_id": id}),
    "extra beside none": lambda id: ({"correlation_id": []}, {"correlation_id": id}),
    "extra's object": lambda id: ({"correlation_id": ""}, {"correlation": {"correlation_id": id}}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_correlation_id_is_a_text_wherever_it_stands(app, place):
    texts = ("plain-0001", "[brackets] 01", "{curly}: 0001")
    for id in (*texts, *NONE):
        context, extra = PLACES[place](id)
        write_log(app, entry("a line", context).rstrip() + f" {json.dumps(extra)}\n")
    exported = run("export", "--app", str(app), "--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    found = [json.loads(line)["correlation_id"] for line in exported.stdout.splitlines()]
    assert found == [*texts, *[None] * len(NONE)]
