"""`--include`, `--exclude` and `--no-dry-runs`: which events and operations count, the same in every answer and report."""

from __future__ import annotations

import json

import pytest

from reporter.analysis.chosen import parse_chosen
from reporter.errors import UsageError
from tests.helpers import ask, entry, event, run, write_log


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A chat that takes 2 s and its failing tool, a dry-run command that fails with the step in it, another that does not, two log lines."""
    root = tmp_path_factory.mktemp("chosen") / "app"
    model, dry = {"provider": "openai", "model": "gpt-4o"}, {"command": "tidy", "execution_id": "e-1", "dry_run": True}
    real = {"command": "note", "execution_id": "e-2", "dry_run": False}
    write_log(
        root,
        event("chat.streaming.started", "10:00:00.100", "t-1", message_id="m-1", **model),
        event("tool.invocation.failed", "10:00:01.100", "t-1", tool_name="db", invocation_id="i", duration_ms=50, error="no"),
        event("chat.streaming.completed", "10:00:02.100", "t-1", message_id="m-1", duration_ms=2000),
        event("command.execution.started", "11:00:00.100", "t-2", **dry),
        event("command.step.completed", "11:00:00.200", "t-2", step_type="tool", step_id="s", duration_ms=10, execution_id="e-1", command="tidy"),
        event("command.execution.failed", "11:00:00.300", "t-2", duration_ms=200, error="was dry", **dry),
        event("command.execution.completed", "12:00:00.100", "t-3", duration_ms=40, **real),
        entry("something", level="DEBUG"),
        entry("it failed", level="ERROR"),
    )  # fmt: skip
    return root


def totals(app, *arguments: str) -> tuple[int, int, int]:
    found = ask("overview", app, *arguments)["totals"]
    return found["events"], found["operations"], found["errors"]


@pytest.mark.parametrize(
    ("arguments", "counted"),
    [
        ((), (9, 5, 2)),
        (("--include", "kind=tool"), (1, 1, 1)),
        (("--include", "kind=tool,chat"), (3, 2, 1)),
        (("--include", "kind=tool", "--include", "KIND=chat"), (3, 2, 1)),
        (("--exclude", "kind=log"), (7, 5, 2)),
        (("--exclude", "level=debug"), (8, 5, 2)),
        (("--include", "level=error,debug"), (2, 0, 0)),
        # The stream's end has no model of its own: it is its start's.
        (("--include", "operation=openai/*"), (2, 1, 0)),
        (("--include", "operation=openai/*,db"), (3, 2, 1)),
        (("--exclude", "operation=openai/*"), (7, 4, 2)),
        (("--include", "kind=chat,operation=db"), (0, 0, 0)),
        (("--include", "kind=chat,tool", "--exclude", "operation=db"), (2, 1, 0)),
        (("--no-dry-runs",), (6, 3, 1)),
    ],
)
def test_what_counts(app, arguments, counted):
    assert totals(app, *arguments) == counted


def test_every_answer_is_about_the_same(app):
    only = ("--include", "kind=tool")
    assert [o["operation"] for o in ask("performance", app, *only)["operations"]] == ["db"]
    assert [g["message"] for g in ask("errors", app, *only)["groups"]] == ["no"]
    assert [t["correlation_id"] for t in ask("traces", app, *only)["traces"]] == ["t-1"]
    assert ask("traces", app, *only)["traces"][0]["events"] == 3  # a trace is whole
    day = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    lines = run("export", "--app", str(app), *day, *only).stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["tool.invocation.failed"]
    assert [g["message"] for g in ask("errors", app, "--no-dry-runs")["groups"]] == ["no", "it failed"]


def test_a_group_stays_the_same_whatever_is_counted(tmp_path):
    """The command around the tool tells class and frame: a choice of the tool alone is the same group, and it is not new."""
    failed = "[object] (App\\Failed(code: 0): disk full at /var/www/app/Run.php:47)\n[stacktrace]\n"
    for day in ("19", "20"):
        told = {"tool_name": "db", "invocation_id": "i" + day, "duration_ms": 50, "error": "disk full"}
        write_log(
            tmp_path,
            event("tool.invocation.failed", "10:00:01.100", "t-" + day, **told).replace("11-20", "11-" + day),
            entry("disk full", {"correlation_id": "t-" + day, "exception": failed}, level="ERROR").replace("11-20", "11-" + day),
        )  # fmt: skip
    (whole,) = ask("errors", tmp_path)["groups"]
    assert (whole["error_class"], whole["faults"], whole["count"], whole["new"]) == ("App\\Failed", 1, 2, False)
    (of_tools,) = ask("errors", tmp_path, "--include", "kind=tool")["groups"]
    assert (of_tools["faults"], of_tools["count"]) == (1, 1)
    for name in ("fingerprint", "error_class", "new"):
        assert of_tools[name] == whole[name]
    # A kind chooses groups as they are, and it is said.
    assert ask("errors", tmp_path, "--kind", "tool")["groups"] == [whole]
    day = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    told = " ".join(run("errors", "--app", str(tmp_path), *day, "--kind", "tool").stdout.split())
    assert "whole groups with an error event of kind tool: --include kind=tool counts these events alone" in told


def test_it_is_said_and_a_report_says_it_on_every_page(app, tmp_path):
    day = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    place = ("--app", str(app), "-o", str(tmp_path / "out"), *day)
    done = run("build", *place, "--include", "kind=tool,chat", "--exclude", "operation=<db>", "--no-dry-runs")
    assert "note: counted is only kind tool, chat; without operation <db>; without dry runs" in done.stderr
    for name in ("index", "errors", "operation-1"):
        page = tmp_path / "out" / f"{name}.html"
        if page.exists():
            assert (
                "<strong>only kind tool, chat; without operation &lt;db&gt;; without dry runs</strong>"
                in page.read_text()
            )
    single = tmp_path / "one.html"
    run("build", "--app", str(app), *day, "--single-file", str(single), "--include", "kind=tool", "--max-size", "1MB")
    assert "<strong>only kind tool</strong></p>" in single.read_text()
    # Another choice is another report, though nothing was logged.
    assert "(9 events" in run("build", *place).stdout
    assert "no event in this period is wanted: only kind llm" in run("build", *place, "--include", "kind=llm").stderr


@pytest.mark.parametrize("what", ["", "kind", "kind=foo", "level=loud", "colour=red", "=chat", "chat,kind=tool"])
def test_what_cannot_be_chosen(what):
    with pytest.raises(UsageError):
        parse_chosen([what], (), without_dry_runs=False)


@pytest.mark.parametrize(
    ("arguments", "failed"),
    [
        ((), (2, 3)),
        (("--include", "kind=chat"), (0, 1)),
        (("--include", "kind=tool"), (1, 1)),
        (("--no-dry-runs",), (1, 2)),
    ],
)
def test_a_request_failed_by_what_counts(app, arguments, failed):
    """As on a page under the same filter: the chat around the failing tool went well."""
    found = ask("overview", app, *arguments)["totals"]
    assert (found["failed_traces"], found["traces"]) == failed
