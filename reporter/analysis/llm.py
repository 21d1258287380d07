"""What the language models were used for: tokens, cost and latency by provider/model, over time, and by trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reporter import frames
from reporter.analysis.overview import BUCKET, COUNTED
from reporter.analysis.weights import added, how_many, percentile, total
from reporter.analysis.work import TOKENS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from reporter.analysis.given import Price

_EXPENSIVE = 15


@dataclass(frozen=True)
class Llm:
    """Frames, by provider/model (`operation`), each call once; cost in USD, as logged. `prices`: as configured.

    `models`: operation, calls, errors, tokens, of which prompt, completion, cached are told, cost_usd (of `costed_calls`), costed_calls,
    priced_usd (of the others, from the configured price; missing without one), p50_ms, p95_ms, tokens_per_second (completion
    tokens over the seconds of the calls that have both); most tokens first. `points`: start (of a bucket), operation, tokens,
    cost_usd; earliest first. `expensive`: correlation_id, start, calls, tokens, cost_usd of traces; by cost, then tokens.
    """

    models: pd.DataFrame
    points: pd.DataFrame
    expensive: pd.DataFrame
    prices: Mapping[str, Price]


_MODELS_DTYPES = {
    "operation": frames.TEXT, **dict.fromkeys(("calls", "errors", "tokens", "prompt", "completion", "cached"), "Int64"), "cost_usd": "float64",
    "costed_calls": "Int64", **dict.fromkeys(("prompt_unpriced", "completion_unpriced", "cached_unpriced"), "Int64"),
    **dict.fromkeys(("p50_ms", "p95_ms", "tokens_per_second"), "float64"),
}  # fmt: skip
_MODELS = f"""
WITH used AS (SELECT s.*, e.cached_tokens FROM window_spans s LEFT JOIN window_events e USING (id) WHERE s.counts_tokens)
SELECT operation, {how_many()}, {how_many("status = 'error'")}, sum({TOKENS})::BIGINT AS tokens,
  coalesce(sum(prompt_tokens), 0)::BIGINT, coalesce(sum(completion_tokens), 0)::BIGINT, coalesce(sum(cached_tokens), 0)::BIGINT, coalesce({added("cost_usd")}, 0), {how_many("cost_usd IS NOT NULL")},
  coalesce(sum(prompt_tokens) FILTER (cost_usd IS NULL), 0)::BIGINT, coalesce(sum(completion_tokens) FILTER (cost_usd IS NULL), 0)::BIGINT,
  coalesce(sum(cached_tokens) FILTER (cost_usd IS NULL), 0)::BIGINT,
  {percentile("duration_ms", 0.5, COUNTED)}, {percentile("duration_ms", 0.95, COUNTED)},
  sum(completion_tokens) FILTER ({COUNTED} AND duration_ms > 0)
    / nullif({total("duration_ms", f"{COUNTED} AND duration_ms > 0 AND completion_tokens IS NOT NULL")} / 1000, 0)
FROM used GROUP BY operation ORDER BY tokens DESC, operation"""

_TRACES_DTYPES = {
    "correlation_id": frames.TEXT, "start": frames.TIME, "calls": "Int64", "tokens": "Int64", "cost_usd": "float64",
}  # fmt: skip
_TRACES = f"""
SELECT correlation_id, min(start_ts), count(*), sum({TOKENS})::BIGINT AS tokens, coalesce({added("cost_usd")}, 0) AS cost
FROM window_spans WHERE counts_tokens AND correlation_id IS NOT NULL GROUP BY correlation_id
ORDER BY cost DESC, tokens DESC, correlation_id LIMIT {_EXPENSIVE}"""


_POINTS_DTYPES = {"start": frames.TIME, "operation": frames.TEXT, "tokens": "Int64", "cost_usd": "float64"}
_POINTS = f"""
SELECT {BUCKET} AS start, operation, sum({TOKENS})::BIGINT, coalesce({added("cost_usd")}, 0)
FROM window_spans WHERE counts_tokens GROUP BY ALL ORDER BY start, operation"""


def llm(con: duckdb.DuckDBPyConnection, seconds: int, prices: Mapping[str, Price]) -> Llm:
    """Use of models in the window, over time in buckets of `seconds`. `prices`: by provider/model; nothing is priced that has
    no price there."""
    models = frames.query(con, _MODELS, _MODELS_DTYPES)
    unpriced = ["prompt_unpriced", "completion_unpriced", "cached_unpriced"]
    priced = [
        cost_of(prices[operation], *tokens) if operation in prices and costed < calls else None
        for operation, calls, costed, *tokens in zip(
            *(models[name] for name in ("operation", "calls", "costed_calls", *unpriced)), strict=True
        )
    ]
    models.insert(9, "priced_usd", pd.Series(priced, dtype="float64"))
    points = frames.query(con, _POINTS, _POINTS_DTYPES, {"seconds": seconds})
    return Llm(models.drop(columns=unpriced), points, frames.query(con, _TRACES, _TRACES_DTYPES), prices)


def cost_of(price: Price, prompt: int, completion: int, cached: int) -> float:
    """USD: cached tokens are part of the prompt's and have their own price."""
    fresh = max(0, prompt - cached)
    return (fresh * price.prompt + cached * price.cached + completion * price.completion) / 1e6
