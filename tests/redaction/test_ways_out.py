"""A key of its own in every field that an app can log one in; none of them leaves, by no way that there is."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import string
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

import reporter
from reporter.settings.app import find_app
from reporter.site.live import LiveFiles
from reporter.terminal import session
from reporter.watch.live import Live
from tests.helpers import entry, event, run, write_database, write_log
from tests.redaction.test_redaction import DAY

R = random.Random(20261127)
# The fields that facts are read from (reporter/events/facts.py), and others that an entry has.
FIELDS = (
    "correlation_id", "message_id", "conversation_id", "session_id", "fragment_id", "execution_id", "step_id", "pipeline_id", "job_id",
    "invocation_id", "provider", "model", "tool_name", "command", "step_name", "error", "error_class", "error_code", "error_category",
    "state", "status", "level", "channel", "service", "environment", "host", "queue", "template", "reason", "url", "content", "note",
)  # fmt: skip
NAMES = ("chat.streaming.error", "tool.invocation.failed", "tool.health.status_changed", "command.execution.failed", "llm.call.error",
         "fragment.processing.step.completed", "chat.message.received")  # fmt: skip
AT = "2026-11-20T10:00:00Z"


def key() -> str:
    return f"sk-ant-api03-{''.join(R.choices(string.ascii_letters + string.digits, k=40))}"


def planted(app) -> dict[str, str]:
    """Write entries, a table and files with a key in each place; the keys by place."""
    keys: dict[str, str] = {}

    def at(place: str) -> str:
        return keys.setdefault(place, key())

    def text(place: str) -> str:
        """What no provider's letters tell; as a name or an id it could be left."""
        return keys.setdefault(place, "".join(R.choices(string.ascii_letters + string.digits, k=44)) + "7q")

    for n, name in enumerate(NAMES):
        for m, field in enumerate(FIELDS):
            data = {
                "tool_name": "t",
                "provider": "p",
                "model": "m",
                "command": "c",
                "step_name": "s",
                "duration_ms": 5,
                "message_id": f"m-{n}",
                field: at(f"{name}/{field}"),
            }
            trace = data.pop("correlation_id", f"trace-{n:02}-{m:02}")
            write_log(app, event(name, f"10:{n:02}:{m:02}.500000", trace, **data))
    write_log(
        app,
        entry(f"it said {text('message')}", {"correlation_id": "trace-root"}, level="ERROR"),
        entry(text("message alone"), {"correlation_id": "trace-alone"}),
        entry("x" * 180 + f" {text('message at 200')}", {}, level="ERROR"),
        entry("w " * 470 + text("message at 1000"), {}),
        entry("long", {"arguments": {"q": f"three words {text('before a cut')}"}, "text": "y " * 12_000, "last": text("behind a cut")}, level="ERROR"),
        entry("edge", {"text": "z" * 19_975, "last": text("at a cut")}, level="ERROR"),
        entry("keyed", {at("context key"): 1, "list": [{"deep": [text("nested")]}]}, level="ERROR"),
        entry("thrown", {"exception": f"[object] (Boom\\Error(code: 0): failed with {text('exception')} at /app/X.php:12)\n[stacktrace]\n#0 /app/Y.php(4): App\\X->run('{text('argument')}')\n#1 {{main}}\n"}, level="ERROR"),
        f"[2026-11-20 10:00:02] local.{at('level')}: nonsense\n",
        f"no entry {text('reject')}\n",
        "[2026-11-20 10:00:03] local.INFO: " + "v" * 150 + f" {text('reject at a cut')} {{\"a\":\n",
    )  # fmt: skip
    write_log(app, entry("in a file", {}), name=f"{at('file name')}.log")
    write_log(app, f'{{"message":"as JSON","context":{{"x":"{text("JSON context")}"}},"extra":{{"y":"{text("extra")}"}},"level_name":"ERROR","channel":"{at("channel")}","datetime":"2026-11-20T10:00:05Z"}}\n', name="json.log")  # fmt: skip
    write_database(
        app,
        tools=[("a", at("tool slug"), at("table trace"), "error", 5.0, "2026-11-20 10:00:00")],
        commands=[(at("table id"), at("command name"), "2026-11-20 10:00:00", json.dumps({"error": at("result")}))],
    )
    return keys


def unpacked(text: str) -> str:
    packed = re.findall(r'id="packed"[^>]*>\s*([A-Za-z0-9+/=\s]+)<', text)
    return text + "".join(gzip.decompress(base64.b64decode(each)).decode() for each in packed)


def ways(app, folder, *more: str) -> dict[str, str]:
    """All that leaves, by way; unredacted, where only is seen that a key would have been found, some of the ways."""
    is_open = "--no-redact" in more
    said = {}
    report = reporter.load(app, since=DAY[1], until=DAY[3], tz=DAY[5], redact=not is_open)
    report.write(folder / "out")
    report.write(folder / "one.html", single_bytes=20_000_000)
    for path in (folder / "out").rglob("*.*"):
        if path.is_file() and path.parent.name != "assets":
            said[f"build {path.relative_to(folder / 'out')}"] = path.read_text()
    said["single file"] = unpacked((folder / "one.html").read_text())
    said["build --json"] = report.json().decode()
    for name in ("events", "spans", "operations", "percentiles", "errors", "traces", "sources"):
        said[f"frame {name}"] = getattr(report, name).to_csv()
    said["frame context"] = report.context(report.events["id"]).to_csv()
    said["notes"] = str(report.notes)
    asked = ("--app", str(app), *DAY, *more)
    for command in ("overview", "errors") if is_open else ("overview", "performance", "errors", "traces", "sources"):
        for form in ("table", "json") if is_open else ("table", "json", "csv"):
            said[f"{command} {form}"] = run(command, *asked, "--format", form).stdout
    for group in json.loads(said["errors json"])["groups"][: 1 if is_open else 6]:
        said[f"errors {group['fingerprint']}"] = run("errors", group["fingerprint"], *asked, "--format", "json").stdout
    for trace in ("trace-root", "trace-alone", "trace-00-08")[: 1 if is_open else 3]:
        for form in ("json",) if is_open else ("table", "json", "timeline", "csv"):
            said[f"trace {trace} {form}"] = run("trace", trace, "--app", str(app), *more, "--format", form).stdout
        run("trace", trace, "--app", str(app), *more, "--html", str(folder / "trace.html"))
        said[f"trace {trace} html"] = (folder / "trace.html").read_text()
    said["export json"] = run("export", *asked, "--format", "json").stdout
    said["export csv"] = run("export", *asked, "--format", "csv").stdout
    run("export", *asked, "--format", "parquet", "-o", str(folder / "e.parquet"))
    run("export", *asked, "--whole", "-o", str(folder / "whole"))
    for path in (folder / "e.parquet", *(folder / "whole").rglob("*.parquet")):
        said[f"export {path.name}"] = str(
            duckdb.connect().execute(f"SELECT columns(*)::VARCHAR FROM '{path}'").fetchall()
        )
    said["query"] = run("query", "SELECT * FROM events", "--app", str(app), *more, "--format", "json").stdout
    settings = find_app(str(app), None, (), None)
    settings = settings._replace(watch_window=timedelta(days=1), privacy=settings.privacy._replace(is_off=is_open))
    live = Live(settings, datetime(2026, 11, 20, 12, tzinfo=UTC))
    live._shown = 0
    view = live.view(datetime(2026, 11, 20, 12, tzinfo=UTC))
    LiveFiles(folder / "out", ZoneInfo("UTC")).show(view, datetime(2026, 11, 20, tzinfo=UTC), 30)
    said["live.js"] = (folder / "out" / "data" / "live.js").read_text()
    said["watch --terminal"] = session.lines(live._fresh_events(), ZoneInfo("UTC"))
    live.close()
    return said


@pytest.fixture
def app_of_keys(app):
    return app, planted(app)


def test_no_key_leaves_from_any_field_by_any_way(app_of_keys, tmp_path):
    app, keys = app_of_keys
    safe = ways(app, tmp_path / "safe")
    assert [
        (way, place) for way, text in safe.items() for place, secret in keys.items() if secret[-30:-22] in text
    ] == []
    assert [way for way, text in safe.items() if "three words" in text] == []
    unredacted = ways(app, tmp_path / "open", "--no-redact")
    held = {way: sum(secret in text for secret in keys.values()) for way, text in unredacted.items()}
    for way in ("build data/operations.js", "single file", "build --json", "frame events", "frame context", "overview table", "errors json",
                "export json", "export csv", "query", "watch --terminal", "live.js", "trace trace-root html"):  # fmt: skip
        assert held[way] > 0, way
    # Each key stands somewhere where it is not redacted, but for those of fields that are counted, and words of our own.
    assert sum(any(secret in text for text in unredacted.values()) for secret in keys.values()) > 0.9 * len(keys)
    assert len(safe) > 80
