"""A page for every operation: where it is, that every name leads there, and what it says."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from reporter.analysis import operation_details
from reporter.events.names import KINDS
from reporter.site.pages import operation
from tests.browser import look
from tests.helpers import entry, event, run, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]
HOSTILE = '"><img src=x onerror="window.pwned=1">/../../x'


def call(name: str, at: str, duration: float, trace: str | None = None, **data: object) -> str:
    return event(
        f"tool.invocation.{'failed' if 'error' in data else 'completed'}",
        at,
        trace,
        tool_name=name,
        duration_ms=duration,
        **data,
    )


def cells(page: str, table: str) -> list[list[str]]:
    """What stands in a table's rows."""
    body = re.search(rf'id="{table}"[^>]*>.*?<tbody>(.*?)</tbody>', page, re.S)[1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]
        for row in rows
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    """Two days of a tool that is slower on the second and fails oftener, called by a command; names that are trouble."""
    app = tmp_path_factory.mktemp("told") / "app"
    (app / "storage" / "logs").mkdir(parents=True)
    (app / ".env").write_text("APP_NAME=Test\n")
    write_log(
        app,
        *(
            entry(
                "tool.invocation.completed",
                {"timestamp": f"2026-11-19T10:{n:02}:00.000001Z", "tool_name": "fetch", "duration_ms": 100 + n},
            )
            for n in range(30)
        ),
        *(call("fetch", f"10:{n:02}:00.000001", 1000 + n, f"trace-{n:04}") for n in range(30)),
        *(call("fetch", f"11:{n:02}:00.000001", 2000, f"fail-{n:04}", error="gateway timeout") for n in range(12)),
        event(
            "command.execution.completed",
            "10:05:01.000001",
            "trace-0005",
            command="grab",
            duration_ms=3000,
            execution_id="e",
        ),
        call(HOSTILE, "12:00:00.000001", 5, "hostile-1"),
        call("Fetch", "12:00:01.000001", 5),
        call("n" * 5000, "12:00:02.000001", 5),
    )
    output = app.parent / "out"
    done = run("build", "--app", str(app), "-o", str(output), *DAY)
    assert done.exit_code == 0, done.output
    return output


def test_names_have_files_that_are_safe_and_their_own(told):
    names = ("fetch", "Fetch", HOSTILE, "n" * 5000, "")
    files = {operation.href("tool", name) for name in names} | {operation.href("command", "fetch")}
    assert len({file.lower() for file in files}) == 6
    assert all(re.fullmatch(r"operation-[0-9a-f]{20}\.html", file) for file in files)
    assert all((told / operation.href("tool", name)).is_file() for name in names[:4])


def test_a_day_is_judged_against_the_day_before(told):
    page = (told / operation.href("tool", "fetch")).read_text()
    assert [row[:3] + row[4:5] + row[6:] for row in cells(page, "by-day")] == [
        ["2026-11-20 Fri", "42", "12", "more", "slower"],
        ["2026-11-19 Thu", "30", "0", "too few to tell", "too few to tell"],
    ]
    # The window is that day, and is compared with the one before it.
    lead = re.search(r'<p class="lead"[^>]*>(.*?)</p>', page, re.S)[1]
    assert "slower" in lead
    assert "more often" in lead
    assert "28.6 % of 42 after 0 % of 30" in re.sub(r"<[^>]+>", "", lead)


def test_it_shows_its_slowest_and_latest_failing_calls_what_calls_it_and_its_error_groups(told):
    page = (told / operation.href("tool", "fetch")).read_text()
    failing = re.search(r"Latest failing calls</h2>.*?</table>", page, re.S)[0]
    assert re.findall(r"trace\.html#([\w-]+)", failing) == [f"fail-{n:04}" for n in range(11, 1, -1)]
    assert failing.count("gateway timeout") == 10
    slowest = re.search(r"Slowest calls</h2>.*?</table>", page, re.S)[0]
    assert slowest.count("2.00 s") == 10
    assert cells(page, "callers") == [["command grab", "1", "0", "1.00 s"]]
    assert f'href="{operation.href("command", "grab")}"' in page
    assert re.search(r'href="error-\w+\.html"', page)
    of_command = (told / operation.href("command", "grab")).read_text()
    assert cells(of_command, "steps") == [["tool fetch", "1", "0", "1.00 s"]]


def test_its_figures_are_marked_in_its_histogram(told, browser):
    page, heard = look(
        browser, f"file://{told}/{operation.href('tool', 'fetch')}", "[data-chart=histogram][data-drawn]"
    )
    marks = page.locator("[data-chart=histogram] .mark-text text").all_text_contents()
    assert {"p50", "p95"} <= set(marks)
    page, heard_of_hostile = look(browser, f"file://{told}/{operation.href('tool', HOSTILE)}")
    assert page.evaluate("window.pwned") is None
    assert heard == heard_of_hostile == []


def test_every_name_of_an_operation_in_a_table_leads_to_its_page(report):
    known = {path.name for path in report.glob("operation-*.html")}
    assert len(known) > 20
    plain = []
    for path in report.glob("*.html"):
        text = path.read_text()
        assert set(re.findall(r'href="(operation-[^"#]+)"', text)) <= known
        plain += [
            (path.name, cell)
            for cell in re.findall(r'<td class="op">((?:<span class="kind[^>]*>\w+</span> )?[\w./-]+)</td>', text)
            if path.name not in ("traces.html", "errors.html") and not path.name.startswith("error-")
        ]
    assert [found for found in plain if found[1] not in ("messages", "others", *KINDS)] == []


def test_the_number_of_statements_does_not_grow_with_the_operations(app, monkeypatch):
    """A statement or a look into a frame for each page would cost a report of 300 more than everything else."""
    from reporter import frames

    asked: list[int] = []
    original = frames.query
    for many in (3, 40):
        write_log(app, *(call(f"t{many}-{n}", f"10:{n:02}:00.000001", 5) for n in range(many)), name=f"{many}.log")
        count = 0

        def counted(*arguments: object, **given: object) -> object:
            nonlocal count
            count += 1
            return original(*arguments, **given)

        monkeypatch.setattr(frames, "query", counted)
        assert run("build", "--app", str(app), "-o", str(app.parent / f"out{many}"), *DAY).exit_code == 0
        asked.append(count)
        assert len(list((app.parent / f"out{many}").glob("operation-*.html"))) == (many if many == 3 else 43)
    assert asked[0] == asked[1]


def test_beyond_the_most_frequent_none_has_a_page_and_it_is_said(app, monkeypatch):
    monkeypatch.setattr(operation_details, "DETAILED_OPERATIONS", 3)
    names = ["often", "often", "a", "b", "c", "d"]
    write_log(app, *(call(name, f"10:00:{n:02}.000001", 5) for n, name in enumerate(names)))
    output = app.parent / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    assert {path.name for path in output.glob("operation-*.html")} == {
        operation.href("tool", name) for name in ("often", "a", "b")
    }
    assert "The 2 least frequent have no page of their own" in (output / "performance.html").read_text()


def test_names_that_scripts_write_lead_there_too(told, browser):
    page, heard = look(browser, f"file://{told}/traces.html#q=trace-0005", "#traces[data-shown]")
    page.click("#traces tbody a:has-text('command grab')")
    page.wait_for_selector("h1:has-text('grab')")
    page.goto(f"file://{told}/trace.html#trace-0007")
    page.click("#trace [role=treeitem]")
    page.click("#details h2 a")
    page.wait_for_selector("h1:has-text('fetch')")
    assert heard == []


def test_days_whose_events_went_stand_with_their_daily_figures(app, tmp_path):
    """Of four days three are kept: 20 calls of 100 to 119 ms each, 10 of the second day's failed."""
    (app / "telemetry-report.toml").write_text("[retention]\ndays = 2\n")
    for day in (17, 18, 19, 20):
        lines = (
            {"timestamp": f"2026-11-{day}T10:{n:02}:00.000001Z", "tool_name": "fetch", "duration_ms": 100 + n}
            | ({"error": "gone"} if day == 18 and n < 10 else {})
            for n in range(20)
        )
        write_log(app, *(entry(f"tool.invocation.{'failed' if 'error' in one else 'completed'}", one) for one in lines))
    # What a first command takes in, it takes away at its end.
    assert run("sources", "--app", str(app)).exit_code == 0
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *DAY).exit_code == 0
    page = (tmp_path / "out" / operation.href("tool", "fetch")).read_text()
    assert cells(page, "by-day") == [
        ["2026-11-20 Fri", "20", "0", "0 %", "too few to tell", "118 ms", "no change"],
        ["2026-11-19 Thu", "20", "0", "0 %", "fewer", "118 ms", "no change"],
        ["2026-11-18 Wed", "20", "10", "50.0 %", "more", "118 ms", "only daily figures are kept"],
        ["2026-11-17 Tue", "20", "0", "0 %", "too few to tell", "118 ms", "only daily figures are kept"],
    ]
