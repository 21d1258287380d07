"""llm.html: tokens and cost by model, over time and by trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.results import used
from reporter.format import words
from reporter.site import series
from reporter.site.context import TimeAxis

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
    colours: series.Colours
    charts: tuple[Chart, ...]


def context(results: Results, zone: ZoneInfo) -> LlmContext:
    view = used(results).llm
    tokens, cost = (series.points(view.points, "operation", value) for value in ("tokens", "cost_usd"))
    colours = series.colours_of(tokens)
    charts: tuple[Chart, ...] = ()
    if tokens["value"].any():
        axis = TimeAxis.of(results.window, zone)
        charts = (
            series.bars(
                "tokens",
                "Tokens over time by model",
                tokens,
                colours,
                axis,
                lambda n: f"{n:,.0f} tokens",
                follow={"of": "tokens"},
            ),
        )
        if cost["value"].any():
            title = "Logged cost over time by model"
            charts += (series.bars("cost", title, cost, colours, axis, words.usd, unit="usd", follow={"of": "cost"}),)
    models, unpriced = view.models, view.models[view.models["priced_usd"].isna()]
    return LlmContext(
        TITLE,
        view,
        int(models["calls"].sum()),
        int(models["tokens"].sum()),
        float(models["cost_usd"].sum()),
        float(models["priced_usd"].sum()),
        int(unpriced["calls"].sum() - unpriced["costed_calls"].sum()),
        colours,
        charts,
    )
