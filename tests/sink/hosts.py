"""What some hosts export, and the reduced sink of it."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from functools import cache
from pathlib import Path

from reporter.sink.reduce import job_of, reduce
from reporter.sources import Listener
from tests.helpers import event, run

HOSTS = ("delhi", "katmandu", "lima", "oslo")
# From a midnight in Asia/Kolkata to the next, which is no whole hour in UTC.
DAY = ("--since", "2026-11-19T18:30Z", "--until", "2026-11-20T18:30Z", "--tz", "Asia/Kolkata")
# What a percentile may be off, of a duration in bins of which there are 240 a decade.
OFF = 10 ** (1 / 240) - 1
KEPT = 10


def entries(host: str, chance: random.Random, traces: int = 240) -> list[str]:
    """Calls of models that their streams show, tools and steps, all day long; on some hosts the fault is an exception too."""
    made = []
    for i in range(traces):
        trace, at = f"{host}-{i:05}", f"{i % 24:02}:{chance.randrange(60):02}:{chance.randrange(55):02}"
        ms, tool = chance.lognormvariate(6, 1), chance.lognormvariate(3, 1)
        made += [
            event("chat.streaming.started", f"{at}.100000", trace, message_id=f"m-{trace}", provider="openai", model="gpt-4o"),
            event("tool.invocation.completed", f"{at}.200000", trace, tool_name="db.query", duration_ms=tool),
            event("llm.call.completed", f"{at}.250000", trace, provider="openai", model="gpt-4o", message_id=f"m-{trace}", duration_ms=ms / 2,
                  token_usage={"prompt_tokens": 10 + i, "completion_tokens": i}, cost_usd=i / 1000),
            event("chat.streaming.completed", f"{at}.900000", trace, message_id=f"m-{trace}", duration_ms=ms, time_to_first_token_ms=ms / 3),
            *(worked(trace, at, i, tool) if i % 4 == 0 else ()),
        ]  # fmt: skip
        if i % 60 == 0:
            why = {"exception": "App\\Exceptions\\DiskFull"} if host == "oslo" else {}
            made.append(event("tool.invocation.failed", f"{at}.950000", f"bad-{trace}", tool_name="db.query", duration_ms=3, error="Disk quota exceeded", **why))  # fmt: skip
    made += [
        event("tool.invocation.completed", "18:29:59.999999", None, tool_name="db.query", duration_ms=1e9),
        event("tool.invocation.completed", "18:30:00.000000", None, tool_name="late", duration_ms=1),
        event(
            "command.execution.started",
            f"12:00:{sum(map(ord, host)) % 60:02}.000000",
            f"open-{host}",
            command="import",
            execution_id=f"x-{host}",
        ),
    ]
    return made


def worked(trace: str, at: str, i: int, ms: float) -> list[str]:
    """A command whose step calls two tools, and a pipeline, at its second attempt at times."""
    return [
        event("chat.message.received", f"{at}.110000", trace),
        event("command.execution.started", f"{at}.300000", trace, command="recall", dry_run=i % 3 == 0),
        event("command.step.started", f"{at}.310000", trace, step_type="tool.call", step_id="step-0"),
        *(event("tool.invocation.completed", f"{at}.3{n}0000", trace, tool_name=tool, duration_ms=ms / n) for n, tool in ((2, "fs.read"), (3, "http.get"))),
        event("tool.health.check", f"{at}.335000", trace, tool_name="fs.read", healthy=i % 8 == 0),
        event("command.step.completed", f"{at}.340000", trace, step_type="tool.call", step_id="step-0", duration_ms=30 + ms),
        event("command.condition.evaluated", f"{at}.345000", trace, result=i % 8 == 0),
        event("command.execution.completed", f"{at}.350000", trace, command="recall", duration_ms=50 + ms),
        event("fragment.processing.pipeline.started", f"{at}.400000", trace, pipeline_id=f"p-{trace}"),
        event("fragment.processing.step.completed", f"{at}.450000", trace, pipeline_id=f"p-{trace}", step_name="embed", duration_ms=ms),
        event("fragment.processing.pipeline.completed", f"{at}.500000", trace, pipeline_id=f"p-{trace}", duration_ms=100 + ms, attempt=1 + i % 8),
    ]  # fmt: skip


def reduced(
    given: Path | list[str], path: Path, engine: str = "local", at_once: int = 1, kept: int = KEPT
) -> list[str]:
    """Makes the reduced sink; the notes."""
    notes: list[str] = []
    reduce(
        job_of([str(given)] if isinstance(given, Path) else given, at_once, kept),
        engine,
        path,
        Listener(on_note=notes.append),
    )
    return notes


def answer(command: str, given: Path, *arguments: str) -> dict:
    done = run(command, "--app", "/", "--from", str(given), *(arguments or DAY), "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@cache
def whole_answer(command: str, inbox: Path, *arguments: str) -> dict:
    """That of all events: asked once."""
    return answer(command, inbox, *arguments)


def apart(exact: object, found: object, name: str = "") -> dict[str, tuple]:
    """What differs: percentiles beyond OFF, all else at all."""
    if isinstance(exact, dict):
        return {k: v for part in exact for k, v in apart(exact[part], found[part], f"{name}.{part}").items()}
    if isinstance(exact, list):
        assert len(exact) == len(found), name
        return {k: v for n, part in enumerate(exact) for k, v in apart(part, found[n], f"{name}.{n}").items()}
    is_percentile = name.rpartition(".")[2] in ("p50_ms", "p90_ms", "p95_ms", "p99_ms")
    within = (OFF if is_percentile else 1e-9) * abs(exact) if isinstance(exact, float) else 0
    same = exact == found or (isinstance(exact, float) and abs(exact - found) <= within)
    return {} if same else {name: (exact, found)}


def assert_same_figures(inbox: Path, path: Path) -> None:
    whole, found = deepcopy(whole_answer("overview", inbox)), answer("overview", path)
    # Whose sources are numbered first depends on the order.
    for one in (whole, found):
        one["sources"].sort(key=lambda source: source["name"])
    assert apart(whole, found) == {}
    whole, found = deepcopy(whole_answer("performance", inbox)), answer("performance", path)
    for one in (whole, found):
        one["operations"].sort(key=lambda o: (o["kind"], o["operation"]))
    assert apart(whole, found) == {}
    assert apart(whole_answer("errors", inbox), answer("errors", path)) == {}
