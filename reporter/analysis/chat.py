"""Chat: messages, streams and conversations, how soon and how fast answers come, and what messages lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.overview import COUNTED, bucket_seconds

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from reporter.window import Window

_CONVERSATIONS = 20


@dataclass(frozen=True)
class StreamFigures:
    """Finished streams of one provider/model. Time to first token and duration in ms; tokens/s: completion tokens of a
    stream over its seconds, the median of all that have both."""

    operation: str
    count: int
    errors: int
    ttft_p50_ms: float | None
    ttft_p95_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    tokens_per_second: float | None


@dataclass(frozen=True)
class StreamPoint:
    """Medians of one provider/model's streams that ended within a bucket from `start` on."""

    start: datetime
    operation: str
    ttft_ms: float | None
    duration_ms: float | None


@dataclass(frozen=True)
class Conversation:
    """`traces`: ids, latest first, at most 5; `messages`: distinct message ids."""

    conversation_id: str
    last: datetime
    messages: int
    errors: int
    trace_count: int
    traces: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """From one layer's name to the next one's: spans of the latter, and how many of them failed."""

    layer: int
    source: str
    target: str
    count: int
    errors: int


@dataclass(frozen=True)
class Chat:
    """`messages`: received; `invalid`: refused by validation. `flow`: messages → model → command → tool."""

    window: Window
    messages: int
    invalid: int
    conversations: int
    models: tuple[StreamFigures, ...]
    points: tuple[StreamPoint, ...]
    bucket_seconds: int
    recent: tuple[Conversation, ...]
    flow: tuple[Link, ...]


_TOTALS = """
SELECT count(*) FILTER (event IN ('chat.message.received', 'chat.message.sent')),
  count(*) FILTER (event IN ('chat.message.validation_failed', 'chat.validation.error')), count(DISTINCT conversation_id)
FROM window_events"""

_MODELS = f"""
SELECT operation, count(*), count(*) FILTER (status = 'error'), quantile_cont(ttft_ms, [0.5, 0.95]) FILTER (ttft_ms >= 0),
  quantile_cont(duration_ms, [0.5, 0.95]) FILTER ({COUNTED}),
  quantile_cont(completion_tokens / (duration_ms / 1000), 0.5) FILTER ({COUNTED} AND duration_ms > 0 AND completion_tokens IS NOT NULL)
FROM window_spans WHERE type = 'stream' AND is_operation GROUP BY operation ORDER BY count(*) DESC, operation"""

_POINTS = f"""
SELECT make_timestamp((epoch_us(ts) // ($step::BIGINT * 1000000)) * $step::BIGINT * 1000000) AS start, operation,
  quantile_cont(ttft_ms, 0.5) FILTER (ttft_ms >= 0), quantile_cont(duration_ms, 0.5) FILTER ({COUNTED})
FROM window_spans WHERE type = 'stream' AND is_operation GROUP BY ALL ORDER BY start, operation"""

_RECENT = f"""
WITH latest AS (SELECT conversation_id FROM window_events WHERE conversation_id IS NOT NULL
  GROUP BY ALL ORDER BY max(ts) DESC, conversation_id LIMIT {_CONVERSATIONS}),
told AS (
  SELECT conversation_id, correlation_id, max(ts) AS ts, count(*) FILTER (status = 'error') AS errors, list(DISTINCT message_id) AS messages
  FROM window_events SEMI JOIN latest USING (conversation_id) GROUP BY ALL)
SELECT conversation_id, max(ts) AS last, len(list_distinct(flatten(list(messages)))), sum(errors)::BIGINT, count(correlation_id),
  list(correlation_id ORDER BY ts DESC) FILTER (correlation_id IS NOT NULL)[:5]
FROM told GROUP BY conversation_id ORDER BY last DESC, conversation_id"""

# A trace's first stream tells its model; a tool call belongs to its command by id, else to its trace's first one.
_FLOW = """
WITH model AS (SELECT correlation_id, arg_min(operation, (start_ts, id)) AS model FROM window_spans
    WHERE type = 'stream' AND correlation_id IS NOT NULL GROUP BY 1),
command AS (SELECT correlation_id, execution_id, operation, status, start_ts, id FROM window_spans
  WHERE type = 'command' AND is_operation AND correlation_id IS NOT NULL),
first_command AS (SELECT correlation_id, arg_min(operation, (start_ts, id)) AS operation FROM command GROUP BY 1),
own_command AS (SELECT execution_id, min(operation) AS operation FROM command WHERE execution_id IS NOT NULL GROUP BY 1)
SELECT 0, 'messages', operation, count(*), count(*) FILTER (status = 'error') FROM window_spans WHERE type = 'stream' AND is_operation GROUP BY ALL
UNION ALL
SELECT 1, model, operation, count(*), count(*) FILTER (status = 'error') FROM command JOIN model USING (correlation_id) GROUP BY ALL
UNION ALL
SELECT 2, coalesce(o.operation, f.operation), t.operation, count(*), count(*) FILTER (status = 'error')
FROM window_spans t LEFT JOIN own_command o USING (execution_id) LEFT JOIN first_command f ON f.correlation_id = t.correlation_id
WHERE type = 'tool' AND is_operation AND t.correlation_id IN (SELECT correlation_id FROM model) AND coalesce(o.operation, f.operation) IS NOT NULL GROUP BY ALL
ORDER BY ALL"""


def chat(con: duckdb.DuckDBPyConnection, window: Window) -> Chat:
    """Chat figures of `window_events` and `window_spans`. Percentiles are linear between order statistics."""
    step = bucket_seconds(window)
    messages, invalid, conversations = con.execute(_TOTALS).fetchall()[0]
    none = (None, None)
    models = []
    for name, count, errors, first, whole, speed in con.execute(_MODELS).fetchall():
        (ttft_p50, ttft_p95), (p50, p95) = first or none, whole or none
        models.append(StreamFigures(name, count, errors, ttft_p50, ttft_p95, p50, p95, speed))
    recent = [
        Conversation(name, last, messages, errors, count, tuple(ids or ()))
        for name, last, messages, errors, count, ids in con.execute(_RECENT).fetchall()
    ]
    return Chat(
        window,
        messages,
        invalid,
        conversations,
        tuple(models),
        tuple(StreamPoint(*row) for row in con.execute(_POINTS, {"step": step}).fetchall()),
        step,
        tuple(recent),
        tuple(Link(*row) for row in con.execute(_FLOW).fetchall()),
    )
