"""Hosts of a fleet: how much each did, how well, and when it was last heard of. Of one app alone there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.overview import KIND_FIGURES
from reporter.events.packing import with_contexts

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb


@dataclass(frozen=True)
class HostFigures:
    """`operations`: finished ones; `p95_ms` of all of them that have a duration. `last`: its latest event, whatever the window (UTC, without a
    zone). `versions`: of this program, that exported it; `app_versions`: as its latest events log them."""

    host: str
    events: int
    error_events: int
    traces: int
    operations: int
    errors: int
    error_rate: float | None
    unfinished: int
    p95_ms: float | None
    last: datetime
    versions: str
    app_versions: str


# `hosts` tells where each one's ids begin; all up to the next are its own.
_OF_HOSTS = "ASOF JOIN hosts ON id >= first"
_HOSTS = f"""
WITH e AS (SELECT host, count(*) AS events, count(*) FILTER (status = 'error') AS error_events, count(DISTINCT correlation_id) AS traces
  FROM window_events {_OF_HOSTS} GROUP BY host),
s AS (SELECT host, {KIND_FIGURES} FROM window_spans {_OF_HOSTS} GROUP BY host),
seen AS (SELECT host, max(ts) AS last FROM events {_OF_HOSTS} GROUP BY host),
-- Contexts are long: those of an hour say it, which are found by ids alone.
said AS (SELECT host, string_agg(DISTINCT version, ', ' ORDER BY version) AS app_versions
  FROM (SELECT host, CASE WHEN json_valid(context) THEN context ->> '$.meta.version' END AS version
    FROM (SELECT id, host FROM (SELECT id, ts FROM events) {_OF_HOSTS} JOIN seen USING (host) WHERE ts >= last - INTERVAL 1 HOUR)
      JOIN {with_contexts()} USING (id)) GROUP BY host)
SELECT host, coalesce(events, 0), coalesce(error_events, 0), coalesce(traces, 0), s.* EXCLUDE (host), last, versions, coalesce(app_versions, '')
FROM hosts LEFT JOIN e USING (host) LEFT JOIN s USING (host) LEFT JOIN seen USING (host) LEFT JOIN said USING (host)
ORDER BY host"""


def hosts(con: duckdb.DuckDBPyConnection) -> tuple[HostFigures, ...]:
    """All hosts of the relation `hosts` (host, first, number, versions) by name, over `window_events`, `window_spans` and `events`."""
    # Of one app alone: all ids would be sorted to find none.
    if not con.execute("SELECT 1 FROM hosts LIMIT 1").fetchall():
        return ()
    found = []
    for host, events, error_events, traces, count, errors, unfinished, percentiles, last, *versions in con.execute(
        _HOSTS
    ).fetchall():
        rate = errors / count if count else None
        p95_ms = percentiles[1] if percentiles else None
        found.append(
            HostFigures(
                host,
                events,
                error_events,
                traces,
                count or 0,
                errors or 0,
                rate,
                unfinished or 0,
                p95_ms,
                last,
                *versions,
            )
        )
    return tuple(found)
