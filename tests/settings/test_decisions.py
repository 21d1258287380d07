"""Decisions on error groups in telemetry-report.toml: written between what stands there, which stays as it is."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reporter.errors import UsageError
from reporter.settings.decisions import decide, edited
from tests.helpers import run

A, B = "0123456789abcdef", "fedcba9876543210"
OWN = """# Ours.
[report]
last = "24h"   # a day

[errors.ignored]
# Bots.
"fedcba9876543210" = "a bot"  # since June

# Models
[prices."openai/gpt-4o"]
prompt = 2.5
completion = 10
entered = 2026-11-01
"""


def test_a_decision_stands_with_those_of_its_sort_and_all_else_stays():
    made = edited(OWN, A, "ignored", '"known"', "Ünsafe\x1b[31m:\ntext " + "x" * 200)
    (added,) = set(made.splitlines()) - set(OWN.splitlines())
    assert added.startswith(f'{A} = "known"  # Ünsafe [31m: text xxx')
    assert made.replace(f"{added}\n", "") == OWN
    assert made.splitlines().index(added) == 7


def test_a_group_has_one_decision_and_it_is_taken_back():
    resolved = edited(OWN, B, "resolved", "2026-11-20T12:00:00Z", "")
    assert resolved.endswith(f"entered = 2026-11-01\n\n[errors.resolved]\n{B} = 2026-11-20T12:00:00Z\n")
    assert B not in resolved.partition("[errors.resolved]")[0]
    assert edited(resolved, B, None, "", "") == resolved.partition("\n[errors.resolved]")[0]
    assert edited("", B, None, "", "") == ""
    # A table goes with its last decision, but not with what people wrote into it.
    assert edited(edited(OWN, A, "resolved", "2026-11-20T12:00:00Z", ""), A, None, "", "") == OWN
    between = f"[report]\n\n[errors.ignored]\n{A} = 'x'\n\n[classes]\n"
    assert edited(between, A, None, "", "") == "[report]\n\n[classes]\n"
    assert edited(OWN, B, None, "", "") == OWN.replace('"fedcba9876543210" = "a bot"  # since June\n', "")


def test_ends_of_lines_are_the_files_own():
    made = edited("[report]\r\nlast = '1h'", A, "merged", f'"{B}"', "")
    assert made == f"[report]\r\nlast = '1h'\r\n\r\n[errors.merged]\r\n{A} = \"{B}\"\r\n"


@pytest.mark.parametrize(
    "text",
    [f'errors = {{ignored = {{{A} = "x"}}}}\n', f'[errors]\nignored.{A} = "x"\n', "[errors.ignored]\n[errors]\nx"],
)
def test_what_only_people_can_change_is_left_alone(text):
    with pytest.raises(ValueError):  # noqa: PT011 - tomllib's own is one
        edited(text, A, "resolved", "2026-11-20T12:00:00Z", "")


_LINES = some.sampled_from(
    [
        "# note",
        "",
        "[report]",
        'last = "1h"',
        "[errors.ignored]",
        f'{A} = "x"',
        f'{B} = "y" # why',
        "[errors.merged]",
        "[classes]",
    ]
)


@given(some.lists(_LINES, max_size=8), some.sampled_from(["ignored", "resolved", "merged", None]))
def test_a_file_that_is_edited_says_what_it_said_and_the_decision(lines, section):
    text = "\n".join(lines)
    value = {"ignored": '"x"', "resolved": "2026-11-20T12:00:00Z", "merged": f'"{B}"', None: ""}[section]
    try:
        told = tomllib.loads(text)
        made = edited(text, A, section, value, "a comment")
    except ValueError:
        return
    says = tomllib.loads(made)
    assert {k: v for k, v in says.items() if k != "errors"} == {k: v for k, v in told.items() if k != "errors"}
    assert {name for name, kept in says.get("errors", {}).items() if A in kept} == ({section} if section else set())
    assert [line for line in lines if line.startswith("#")] == [
        line for line in made.splitlines() if line.startswith("#")
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ignored]\nabc = 'x'", "16 hex digits"),
        (f"merged]\n{A} = '{A}'", "another group"),
        (f"resolved]\n{A} = 'May'", "a time such as"),
    ],
)
def test_a_wrong_decision_is_named_with_its_line(app, line, said):
    (app / "telemetry-report.toml").write_text(f"\n[errors.{line}\n")
    done = run("overview", "--app", str(app))
    assert done.exit_code == 2
    assert "telemetry-report.toml:3" in done.stderr
    assert said in done.stderr


def test_a_file_keeps_its_mode_and_a_link_stays_one(app, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    own.chmod(0o640)
    (app / "telemetry-report.toml").symlink_to(own)
    decide(app / "telemetry-report.toml", A, "ignored", '"x"', "")
    assert A in own.read_text()
    assert (app / "telemetry-report.toml").is_symlink()
    assert own.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "own.toml"]
    own.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be edited"):
        decide(own, A, None, "", "")


def test_a_file_that_would_say_nothing_goes_but_not_what_a_link_leads_to(tmp_path):
    path = tmp_path / "telemetry-report.toml"
    decide(path, A, "ignored", '"known"', "")
    decide(path, A, None, "", "")
    assert not path.exists()
    path.symlink_to(tmp_path / "own.toml")
    (tmp_path / "own.toml").write_text(f"[errors.ignored]\n{A} = true\n")
    decide(path, A, None, "", "")
    assert (tmp_path / "own.toml").read_text() == ""
