"""What is the same number everywhere is the same number: pages, terminal and JSON, over real, demo and generated apps.

`SAME` knows which they are; each entry says where else a figure of `overview`'s JSON stands.
"""

from __future__ import annotations

import html
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import UNTIL
from tests.helpers import entry, event, run, write_database, write_log

APPS = ("line", "json", "demo", "generated")
# Each is built once; of the line sample the report that other tests read.


@dataclass
class Said:
    """All that was said of one app: pages as text, answers as parsed JSON, the terminal's overview."""

    pages: dict[str, str]
    overview: dict[str, Any]
    performance: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    terminal: str
    traces: dict[str, list[Any]]
    place: tuple[str, ...]

    def tile(self, name: str, nth: int = 0) -> int:
        """The nth number in a tile of the first page."""
        found = re.search(rf'data-tile="{name}"[^>]*>(.*?)</dd>', self.pages["index"], re.S)
        return _numbers(_text(found[1]))[nth]

    def lead(self, nth: int) -> int:
        """The nth number of the first line of Errors."""
        return _numbers(_text(re.search(r"<h1>Errors</h1>\s*<p>(.*?)</p>", self.pages["errors"], re.S)[1]))[nth]

    def column(self, page: str, table: str, nth: int) -> list[float]:
        """A column's values of a table with this attribute, 0 where there is none."""
        found = re.search(rf"<table[^>]*{table}.*?<tbody>(.*?)</tbody>", self.pages[page], re.S)
        rows = re.findall(r"<tr.*?</tr>", found[1], re.S) if found else []
        cells = [re.findall(r"<td.*?</td>", row, re.S)[nth] for row in rows]
        return [float(re.search(r'data-v="([^"]*)"', cell)[1] or 0) for cell in cells]

    def sum(self, page: str, table: str, nth: int) -> int:
        return int(sum(self.column(page, table, nth)))

    def kinds(self, figure: str) -> int:
        return sum(kind[figure] for kind in self.overview["kinds"].values())


def _data(script: str) -> dict[str, list[Any]]:
    literal = re.fullmatch(r"telemetryData\('[\w-]+','(.*)'\);\n", script, re.S)[1]
    return json.loads(re.sub(r"\\x(..)", lambda found: chr(int(found[1], 16)), literal).replace("\\\\", "\\"))


def _text(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def _numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"(?<![\d.,])\d[\d,]*(?![\d.%])(?! %)", text)]


def _told(said: Said, pattern: str) -> int:
    found = re.search(pattern, " ".join(said.terminal.split()))
    return int(found[1].replace(",", "")) if found else 0


# A figure → where it stands.
SAME = {
    "faults": (
        lambda s: s.overview["totals"]["faults"],
        lambda s: s.tile("faults"),
        lambda s: s.lead(0),
        lambda s: s.sum("errors", 'id="groups"', 1),
        lambda s: sum(g["faults"] for g in s.groups),
        lambda s: _told(s, r"of ([\d,]+) faults"),
    ),
    "error events": (
        lambda s: s.overview["totals"]["error_events"],
        lambda s: s.tile("faults", 1),
        lambda s: s.lead(4),
        lambda s: s.sum("errors", 'id="groups"', 2),
        lambda s: sum(g["count"] for g in s.groups),
        lambda s: _told(s, r"([\d,]+) error events"),
    ),
    "failed requests": (
        lambda s: s.overview["totals"]["failed_traces"],
        lambda s: s.tile("failed_traces"),
        lambda s: s.lead(2),
        lambda s: s.traces["status"].count("error"),
        lambda s: _told(s, r"([\d,]+) of [\d,]+ requests failed"),
    ),
    "requests": (
        lambda s: s.overview["totals"]["traces"],
        lambda s: s.tile("failed_traces", 1),
        lambda s: s.lead(3),
        lambda s: len(s.traces["id"]),
        lambda s: _numbers(re.search(r'id="trace-count"[^>]*>(.*?)<', s.pages["traces"])[1])[0],
        lambda s: _told(s, r"([\d,]+) traces"),
    ),
    "operations": (
        lambda s: s.overview["totals"]["operations"],
        lambda s: s.tile("count"),
        lambda s: s.kinds("count"),
        lambda s: sum(o["count"] for o in s.performance),
        lambda s: _told(s, r"([\d,]+) operations,"),
    ),
    "failed operations": (
        lambda s: s.overview["totals"]["errors"],
        lambda s: s.tile("count", 1),
        lambda s: s.kinds("errors"),
        lambda s: sum(o["errors"] for o in s.performance),
        lambda s: _told(s, r"([\d,]+) failed \("),
    ),
    "operations that lists show": (
        lambda s: s.sum("index", 'data-table="kinds"', 2),
        lambda s: s.sum("performance", 'id="ops"', 2),
    ),
    "failed operations that lists show": (
        lambda s: s.sum("index", 'data-table="kinds"', 3),
        lambda s: s.sum("performance", 'id="ops"', 3),
    ),
    "unfinished": (
        lambda s: s.kinds("unfinished"),
        lambda s: s.tile("open"),
        lambda s: s.sum("index", 'data-table="kinds"', 5),
        lambda s: s.sum("performance", 'id="ops"', 5),
        lambda s: _told(s, r"([\d,]+) unfinished"),
    ),
    "events": (
        lambda s: s.overview["totals"]["events"],
        lambda s: s.tile("events"),
        lambda s: s.kinds("events"),
        lambda s: s.sum("index", 'data-table="kinds"', 1),
        lambda s: _told(s, r"([\d,]+) events,"),
    ),
    "tokens": (
        lambda s: s.overview["tokens"]["total"],
        lambda s: s.sum("llm", 'id="llm-models"', 4),
        lambda s: _told(s, r"([\d,]+) tokens"),
    ),
    "calls of models": (
        lambda s: s.sum("llm", 'id="llm-models"', 2),
        lambda s: sum(c for kind, _, c in _listed(s, 2) if kind in ("chat", "llm")),
    ),
    "failed calls of models": (
        lambda s: s.sum("llm", 'id="llm-models"', 3),
        lambda s: sum(c for kind, _, c in _listed(s, 3) if kind in ("chat", "llm")),
    ),
}


def _listed(said: Said, nth: int) -> list[tuple[str, str, float]]:
    """Kind, operation and a figure of each row of Performance."""
    rows = re.findall(r'<tr id="op-([a-z]+)-(.*?)">', said.pages["performance"])
    return [(*row, value) for row, value in zip(rows, said.column("performance", 'id="ops"', nth), strict=True)]


def _usage(n: int) -> dict[str, Any]:
    """Both, all that there are alone, and more in all than both, as models log that think."""
    both = {"prompt_tokens": 10 + n, "completion_tokens": n}
    return (
        {"tokens_prompt": 10 + n, "tokens_completion": n},
        {"token_usage": {"total_tokens": 10 + n}},
        {"token_usage": {**both, "total_tokens": 50 + 2 * n}},
    )[n % 3]


def generated(app: Path) -> tuple[str, ...]:
    """A day of chats with their LLM calls, commands with tools in log and table, failures in all of them, with traces and without."""
    rng = random.Random(22)
    rows: list[tuple] = []
    for n in range(60):
        trace = None if n % 9 == 0 else f"trace-{n:04}"
        at = f"{n % 24:02}:{n:02}"
        failed = rng.random() < 0.3
        model = {"provider": "p", "model": rng.choice(("a", "b")), "message_id": f"m{n}"}
        error = {"error": f"Provider fell silent after {n} ms"} if failed else {}
        tokens = {} if failed else _usage(n)
        write_log(
            app,
            event("chat.streaming.started", f"{at}:00.000001", trace, **model),
            event(
                f"chat.streaming.{'error' if failed else 'completed'}",
                f"{at}:02.000001",
                trace,
                message_id=f"m{n}",
                duration_ms=2000,
                **error,
                **tokens,
            ),
            event(
                f"llm.call.{'error' if failed else 'completed'}",
                f"{at}:02.000101",
                trace,
                **model,
                duration_ms=2000,
                **error,
                **tokens,
            ),
            *(
                [
                    entry(
                        error["error"],
                        {"correlation_id": trace} if trace else {},
                        at=f"2026-11-20 {at}:02",
                        level="ERROR",
                    )
                ]
                if failed
                else []
            ),
        )
        if n % 3 == 0:
            broken = rng.random() < 0.4
            told = {"error": "Permission denied on notes"} if broken else {}
            ended = "failed" if broken else "completed"
            write_log(
                app,
                event("command.execution.started", f"{at}:03.000001", trace, command="recall"),
                event(
                    f"tool.invocation.{ended}", f"{at}:03.500001", trace, tool_name="fs.read", duration_ms=50.0, **told
                ),
                event(
                    f"command.execution.{ended}",
                    f"{at}:04.000001",
                    trace,
                    command="recall",
                    **({"error": "Command gave up"} if broken else {}),
                ),
            )
            rows.append((f"r{n}", "fs.read", trace, "error" if broken else "ok", 50.0, f"2026-11-20 {at}:03"))
        if n % 11 == 0:
            write_log(
                app, event("tool.invocation.started", f"{at}:05.000001", trace, tool_name="db", invocation_id=f"i{n}")
            )
    write_database(app, tools=rows)
    return ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


@pytest.fixture(scope="module", params=APPS)
def said(request, samples, tmp_path_factory) -> Said:
    home = tmp_path_factory.mktemp("same")
    if request.param in samples:
        app, period = samples[request.param], tuple(UNTIL)
    else:
        app = home / "app"
        if request.param == "demo":
            assert run("demo", str(app)).exit_code == 0
            period = ("--last", "1d", "--tz", "UTC")
        else:
            (app / "storage" / "logs").mkdir(parents=True)
            (app / ".env").write_text("APP_NAME=Test\nDB_CONNECTION=sqlite\n")
            period = generated(app)
    place = ("--app", str(app), *period)
    if "--until" not in period:
        # One end for all that is asked.
        until = json.loads(run("overview", *place, "--format", "json").stdout)["window"]["end"]
        place = (*place, "--until", until)
    output = home / "out"
    if request.param == "line":
        output = request.getfixturevalue("report")
    else:
        done = run("build", *place, "-o", str(output))
        assert done.exit_code == 0, done.output
    answers = {
        name: json.loads(run(name, *place, "--format", "json").stdout) for name in ("overview", "performance", "errors")
    }
    return Said(
        {path.stem: path.read_text() for path in output.glob("*.html")},
        answers["overview"],
        answers["performance"]["operations"],
        answers["errors"]["groups"],
        run("overview", *place).stdout,
        _data((output / "data/traces.js").read_text()),
        ("--app", str(app), "--tz", "UTC"),
    )


def test_what_is_the_same_number_is_the_same_number(said):
    found = {name: [read(said) for read in places] for name, places in SAME.items()}
    assert {name: values for name, values in found.items() if len(set(values)) > 1} == {}
    assert found["operations"][0] > 50


def test_the_first_page_and_the_terminal_say_the_same_sentence(said):
    sentence = _text(re.search(r"<h1 class=.headline.*?</h1>", said.pages["index"], re.S)[0])
    assert sentence in " ".join(said.terminal.split())


def test_figures_of_operations_are_those_of_the_answer(said):
    answer = {(o["kind"], o["operation"]): o for o in said.performance}
    for nth, figure in ((2, "count"), (3, "errors"), (8, "p50_ms"), (10, "p95_ms"), (12, "max_ms")):
        for kind, operation, value in _listed(said, nth):
            # Of a model's calls the list shows those that no stream shows; the answer has finished work only.
            if kind != "llm" and (kind, operation) in answer:
                assert value == (answer[kind, operation][figure] or 0), (kind, operation, figure)


def test_a_trace_is_the_same_wherever_it_is_named(said):
    """The list, the page without scripts, the text of notable ones, the terminal."""
    rows = re.findall(r"<tr><td><a class=.mono.*?</tr>", said.pages["traces"], re.S)
    index = {name: n for n, name in enumerate(said.traces["id"])}
    for row in rows[:2] + rows[-1:]:
        name = re.search(r'title="[^"]*"', row) and re.search(r"trace\.html#([^\"]+)", row)[1]
        if "%" in name:
            continue
        document = json.loads(run("trace", name, *said.place, "--format", "json").stdout)
        n = index[name]
        kept = [said.traces[key][n] for key in ("root", "status", "failed")]
        assert kept == [document["root"], document["status"], document["failed"]]
        assert said.traces["ms"][n] == pytest.approx(document["duration_ms"], abs=0.001)
        assert f'data-v="{document["duration_ms"]}"' in row
        assert document["root"][:60] in html.unescape(row)
        text = run("trace", name, *said.place, "--format", "timeline").stdout
        assert text.startswith(f"### {document['root']}: {document['status']}")
        assert text.strip()[:60] in html.unescape(said.pages["notable"])
