"""Logs by the real writer: what PHP with Monolog logged is what is read, field by field."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import run

WRITER = Path(__file__).parent.parent / "php" / "write_logs.php"
OPEN = ("--since", "2026-01-01T00:00Z", "--until", "2100-01-01T00:00Z", "--no-redact")


@pytest.fixture(scope="module")
def logged(tmp_path_factory) -> Path:
    """Apps `line`, `json` and `daily` whose logs Monolog wrote, and expected.json: level, message, context as normalised."""
    folder = tmp_path_factory.mktemp("monolog")
    subprocess.run(["php", str(WRITER), str(folder)], check=True, capture_output=True)
    return folder


def expected(logged: Path) -> list[dict[str, Any]]:
    return json.loads((logged / "expected.json").read_text())


def read(app: Path) -> list[dict[str, Any]]:
    """All events as exported, in the order of the file."""
    done = run("export", "--app", str(app), *OPEN)
    assert done.exit_code == 0, done.output
    return sorted((json.loads(line) for line in done.stdout.rstrip("\n").split("\n")), key=lambda e: e["offset"])


def told(value: Any) -> Any:
    """What LineFormatter leaves to tell: every carriage return in the context was written as a line feed."""
    if isinstance(value, str):
        return value.replace("\r", "\n")
    if isinstance(value, list):
        return [told(part) for part in value]
    return {told(k): told(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("app", ["line", "daily"])
def test_line_formatter(logged, app):
    found = read(logged / app)
    assert len(found) == len(expected(logged))
    for event, wanted in zip(found, expected(logged), strict=True):
        assert event["level"] == wanted["level"]
        assert (event["message"] or "").rstrip() == wanted["message"].rstrip()
        context = {k: v for k, v in told(wanted["context"] or {}).items() if k != "exception"}
        assert {k: v for k, v in (event["context"] or {}).items() if k != "exception"} == context


def test_json_formatter(logged):
    found = read(logged / "json")
    assert len(found) == len(expected(logged))
    for event, wanted in zip(found, expected(logged), strict=True):
        assert (event["level"], event["message"]) == (wanted["level"], wanted["message"])
        context = {k: v for k, v in (wanted["context"] or {}).items() if k != "exception"}
        got = {k: v for k, v in (event["context"] or {}).items() if k != "exception"}
        assert got.keys() == context.keys()
        for name in got:
            # JsonFormatter names objects otherwise than LineFormatter, and writes 0 for NaN and INF.
            if name not in ("thing", "told", "when", "empty", "nan", "inf"):
                assert got[name] == context[name], name


def test_nothing_is_rejected_and_entries_are_events(logged):
    for app in ("line", "json", "daily"):
        source = json.loads(run("sources", "--app", str(logged / app), "--format", "json").stdout)["sources"][0]
        assert (source["rejects"], source["entries"]) == (0, source["events"])


@pytest.mark.parametrize("app", ["line", "json", "daily"])
def test_exceptions_and_their_previous_ones(logged, app):
    groups = json.loads(run("errors", "--app", str(logged / app), *OPEN, "--format", "json").stdout)["groups"]
    group = next(g for g in groups if g["error_class"] == "RuntimeException")
    assert told(group["message"]) == "Boom {1} [2]\nsecond line"
    whole = run("errors", group["fingerprint"], "--app", str(logged / app), *OPEN).stdout
    assert "PDOException" in whole
    assert 'gone "away"' in whole or 'gone \\"away\\"' in whole


@pytest.mark.parametrize("app", ["line", "json", "daily"])
def test_processors_fill_in_the_correlation_id(logged, app):
    found = read(logged / app)
    wanted = {"line": None, "daily": "daily-0001"}.get(app, "extra-")
    for event in found:
        own = (event["event"] and event["event"] != event["message"]) or event["event"] in (
            "chat.message.received",
            "tool.invocation.failed",
        )
        if own:
            assert event["correlation_id"].startswith("trace-0000000")
        elif wanted is None:
            assert event["correlation_id"] is None
        else:
            assert event["correlation_id"].startswith(wanted)
