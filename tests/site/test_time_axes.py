"""Charts of time are drawn over instants: steady work is steady in the night when clocks change too."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.helpers import entry, run, write_log


@pytest.mark.parametrize("day", ["2026-10-25", "2026-03-29"])
def test_steady_traffic_is_drawn_steady_when_clocks_change(app, tmp_path, day):
    first = datetime.fromisoformat(f"{day}T00:00Z") - timedelta(hours=12)
    for minutes in range(0, 24 * 60, 5):
        ts = (first + timedelta(minutes=minutes)).isoformat()
        facts = {"duration_ms": 20, "provider": "p", "model": "m", "tokens_prompt": 5, "tokens_completion": 3}
        write_log(app, entry("llm.call.completed", {"timestamp": ts, **facts}))
    end = f"{(first + timedelta(days=1)).astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    done = run("build", "--app", str(app), "-o", str(tmp_path / "out"), "--until", end, "--tz", "Europe/Berlin")
    assert done.exit_code == 0, done.output
    for page in ("index", "performance", "llm"):
        html = (tmp_path / "out" / f"{page}.html").read_text()
        charts = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.S)[1])
        timed = [(c, columns) for c in charts.values() for columns in c["data"].values() if "t" in columns]
        assert timed
        for chart, columns in timed:
            assert len(columns["t"]) == len(set(columns["t"])) == 96
            assert {b - a for a, b in pairwise(columns["t"])} == {15 * 60_000}
            signals = chart["signals"]
            assert len(signals["ticks"]) == len(signals["tick_names"]) >= 10
            if chart is charts.get("overview_events"):
                assert set(columns["value"]) == {3}
                assert all(b - a == 15 * 60_000 for a, b in zip(columns["t"], columns["t2"], strict=True))


def test_a_day_on_the_trends_page_goes_from_midnight_to_midnight(app, tmp_path):
    for day in ("2026-10-24", "2026-10-25", "2026-10-26"):
        write_log(app, entry("one", {"timestamp": f"{day}T12:00:00Z"}))
    until = ["--until", "2026-10-27T00:00Z", "--tz", "Europe/Berlin"]
    assert run("build", "--app", str(app), "-o", str(tmp_path / "out"), *until).exit_code == 0
    html = (tmp_path / "out" / "trends.html").read_text()
    days = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.S)[1])["days"]["data"]["bars"]
    assert [(b - a) / 3_600_000 for a, b in zip(days["t"], days["t2"], strict=True)] == [24, 25, 24]
    assert datetime.fromtimestamp(days["t"][1] / 1000, UTC).isoformat() == "2026-10-24T22:00:00+00:00"


def test_the_axis_is_labelled_in_the_viewers_zone(app, tmp_path):
    for minutes in range(0, 300, 5):
        ts = (datetime(2026, 10, 24, 23, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()
        write_log(app, entry("one", {"timestamp": ts}))
    arguments = ["--since", "2026-10-24T23:00Z", "--until", "2026-10-25T04:00Z", "--tz", "Europe/Berlin"]
    file = tmp_path / "report.html"
    done = run("build", "--app", str(app), "--single-file", str(file), "--static-charts", *arguments)
    assert done.exit_code == 0, done.output
    drawn = re.search(r'<svg data-static="".*?</svg>', file.read_text(), re.S)[0]
    labels = re.findall(r">(\w+ \d\d:\d\d(?: \w+)?)<", drawn)
    assert {"Sun 02:00 CEST", "Sun 02:00 CET", "Sun 03:00"} <= set(labels)
