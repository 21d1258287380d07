"""The Logs page: every entry, found by level, channel, text and expression, with what was logged, however many there are."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reporter import engine
from reporter.analysis import log_data, select_window, trace_data
from reporter.analysis import traces as listing
from reporter.events.packing import with_contexts
from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.notes import SOURCE_NAMES
from reporter.window import Window
from tests.browser import look
from tests.helpers import entry, event, run, write_database, write_log

DAY = ["--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC"]
SECRET = "sk-proj-" + "Ab3dEf6hIj9kLmN0pQrStUvWxYz12345"
SHARD, PART = 100, 10


def at(n: int) -> str:
    return f"2026-11-20 09:{n // 60:02}:{n % 60:02}"


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    """250 entries in shards of 100; of these a warning and an error without a trace, one call that failed, and a table's row."""
    app = tmp_path_factory.mktemp("told") / "app"
    (app / "storage" / "logs").mkdir(parents=True)
    (app / ".env").write_text("APP_NAME=Test\n")
    write_log(app, *(entry(f"tick {n}", {"n": n}, at=at(n)) for n in range(246)))
    write_log(
        app,
        entry("Disk nearly full", {"free": {"mb": 12}, "key": SECRET}, at=at(3), level="WARNING"),
        name="queue-2026-11-20.log",
    )
    write_log(app, entry(f"Refused with {SECRET} (401)", at="2026-11-20 10:00:00", level="ERROR"), name="queue.log")
    write_log(
        app,
        event(
            "tool.invocation.failed",
            "11:00:00.000001",
            "trace-abcd",
            tool_name="fetch",
            duration_ms=5,
            error="gateway timeout",
        ),
    )
    write_database(app, tools=[("t1", "other", "trace-efgh", "ok", 3.5, "2026-11-20 12:00:00")])
    output = app.parent / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_data, "SHARD", SHARD)
        patch.setattr(log_data, "CONTEXTS", PART)
        done = run("build", "--app", str(app), "-o", str(output), *DAY)
    assert done.exit_code == 0, done.output
    return output


def data(output: Path, name: str):
    text = (output / "data" / f"{name}.js").read_text()
    body = re.fullmatch(r"telemetryData\('[\w-]+','(.*)'\);\n", text, re.S)[1]
    return json.loads(body.replace("\\x27", "'").replace("\\x3c", "<").replace("\\n", "\n").replace("\\\\", "\\"))


def opened(browser, told: Path, address: str = ""):
    return look(browser, f"file://{told}/logs.html{address}", "#logs[data-shown]")


def shown(page) -> list[str]:
    return page.locator("#logs tbody summary").all_inner_texts()


def ask(page, **fields: str) -> list[str]:
    for name, value in fields.items():
        place = page.locator(f"#log-filters [name={name}]")
        if name == "regex":
            place.set_checked(bool(value))
        elif name in ("q",):
            place.fill(value)
        else:
            place.select_option(value)
    page.wait_for_selector("#logs[data-shown]")
    return shown(page)


def test_every_entry_of_the_window_is_there_once_latest_first(told):
    index = data(told, "logs")
    shards = [data(told, f"logs-{about['name']}") for about in index["shards"]]
    assert sum(about["count"] for about in index["shards"]) == 250
    assert all(about["count"] == len(shard["t"]) <= SHARD for about, shard in zip(index["shards"], shards, strict=True))
    times = [about["first"] - t for about, shard in zip(index["shards"], shards, strict=True) for t in shard["t"]]
    assert times == sorted(times, reverse=True)
    texts = [shard["texts"][number] for shard in shards for number in shard["text"]]
    assert len([text for text in texts if text.startswith("tick ")]) == 246
    assert any("gateway timeout" in text for text in texts)
    assert {channel for _, channel in index["sources"].values()} == {"laravel", "queue", "tool_invocations"}


def test_levels_channels_and_texts_choose(told, browser):
    page, heard = opened(browser, told)
    assert page.inner_text("#log-count") == "250 of 250 entries, the latest 200 shown"
    assert page.locator("#logs tbody tr").count() == 200
    assert [text[:12] for text in ask(page, level="WARNING")] == ["✕ failed Ref", "Disk nearly "]
    assert len(ask(page, level="", channel="queue")) == 2
    assert ask(page, channel="", q="TICK 24") == [f"tick {n}" for n in (245, 244, 243, 242, 241, 240, 24)]
    assert page.url.endswith("#q=TICK+24")
    assert ask(page, q=r"^tick (7|\d{2}9)$", regex="1") == ["tick 239", "tick 229", "tick 219", "tick 209", "tick 199", "tick 189",
        "tick 179", "tick 169", "tick 159", "tick 149", "tick 139", "tick 129", "tick 119", "tick 109", "tick 7"]  # fmt: skip
    assert "gateway timeout" in ask(page, q="abcd", regex="")[0]
    assert page.inner_text("#log-count") == "1 of 250 entries"
    assert heard == []


def test_a_bad_expression_is_said_and_one_that_would_hang_does_not(told, browser):
    page, heard = opened(browser, told)
    page.check("[name=regex]")
    page.fill("[name=q]", "tick (1")
    page.wait_for_selector("[name=q][aria-invalid]")
    assert "a bracket that is not closed" in page.inner_text("#log-count")
    assert ask(page, q="(t+)+(i+)+(c+)+(k+)+ 24[0-1]$") == ["tick 241", "tick 240"]
    assert page.get_attribute("[name=q]", "aria-invalid") is None
    assert heard == []


def test_what_was_logged_unfolds_on_demand_and_traces_are_linked(told, browser):
    page, heard = opened(browser, told, "#q=nearly")
    assert page.locator("#logs pre, #logs .key").count() == 0
    page.click("#logs summary")
    page.wait_for_selector("#logs .inside[data-shown]")
    assert "mb: 12" in page.inner_text("#logs .inside").replace("\n", "")
    assert "storage/logs/queue-2026-11-20.log at byte 0" in page.inner_text("#logs .inside")
    page, heard_of_trace = opened(browser, told, "#status=error")
    page.locator("#logs summary", has_text="gateway").click()
    page.wait_for_selector("#logs .inside[data-shown]")
    assert "tool_name: fetch" in page.inner_text("#logs .inside")
    page.click("#logs a:has-text('trace-abcd')")
    page.wait_for_selector("#trace[data-shown]")
    assert heard == heard_of_trace == []


def test_entries_pass_the_redactor(told):
    for path in told.rglob("*.*"):
        assert SECRET not in path.read_text("utf-8", "replace"), path
    assert re.search(r"Refused with \[[\w-]+:\w+\] \(401\)", (told / "logs.html").read_text())


def test_without_scripts_the_latest_warnings_and_failures_are_there(told):
    body = re.search(r'<table id="logs".*?</table>', (told / "logs.html").read_text(), re.S)[0]
    assert body.count("<tr>") == 4
    assert body.index("gateway timeout") < body.index("Refused with") < body.index("Disk nearly full")


def test_what_a_cap_leaves_out_is_said_and_warnings_stay(app, monkeypatch):
    write_log(
        app,
        *(entry(f"tick {n}", {"n": n}, at=at(n)) for n in range(100)),
        entry("old", {"n": 1}, at=at(0), level="WARNING"),
    )
    monkeypatch.setattr(log_data, "TEXT_BYTES", 10 * 7)
    monkeypatch.setattr(log_data, "CONTEXT_BYTES", 3 * 7)
    output = app.parent / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    shard = data(output, "logs-0")
    kept = [shard["texts"][number] for number in shard["text"]]
    assert kept[0] == "tick 99"
    assert kept[-1] == "old"
    assert 8 < len(kept) < 15
    page = (output / "logs.html").read_text()
    assert f"it leaves out the {101 - len(kept)} oldest of 101 entries" in page
    assert re.search(r"(9\d) entries are here without their context", page)


def test_how_many_contexts_are_carried_is_told_by_their_own_lengths_not_by_how_they_are_kept(app, monkeypatch):
    """In a sink a mark stands for the id: a context of 58 characters takes less than half."""
    ids = [f"00000000-0000-4000-8000-{n:012}" for n in range(40)]
    write_log(app, *(entry(f"tick {n}", {"correlation_id": name}, at=at(n)) for n, name in enumerate(ids)))
    # And one whose context takes more: its id, one letter, is all over it.
    odd = {"correlation_id": "o", "said": "o" * 300}
    write_log(app, entry("odd", odd, at=at(50)))
    chosen = trace_data._chosen
    monkeypatch.setattr(trace_data, "_chosen", lambda _: chosen(0))
    monkeypatch.setattr(log_data, "CONTEXT_BYTES", 332 + 3 * 58 + 20)
    output = app.parent / "out"
    assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
    with open_sink(find_app(str(app), None, (), None).sink, read_only=True) as sink:
        lengths = sink.connection.execute(
            f"SELECT DISTINCT length(packed), length(context) FROM {with_contexts()} ORDER BY 1"
        )
        assert lengths.fetchall() == [(24, 58), (635, 332)]
    shard, contexts = data(output, "logs-0"), data(output, "log-contexts-0-0")
    carried = {shard["texts"][shard["text"][int(place)]]: context for place, (context, _) in contexts.items()}
    assert carried == {
        "odd": odd,
        **{f"tick {n}": {"correlation_id": ids[n]} for n in (39, 38, 37)},
    }
    assert "37 entries are here without their context" in (output / "logs.html").read_text()


SAID = [(f"text {n * n % 11}", "WARNING" if n % 13 == 5 else "INFO") for n in range(80)]


@pytest.fixture(scope="module")
def saying(tmp_path_factory):
    """A sink of entries whose texts come again, seen through the day's window."""
    app = tmp_path_factory.mktemp("saying")
    write_log(app, *(entry(text, at=at(n // 2), level=level) for n, (text, level) in enumerate(SAID)))
    assert run("sources", "--app", str(app)).exit_code == 0
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    with open_sink(find_app(str(app), None, (), None).sink, read_only=True) as sink:
        select_window(sink.connection, window, window.previous())
        sink.connection.execute(SOURCE_NAMES)
        listing.traces(sink.connection, window)
        yield sink.connection


@pytest.mark.parametrize(("entries", "texts"), [(100, 1000), (37, 1000), (100, 21), (60, 14), (5, 14), (100, 3)])
def test_a_text_counts_where_it_comes_first_warnings_before_others(saying, monkeypatch, entries, texts):
    ranked = sorted(range(80), key=lambda n: (SAID[n][1] == "WARNING", n), reverse=True)
    wanted, seen = [], set()
    for n in ranked[:entries]:
        seen.add(SAID[n][0])
        if sum(map(len, seen)) > texts:
            break
        wanted.append(n)
    monkeypatch.setattr(log_data, "ENTRIES", entries)
    monkeypatch.setattr(log_data, "TEXT_BYTES", texts)
    shards = sorted(trace_data.trace_data(saying, has_logs=True).logs.shards.items())
    carried = [shard["texts"][number] for shard in (json.loads(text) for _, text in shards) for number in shard["text"]]
    assert carried == [SAID[n][0] for n in sorted(wanted, reverse=True)]


def test_statements_and_texts_do_not_grow_with_the_entries(app, monkeypatch):
    """A report of a million entries is made by as many statements as one of ten, and each distinct text is looked at once."""
    asked: list[tuple[int, int]] = []
    original = engine.arrow
    for many in (10, 200):
        write_log(app, *(entry("the same", {"n": 1}, at=at(n)) for n in range(many)), name=f"{many}.log")
        count = 0

        def counted(*arguments):
            nonlocal count
            count += any(told in arguments[1] for told in ("$levels", "log_kept"))
            return original(*arguments)

        monkeypatch.setattr(engine, "arrow", counted)
        output = app.parent / f"out{many}"
        assert run("build", "--app", str(app), "-o", str(output), *DAY).exit_code == 0
        asked.append((count, len(data(output, "logs-0")["texts"])))
    assert asked == [(2, 1), (2, 1)]


PATTERNS = [
    "a", "a|b|", "(ab)+c?", "[^a-c]x", r"\d{2,3}-\w+", r"^\s*b", "b$", r"\bfoo\b", r"\Bo", "(a|ab)(c|bcd)(d*)", "x{0}y", ".{3}$", "(?:a*)*b",
    r"[\d.]+ms", r"\x41\u0062", r"[\]\-a]", "(?<n>a)b", "a{2}", "a{2,}b", "É", "[а-я]+", "()", "^$", r"\.", r"[^\W\d]+\(", "(^a|b$)",
]  # fmt: skip
TEXTS = [
    "", "a", "aab", "abcd", "xy", "12-foo", "123-", " b", "foo bar", "food", "AbC", "took 12.5ms", "a\nb", "]-", "é", "Привет", "x(", "aaab", "bbb",
    "abbcd", "y", "AB",
]  # fmt: skip


def test_expressions_find_what_the_browsers_own_find_with_a_look_at_each_letter(told, browser):
    page, _ = opened(browser, told)
    differ = page.evaluate(
        """([patterns, texts]) => patterns.flatMap((pattern) => {
          const [own, other] = [window.Telemetry.regex(pattern), new RegExp(pattern, "i")];
          return texts.filter((text) => own(text) !== other.test(text)).map((text) => [pattern, text]);
        })""",
        [PATTERNS, TEXTS],
    )
    assert differ == []
    looks = page.evaluate(
        """() => {
          const text = "a".repeat(5000) + "b";
          let looks = 0;
          const told = { length: text.length, charCodeAt: (at) => { looks++; return text.charCodeAt(at); } };
          return [window.Telemetry.regex("^(a+)+$")(told), looks, text.length];
        }"""
    )
    assert looks == [False, 5001, 5001]


def test_contexts_are_looked_into_where_that_is_asked_for(told, browser):
    """Of an entry that no trace carries, and of one in a trace; none holds the word in its message."""
    page, heard = opened(browser, told, "#q=%22mb%22%3A12")
    assert shown(page) == []
    page.check("[name=contexts]")
    page.wait_for_selector("#logs[data-shown]")
    # What was found is shown, since the message does not hold it.
    (only,) = shown(page)
    assert re.fullmatch(r'Disk nearly full … \{"free":\{"mb":12\},"key":"\[openai:\w+\]"\} …', only)
    assert [text.split("\n")[-1][:8] for text in ask(page, q="FETCH")] == ["✕ failed"]
    assert page.inner_text("#log-count") == "1 of 250 entries"
    assert page.url.endswith("#q=FETCH&contexts=1")
    assert len(ask(page, q=r'"n":24\d', regex="1")) == 6
    page.uncheck("[name=contexts]")
    page.wait_for_selector("#logs[data-shown]")
    assert shown(page) == []
    assert heard == []


def test_a_period_of_entries_can_be_typed_and_taken_off(told, browser):
    page, heard = opened(browser, told, "#since=1795140000000&until=1795143600000")
    assert page.locator(".period [data-period=since]").input_value() == "2026-11-20T02:00"
    assert shown(page) == []
    page.locator(".period summary").click()
    page.fill("[data-period=since]", "2026-11-20T09:04")
    page.fill("[data-period=until]", "2026-11-20T10:01")
    page.wait_for_selector("#logs[data-shown]")
    assert shown(page) == [
        "✕ failed " + shown(page)[0].removeprefix("✕ failed "),
        *(f"tick {n}" for n in range(245, 239, -1)),
    ]
    page.fill("[data-period=since]", "")
    page.fill("[data-period=until]", "")
    page.wait_for_selector("#logs[data-shown]")
    assert page.inner_text("#log-count").startswith("250 of 250")
    assert heard == []
