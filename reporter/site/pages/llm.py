"""llm.html: tokens and cost by model, over time and by trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.format import words
from reporter.site import ranked

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.llm import Llm
    from reporter.analysis.results import Results
    from reporter.site.context import Chart

FILE, TITLE = "llm.html", "LLM use"


@dataclass(frozen=True)
class LlmContext:
    """`cost_usd`: as logged; `priced_usd`: of calls that log none, from configured prices; `unpriced`: calls with neither."""

    title: str
    view: Llm
    calls: int
    tokens: int
    cost_usd: float
    priced_usd: float
    unpriced: int
    ranks: ranked.Ranking
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> LlmContext:
    view = used(results).llm
    tokens = [(p.start, p.operation, float(p.prompt + p.completion)) for p in view.points]
    cost = [(p.start, p.operation, p.cost_usd) for p in view.points]
    ranks = ranked.ranking_of(tokens)
    charts: tuple[Chart, ...] = ()
    if any(value for _, _, value in tokens):
        step = view.bucket_seconds
        charts = (
            ranked.bars("tokens", "Tokens over time by model", tokens, ranks, step, zone, lambda n: f"{n:,.0f} tokens"),
        )
        if any(value for _, _, value in cost):
            charts += (ranked.bars("cost", "Logged cost over time by model, USD", cost, ranks, step, zone, words.usd),)
    return LlmContext(
        TITLE,
        view,
        sum(m.calls for m in view.models),
        sum(m.prompt + m.completion for m in view.models),
        sum(m.cost_usd for m in view.models),
        sum(m.priced_usd or 0 for m in view.models),
        sum(m.calls - m.costed_calls for m in view.models if m.priced_usd is None),
        ranks,
        charts,
    )
