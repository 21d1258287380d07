"""logs.html: every entry of the window; and the data files behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.events.columns import LEVELS
from reporter.site.output import SiteFile
from reporter.site.render import data_script

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.log_data import LogData, LogEntry
    from reporter.analysis.results import Results

FILE, TITLE = "logs.html", "Logs"


@dataclass(frozen=True)
class LogsContext:
    """`notable`: rows that can be read without scripts; all are in data/logs-N.js, but for `left_out`. `bare`: entries without their
    context. `zone`: what times are shown in."""

    title: str
    notable: tuple[LogEntry, ...]
    total: int
    left_out: int
    bare: int
    levels: tuple[str, ...]
    zone: str


def context(results: Results, data: LogData, zone: ZoneInfo) -> LogsContext:
    return LogsContext(TITLE, data.notable, data.total, data.left_out, data.bare, LEVELS, zone.key)


def data_files(data: LogData) -> list[SiteFile]:
    """data/logs.js (sources and what each shard holds), logs-N.js (entries), log-contexts-N-M.js (what was logged with them)."""
    files = [SiteFile("data/logs.js", data_script("logs", data.index))]
    files += [SiteFile(f"data/logs-{n}.js", data_script(f"logs-{n}", text)) for n, text in data.shards.items()]
    files += [
        SiteFile(f"data/log-contexts-{n}-{part}.js", data_script(f"log-contexts-{n}-{part}", text))
        for (n, part), text in data.contexts.items()
    ]
    return files
