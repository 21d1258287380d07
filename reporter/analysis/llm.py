"""What the language models were used for: tokens, cost and latency by provider/model, over time, and by trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.overview import COUNTED, bucket_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

    from reporter.analysis.given import Price
    from reporter.window import Window

_EXPENSIVE = 15


@dataclass(frozen=True)
class ModelUse:
    """One provider/model. `calls` and tokens: of spans that count their call's tokens, so each call once.

    `cost_usd`: as logged, of `costed_calls`; `priced_usd`: of the others, from the configured price, null without one.
    `tokens_per_second`: completion tokens over the seconds of the calls that have both.
    """

    operation: str
    calls: int
    errors: int
    prompt: int
    completion: int
    cached: int
    cost_usd: float
    costed_calls: int
    priced_usd: float | None
    p50_ms: float | None
    p95_ms: float | None
    tokens_per_second: float | None


@dataclass(frozen=True)
class UsePoint:
    """Tokens and logged cost of one provider/model within a bucket from `start` on."""

    start: datetime
    operation: str
    prompt: int
    completion: int
    cost_usd: float


@dataclass(frozen=True)
class ExpensiveTrace:
    correlation_id: str
    start: datetime
    calls: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True)
class Llm:
    """`models`: most tokens first; `expensive`: by logged cost, then tokens."""

    window: Window
    models: tuple[ModelUse, ...]
    points: tuple[UsePoint, ...]
    bucket_seconds: int
    expensive: tuple[ExpensiveTrace, ...]
    prices: Mapping[str, Price]


_TOKENS = "coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)"
_MODELS = f"""
WITH used AS (SELECT s.*, e.cached_tokens FROM window_spans s LEFT JOIN window_events e USING (id) WHERE s.counts_tokens)
SELECT operation, count(*), count(*) FILTER (status = 'error'), coalesce(sum(prompt_tokens), 0)::BIGINT,
  coalesce(sum(completion_tokens), 0)::BIGINT, coalesce(sum(cached_tokens), 0)::BIGINT, coalesce(sum(cost_usd ORDER BY id), 0), count(cost_usd),
  coalesce(sum(prompt_tokens) FILTER (cost_usd IS NULL), 0)::BIGINT, coalesce(sum(completion_tokens) FILTER (cost_usd IS NULL), 0)::BIGINT,
  coalesce(sum(cached_tokens) FILTER (cost_usd IS NULL), 0)::BIGINT,
  quantile_cont(duration_ms, [0.5, 0.95]) FILTER ({COUNTED}),
  sum(completion_tokens) FILTER ({COUNTED} AND duration_ms > 0)
    / nullif(sum(duration_ms ORDER BY id) FILTER ({COUNTED} AND duration_ms > 0 AND completion_tokens IS NOT NULL) / 1000, 0)
FROM used GROUP BY operation ORDER BY sum({_TOKENS}) DESC NULLS LAST, operation"""

_POINTS = """
SELECT make_timestamp((epoch_us(ts) // ($step::BIGINT * 1000000)) * $step::BIGINT * 1000000) AS start, operation,
  coalesce(sum(prompt_tokens), 0)::BIGINT, coalesce(sum(completion_tokens), 0)::BIGINT, coalesce(sum(cost_usd ORDER BY id), 0)
FROM window_spans WHERE counts_tokens GROUP BY ALL ORDER BY start, operation"""

_TRACES = f"""
SELECT correlation_id, min(start_ts), count(*), sum({_TOKENS})::BIGINT AS tokens, coalesce(sum(cost_usd ORDER BY id), 0) AS cost
FROM window_spans WHERE counts_tokens AND correlation_id IS NOT NULL GROUP BY correlation_id
ORDER BY cost DESC, tokens DESC, correlation_id LIMIT {_EXPENSIVE}"""


def llm(con: duckdb.DuckDBPyConnection, window: Window, prices: Mapping[str, Price]) -> Llm:
    """Use of models in the window. `prices`: by provider/model; nothing is priced that has no price there."""
    step = bucket_seconds(window)
    models = []
    for operation, calls, errors, prompt, completion, cached, cost, costed, *unpriced, ps, speed in con.execute(
        _MODELS
    ).fetchall():
        price = prices.get(operation)
        priced = cost_of(price, *unpriced) if price and costed < calls else None
        p50, p95 = ps or (None, None)
        models.append(
            ModelUse(operation, calls, errors, prompt, completion, cached, cost, costed, priced, p50, p95, speed)
        )
    points = con.execute(_POINTS, {"step": step}).fetchall()
    traces = con.execute(_TRACES).fetchall()
    return Llm(
        window,
        tuple(models),
        tuple(UsePoint(*row) for row in points),
        step,
        tuple(ExpensiveTrace(*row) for row in traces),
        prices,
    )


def cost_of(price: Price, prompt: int, completion: int, cached: int) -> float:
    """USD: cached tokens are part of the prompt's and have their own price."""
    fresh = max(0, prompt - cached)
    return (fresh * price.prompt + cached * price.cached + completion * price.completion) / 1e6
