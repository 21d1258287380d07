"""A report built over an older one is the one that an empty folder would hold, byte for byte, whatever changed in between."""

from __future__ import annotations

import pytest

from tests.helpers import event, run, write_log

ASKED = ("--last", "6h", "--until", "2026-11-20T12:00Z", "--tz", "UTC")


def calls(first: int, last: int, **data: object) -> list[str]:
    return [
        event(
            "tool.invocation.completed", f"10:{n:02}:00.000001", f"trace-{n}", tool_name="t", duration_ms=n + 1, **data
        )
        for n in range(first, last)
    ]


def files(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def more(app) -> tuple[str, ...]:
    write_log(app, *calls(40, 50), name="more.log")
    return ASKED


def late(app) -> tuple[str, ...]:
    failed = event("tool.invocation.failed", "10:05:30.000001", "trace-5", tool_name="late", error="no")
    write_log(app, failed, name="late.log")
    return ASKED


def moved(_) -> tuple[str, ...]:
    return ("--last", "6h", "--until", "2026-11-20T15:15Z", "--tz", "UTC")


def set_otherwise(app) -> tuple[str, ...]:
    (app / "telemetry-report.toml").write_text('[report]\ntitle = "Other"\n')
    return ASKED


def redacted_otherwise(app) -> tuple[str, ...]:
    return (*ASKED, "--no-redact")


@pytest.mark.parametrize("change", [more, late, moved, set_otherwise, redacted_otherwise])
def test_built_over_an_older_report_it_is_as_built_anew(app, monkeypatch, tmp_path, change):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795190400")
    write_log(app, *calls(0, 40, password="hunter2hunter2"))
    assert run("build", "--app", str(app), "-o", str(tmp_path / "old"), *ASKED).exit_code == 0
    before = files(tmp_path / "old")
    asked = change(app)
    for name in ("old", "fresh"):
        assert run("build", "--app", str(app), "-o", str(tmp_path / name), *asked).exit_code == 0
    assert files(tmp_path / "old") == files(tmp_path / "fresh")
    assert files(tmp_path / "old") != before
