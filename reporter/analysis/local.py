"""Times of a zone. To ask the zone for each row takes ten times as long as all else that is done with it, and within half an hour
no zone changes its clock: it is asked once for each half-hour that something was logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_HALF_HOUR_US = 1_800_000_000
# Where a zone's clock stood otherwise than before, of the half-hours that there are.
_CHANGES = f"""
WITH half_hours AS (
  SELECT make_timestamp(n * {_HALF_HOUR_US}) AS ts FROM (SELECT epoch_us(ts) // {_HALF_HOUR_US} AS n FROM events UNION SELECT epoch_us(ts) // {_HALF_HOUR_US} FROM spans)),
told AS (SELECT ts, epoch_us(timezone($zone, timezone('UTC', ts))) - epoch_us(ts) AS ahead_us FROM half_hours)
SELECT ts, ahead_us FROM told QUALIFY ahead_us IS DISTINCT FROM lag(ahead_us) OVER (ORDER BY ts) ORDER BY ts DESC"""
LOCAL = "local_time(ts)"


def know_zone(con: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Let statements ask for LOCAL: a zone's time of `ts` of any of `events` and `spans`."""
    cases = "".join(
        f" WHEN ts >= TIMESTAMP '{ts}' THEN to_microseconds({ahead_us})"
        for ts, ahead_us in con.execute(_CHANGES, {"zone": zone}).fetchall()
    )
    ahead = f"CASE{cases} END" if cases else "to_microseconds(0)"
    con.execute(f"CREATE OR REPLACE TEMP MACRO local_time(ts) AS ts + {ahead}")
