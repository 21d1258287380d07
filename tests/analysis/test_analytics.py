"""Each page's figures against an independent computation: the records' own JSON, in Python, over the sample's sink."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from reporter.analysis import fold, select_window
from reporter.analysis.changes import changes, mann_whitney, two_proportions
from reporter.analysis.chat import chat
from reporter.analysis.commands import commands
from reporter.analysis.given import Price
from reporter.analysis.latency import latency
from reporter.analysis.llm import cost_of, llm
from reporter.analysis.local import know_zone
from reporter.analysis.performance import counts_over_time
from reporter.analysis.processing import processing
from reporter.analysis.tools import tools
from reporter.analysis.trends import trends
from reporter.site.context import rows
from reporter.window import Window
from tests.helpers import event, run, write_log

WINDOW = Window(datetime(2026, 11, 17, 12, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC))
STEP = WINDOW.bucket_seconds
DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]


@pytest.fixture(scope="module")
def sink(report, samples):
    path = samples["line"] / "storage" / "telemetry" / "telemetry.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        select_window(con, WINDOW)
        yield con


@pytest.fixture(scope="module")
def records(samples) -> dict[str, list[dict]]:
    """The sample's telemetry as it stands in the log files, by event name: no code of the program involved."""
    found: dict[str, dict[str, dict]] = defaultdict(dict)
    for path in (samples["line"] / "storage" / "logs").glob("*-telemetry-*.log"):
        for line in path.read_text().splitlines():
            value, _ = json.JSONDecoder().raw_decode(line[line.index("{") :])
            found[value["event"]][json.dumps(value, sort_keys=True)] = value
    return {name: list(values.values()) for name, values in found.items()}


def data(records: dict, name: str) -> list[dict]:
    return [r.get("data", r) for r in records.get(name, [])]


def p(values, q: float) -> float:
    return float(np.quantile(np.array(list(values)), q))


def test_chat(sink, records):
    view = chat(sink, STEP)
    assert view.messages == len(records["chat.message.received"])
    assert view.invalid == len(records["chat.validation.error"])
    model = {d["message_id"]: f"{d['provider']}/{d['model']}" for d in data(records, "chat.streaming.started")}
    first, took, speed = defaultdict(list), defaultdict(list), defaultdict(list)
    for d in data(records, "chat.streaming.first_token"):
        first[model[d["message_id"]]].append(d["time_to_first_token_ms"])
    for d in data(records, "chat.streaming.completed") + data(records, "chat.streaming.error"):
        took[model[d["message_id"]]].append(d["duration_ms"])
        if "token_usage" in d:
            speed[model[d["message_id"]]].append(d["token_usage"]["completion_tokens"] / d["duration_ms"] * 1000)
    assert {m.operation for m in rows(view.models)} == set(took)
    for m in rows(view.models):
        assert m.count == len(took[m.operation])
        assert (m.ttft_p50_ms, m.ttft_p95_ms) == pytest.approx(
            (p(first[m.operation], 0.5), p(first[m.operation], 0.95))
        )
        assert (m.p50_ms, m.p95_ms) == pytest.approx((p(took[m.operation], 0.5), p(took[m.operation], 0.95)))
        assert m.tokens_per_second == pytest.approx(p(speed[m.operation], 0.5))
    assert view.conversations == len({d["conversation_id"] for d in data(records, "chat.streaming.started")})
    layers = [sum(link.count for link in rows(view.flow) if link.layer == n) for n in range(3)]
    assert layers == [len(model), len(records["command.execution.completed"]), 28]
    assert sum(link.errors for link in rows(view.flow) if link.layer == 1) == 1


def test_llm(sink, records):
    view = llm(sink, STEP, {})
    calls = data(records, "llm.call.completed")
    for m in rows(view.models):
        mine = [c for c in calls if f"{c['provider']}/{c['model']}" == m.operation]
        assert (m.prompt, m.completion) == (
            sum(c["tokens_prompt"] for c in mine),
            sum(c["tokens_completion"] for c in mine),
        )
        assert m.cost_usd == pytest.approx(sum(c["cost_usd"] for c in mine))
    assert view.points["tokens"].sum() == sum(c["total_tokens"] for c in calls)
    by_trace: dict[str, float] = defaultdict(float)
    for r in records["llm.call.completed"]:
        by_trace[r["correlation"]["correlation_id"]] += r["data"]["cost_usd"]
    assert view.expensive["cost_usd"][0] == pytest.approx(max(by_trace.values()))


def test_prices_come_from_the_configuration_alone(app, tmp_path):
    assert cost_of(Price(2.5, 10, 1.25, "2026-11-01"), 1_000_000, 100_000, 400_000) == pytest.approx(1.5 + 0.5 + 1)
    call = {"provider": "openai", "duration_ms": 5, "tokens_prompt": 1000, "tokens_completion": 200}
    for model, at in (("gpt", "10:00:00.000001"), ("unpriced", "10:00:01.000001")):
        write_log(app, event("llm.call.completed", at, model, model=model, **call, token_usage={"cached_tokens": 400}))
    output = tmp_path / "out"
    build = ["build", "--app", str(app), "-o", str(output), *DAY]
    prices = '[prices."openai/gpt"]\nprompt = 2.5\ncompletion = 10\ncached = 1.25\nentered = 2026-11-01\n'
    (app / "telemetry-report.toml").write_text(prices)
    assert run(*build).exit_code == 0
    page = (output / "llm.html").read_text()
    assert 'Calls without any cost</dt><dd data-tile="unpriced"><a href="#llm-models">1</a>' in page
    assert "$0.0040" in page  # 600 × 2.5 + 400 × 1.25 + 200 × 10 millionths
    assert "entered 2026-11-01" in page
    (app / "telemetry-report.toml").write_text('[prices."openai/gpt"]\nprompt = "dear"\n')
    done = run(*build)
    assert done.exit_code == 2
    assert "telemetry-report.toml:1: prices" in done.stderr


def test_commands(sink, records):
    view = commands(sink)
    spans = []
    for started, ended in itertools.product(
        records["command.execution.started"], records["command.execution.completed"]
    ):
        same = all(started["data"][k] == ended["data"][k] for k in ("command", "arguments"))
        if same and started["correlation"]["correlation_id"] == ended["correlation"]["correlation_id"]:
            spans.append(
                (
                    ended["correlation"]["correlation_id"],
                    started["meta"]["timestamp"],
                    ended["meta"]["timestamp"],
                    ended["data"],
                )
            )
    total, share, count = Counter(), Counter(), Counter()
    for *_, d in spans:
        total[d["command"]] += d["duration_ms"]
    for step in records["command.step.completed"]:
        trace, at = step["correlation"]["correlation_id"], step["meta"]["timestamp"]
        (command,) = {d["command"] for t, a, b, d in spans if t == trace and a <= at <= b}
        share[command, step["data"]["step_type"]] += step["data"]["duration_ms"]
        count[command, step["data"]["step_type"]] += 1
    assert {(s.command, s.step): s.count for s in rows(view.steps)} == count
    for s in rows(view.steps):
        assert s.total_ms == pytest.approx(share[s.command, s.step])
        assert s.share == pytest.approx(share[s.command, s.step] / total[s.command])
    assert view.slow["duration_ms"].tolist() == sorted((d["duration_ms"] for *_, d in spans), reverse=True)[:10]
    assert sum(view.dry_runs.values()) == sum(d["dry_run"] for d in data(records, "command.execution.started"))


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """A report of some templates and conditions, three attempts at jobs, and a file whose clock jumps."""
    app = tmp_path_factory.mktemp("few") / "app"
    write_log(
        app,
        event("command.execution.completed", "10:00:00.000001", command="todo", duration_ms=5, success=True),
        *(event("command.template.rendered", f"10:00:0{n}.000001", duration_ms=1, cache_hit=n < 3) for n in range(4)),
        event("command.condition.evaluated", "10:00:05.000001", condition="x", result=True),
        *(
            event("processing.job.completed", f"10:00:0{n}.000001", job_id=f"j{n}", attempt=n + 1, duration_ms=5)
            for n in range(3)
        ),
    )
    jumps = ("10:00:00", "10:02:00", "10:00:59", "12:00:00")
    write_log(app, *(event("a.b", f"{at}.000001") for at in jumps), name="jumps.log")
    assert run("build", "--app", str(app), "-o", str(app.parent / "out"), *DAY).exit_code == 0
    return app.parent / "out"


def test_templates_and_conditions_are_counted_by_outcome(few):
    page = (few / "commands.html").read_text()
    assert (
        'Templates rendered</dt><dd data-tile="outcome" data-outcome="template">4<small>from cache: 3 not from cache: 1 '
        in page
    )
    assert 'Conditions evaluated</dt><dd data-tile="outcome" data-outcome="condition">1<small>true: 1 ' in page


def test_tools(sink, records):
    view = tools(sink, STEP)
    done = data(records, "tool.invocation.completed") + data(records, "tool.invocation.failed")
    for name, *sizes in rows(view.sizes):
        asked = [d["parameter_stats"]["size_bytes"] for d in done if d["tool_name"] == name]
        given = [d["result_stats"]["size_bytes"] for d in done if d["tool_name"] == name and d["result_stats"]]
        assert sizes[:3] == [p(asked, 0.5), p(asked, 0.95), p(given, 0.5) if given else None]
    checks = Counter(d["tool_name"] for d in data(records, "tool.health.check"))
    assert {h.tool: h.checks for h in rows(view.health)} == checks
    assert sum(h.unhealthy for h in rows(view.health)) == sum(
        not d["healthy"] for d in data(records, "tool.health.check")
    )
    changes_of = data(records, "tool.health.status_changed")
    assert Counter((c.tool, c.state) for c in rows(view.changes)) == Counter(
        (d["tool_name"], d["new_status"]) for d in changes_of
    )
    by_trace = defaultdict(list)
    for d in sorted(done, key=lambda d: d["started_at"]):
        by_trace[d["correlation"]["correlation_id"]].append(d["tool_name"])
    pairs = Counter(pair for names in by_trace.values() for pair in itertools.pairwise(names))
    assert {(c.first, c.second): c.count for c in rows(view.chains)} == pairs
    assert view.points["count"].sum() == len(done)


def test_processing(sink, records):
    view = processing(sink, STEP)
    done, failed = (len(records[f"fragment.processing.pipeline.{word}"]) for word in ("completed", "failed"))
    assert view.points["count"].sum() == done + failed
    assert view.points["errors"].sum() == failed
    assert view.open_count == len(records["fragment.processing.pipeline.started"]) - done - failed


def test_retries_are_second_and_later_attempts(few):
    shown = '<dt>Retries</dt><dd data-tile="retries"><a href="#retries">2</a></dd>'
    assert shown in (few / "processing.html").read_text()


def test_trends(sink):
    know_zone(sink, "America/New_York")
    view = trends(sink)
    stamps = [ts - timedelta(hours=5) for (ts,) in sink.execute("SELECT ts FROM events").fetchall()]
    assert {d.day.date(): d.events for d in rows(view.days)} == Counter(ts.date() for ts in stamps)
    found = sink.execute(
        "SELECT ts, kind, duration_ms FROM spans WHERE is_operation AND status <> 'unfinished'"
    ).fetchall()
    by_day = defaultdict(list)
    for ts, kind, took in found:
        if took is not None:
            by_day[(ts - timedelta(hours=5)).date(), kind].append(took)
    assert {(pt.day.date(), pt.name): pt.count for pt in rows(view.kinds)} == {key: len(v) for key, v in by_day.items()}
    for pt in rows(view.kinds):
        assert pt.p95_ms == pytest.approx(p(by_day[pt.day.date(), pt.name], 0.95))
    assert view.days["operations"].sum() == len(found)


def test_latency(sink):
    fold(sink)
    know_zone(sink, "Asia/Kolkata")
    view = latency(sink)
    done = """SELECT kind, operation, type, ts, duration_ms FROM {} WHERE is_operation AND status <> 'unfinished'"""
    assert {key: sum(n) for key, n in counts_over_time(sink, WINDOW).items()} == Counter(
        (kind, name) for kind, name, *_ in sink.execute(done.format("window_spans")).fetchall()
    )
    found = sink.execute(done.format("listed_spans")).fetchall()
    by_hour, whole = defaultdict(list), defaultdict(list)
    for kind, name, _, ts, took in found:
        if took is not None:
            by_hour[kind, name, (ts + timedelta(hours=5.5)).hour].append(took)
            whole[kind, name].append(took)
    for cell in rows(view.heat):
        assert cell.p95_ms == pytest.approx(p(by_hour[cell.kind, cell.operation, cell.hour], 0.95))
    most = sorted(whole, key=lambda key: -sum(whole[key]))[:12]
    assert {(c.kind, c.operation) for c in rows(view.heat)} == set(most)
    assert view.within["tool", "db.query"] == np.mean([took < 200 for took in whole["tool", "db.query"]])
    assert view.within["processing", "pipeline"] == np.mean([took < 5000 for took in whole["processing", "pipeline"]])
    worst = max((max(v) / p(v, 0.5), key) for key, v in whole.items() if len(v) >= 20)
    assert (rows(view.outliers)[0].times_median, rows(view.outliers)[0][:2]) == (
        pytest.approx(worst[0]),
        worst[1],
    )
    outlying = sum(took >= 2 * p(v, 0.5) for v in whole.values() if len(v) >= 20 for took in v)
    assert len(view.outliers) == min(20, outlying)
    assert view.bins["count"].sum() == sum(len(v) for v in whole.values())


def u_test(here: list[float], there: list[float]) -> float:
    """Two-sided p of Mann and Whitney's U by counting pairs."""
    u = sum((a > b) + (a == b) / 2 for a in here for b in there)
    n, m = len(here), len(there)
    ties = sum(t**3 - t for t in Counter(here + there).values())
    spread = math.sqrt(n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))))
    return math.erfc(max(0, abs(u - n * m / 2) - 0.5) / spread / math.sqrt(2))


def test_changes_against_the_window_before(sink):
    now, before = (Window(*(datetime(2026, 11, day, 12, tzinfo=UTC) for day in days)) for days in ((19, 20), (18, 19)))
    select_window(sink, now, before)
    try:
        view = changes(sink, before)
        (first,) = sink.execute("SELECT min(ts) FROM events").fetchone()
        early = changes(sink, Window(first.replace(tzinfo=UTC) - timedelta(days=1), now.start))
        sides = [
            sink.execute(
                f"SELECT duration_ms FROM {name}_spans WHERE is_operation AND status <> 'unfinished' AND kind = 'processing' AND duration_ms IS NOT NULL"
            ).fetchall()
            for name in ("window", "compared")
        ]
    finally:
        select_window(sink, WINDOW)
    here, there = ([took for (took,) in side] for side in sides)
    found = view.kinds["processing"]
    assert found.duration_chance == pytest.approx(u_test(here, there))
    assert (found.now.p95_ms, found.before.p95_ms) == pytest.approx((p(here, 0.95), p(there, 0.95)))
    assert view.total_before > len(there)
    assert (view.since, early.since) == (None, first.replace(tzinfo=UTC))


def test_the_tests_of_noise():
    assert mann_whitney(19, 1000, 5.0, 0) is None
    assert two_proportions(4, 1000, 0, 1000) is None
    assert mann_whitney(20, 20, 410.0, 0)[1] == 1
    z, chance = two_proportions(30, 100, 10, 100)
    assert z == pytest.approx(3.5355, abs=1e-4)
    assert chance == pytest.approx(0.000407, abs=1e-6)


def test_what_changed_is_told_on_the_overview(app, tmp_path):
    lines = []
    for n in range(60):
        at = f"{n // 60:02}:{n % 60:02}"
        lines.append(
            event(
                "tool.invocation.completed", f"10:{at}.000001", f"a{n}", tool_name="db", duration_ms=20 + n % 7
            ).replace("2026-11-20", "2026-11-19")
        )
        lines.append(
            event("tool.invocation.completed", f"10:{at}.000001", f"b{n}", tool_name="db", duration_ms=60 + n % 7)
        )
        lines.append(
            event(
                "tool.invocation.completed", f"11:{at}.000001", f"c{n}", tool_name="fs", duration_ms=20 + n % 7
            ).replace("2026-11-20", "2026-11-19")
        )
        lines.append(
            event("tool.invocation.completed", f"11:{at}.000001", f"d{n}", tool_name="fs", duration_ms=20 + (n + 1) % 7)
        )
    write_log(app, *lines)
    output = tmp_path / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    page = (output / "index.html").read_text()
    table = page[page.index('id="changes"') :].split("</table>")[0]
    assert "slower (p50)" in table
    assert ">db</a>" in table
    assert ">fs</a>" not in table
    done = run("build", "--app", str(app), "-o", str(output), *DAY, "--compare", "2026-11-01..2026-11-02")
    assert done.exit_code == 0
    assert 'id="changes"' not in (output / "index.html").read_text()
    assert (
        "No earlier data: nothing finished in the window to compare with (2026-11-01 00:00:00 – 2026-11-03 00:00:00)"
        in (output / "index.html").read_text()
    )
    assert run("build", "--app", str(app), "-o", str(output), "--compare", "yesterday").exit_code == 2


def test_sources_say_how_far_over_what_time_and_where_clocks_jump(few):
    page = (few / "sources.html").read_text()
    size = (few.parent / "app" / "storage" / "logs" / "jumps.log").stat().st_size
    row = re.sub(r"\s*<[^>]+>\s*", "|", page[page.index('id="cursors"') :].split("</table>")[0].split("<tbody>")[1])
    cells = [cell for cell in row.split("|") if cell]
    shown = f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"
    assert cells[:6] == [
        "storage/logs/jumps.log",
        "line",
        f"{size:,} bytes",
        shown,
        "2026-11-20 10:00:00",
        "2026-11-20 12:00:00",
    ]
    assert cells[6] == "1"
    assert "1 h 58 min" in page[page.index('id="silences"') :].split("</table>")[0]
