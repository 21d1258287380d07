"""The terminal: every format of every command, what it finds, and what it must not load or say."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from reporter.terminal import export
from reporter.terminal.layout import spark, unformula
from tests.conftest import UNTIL
from tests.helpers import ask, entry, event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


def told(command: str, app: Path, *arguments: str) -> str:
    done = run(command, *arguments, "--app", str(app), *DAY)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def busy(tmp_path_factory) -> Path:
    """Two tools, one failing twice; a chat message with a command in another trace."""
    app = tmp_path_factory.mktemp("busy") / "app"
    for n, (tool, took, ok) in enumerate(
        [("fast", 5, True), ("fast", 7, True), ("slow", 900, True), ("slow", 1100, False), ("slow", 1000, False)]
    ):
        name = "tool.invocation.completed" if ok else "tool.invocation.failed"
        extra = {} if ok else {"error": f"it broke after {took} ms", "error_type": "App\\Broken"}
        write_log(
            app,
            event(
                name,
                f"10:00:0{n}.500",
                f"trace-000{n}",
                tool_name=tool,
                invocation_id=f"i-{n}",
                duration_ms=took,
                **extra,
            ),
        )
    write_log(app, event("chat.message.received", "11:00:00.100", "chat-0001", message_id="m-1", conversation_id="c-1"))
    write_log(app, event("chat.message.received", "11:00:05.100", "chat-0002", message_id="m-2", conversation_id="c-1"))
    write_log(
        app,
        event(
            "command.execution.completed",
            "11:00:06.000",
            "chat-0002",
            command="note",
            execution_id="e-1",
            duration_ms=40,
        ),
    )
    return app


def test_tables_fit_and_say_what_happened(busy):
    text = told("overview", busy)
    assert "8 events, 7 traces, 6 operations, 2 failed (33.3 %)" in text
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 120
    assert "slow" in told("performance", busy)
    assert "App\\Broken" in told("errors", busy)


def test_performance_by_type_sort_and_top(busy):
    slow_first = ask("performance", busy, "--type", "tools")["operations"]
    assert [o["operation"] for o in slow_first] == ["slow", "fast"]
    by_count = ask("performance", busy, "--sort", "count")["operations"]
    assert [o["operation"] for o in by_count] == ["slow", "fast", "note"]
    assert [o["operation"] for o in ask("performance", busy, "--sort", "p50", "--top", "1")["operations"]] == ["slow"]
    assert "… 2 more: --top 3" in told("performance", busy, "--top", "1")


def test_csv_has_the_figures_of_json(busy):
    figures = ask("performance", busy)["operations"]
    table = rows(told("performance", busy, "--format", "csv"))
    assert [(row["operation"], int(row["count"]), float(row["p95_ms"])) for row in table] == [
        (o["operation"], o["count"], o["p95_ms"]) for o in figures
    ]
    kinds = {row["kind"]: row for row in rows(told("overview", busy, "--format", "csv"))}
    assert kinds["tool"]["errors"] == "2"
    assert kinds["llm"]["p95_ms"] == ""
    groups = rows(told("errors", busy, "--format", "csv"))
    assert [(g["error_class"], g["count"]) for g in groups] == [("App\\Broken", "2")]
    assert rows(told("sources", busy, "--format", "csv"))[0]["events"] == "8"


def test_errors_show_the_latest_and_one_in_full(busy):
    found = ask("errors", busy)["groups"][0]
    assert found["latest"]["context"]["data"]["invocation_id"] == "i-4"
    assert found["latest"]["correlation_id"] == "trace-0004"
    whole = json.loads(told("errors", busy, found["fingerprint"][:6], "--format", "json"))
    assert whole["group"]["count"] == 2
    assert whole["occurrences"][0]["context"]["data"]["error"] == "it broke after 1000 ms"
    text = told("errors", busy, found["fingerprint"])
    assert '"invocation_id": "i-4"' in text
    table = rows(told("errors", busy, found["fingerprint"], "--format", "csv"))
    assert [row["correlation_id"] for row in table] == ["trace-0004", "trace-0003"]
    missing = run("errors", "ffff", "--app", str(busy), *DAY)
    assert missing.exit_code == 1
    assert "no error group ffff in this period" in missing.stderr


def test_a_trace_by_the_ids_of_what_was_in_it(busy):
    assert json.loads(told("trace", busy, "--message", "m-1", "--format", "json"))["correlation_id"] == "chat-0001"
    assert json.loads(told("trace", busy, "--execution", "e-1", "--format", "json"))["correlation_id"] == "chat-0002"
    both = json.loads(told("trace", busy, "--conversation", "c-1", "--format", "json"))["traces"]
    assert [t["correlation_id"] for t in both] == ["chat-0002", "chat-0001"]
    assert json.loads(told("trace", busy, "--execution", "e", "--format", "json"))["correlation_id"] == "chat-0002"
    assert run("trace", "--app", str(busy), "--message", "m-").exit_code == 1
    assert run("trace", "--app", str(busy), "--message", "nothing").exit_code == 1
    assert run("trace", "chat-0001", "--app", str(busy), "--message", "m-1").exit_code == 2
    assert [row["event"] for row in rows(told("trace", busy, "chat-0002", "--format", "csv"))] == [
        "chat.message.received",
        "command.execution.completed",
    ]


def test_export_in_every_format_holds_the_same_events(busy, tmp_path):
    lines = [json.loads(line) for line in told("export", busy).splitlines()]
    assert [line["event"] for line in lines][-1] == "command.execution.completed"
    assert set(lines[0]) == {
        "ts",
        "kind",
        "event",
        "operation",
        "status",
        "duration_ms",
        "level",
        "message",
        "correlation_id",
        "source",
        "offset",
        "context",
    }
    assert lines[0]["context"]["data"]["tool_name"] == "fast"
    table = rows(told("export", busy, "--format", "csv"))
    assert [(row["ts"], row["offset"]) for row in table] == [(line["ts"], str(line["offset"])) for line in lines]
    path = tmp_path / "e.parquet"
    told("export", busy, "--format", "parquet", "-o", str(path))
    kept = (
        duckdb.connect().execute(f"SELECT strftime(ts, '%Y-%m-%dT%H:%M:%S.%fZ'), \"offset\" FROM '{path}'").fetchall()
    )
    assert kept == [(line["ts"], line["offset"]) for line in lines]
    assert len(told("export", busy, "--kind", "tool", "--kind", "command").splitlines()) == 6
    assert told("export", busy, "-o", str(tmp_path / "e.json")) == ""
    assert [json.loads(line) for line in (tmp_path / "e.json").open()] == lines
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.json", "e.parquet"]


@pytest.mark.parametrize("times", ["1{} 0{}", "10 00"])
def test_export_goes_stretch_by_stretch_and_loses_none(app, monkeypatch, times):
    """Over hours, and with all in one minute; never many more at a time than fit in memory."""
    monkeypatch.setattr("reporter.terminal.export._STRETCH_EVENTS", 7)
    held = []
    write = export._write_json
    monkeypatch.setattr("reporter.terminal.export._write_json", lambda *a: held.append(write(*a)) or held[-1])
    hour, minute = times.split()
    write_log(
        app,
        *(event("a.b", f"{hour.format(n % 6)}:{minute.format(n % 10)}:00.{n:03}", f"trace-{n:04}") for n in range(100)),
    )
    lines = [json.loads(line) for line in told("export", app).splitlines()]
    assert len({line["offset"] for line in lines}) == len(lines) == 100
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
    assert max(held) == 7


def test_a_stretch_of_an_export_is_bounded_by_bytes(app, monkeypatch):
    """1,000 contexts of 90 kB could not be exported: 20,000 events were a stretch, whatever they held."""
    monkeypatch.setattr("reporter.terminal.export._STRETCH_BYTES", 50_000, raising=False)
    held = []
    write = export._write_json
    monkeypatch.setattr("reporter.terminal.export._write_json", lambda *a: held.append(write(*a)) or held[-1])
    write_log(app, *(event("a.b", f"10:00:{n:02}.5", text="x" * (10_000 if n % 2 else 1)) for n in range(60)))
    lines = [json.loads(line) for line in told("export", app).splitlines()]
    assert len({line["offset"] for line in lines}) == len(lines) == sum(held) == 60
    assert max(held) <= 12


def test_an_event_that_ends_a_span_has_the_operation_of_its_start(app):
    facts = {"provider": "openai", "model": "gpt-4o"}
    write_log(app, event("chat.streaming.started", "10:00:00.000", message_id="m-1", **facts))
    write_log(app, event("chat.streaming.completed", "10:00:01.000", message_id="m-1", duration_ms=1000))
    assert [json.loads(line)["operation"] for line in told("export", app).splitlines()] == ["openai/gpt-4o"] * 2
    whole = json.loads(told("trace", app, "trace-0001", "--format", "json"))
    assert [e["operation"] for e in whole["events"]] == ["openai/gpt-4o"] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["performance", "--type", "foo"], "'foo' is not one of"),
        (["overview", "--lst", "3d"], "No such option '--lst'. (Did you mean"),
        (["overvew"], "No such command 'overvew'."),
        (["--nothing"], "No such option '--nothing'."),
        (["overview", "--last"], "'--last' requires an argument."),
        (["trace", "a", "b"], "unexpected extra argument (b)."),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(arguments, said):
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.startswith("telemetry-report: ")
    assert "--help` shows how." in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_debug_shows_the_traceback_before_the_command_and_behind_it(tmp_path):
    for arguments in (["--debug", "overview"], ["overview", "--debug"]):
        done = run(*arguments, "--app", str(tmp_path / "none"))
        assert type(done.exception).__name__ == "SourceError"
    assert run("overview", "--app", str(tmp_path / "none")).stderr.count("\n") == 1


def test_an_empty_period_says_when_the_latest_event_was(busy, tmp_path):
    for command in (["overview"], ["build", "-o", str(tmp_path / "out")]):
        done = run(*command, "--app", str(busy), "--since", "2026-11-22", "--until", "2026-11-23")
        assert "no event in this period; the latest before it is of 2026-11-20 11:00:06Z" in done.stderr


def test_an_app_is_the_same_however_it_is_named(busy, monkeypatch):
    """Nothing is read or written again."""
    told("overview", busy)
    sink = busy / "storage" / "telemetry" / "telemetry.duckdb"
    before = sink.stat().st_mtime_ns
    monkeypatch.chdir(busy.parent)
    assert "8 events" in told("overview", Path(busy.name))
    monkeypatch.chdir(busy)
    assert "8 events" in told("overview", Path())
    assert sink.stat().st_mtime_ns == before


def test_what_a_spreadsheet_or_terminal_would_run_is_disarmed(app):
    bad = "=HYPERLINK(1)\x1b]0;pwned\x07‮"
    write_log(
        app, event("tool.invocation.failed", "10:00:00.500", "@trace-001", tool_name=bad, duration_ms=5, error=bad)
    )
    for command in ("performance", "errors", "overview"):
        assert not {"\x1b", "\x07", "‮"} & set(told(command, app))
    assert not {"\x1b", "\x07", "‮"} & set(told("trace", app, "@trace-001"))
    assert rows(told("performance", app, "--format", "csv"))[0]["operation"].startswith("'=")
    assert rows(told("export", app, "--format", "csv"))[0]["correlation_id"] == "'@trace-001"
    assert unformula(-5.0) == -5.0


def test_answers_load_no_heavy_library(samples):
    """With nothing new to read; the first call reads. One process gives all answers, and tells of each what is there behind it."""
    commands = ["overview", "performance", "errors", "sources", "trace", "traces", "export", "query"]
    of_its_own = {"trace": ["a29c5711"], "query": ["SELECT count(*) FROM events"]}
    asked = [[name, "--app", str(samples["line"]), *of_its_own.get(name, UNTIL)] for name in commands]
    run(*asked[0])
    code = f"""
import sys
from click.testing import CliRunner
from reporter.cli import cli
for arguments in {asked!r}:
    done = CliRunner().invoke(cli, arguments)
    heavy = [m for m in ('pandas', 'altair', 'jinja2', 'pyarrow', 'numpy', 'sqlalchemy', 'vl_convert', 'duckdb') if m in sys.modules]
    print(arguments[0], done.exit_code, heavy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{name} 0 []" for name in commands], done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["build", "-o", "{}/report"],
        ["export", "--format", "parquet", "-o", "{}/e.parquet"],
        ["prune", "--archive", "{}"],
    ],
)
def test_a_process_of_its_own_loads_what_it_needs(samples, tmp_path, command):
    """With nothing new to read, and without what other tests in this process have loaded."""
    place = ["--app", str(samples["line"])]
    arguments = [part.format(tmp_path) for part in command] + place
    run("overview", *place, *UNTIL)
    subprocess.run([sys.executable, "-m", "reporter", *arguments], capture_output=True, text=True, check=True)


def test_completion_and_config_print_what_shells_and_files_take(app):
    assert "_TELEMETRY_REPORT_COMPLETE=bash_complete" in run("completion", "bash").stdout
    for shell in ("zsh", "fish"):
        assert "telemetry-report" in run("completion", shell).stdout


def test_a_line_of_bars():
    assert spark([]) == spark([0, 0]) == ""
    assert spark([0, 1, 8]) == " ▁█"
    assert len(spark(range(100))) == 20


def test_notes_go_to_stderr_and_stay_for_the_next_run(app):
    (app / "storage" / "logs" / "bad.log.gz").write_bytes(b"no gzip")
    write_log(app, entry("hello", at="2026-11-20 10:00:00"))
    for _ in range(2):
        done = run("overview", "--app", str(app), *DAY, "--format", "json")
        assert json.loads(done.stdout)["totals"]["events"] == 1
        assert "bad.log.gz" in done.stderr
