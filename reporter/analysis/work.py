"""Finished work: what figures of single operations are made of. SQL, so that nothing is held."""

from __future__ import annotations


def finished(spans: str) -> str:
    """SQL: of a relation of spans the finished work, and what bears a call's tokens."""
    return f"(SELECT * FROM {spans} WHERE (is_operation AND status <> 'unfinished') OR counts_tokens)"


DONE = finished("window_spans")
# SQL: a call's tokens: all of them as logged, which may be more than what went in and came out, else these.
TOKENS = "coalesce(total_tokens, coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0))"
