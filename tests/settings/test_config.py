"""telemetry-report.toml, variables, options: which wins, and what a mistake is told."""

from __future__ import annotations

import json
import tomllib

import pytest

from reporter.settings.toml import KEYS, load
from tests.helpers import entry, run, write_log


def printed(app) -> str:
    done = run("config", "--app", str(app))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_key_is_printed_with_its_default_as_valid_toml(app, tmp_path):
    text = printed(app)
    assert tomllib.loads(text) == {
        "report": {},
        "sources": {},
        "retention": {"kinds": {}},
        "redaction": {},
        "app": {},
        "tables": {},
        "watch": {},
        "classes": {},
    }
    bare = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    bare = bare.split("# Further")[0]
    (tmp_path / "all.toml").write_text(bare)
    found = load(tmp_path / "all.toml", {})
    assert {name for name, origin in found.origins.items() if origin != "default"} == {key.name for key in KEYS}
    assert found.values == load(tmp_path / "none.toml", {}).values


def test_what_is_printed_is_read_the_same(app, tmp_path):
    config = """
[report]
last = "3d"
[redaction.patterns]
x = 'a"b\\d+'
[tables]
tool_invocations = "tools"
[tables.columns.tool_invocations]
tool_slug = "slug"
[prices."a/b"]
prompt = 1
completion = 2.5
entered = 2026-11-01
[retention.kinds]
log = 3
"""
    (app / "telemetry-report.toml").write_text(config)
    (tmp_path / "again.toml").write_text(printed(app))
    one, again = load(app / "telemetry-report.toml", {}), load(tmp_path / "again.toml", {})
    assert (one.values, one.patterns, one.columns, one.prices) == (
        again.values,
        again.patterns,
        again.columns,
        again.prices,
    )
    assert one.values["retention.kinds.log"] == 3
    assert one.columns == {"tool_invocations": {"tool_slug": "slug"}}


def test_options_go_before_variables_before_the_file_before_defaults(app, monkeypatch):
    write_log(app, entry("a", at="2026-11-20 10:00:00"))
    (app / "telemetry-report.toml").write_text('[report]\nlast = "3d"\n')

    def hours(*arguments: str) -> float:
        window = json.loads(run("overview", "--app", str(app), "--format", "json", *arguments).stdout)["window"]
        start, end = (text[:19] for text in window.values())
        from datetime import datetime

        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600

    assert hours() == 72
    monkeypatch.setenv("TELEMETRY_REPORT_REPORT_LAST", "2d")
    assert hours() == 48
    assert hours("--last", "1h") == 1
    text = printed(app)
    assert 'last = "2d"  # from TELEMETRY_REPORT_REPORT_LAST' in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[retention]\ndayz = 3\n",
            "telemetry-report.toml:2: unknown key retention.dayz. Did you mean retention.days?",
        ),
        ("days = 3\n", "telemetry-report.toml:1: unknown key days. Did you mean retention.days?"),
        ("\n\n[retension]\ndays = 3\n", "telemetry-report.toml:3: unknown key retension. "),
        (
            '[retention]\n# seven\ndays = "week"\n',
            "telemetry-report.toml:3: retention.days = 'week' cannot be used: a whole number of days",
        ),
        ("[retention]\ndays = true\n", "telemetry-report.toml:2: retention.days = True"),
        (
            '[retention]\nmax_size = "big"\n',
            "telemetry-report.toml:2: retention.max_size = 'big' cannot be used: “big” is not a size",
        ),
        (
            'report.last = "soon"\n',
            "telemetry-report.toml:1: report.last = 'soon' cannot be used: “soon” is not a period",
        ),
        ('[report]\ntz = "Mars/Base"\n', "telemetry-report.toml:2: report.tz"),
        (
            "[classes]\nllm = [3, 2]\n",
            "telemetry-report.toml:2: classes.llm = [3, 2] cannot be used: one to four rising numbers",
        ),
        ("[report\n", "telemetry-report.toml:1 is not valid TOML"),
        ('[prices."a/b"]\nprompt = 1\n', 'telemetry-report.toml:1: prices."a/b"'),
        ('[prices."a/b"]\nprompt = 1\ncompletion = 2\nentered = "soon"\n', "entered is a day"),
        ("[sources]\nlogs = [1]\n", "telemetry-report.toml:2: sources.logs = [1] cannot be used: a text in quotes"),
    ],
)
def test_a_mistake_is_named_with_its_line(app, text, told):
    (app / "telemetry-report.toml").write_text(text)
    for command in ("config", "overview"):
        done = run(command, "--app", str(app))
        assert done.exit_code == 2
        assert told in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_variable_that_is_none_is_named(app, monkeypatch):
    monkeypatch.setenv("TELEMETRY_REPORT_RETENTION_DAY", "3")
    done = run("config", "--app", str(app))
    assert done.exit_code == 2
    assert "TELEMETRY_REPORT_RETENTION_DAY: unknown key retention_day. Did you mean retention.days?" in done.stderr


def test_classes_can_be_set(app):
    tool = entry(
        "tool.invocation.completed", {"tool_name": "t", "duration_ms": 40, "timestamp": "2026-11-20T10:00:00Z"}
    )
    write_log(app, tool)

    def found() -> str:
        day = ("--until", "2026-11-21T00:00Z", "--format", "json")
        return json.loads(run("performance", "--app", str(app), *day).stdout)["operations"][0]["class"]

    assert found() == "fast"
    (app / "telemetry-report.toml").write_text("[classes]\nstep = [10, 20, 30]\n")
    assert found() == "very slow"
    (app / "telemetry-report.toml").write_text("[classes]\nstep = [1, 2, 3, 4.5]\n")
    assert found() == "critical"


def test_the_file_names_logs_and_sink(app, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "a.log").write_text(entry("a", at="2026-11-20 10:00:00"))
    config = f'[sources]\nlogs = ["{other}/*.log"]\nsink = "{other}/s.duckdb"\n'
    (app / "telemetry-report.toml").write_text(config)
    done = run("sources", "--app", str(app), "--format", "json")
    assert [s["events"] for s in json.loads(done.stdout)["sources"]] == [1]
    assert (other / "s.duckdb").is_file()
