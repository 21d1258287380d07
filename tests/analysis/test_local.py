"""A zone's time is what the zone says it is, before and after its clocks change, though it is not asked for each row."""

from __future__ import annotations

import pytest

from reporter import engine
from reporter.analysis.local import LOCAL, know_zone

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")


@pytest.mark.parametrize("zone", ZONES)
def test_it_is_what_the_zone_says(zone):
    con = engine.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        """CREATE TABLE events AS SELECT unnest(range(TIMESTAMP '2025-01-01', TIMESTAMP '2027-01-01', INTERVAL 7 MINUTE)) AS ts;
        CREATE TABLE spans AS SELECT TIMESTAMP '1997-06-01 12:34:56.789' AS ts"""
    )
    know_zone(con, zone)
    for table in ("events", "spans"):
        wrong = con.execute(
            f"SELECT count(*), count(*) FILTER ({LOCAL} IS DISTINCT FROM timezone($zone, timezone('UTC', ts))) FROM {table}",
            {"zone": zone},
        ).fetchall()
        assert wrong[0][0] > 0
        assert wrong[0][1] == 0


def test_nothing_logged_is_no_error():
    con = engine.connect()
    con.execute("CREATE TABLE events (ts TIMESTAMP); CREATE TABLE spans (ts TIMESTAMP)")
    know_zone(con, "Europe/Berlin")
    assert con.execute(f"SELECT count({LOCAL}) FROM events").fetchall() == [(0,)]
