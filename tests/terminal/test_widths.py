"""Tables on terminals of 80 and of 60 columns: nothing wider, no kind, name or unit broken, the least told columns left out first."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from reporter.terminal import layout
from tests.helpers import event, run, write_log

DAY = ("--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--tz", "UTC")
MODEL = "anthropic/claude-3-5-sonnet-latest-of-a-long-name"


@pytest.fixture(scope="module")
def wide(tmp_path_factory) -> Path:
    app = tmp_path_factory.mktemp("wide") / "app"
    (app / "storage" / "logs").mkdir(parents=True)
    for n, took in enumerate((1500, 754_000, 12, 3_000)):
        at = f"10:00:0{n}.500"
        failed = {
            "error": "Connection refused by a service that has a rather long name at 127.0.0.1:11434",
            "error_type": "App\\Broken",
        }
        write_log(
            app,
            event("fragment.processing.step.completed", at, f"5963cd8e-d69b-463d-bd73-263eb40266e{n}", step="embed", duration_ms=took),
            event("llm.call.failed" if n else "llm.call.completed", at, f"5963cd8e-d69b-463d-bd73-263eb40266e{n}",
                  provider="anthropic", model=MODEL.partition("/")[2], duration_ms=took, **(failed if n else {})),
        )  # fmt: skip
    return app


def told(app: Path, command: str, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(layout, "width", lambda: width)
    name, *arguments = command.split()
    done = run(name, *arguments, "--app", str(app), *(DAY if name != "trace" else ("--tz", "UTC")))
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize(
    "command", ["overview", "performance", "errors", "sources", "trace 5963cd8e-d69b-463d-bd73-263eb40266e1"]
)
def test_no_line_is_wider_than_the_terminal(wide, command, width, monkeypatch):
    assert max(map(len, told(wide, command, width, monkeypatch))) <= width


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (120, "kind operation count failed rate p50 p95 p99 max class"),
        (80, "kind operation count failed rate p50 p95"),
        (60, "kind operation count failed p50 p95"),
    ],
)
def test_performance_leaves_out_the_bars_first_then_p90_and_p99(wide, width, columns, monkeypatch):
    _, _, head, *rows = told(wide, "performance", width, monkeypatch)
    assert " ".join(head.split()) == columns
    steps, calls = sorted(rows, key=lambda row: row.split()[0], reverse=True)
    # p50 of 12, 1,500, 3,000 and 754,000 ms is 2,250; p95 lies 0.85 of the way from the third to the fourth.
    assert {"2.25 s", "10 min 41 s"} <= set(re.split(r"\s{2,}", steps))
    assert steps.startswith("processing  embed  ")
    shown = calls.split()[1]
    assert shown.startswith("anthrop")
    assert shown == MODEL or ("…" in shown and MODEL.endswith(shown.partition("…")[2]))


@pytest.mark.parametrize("width", [80, 60])
def test_the_overview_keeps_each_kind_that_is_there_and_each_unit(wide, width, monkeypatch):
    lines = told(wide, "overview", width, monkeypatch)
    rows = {
        line.split()[0]: line
        for line in lines[next(n for n, line in enumerate(lines) if line.startswith("kind ")) :]
        if line
    }
    assert rows.keys() == {"kind", "processing", "llm"}
    assert {"2.25 s", "10 min 41 s"} <= set(re.split(r"\s{2,}", rows["processing"]))
    assert not re.search("[▁-█]", "".join(rows.values()))


@pytest.mark.parametrize("width", [80, 60])
def test_lines_are_broken_between_what_they_tell(wide, width, monkeypatch):
    """Not within a row of bars, nor within a key of a context."""
    text = "\n".join(told(wide, "errors", width, monkeypatch))
    for key in ("provider", "duration_ms", "error_type", "timestamp"):
        assert f'"{key}": ' in text.replace("\n", " ")
    assert len(re.findall("[▁-█]+", text)) == 1
    monkeypatch.setattr(layout, "width", lambda: 20)
    told_in_lines = layout.joined("one two", "", "█  ▄▂   █", "3 events", "a part longer than that", indent=2)
    assert told_in_lines == "one two\n█  ▄▂   █\n3 events\na part longer than that"


COLUMNS = ("time!", "kind!", "name…", "id›", "count ", "said")
WORDS = ("", "error", "ok", "10:00:00", "12", "a name", "日本語", "[red]", "x" * 40)


def rows_of(count: int, seed: int = 1) -> list[list[object]]:
    chosen = random.Random(seed)
    return [
        [layout.cell(word, "dim") if chosen.random() < 0.2 else word for word in chosen.choices(WORDS, k=len(COLUMNS))]
        for _ in range(count)
    ]


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_table_that_fits_is_the_one_that_rich_draws(seed, is_terminal, monkeypatch):
    monkeypatch.setattr(layout, "width", lambda: 260)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal, raising=False)
    drawn = layout.table(COLUMNS, rows_of(20, seed))
    monkeypatch.setattr(layout, "_in_lines", lambda columns, rows, _: layout._wrapped(columns, rows[0], rows[1:]))
    expected = layout.table(COLUMNS, rows_of(20, seed))
    # Blanks of the header are bold there, which nobody sees.
    assert [_seen(line) for line in drawn.splitlines()] == [_seen(line) for line in expected.splitlines()]


def _seen(line: str) -> list[tuple[str, str]]:
    text = Text.from_ansi(line)
    return [(char, str(text.get_style_at_offset(Console(), at))) for at, char in enumerate(text.plain.rstrip()) if char != " "]  # fmt: skip


def test_a_longer_table_asks_no_more_of_rich(monkeypatch):
    """A trace of 300,000 events took minutes and gigabytes."""
    asked = []
    render = Console.render
    monkeypatch.setattr(layout, "width", lambda: 260)
    monkeypatch.setattr(Console, "render", lambda *args, **named: asked.append(1) or render(*args, **named))
    counts = []
    for count in (50, 500):
        asked.clear()
        layout.table(COLUMNS, rows_of(count))
        counts.append(len(asked))
    assert counts[0] == counts[1]
