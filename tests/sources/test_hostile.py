"""Hostile input: nothing runs, nothing is lost, nothing takes for ever. TELEMETRY_FUZZ multiplies the examples."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reporter
from reporter.redaction.redactor import Redactor
from reporter.redaction.rules import SHAPES
from tests.helpers import entry, event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
EXAMPLES = 12 * int(os.environ.get("TELEMETRY_FUZZ", "1"))
FLAG = "window.pwned=1"
PAYLOADS = (
    f"<script>{FLAG}</script>", f"<img src=x onerror={FLAG}>", f"</script><script>{FLAG}</script>", f"'\"><svg onload={FLAG}>", f"javascript:{FLAG}",
    "{{ 7*7 }}{% raw %}", f"${{{FLAG}}}", f"<!--<script>{FLAG}//-->", f"</style><script>{FLAG}</script>", "datum['x']", "signal\\.\\[0\\]",
    f"');{FLAG};//", f"\\');{FLAG};//", "../../../../etc/passwd", "__proto__", "constructor", "a.b[c]\\d", "\u2028\u2029\u202e", "\x00\x1b[2J\ud800".encode("utf-8", "replace").decode(),
)  # fmt: skip


def found(app: Path) -> dict:
    done = run("sources", "--app", str(app), "--format", "json")
    assert done.exit_code in (0, 3), done.output
    assert "Traceback" not in done.output
    return json.loads(done.stdout) if done.exit_code == 0 else {"sources": []}


def add_up(app: Path) -> list[dict]:
    sources = found(app)["sources"]
    assert all(s["entries"] == s["events"] + s["rejects"] for s in sources)
    return sources


@pytest.fixture(scope="module")
def attacked(tmp_path_factory) -> Path:
    """A report, a single file and a trace's file, with every payload wherever the app's text can stand."""
    app = tmp_path_factory.mktemp("attacked") / "app"
    (app / "storage" / "logs").mkdir(parents=True)
    for n, payload in enumerate(PAYLOADS):
        at, ids = f"10:{n:02}:00.500", {"message_id": payload, "conversation_id": payload, "session_id": payload}
        write_log(
            app,
            event("tool.invocation.failed", at, payload, tool_name=payload, invocation_id=payload, duration_ms=5 + n, error=payload, error_type=payload, **{payload: payload}),
            event("chat.streaming.completed", at, payload, provider=payload, model=payload, duration_ms=900, token_usage={"input": 3, "output": 4}, **ids),
            event("command.execution.completed", at, payload, command=payload, execution_id=payload, duration_ms=50),
            event("fragment.processing.step.completed", at, payload, step_name=payload, pipeline_id=payload, duration_ms=5),
            event("tool.health.status_changed", at, payload, tool_name=payload, new_status=payload[:30]),
            entry(payload, {"exception": f"[object] ({payload}(code: 0): {payload} at /app/{payload}.php:1)\n#0 {{main}}", payload: payload}, level="ERROR", at="2026-11-20 10:30:00"),
            f"[2026-11-20 10:31:00] local.NOLEVEL: {payload} {{}} \n",
            name=f"{payload.replace('/', '_')[:40]}.log" if payload.isprintable() else "plain.log",
        )  # fmt: skip
    with pytest.warns(UserWarning, match="no level that Monolog knows"):
        loaded = reporter.load(app, since=DAY[1], until=DAY[3], tz=DAY[5], redact=False)
    loaded.write(app.parent / "out")
    loaded.write(app.parent / "one.html", single_bytes=50_000_000)
    trace = run("trace", PAYLOADS[1], "--app", str(app), "--html", str(app.parent / "trace.html"), "--no-redact")
    assert trace.exit_code == 0, trace.output
    return app.parent


def test_no_payload_runs_on_any_page(attacked, browser):
    context = browser.new_context()
    heard: list[str] = []
    pages = [*sorted((attacked / "out").glob("*.html")), attacked / "one.html", attacked / "trace.html"]
    assert len(pages) > 20
    # Of a family of pages (operations', error groups') one template makes all, and lists hold every payload: some are looked at.
    family = {path: re.sub(r"-[^-]*$", "-", path.stem) for path in pages}
    seen = Counter(family.values())
    pages = [path for n, path in enumerate(pages) if seen[family[path]] < 3 or n % 40 == 0]
    page = context.new_page()
    page.on("dialog", lambda dialog: heard.append(f"dialog {dialog.message}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else heard.append(request.url),
    )
    for path in pages:
        page.goto(path.as_uri())
        for chart in page.locator("[data-chart]:visible").all()[:4]:
            chart.scroll_into_view_if_needed()
        page.wait_for_timeout(150)
        assert page.evaluate("window.pwned") is None, path
        assert heard == [], path
    context.close()


def test_every_trace_with_a_payload_for_an_id_opens(attacked, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto((attacked / "out" / "traces.html").as_uri())
    links = page.locator("#traces tbody a[href*='trace.html#']").evaluate_all("links => links.map((link) => link.href)")
    assert len(links) >= len(PAYLOADS) - 1
    for link in links:
        page.goto("about:blank")
        page.goto(link)
        page.wait_for_selector(".row")
        assert page.evaluate("window.pwned") is None
        # It is all there, as text.
        assert unquote(link.partition("#")[2]) in page.evaluate("document.getElementById('trace').textContent")
    context.close()


def test_nothing_is_written_outside_the_output(attacked):
    assert {p.name for p in attacked.iterdir()} == {"app", "out", "one.html", "trace.html"}
    assert all(p.resolve().is_relative_to((attacked / "out").resolve()) for p in (attacked / "out").rglob("*"))


def test_json_of_any_depth(app):
    for n, depth in enumerate((500, 999, 1001, 50_000)):
        for opened, closed in (("[", "]"), ('{"a":', "}")):
            inner = opened * depth + "1" + closed * depth
            write_log(app, f'[2026-11-20 10:00:0{n}] local.INFO: deep {{"x":{inner}}} \n')
            write_log(
                app,
                f'{{"message":"deep","context":{{"x":{inner}}},"level_name":"INFO","datetime":"2026-11-20T10:00:00+00:00"}}\n',
                name="json.log",
            )
    sources = add_up(app)
    assert sum(s["entries"] for s in sources) == 16
    for arguments in (("build", "-o", str(app.parent / "out")), ("export",), ("errors",)):
        done = run(arguments[0], "--app", str(app), *DAY, *arguments[1:])
        assert done.exit_code == 0, done.output


def test_one_line_of_80_megabytes_is_a_reject_and_the_rest_is_read(app):
    path = write_log(app, entry("before", at="2026-11-20 10:00:00"))
    with path.open("ab") as file:
        file.write(b'[2026-11-20 10:00:01] local.INFO: huge {"x":"')
        for _ in range(80):
            file.write(b"a" * (1 << 20))
        file.write(b'"} \n')
    write_log(app, entry("behind", at="2026-11-20 10:00:02"))
    source = add_up(app)[0]
    assert source["rejects"] >= 1
    lines = [json.loads(line)["message"] for line in run("export", "--app", str(app), *DAY).stdout.splitlines()]
    assert lines == ["before", "behind"]


def test_a_gzip_bomb_stops_early(app):
    path = app / "storage" / "logs" / "bomb.log.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(400):
            file.write(b"\0" * (1 << 20))
    sources = add_up(app)
    assert "times its size" in sources[0]["note"]


def test_links_in_circles_devices_and_files_outside_are_passed_over(app, tmp_path):
    logs = app / "storage" / "logs"
    write_log(app, entry("here", at="2026-11-20 10:00:00"))
    (tmp_path / "outside.log").write_text(entry("outside", at="2026-11-20 10:00:00"))
    (logs / "circle").symlink_to(logs)
    (logs / "up.log").symlink_to(tmp_path / "outside.log")
    (logs / "self.log").symlink_to(logs / "self.log")
    (logs / "zero.log").symlink_to("/dev/zero")
    os.mkfifo(logs / "fifo.log")
    sources = {s["name"].rpartition("/")[2]: s for s in add_up(app)}
    assert {name: s["events"] for name, s in sources.items() if not s["note"]} == {"laravel.log": 1}
    assert sorted(name for name, s in sources.items() if s["note"]) == ["fifo.log", "self.log", "up.log", "zero.log"]


def test_numbers_and_text_that_no_column_can_hold(app):
    for value in (
        "1e999",
        "-1e999",
        "1" * 400,
        "NaN",
        '"NaN"',
        "-5",
        '"12.5"',
        "[]",
        "{}",
        "true",
        "null",
        '"\\ud800"',
        '"\\u0000"',
        "1.7976931348623157e308",
    ):
        context = f'{{"event":"tool.invocation.completed","tool_name":"t","duration_ms":{value},"timestamp":{value},"cost_usd":{value},"correlation_id":{value},"invocation_id":{value}}}'
        write_log(app, f"[2026-11-20 10:00:00] local.INFO: tool.invocation.completed {context} \n")
    source = add_up(app)[0]
    assert source["entries"] == 14
    for command in ("overview", "performance", "errors", "export"):
        done = run(command, "--app", str(app), *DAY, "--format", "json")
        assert done.exit_code == 0, done.output
        assert "NaN" not in done.stdout.replace('"NaN"', "").replace("tool", "") or command == "export"


def test_very_many_operations_and_ids_stay_readable(app, tmp_path):
    write_log(
        app,
        *(
            event(
                "tool.invocation.completed",
                f"1{n % 10}:00:00.{n % 1000:03}",
                f"trace-{n:06}",
                tool_name=f"tool-{n}",
                duration_ms=n % 50,
            )
            for n in range(6000)
        ),
    )
    done = run("build", "--app", str(app), *DAY, "-o", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "index.html").stat().st_size < 300_000
    assert all(path.stat().st_size < 2_000_000 for path in (tmp_path / "out").glob("*.html"))
    operations = json.loads(run("performance", "--app", str(app), *DAY, "--format", "json").stdout)["operations"]
    assert len(operations) == 1001
    assert {o["operation"]: o["count"] for o in operations}["other operations"] == 5000


noise = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=80).map(lambda t: t.encode("utf-8", "surrogatepass")),
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=20).map(lambda v: json.dumps(v).encode()),
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"[2026-11-20 10:00:00] local.ERROR: ", b'{"message":"m","context":', b"", b"\n", b'"} \n', b"[]"]
            ),
            noise,
        ),
        max_size=12,
    ),
    st.sampled_from(["a.log", "a.log.gz"]),
)
def test_any_bytes_make_a_report(tmp_path_factory, parts, name):
    app = tmp_path_factory.mktemp("fuzz")
    logs = app / "storage" / "logs"
    logs.mkdir(parents=True)
    data = b"".join(b"".join(part) + random.Random(len(parts)).choice([b"", b"\n"]) for part in parts)
    (logs / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    add_up(app)
    for command in ("errors", "export"):
        done = run(command, "--app", str(app), *DAY, "--format", "json")
        assert done.exit_code == 0, done.output


@settings(max_examples=EXAMPLES * 20, deadline=None)
@given(st.one_of(st.text(max_size=300), st.text("aA1:/.@=-_ \"'\\[]{}()sk-eyJ+\n", max_size=300)))
def test_redacting_never_fails_and_twice_is_once(text):
    redactor = Redactor("salt", phones=True)
    once = redactor.text(text)
    assert redactor.text(once) == once
    redactor.value({text[:20]: [text, {text: text}]})


@pytest.mark.parametrize(
    "letters",
    [
        "a",
        "1",
        "1.",
        "a@",
        ":",
        "a:",
        "/",
        "//a:b",
        "'",
        "(",
        "-",
        "1-",
        "eyJ.",
        "=",
        "bearer ",
        "password=",
        "login('",
        "a1.b2-",
    ],
)
def test_no_shape_takes_longer_than_the_text_is_long(letters):
    """Ten times the text is at most some thirty times the steps: no pattern backtracks."""
    import time

    for rule in SHAPES:
        took = []
        for size in (2_000, 20_000):
            text = (letters * size)[:size]
            begun = time.process_time()
            rule.pattern.sub("", text)
            took.append(time.process_time() - begun)
        assert took[1] < max(0.25, 40 * took[0]), (rule.name, took)
