"""chat.html: messages, streams and conversations, and what messages lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import ranked
from reporter.site.flow import flow_chart

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.chat import Chat
    from reporter.analysis.performance import OperationFigures
    from reporter.analysis.results import Results
    from reporter.site.context import Chart

FILE, TITLE = "chat.html", "Chat"


@dataclass(frozen=True)
class ChatContext:
    """`ranks`: provider/model → its colour in the charts."""

    title: str
    chat: Chat
    streams: tuple[OperationFigures, ...]
    ranks: ranked.Ranking
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> ChatContext:
    view = used(results).chat
    ranks = ranked.ranking(view.models.set_index("operation")["count"].to_dict())
    charts: tuple[Chart, ...] = ()
    if len(view.models):
        first, whole = (ranked.points(view.points, "operation", value) for value in ("ttft_ms", "duration_ms"))
        charts = (
            flow_chart(view.flow),
            ranked.lines("ttft", "Time to first token over time, median by model", first, ranks, zone),
            ranked.lines("durations", "Duration of streams over time, median by model", whole, ranks, zone),
        )
    streams = tuple(o for o in results.performance.operations if o.type == "stream")
    return ChatContext(TITLE, view, streams, ranks, charts)
