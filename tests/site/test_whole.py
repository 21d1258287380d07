"""`build --json`: the same figures as pages and terminal, valid JSON whatever was logged, and all of it documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import UNTIL
from tests.helpers import ask, event, run, write_log

DOCS = (Path(__file__).parent.parent.parent / "docs" / "report-json.md").read_text()


@pytest.fixture(scope="module")
def whole(samples, tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("whole")
    place = ("--app", str(samples["line"]), *UNTIL)
    done = run("build", *place, "-o", str(folder / "out"), "--json", str(folder / "report.json"), "--title", "Shop")
    assert done.exit_code == 0, done.output
    return json.loads((folder / "report.json").read_text())


def test_it_has_the_figures_of_the_terminal(whole, samples):
    place = ("--app", str(samples["line"]), *UNTIL, "--format", "json")
    view = json.loads(run("overview", *place).stdout)
    assert whole["overview"]["totals"] == view["totals"]
    assert whole["overview"]["kinds"] == view["kinds"]
    assert whole["report"]["window"] == view["window"]
    assert (whole["schema"], whole["report"]["title"], whole["report"]["zone"]) == (1, "Shop", "UTC")
    shown = json.loads(run("performance", *place).stdout)["operations"]
    assert [(o["operation"], o["p95_ms"]) for o in whole["performance"]["operations"] if o["count"]] == [
        (o["operation"], o["p95_ms"]) for o in shown
    ]
    groups = {g["fingerprint"]: g["faults"] for g in json.loads(run("errors", *place).stdout)["groups"]}
    assert {g["fingerprint"]: g["faults"] for g in whole["errors"]["groups"]} == groups
    traces = json.loads(run("traces", *place, "--sort", "latest", "--top", "100000").stdout)
    assert [t["correlation_id"] for t in whole["traces"]["list"]] == [t["correlation_id"] for t in traces["traces"]]
    assert whole["traces"]["total"] == traces["total"] == view["totals"]["traces"]


def names(value: object) -> set[str]:
    """Names of what stands in a section, but for those that are the app's own (kinds, operations, rules)."""
    if isinstance(value, list):
        return set().union(*(names(part) for part in value))
    if not isinstance(value, dict):
        return set()
    return set(value) | set().union(*(names(part) for part in value.values()))


OWN = {
    "overview": "kinds listed_kinds", "performance": "limits_ms", "changes": "kinds", "errors": "details", "commands": "dry_runs",
    "processing": "retries", "llm": "prices", "report": "redacted",
}  # fmt: skip


def test_every_name_is_documented_and_every_documented_one_is_there(whole):
    sections = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", DOCS, re.M | re.S))
    assert set(sections) == set(whole) - {"schema"}
    for section, text in sections.items():
        # A problem's change is what `changes` has.
        said = set(re.findall(r"`(\w+)`", text + (sections["changes"] if section == "problems" else "")))
        value = whole[section]
        for free in OWN.get(section, "").split():
            value = {**value, free: list((value[free] or {}).values())}
        assert names(value) <= said, (section, names(value) - said)
        if isinstance(value, dict):
            assert set(value) <= said


def test_what_json_has_no_word_for_and_what_is_not_for_strangers(app, tmp_path):
    write_log(
        app,
        event("tool.invocation.failed", "10:00:00.500", tool_name="<b>", duration_ms=-1, error="jane@example.org \udcff is gone"),
        event("llm.call.completed", "10:00:01.500", provider="openai", model="gpt", duration_ms=10, total_tokens=5),
    )  # fmt: skip
    day = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z")
    path = tmp_path / "r.json"
    assert run("build", "--app", str(app), "-o", str(tmp_path / "o"), *day, "--json", str(path)).exit_code == 0
    text = path.read_text()
    assert "jane@example.org" not in text
    whole = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert whole["overview"]["totals"] == ask("overview", app)["totals"]
    assert whole["trends"]["days"][0]["day"] == "2026-11-20"
    assert whole["performance"]["operations"][-1]["p95_ms"] is None
    # Beside a report that stands it is written all the same.
    path.unlink()
    run("build", "--app", str(app), "-o", str(tmp_path / "o"), *day, "--json", str(path))
    assert json.loads(path.read_text())["overview"] == whole["overview"]
