"""“Copy for ticket” on the first page, pages of error groups and traces: Markdown that tells all of one failure."""

from __future__ import annotations

import re

import pytest

from tests.browser import look
from tests.helpers import entry, event, run, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]
BOOM = "[object] (App\\Boom(code: 0): no ```table``` at /srv/x/app/Db.php:9)\n[stacktrace]\n#0 /srv/x/vendor/a/B.php(3): run()\n#1 /srv/x/app/Jobs/Tag.php(40): go()\n"
ABOUT = "Tickets · 2026-11-20 00:00:00 – 2026-11-21 00:00:00 UTC · telemetry-report"


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """A command with a step whose tool fails; a log line tells of it with the exception."""
    app = tmp_path_factory.mktemp("app")
    (app / ".env").write_text("APP_NAME=Test\n")
    (app / "telemetry-report.toml").write_text('[report]\ntitle = "Tickets"\n')
    write_log(
        app,
        event("command.execution.started", "10:00:00.000001", "t1", command="todo", execution_id="e1"),
        event("tool.invocation.completed", "10:00:00.200001", "t1", tool_name="search", duration_ms=50),
        event(
            "tool.invocation.failed",
            "10:00:00.500001",
            "t1",
            tool_name="db",
            duration_ms=100,
            error="no ```table```",
            rows=3,
        ),
        entry(
            "Tool broke",
            {"correlation_id": "t1", "exception": BOOM, "user": 7},
            at="2026-11-20 10:00:00",
            level="ERROR",
        ),
        event(
            "command.execution.completed", "10:00:00.900001", "t1", command="todo", execution_id="e1", duration_ms=900
        ),
    )
    done = run("build", "--app", str(app), "-o", str(app / "out"), *DAY)
    assert done.exit_code == 0, done.output
    return app / "out"


def copied(browser, url: str, wait_for: str) -> str:
    page, heard = look(browser, url, wait_for, permissions=["clipboard-write", "clipboard-read"])
    page.get_by_role("button", name="Copy for ticket").click()
    page.wait_for_selector("[role=status]:has-text('copied')")
    assert heard == []
    return page.evaluate("navigator.clipboard.readText()")


def test_a_ticket_of_a_group(output, browser):
    (page,) = output.glob("error-*.html")
    text = copied(browser, page.as_uri(), ".copy")
    assert text.startswith(
        "### App\\Boom: no  table \n\n- 1 fault, 1 trace, 2 error events, 2026-11-20 10:00:00 to 2026-11-20 10:00:00 UTC\n"
    )
    assert "\n- First in-app frame: `app/Db.php`\n- Path: command todo → tool db ✕\n" in text
    assert re.search(r"- Latest 2026-11-20 10:00:00: `storage/logs/laravel\.log:\d+`, trace `t1`", text)
    # A fence is longer than what it holds, and the exception stands once.
    frames = re.search(r"\*\*Frames\*\*\n\n````text\n(.*?)\n````", text, re.S)[1]
    assert frames.splitlines() == [
        "App\\Boom: no ```table```",
        "  at /srv/x/app/Db.php:9",
        "  #1 /srv/x/app/Jobs/Tag.php(40): go()",
        "  … 1 vendor frame",
    ]
    assert '```json\n{\n  "correlation_id": "t1",\n  "user": 7\n}\n```' in text
    assert "tool tool.invocation.completed · search (ok)" in text
    assert ABOUT in text


def test_a_ticket_of_a_trace(output, browser):
    text = copied(browser, f"file://{output}/trace.html#t1", ".cause a")
    assert text.startswith(
        "### App\\Boom: no  table \n\n- In tool db at +400 ms of 900 ms\n- First in-app frame: `/srv/x/app/Db.php:9`\n- Path: command todo → tool db ✕\n"
    )
    assert re.search(r"- Group `[0-9a-f]{16}`\n", text)
    assert "````text\nApp\\Boom: no ```table```" in text
    assert '"rows": 3' in text
    # What led up to it, and not what tells of it: 300 ms after its start the call before had ended for 200 ms.
    assert re.search(r"\*\*What led up to it\*\*\n\n```text\n +−200 ms  tool search \(ok\)\n```", text)
    assert "✕   tool db" in text
    assert ABOUT in text


def test_a_ticket_of_the_first_page(output, browser):
    text = copied(browser, f"file://{output}/index.html", ".copy")
    assert text.startswith("### 1 of 1 request failed; most often: no  table")
    assert "1 of 1 request failed (100 %), 1 fault, 2 error events, 1 of 3 operations failed (33.3 %)" in text
    assert re.search(
        r"^1\. 1 fault: App\\Boom: no  table  \(group `\w{16}`, last 2026-11-20 10:00:00, trace `t1`, in db\)$",
        text,
        re.M,
    )
    assert ABOUT in text
    page, _ = look(browser, f"file://{output}/index.html", java_script_enabled=False)
    page.locator("summary", has_text="For a ticket").click()
    assert page.inner_text(".ticket pre").strip() == text.strip()
