"""A report built over an older one is the one that an empty folder would hold, byte for byte, whatever changed in between."""

from __future__ import annotations

from reporter.analysis import log_data, trace_data
from reporter.sink import standing
from reporter.site import building, live
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


def more(app, _) -> tuple[str, ...]:
    """Of new traces, and late of an old one."""
    failed = event("tool.invocation.failed", "10:05:30.000001", "trace-5", tool_name="late", error="no")
    write_log(app, *calls(40, 50), failed, name="more.log")
    return ASKED


def moved(_, __) -> tuple[str, ...]:
    return ("--last", "6h", "--until", "2026-11-20T15:15Z", "--tz", "UTC")


def set_otherwise(app, _) -> tuple[str, ...]:
    (app / "telemetry-report.toml").write_text('[report]\ntitle = "Other"\n')
    return ASKED


def unredacted(_, __) -> tuple[str, ...]:
    return (*ASKED, "--no-redact")


def redacted_otherwise(app, _) -> tuple[str, ...]:
    (app / "telemetry-report.toml").write_text("[redaction.patterns]\ntool = 'tool.invocation'\n")
    return ASKED


def another_version(_, monkeypatch) -> tuple[str, ...]:
    for module in (building, live, standing):
        monkeypatch.setattr(module, "__version__", "99.0")
    return ASKED


def test_built_over_an_older_report_it_is_as_built_anew(app, monkeypatch, tmp_path):
    """After one change upon another: what was built over the last is the older report of the next."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795190400")
    write_log(app, *calls(0, 40, password="hunter2hunter2"))
    old = tmp_path / "old"
    assert run("build", "--app", str(app), "-o", str(old), *ASKED).exit_code == 0
    for change in (more, moved, set_otherwise, unredacted, redacted_otherwise, another_version):
        before, fresh = files(old), tmp_path / change.__name__
        asked = change(app, monkeypatch)
        for folder in (old, fresh):
            assert run("build", "--app", str(app), "-o", str(folder), *asked).exit_code == 0, change.__name__
        found, expected = files(old), files(fresh)
        assert found.keys() == expected.keys(), change.__name__
        assert [name for name in found if found[name] != expected[name]] == [], change.__name__
        assert found != before, change.__name__


def test_of_a_moved_window_data_within_both_stay_the_files_they_were(app, monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795190400")
    monkeypatch.setattr(log_data, "SHARD", 8)
    monkeypatch.setattr(trace_data, "SHARD", 8 * 15)
    write_log(app, *calls(0, 60, password="hunter2hunter2"))
    output = tmp_path / "out"

    def built(since: str, until: str) -> dict[str, int]:
        asked = ("--since", f"2026-11-20T{since}Z", "--until", f"2026-11-20T{until}Z", "--tz", "UTC")
        assert run("build", "--app", str(app), "-o", str(output), *asked).exit_code == 0
        return {path.name: path.stat().st_ino for path in output.glob("data/*-[0-9]*.js")}

    before, after = built("10:00", "10:45"), built("10:15", "11:00")
    same = {name for name, inode in before.items() if after.get(name) == inode}
    assert len([name for name in same if name.startswith("trace-")]) >= 3
    assert len([name for name in same if name.startswith("logs-")]) >= 3
