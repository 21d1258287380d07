"""Logs as people report them, an app folder each, with what is to be read of it (expect.json: `why` says what is odd)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.helpers import run

OPEN = ("--since", "2026-01-01T00:00Z", "--until", "2100-01-01T00:00Z", "--no-redact")


def _expected() -> dict[str, dict]:
    with tarfile.open(DATA / "logs.tar.gz") as archive:
        return json.load(archive.extractfile("open/expect.json"))


EXPECTED = _expected()


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("cases")
    with tarfile.open(DATA / "logs.tar.gz") as archive:
        archive.extractall(home, filter="data")
    return home / "open"


def told(app: Path, command: str, *arguments: str) -> dict:
    done = run(command, "--app", str(app), "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def groups(app: Path, *arguments: str) -> list[dict]:
    return told(app, "errors", *OPEN, *arguments)["groups"]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_expected_of_a_case_is_read(cases, name):
    wanted, app = EXPECTED[name], cases / name
    given = tuple(argument.format(app=app) for argument in wanted.get("args", ()))
    sources = told(app, "sources", *given)["sources"]
    assert all(source["entries"] == source["events"] + source["rejects"] for source in sources)
    logs = [source for source in sources if source["kind"] == "log"]
    if "events" in wanted:
        assert sum(source["events"] for source in logs) == wanted["events"], sources
    if "rejects" in wanted:
        assert sum(source["rejects"] for source in logs) == wanted["rejects"], sources
    if "rows" in wanted:
        assert sum(source["events"] for source in sources if source["kind"] == "table") == wanted["rows"]
    if "tool" in wanted:
        operations = told(app, "performance", *OPEN, *given)["operations"]
        assert sum(found["count"] for found in operations if found["operation"] == "fs.read") == wanted["tool"]
    if "groups" in wanted:
        assert len(groups(app, *given)) == wanted["groups"]
    lines = [
        json.loads(line, parse_constant=pytest.fail)
        for line in run("export", "--app", str(app), *OPEN, *given).stdout.splitlines()
    ]
    if "messages" in wanted:
        assert [line["message"] or "" for line in sorted(lines, key=lambda line: line["offset"])] == wanted["messages"]
    if "trace" in wanted:
        trace = told(app, "trace", wanted["trace"], "--no-redact")
        assert trace["events"][0]["context"]["score"] == "NaN"
    if "same_groups_as" in wanted:
        other = groups(cases / wanted["same_groups_as"])
        assert {group["fingerprint"] for group in groups(app)} == {group["fingerprint"] for group in other}


def test_of_the_hour_that_comes_twice_the_files_order_tells_which_it_is(cases):
    trace = told(cases / "14-dst", "trace", "dst-run-0001", "--no-redact")
    assert [event["message"] for event in trace["events"]] == [f"step {n}" for n in range(1, 9)]
    at = {event["message"]: event["ts"] for event in trace["events"]}
    assert at["step 3"].startswith("2026-10-25T00:30:00")
    assert at["step 6"].startswith("2026-10-25T01:30:00")
    assert at["step 8"].startswith("2026-10-25T02:00:00")
