"""Which names a fact goes by, over all shapes and both naming generations: the naming tables of the domain as data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# column: the keys a fact is found under, best first (both naming generations).
FACTS: dict[str, tuple[str, ...]] = {
    "duration_ms": ("duration_ms", "total_duration_ms", "response_time_ms", "elapsed_ms"),
    "success": ("success",),
    "outcome": ("status",),
    "outcome2": ("outcome",),
    "event_type": ("event_type",),
    "message_id": ("message_id",),
    "conversation_id": ("conversation_id",),
    "session_id": ("session_id",),
    "fragment_id": ("fragment_id", "user_fragment_id"),
    "execution_id": ("execution_id", "command_execution_id"),
    "step_id": ("step_id",),
    "pipeline_id": ("pipeline_id",),
    "job_id": ("job_id", "processing_job_id"),
    "invocation_id": ("invocation_id",),
    "provider": ("provider", "provider_requested"),
    "model": ("model", "model_requested"),
    "tool": ("tool_name", "tool_slug", "tool"),
    "command": ("command", "command_slug", "command_name"),
    "step": ("step_name", "step_type", "step"),
    "prompt_tokens": (
        "token_usage.prompt_tokens",
        "token_usage.input",
        "tokens_prompt",
        "prompt_tokens",
    ),
    "completion_tokens": (
        "token_usage.completion_tokens",
        "token_usage.output",
        "tokens_completion",
        "completion_tokens",
    ),
    "total_tokens": ("token_usage.total_tokens", "total_tokens"),
    "cost_usd": ("cost_usd",),
    "ttft_ms": ("time_to_first_token_ms",),
    "dry_run": ("dry_run",),
    "cached_tokens": (
        "token_usage.cached_tokens",
        "token_usage.cache_read_input_tokens",
        "tokens_cached",
        "cached_tokens",
        "cache_read_input_tokens",
    ),
    "request_bytes": ("parameter_stats.size_bytes", "request_size_bytes", "request_size"),
    "response_bytes": ("result_stats.size_bytes", "response_size_bytes", "response_size", "result_size"),
    "attempt": ("attempt", "attempts", "attempt_number", "retry_count"),
    "state": ("new_status", "cache_hit", "from_cache", "cached", "condition_result", "healthy", "result"),
    "error_message": ("error_message", "error", "exception.message"),
    "error_class": ("error_type", "error_class", "exception.class"),
    "error_code": ("error_code",),
    "error_category": ("error_category",),
    "exception": ("exception",),
}


# The same for what lies outside `data`, whatever the shape.
FRAME_FACTS: dict[str, tuple[str, ...]] = {
    "event": ("event",),
    "own_time": ("meta.timestamp", "timestamp"),
    "event_id": ("meta.event_id", "event_id"),
    "correlation": (
        "correlation.correlation_id",
        "correlation_id",
        "correlation.context.correlation_id",
        "context.correlation_id",
        "context.correlation.correlation_id",
        "data.correlation_id",
    ),
}


EXTRA_CORRELATION = ("correlation_id", "correlation.correlation_id", "context.correlation_id")


ALL_PATHS = frozenset(path for keys in (*FACTS.values(), *FRAME_FACTS.values(), EXTRA_CORRELATION) for path in keys)


_PATH_NAMES = frozenset(name for path in ALL_PATHS for name in path.split("."))


# An ASCII character of a key may be written by its number.
_ESCAPED = re.compile(r"\\u00[0-7]")


def paths_in(texts: Iterable[str]) -> frozenset[str]:
    """Of ALL_PATHS those that may lead to something in one of these JSON texts: whose names all occur in them.

    A statement that follows these alone is planned in half the time, which counts where few entries are mapped.
    """
    text = "\n".join(texts)
    if _ESCAPED.search(text):
        return ALL_PATHS
    # JSON within a string has its quotes escaped.
    found = {name for name in _PATH_NAMES if f'{name}"' in text or f'{name}\\"' in text}
    return frozenset(path for path in ALL_PATHS if found.issuperset(path.split(".")))
