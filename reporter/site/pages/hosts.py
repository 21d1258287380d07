"""hosts.html: which hosts of a fleet fail, are slow, or have not been heard of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.hosts import HostFigures
    from reporter.analysis.results import Results

FILE, TITLE = "hosts.html", "Hosts"


@dataclass(frozen=True)
class HostsContext:
    title: str
    hosts: tuple[HostFigures, ...]
    silent: int


def context(results: Results, _: ZoneInfo) -> HostsContext:
    """Those with most failed operations first."""
    found = sorted(used(results).hosts, key=lambda host: (-host.errors, -host.error_events, host.host))
    return HostsContext(TITLE, tuple(found), sum(not host.events for host in found))
