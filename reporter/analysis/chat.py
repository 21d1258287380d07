"""Chat: messages, streams and conversations, how soon and how fast answers come, and what messages lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter import frames
from reporter.analysis import FIRST_TOKEN
from reporter.analysis.overview import BUCKET, COUNTED
from reporter.analysis.weights import added, how_many, percentile
from reporter.analysis.work import TOKENS, finished

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_CONVERSATIONS = 500


@dataclass(frozen=True)
class Chat:
    """`messages`: received; `invalid`: refused by validation. Frames:

    `models`: operation (provider/model), count, errors, ttft_p50_ms, ttft_p95_ms (time to first token), p50_ms, p95_ms,
    tokens_per_second (completion tokens of a stream over its seconds, the median of all that have both); most streams first.
    `points`: start (of a bucket), operation, ttft_ms, duration_ms: medians of the streams that ended in it; earliest first.
    `recent`: conversation_id, first, last, messages (distinct ids), errors (error events), operations (provider/model), tokens,
    cost_usd, trace_count, traces (ids, latest first, at most 5), of the latest 500; latest first. Tokens and cost are those of calls
    that name the conversation, or whose trace is of this one alone. `flow`: layer, source, target, count, errors: messages → model → command → tool.
    """

    messages: int
    invalid: int
    conversations: int
    models: pd.DataFrame
    points: pd.DataFrame
    recent: pd.DataFrame
    flow: pd.DataFrame


_TOTALS = f"""
SELECT {how_many("event IN ('chat.message.received', 'chat.message.sent')")},
  {how_many("event IN ('chat.message.validation_failed', 'chat.validation.error')")}, count(DISTINCT conversation_id)
FROM window_events"""

_RECENT_DTYPES = {
    "conversation_id": frames.TEXT, "first": frames.TIME, "last": frames.TIME, "messages": "Int64", "errors": "Int64",
    "operations": object, "tokens": "Int64", "cost_usd": "float64", "trace_count": "Int64", "traces": object,
}  # fmt: skip
# The conversation of a trace that is of one alone: what a call of it that names none belongs to.
OWN_CONVERSATION = """
SELECT correlation_id, min(conversation_id) AS own FROM window_events WHERE conversation_id IS NOT NULL AND correlation_id IS NOT NULL
GROUP BY 1 HAVING count(DISTINCT conversation_id) = 1"""
_RECENT = f"""
WITH latest AS (SELECT conversation_id FROM window_events WHERE conversation_id IS NOT NULL
  GROUP BY ALL ORDER BY max(ts) DESC, conversation_id LIMIT {_CONVERSATIONS}),
told AS (
  SELECT conversation_id, correlation_id, min(ts) AS first, max(ts) AS ts, count(*) FILTER (status = 'error') AS errors,
    list(DISTINCT message_id) AS messages
  FROM window_events SEMI JOIN latest USING (conversation_id) GROUP BY ALL),
traced AS ({OWN_CONVERSATION}),
used AS (
  SELECT coalesce(s.conversation_id, own) AS conversation_id, list_sort(list(DISTINCT operation)) AS operations,
    sum({TOKENS})::BIGINT AS tokens, {added("cost_usd")} AS cost_usd
  FROM window_spans s LEFT JOIN traced USING (correlation_id) WHERE counts_tokens GROUP BY 1),
conversations AS (
  SELECT conversation_id, min(first) AS first, max(ts) AS last, len(list_distinct(flatten(list(messages)))) AS messages,
    sum(errors)::BIGINT AS errors, count(correlation_id) AS trace_count,
    coalesce(list(correlation_id ORDER BY ts DESC) FILTER (correlation_id IS NOT NULL)[:5], []) AS traces
  FROM told GROUP BY conversation_id)
SELECT conversation_id, first, last, messages, errors, coalesce(operations, []), coalesce(tokens, 0), coalesce(cost_usd, 0), trace_count, traces
FROM conversations LEFT JOIN used USING (conversation_id) ORDER BY last DESC, conversation_id"""

_FLOW_DTYPES = {"layer": "Int64", "source": frames.TEXT, "target": frames.TEXT, "count": "Int64", "errors": "Int64"}


def flow_links(spans: str) -> str:
    """SQL: what each finished span of the flow comes from: id, ts, layer, source, target, status, weight. A trace's first stream tells its
    model; a tool call belongs to its command by id, else to its trace's first one."""
    return f"""
WITH model AS (SELECT correlation_id, arg_min(operation, (start_ts, id)) AS model FROM {spans}
    WHERE type = 'stream' AND correlation_id IS NOT NULL GROUP BY 1),
command AS (SELECT correlation_id, execution_id, operation, status, start_ts, ts, id, weight FROM {spans}
  WHERE type = 'command' AND is_operation AND correlation_id IS NOT NULL),
first_command AS (SELECT correlation_id, arg_min(operation, (start_ts, id)) AS operation FROM command GROUP BY 1),
own_command AS (SELECT execution_id, min(operation) AS operation FROM command WHERE execution_id IS NOT NULL GROUP BY 1)
SELECT id, ts, 0 AS layer, 'messages' AS source, operation AS target, status, weight FROM {spans} WHERE type = 'stream' AND is_operation
UNION ALL
SELECT id, ts, 1, model, operation, status, weight FROM command JOIN model USING (correlation_id)
UNION ALL
SELECT t.id, t.ts, 2, coalesce(o.operation, f.operation), t.operation, t.status, t.weight
FROM {spans} t LEFT JOIN own_command o USING (execution_id) LEFT JOIN first_command f ON f.correlation_id = t.correlation_id
WHERE type = 'tool' AND is_operation AND t.correlation_id IN (SELECT correlation_id FROM model) AND coalesce(o.operation, f.operation) IS NOT NULL"""


_FLOW = f"""
SELECT layer, source, target, {how_many()}, {how_many("status = 'error'")} FROM (
  SELECT layer, source, target, status, weight FROM ({flow_links("window_spans")})
  UNION ALL SELECT layer, first, second, status, weight FROM window_counted WHERE what = 'flow') GROUP BY ALL ORDER BY ALL"""


_MODELS_DTYPES = {
    "operation": frames.TEXT, "count": "int64", "errors": "int64",
    **dict.fromkeys(("ttft_p50_ms", "ttft_p95_ms", "p50_ms", "p95_ms", "tokens_per_second"), "float64"),
}  # fmt: skip
_TTFT = "ttft_ms >= 0 AND NOT isnan(ttft_ms)"
_IS_STREAM = "type = 'stream'"
_STREAMS = f"(SELECT * FROM {finished('window_spans')} WHERE {_IS_STREAM} UNION ALL FROM window_spans WHERE type = '{FIRST_TOKEN}')"
_MODELS = f"""
SELECT operation, {how_many(_IS_STREAM)}, {how_many("status = 'error'")}, {percentile("ttft_ms", 0.5, _TTFT)},
  {percentile("ttft_ms", 0.95, _TTFT)}, {percentile("duration_ms", 0.5, COUNTED)},
  {percentile("duration_ms", 0.95, COUNTED)},
  {percentile("completion_tokens / weight / (duration_ms / 1000)", 0.5, f"{COUNTED} AND duration_ms > 0")}
FROM {_STREAMS} GROUP BY operation ORDER BY {how_many(_IS_STREAM)} DESC, operation"""
_POINTS_DTYPES = {"start": frames.TIME, "operation": frames.TEXT, "ttft_ms": "float64", "duration_ms": "float64"}
_POINTS = f"""
SELECT {BUCKET} AS start, operation, {percentile("ttft_ms", 0.5, _TTFT)}, {percentile("duration_ms", 0.5, COUNTED)}
FROM {_STREAMS} GROUP BY ALL ORDER BY start, operation"""


def chat(con: duckdb.DuckDBPyConnection, seconds: int) -> Chat:
    """Chat figures of `window_events` and `window_spans`, over time in buckets of `seconds`."""
    messages, invalid, conversations = con.execute(_TOTALS).fetchall()[0]
    return Chat(
        messages,
        invalid,
        conversations,
        frames.query(con, _MODELS, _MODELS_DTYPES),
        frames.query(con, _POINTS, _POINTS_DTYPES, {"seconds": seconds}),
        frames.query(con, _RECENT, _RECENT_DTYPES),
        frames.query(con, _FLOW, _FLOW_DTYPES),
    )
