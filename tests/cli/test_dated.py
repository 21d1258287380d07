"""`build --by day|week`: a folder a day of the viewer's zone, a calendar over them, only what changed made anew, old ones let go of."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reporter.dated import stretches
from reporter.site.calendar import Dated, months
from reporter.window import Window
from tests.browser import look
from tests.helpers import entry, run, write_log
from tests.site.test_accessibility import COLOURS, violations

BERLIN = ZoneInfo("Europe/Berlin")
PERIOD = ("--since", "2026-11-18T12:00", "--until", "2026-11-21T00:00", "--tz", "Europe/Berlin", "--by", "day")


def failed(at: str, what: str) -> str:
    return entry(
        f"{what} failed",
        {"event": "tool.invocation.failed", "data": {"error": what, "tool_name": what}},
        at=at,
        level="ERROR",
    )


def built(app: Path, output: Path, *more: str):
    done = run("build", "--app", str(app), "-o", str(output), *PERIOD, *more)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    """Four faults on the 18th in Berlin, one on the 20th, which is still the 19th in UTC; nothing on the 19th."""
    folder = tmp_path_factory.mktemp("dated")
    app = folder / "app"
    letters = "abcd"
    write_log(
        app, *(failed(f"2026-11-18 1{n}:00:00", letters[n]) for n in range(4)), failed("2026-11-19 23:30:00", "e")
    )
    built(app, folder / "out")
    return app, folder / "out"


def kept(output: Path) -> dict[str, tuple[int, int]]:
    rows = json.loads((output / "data" / "days.json").read_text())["reports"]
    return {row["name"]: (row["events"], row["faults"]) for row in rows}


def cells(output: Path) -> dict[str, tuple[str, str]]:
    page = (output / "index.html").read_text()
    return {
        name: (level, faults)
        for level, name, faults in re.findall(r'class="(f\d)"><a href="([\w-]+)/index.html".*?<strong>(\d+)', page)
    }


def test_a_folder_a_day_of_the_viewers_zone_and_a_calendar_coloured_by_faults(made):
    _, output = made
    assert kept(output) == {"2026-11-18": (4, 4), "2026-11-20": (1, 1)}
    assert cells(output) == {"2026-11-18": ("f4", "4"), "2026-11-20": ("f1", "1")}
    page = (output / "2026-11-20" / "index.html").read_text()
    assert "2026-11-20 00:00:00 – 2026-11-21 00:00:00" in page
    assert '<a href="../index.html">Calendar</a>' in page
    assert all(
        (output / link).is_file() for link in re.findall(r'href="([\w./-]+)"', (output / "index.html").read_text())
    )


def test_the_calendar_has_no_serious_violation_and_fits_a_narrow_screen(made, browser):
    page, _ = look(browser, (made[1] / "index.html").as_uri(), ".month", color_scheme="dark")
    assert violations(page, *COLOURS) == []
    page.emulate_media(color_scheme="light")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_only_what_has_changed_is_made_anew(made):
    app, output = made
    stamp = {path: path.stat().st_mtime_ns for path in output.glob("*/index.html")}
    assert "made anew: nothing" in built(app, output).stdout
    assert {path: path.stat().st_mtime_ns for path in output.glob("*/index.html")} == stamp
    # Files of days that are the same stand once on the disk.
    one, other = (output / name / "assets" / "report.js" for name in ("2026-11-18", "2026-11-20"))
    assert one.stat().st_ino == other.stat().st_ino
    write_log(app, failed("2026-11-20 09:00:00", "f"))
    assert "made anew: 2026-11-20)" in built(app, output).stdout
    assert kept(output)["2026-11-20"] == (2, 2)


def test_what_the_sink_no_longer_keeps_stays_until_it_is_too_old(made):
    app, output = made
    before = kept(output)
    run("prune", "--app", str(app), "--days", "1")
    assert "made anew: nothing" in built(app, output).stdout
    assert kept(output) == before
    (app / "telemetry-report.toml").write_text("[report]\nkeep_days = 2\n")
    done = built(app, output)
    assert "the report 2026-11-18 is older than report.keep_days and was removed" in done.stderr
    assert sorted(path.name for path in output.iterdir()) == ["2026-11-20", "data", "index.html"]
    assert list(cells(output)) == ["2026-11-20"]


def test_folders_that_hold_something_else_are_left_alone(made, tmp_path):
    app, output = made
    (tmp_path / "mine.txt").write_text("x")
    for folder, by in ((tmp_path, "day"), (output, "week")):
        done = run("build", "--app", str(app), "-o", str(folder), *PERIOD[:-1], by)
        assert done.exit_code == 2, done.output
    assert run("build", "--app", str(app), "-o", str(output), *PERIOD[:-2]).exit_code == 2
    assert run("build", "--app", str(app), *PERIOD, "--json", "x.json").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_no_report_of_ours_is_never_removed(made, tmp_path):
    """Whatever the list of reports was made to say."""
    app, output = made
    mine = [tmp_path / "mine", tmp_path / "cal" / "2020-01-01"]
    shutil.copytree(output, tmp_path / "cal")
    told = json.loads((tmp_path / "cal" / "data" / "days.json").read_text())
    for folder, name in zip(mine, ("../mine", "2020-01-01"), strict=True):
        folder.mkdir()
        (folder / "index.html").write_text("mine")
        told["reports"].append({**told["reports"][0], "name": name, "start": "2020-01-01T00:00:00+00:00"})
    (tmp_path / "cal" / "data" / "days.json").write_text(json.dumps(told))
    built(app, tmp_path / "cal")
    assert all((folder / "index.html").read_text() == "mine" for folder in mine)
    assert list(cells(tmp_path / "cal")) == list(cells(output))


def names(start: str, end: str, by: str, now: str = "2026-12-31") -> list[tuple[str, str, str]]:
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end, now)]
    found = stretches(Window(*moments[:2]), BERLIN, by, moments[2])
    return [(one.name, f"{one.window.start:%m-%dT%H:%M}", f"{one.window.end:%m-%dT%H:%M}") for one in found]


def test_days_and_weeks_are_those_of_the_viewers_zone_summer_time_too():
    assert names("2026-10-24T22:30", "2026-10-25T12:00", "day") == [("2026-10-25", "10-24T22:00", "10-25T23:00")]
    assert names("2026-11-20T12:00", "2026-11-20T23:00", "day") == [("2026-11-20", "11-19T23:00", "11-20T23:00")]
    assert [name for name, *_ in names("2026-11-20T12:00", "2026-11-20T23:01", "day")] == ["2026-11-20", "2026-11-21"]
    assert names("2026-11-25T12:00", "2026-11-25T13:00", "week") == [("2026-W48", "11-22T23:00", "11-29T23:00")]
    assert names("2027-01-02T12:00", "2027-01-02T13:00", "week", "2027-02-01")[0][0] == "2026-W53"
    # A day under way ends now.
    assert names("2026-11-25T12:00", "2026-11-26T00:00", "day", "2026-11-25T13:00") == [
        ("2026-11-25", "11-24T23:00", "11-25T13:00")
    ]


def dated(day: str, faults: int) -> Dated:
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN).astimezone(UTC)
    return Dated(day, start, start, 1, 1, 1, faults, faults, "")


def test_months_have_their_days_once_and_levels_are_quarters_of_the_most():
    found = months(
        [dated("2026-10-31", 0), dated("2026-12-01", 8), dated("2026-12-02", 2), dated("2026-12-03", 3)], "day", BERLIN
    )
    assert [month.first for month in found] == [date(2026, 12, 1), date(2026, 11, 1), date(2026, 10, 1)]
    days = [[cell.day for week in month.weeks for cell in week if cell] for month in found]
    assert [len(month) for month in days] == [31, 30, 31]
    assert all(month == sorted(set(month)) for month in days)
    assert all(len(week) == 7 for month in found for week in month.weeks)
    levels = {
        cell.report.name: cell.level for month in found for week in month.weeks for cell in week if cell and cell.report
    }
    assert levels == {"2026-10-31": 0, "2026-12-01": 4, "2026-12-02": 1, "2026-12-03": 2}
    weeks = months([dated("2026-11-23", 5)], "week", BERLIN)
    assert [(cell.day.day, cell.last.day, cell.level) for (cell,) in weeks[0].weeks if cell.report] == [(23, 29, 4)]


def test_a_calendar_of_nothing(app, tmp_path):
    write_log(app, entry("x", at="2026-01-01 10:00:00"))
    built(app, tmp_path / "out")
    assert "Nothing was logged in this period." in (tmp_path / "out" / "index.html").read_text()
