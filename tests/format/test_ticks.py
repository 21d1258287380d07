"""Ticks of time axes: round times of the viewer's clock, at real instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as some

from reporter.format.ticks import AT_MOST, ticks
from reporter.format.words import moment

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_the_hour_that_comes_twice_has_two_ticks_an_hour_apart_with_two_names():
    found, names = ticks(at("2026-10-24T23:00Z"), at("2026-10-25T04:30Z"), BERLIN)
    assert names[names.index("Sun 02:00 CEST") + 2] == "Sun 02:00 CET"
    assert (names[0], names[-1]) == ("Sun 01:00", "Sun 05:30")
    assert {b - a for a, b in pairwise(found)} == {30 * 60_000}


def test_an_hour_that_is_left_out_has_no_tick():
    _, names = ticks(at("2026-03-28T23:00Z"), at("2026-03-29T07:00Z"), BERLIN)
    assert names == ["Mar 29", "Sun 01:00", "Sun 03:00", *(f"Sun 0{n}:00" for n in range(4, 10))]


def test_days_of_23_and_25_hours_begin_at_midnight():
    for first, midnights in (("2026-03-27T23:00Z", 5), ("2026-10-23T22:00Z", 4)):
        found, names = ticks(at(first), at(first) + 4 * 86_400_000, BERLIN)
        assert [moment(datetime.fromtimestamp(t / 1000, UTC), BERLIN)[11:] for t in found[::2]] == [
            "00:00:00"
        ] * midnights
        assert all(name[3] == " " and name[4].isdigit() for name in names[::2])


@given(
    some.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),
    some.timedeltas(timedelta(minutes=5), timedelta(days=40_000)),
    some.sampled_from(ZONES),
)
def test_ticks_lie_inside_in_order_few_and_at_round_times(start, length, zone):
    begin, end = (int(t.replace(tzinfo=UTC).timestamp() * 1000) for t in (start, start + length))
    found, names = ticks(begin, end, ZoneInfo(zone))
    assert found == sorted(set(found))
    assert len(found) == len(names) <= 2 * AT_MOST
    assert all(begin <= t <= end for t in found)
    assert all(moment(datetime.fromtimestamp(t / 1000, UTC), ZoneInfo(zone))[17:19] == "00" for t in found)
    assert found or length < timedelta(days=40)
