"""`build --fail-on`: limits as they are written, what they measure, and the exit code; `--title`."""

from __future__ import annotations

import pytest

import reporter
from reporter.analysis.limits import parse_limit
from reporter.errors import UsageError
from tests.helpers import event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Four calls of a tool of 1, 2, 3 and 4 s, one of which failed; a stream that never ended; one call of another tool."""
    root = tmp_path_factory.mktemp("limits") / "app"
    calls = [
        event(f"tool.invocation.{'failed' if n == 4 else 'completed'}", f"10:00:0{n}.500", f"t-{n}", tool_name="db",
              invocation_id=f"i-{n}", duration_ms=n * 1000, **({"error": "no"} if n == 4 else {}))
        for n in (1, 2, 3, 4)
    ]  # fmt: skip
    other = event(
        "tool.invocation.completed", "10:00:06.500", "t-6", tool_name="http", invocation_id="i-6", duration_ms=10
    )
    open_ = event("chat.streaming.started", "10:00:07.500", "t-7", message_id="m", provider="openai", model="gpt")
    write_log(root, *calls, other, open_)
    return root


@pytest.fixture(scope="module")
def loaded(app):
    return reporter.load(app, since="2026-11-20T00:00Z", until="2026-11-21T00:00Z", tz="UTC")


@pytest.mark.parametrize(
    ("limit", "is_broken", "said"),
    [
        ("errors > 19%", True, "it is 20.0 %"),  # 1 of 5
        ("errors > 20%", False, "it is 20.0 %"),
        ("errors >= 20%", True, "it is 20.0 %"),
        ("errors(tool) > 0", True, "it is 1"),
        ("errors(db) > 24.9%", True, "it is 25.0 %"),  # 1 of 4
        ("errors(http) > 0%", False, "it is 0 %"),
        ("faults > 0", True, "it is 1"),
        ("unfinished >= 2", False, "it is 1"),
        ("events < 7", True, "it is 6"),
        ("p95(db) > 3.8s", True, "it is 3.85 s"),  # 3 + 0.85 of a second
        ("p95(db)>3900ms", False, "it is 3.85 s"),
        ("max( db ) > 0.05 min", True, "it is 4.00 s"),
        ("p50(tool) > 2s", False, "it is 2.00 s"),
        ("cost > $0", False, "it is $0.00"),
    ],
)
def test_what_a_limit_measures(loaded, limit, is_broken, said):
    found = loaded.measure(parse_limit(limit))
    assert (found.is_broken, found.said) == (is_broken, f"{limit}: {said}")


@pytest.mark.parametrize("limit", ["p95(chat) > 1ms", "p95(nothing) > 1ms", "errors(llm) > 0%"])
def test_nothing_to_measure_breaks_no_limit(loaded, limit):
    found = loaded.measure(parse_limit(limit))
    assert (found.is_broken, found.is_known) == (False, False)


@pytest.mark.parametrize(
    "limit",
    ["", "errors", "errors = 2", "p95 > 3s", "p95(llm) > 3", "p99(llm) > 3s", "errors > 2s", "faults > 2%", "faults(llm) > 2",
     "events(db) > 1", "cost(llm) > 1", "sdf > 1", "errors > $3", "errors > 2 > 3"],
)  # fmt: skip
def test_what_is_no_limit_is_told_before_anything_is_read(limit, tmp_path):
    with pytest.raises(UsageError):
        parse_limit(limit)
    done = run("build", "--app", str(tmp_path / "nowhere"), "--fail-on", limit)
    assert done.exit_code == 2
    assert "Write such as" in done.stderr


def test_the_report_is_written_and_the_exit_code_is_4(app, tmp_path):
    place = ("--app", str(app), "-o", str(tmp_path / "out"), *DAY)
    done = run("build", *place, "--title", "<Shop>", "--fail-on", "errors > 2%", "--fail-on", "p95(db) > 1min")
    assert done.exit_code == 4
    assert done.stderr.splitlines()[-2:] == [
        "broken: errors > 2%: it is 20.0 %",
        "kept: p95(db) > 1min: it is 3.85 s",
    ]
    assert "<strong>&lt;Shop&gt;</strong>" in (tmp_path / "out" / "index.html").read_text()
    # Where the report stands as it is, the limit is measured all the same.
    assert run("build", *place, "--fail-on", "faults > 0").exit_code == 4
    assert run("build", *place, "--fail-on", "faults > 1").exit_code == 0
