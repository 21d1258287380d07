"""chat.html: messages, streams and conversations, and what messages lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.site import series
from reporter.site.context import TimeAxis
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
    """`colours`: provider/model → its series in the charts."""

    title: str
    chat: Chat
    streams: tuple[OperationFigures, ...]
    colours: series.Colours
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> ChatContext:
    view = used(results).chat
    colours = series.colours(view.models.set_index("operation")["count"].to_dict())
    charts: tuple[Chart, ...] = ()
    if len(view.models):
        first, whole = (series.points(view.points, "operation", value) for value in ("ttft_ms", "duration_ms"))
        axis = TimeAxis.of(results.window, zone)
        charts = (
            flow_chart(view.flow),
            series.lines(
                "ttft", "Time to first token over time, median by model", first, colours, axis, follow={"of": "ttft"}
            ),
            series.lines(
                "durations",
                "Duration of streams over time, median by model",
                whole,
                colours,
                axis,
                follow={"of": "duration", "types": ["stream"]},
            ),
        )
    streams = tuple(o for o in results.performance.operations if o.type == "stream")
    return ChatContext(TITLE, view, streams, colours, charts)
