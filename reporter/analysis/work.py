"""Finished work: what figures of single operations are made of, and how they lie over time. SQL, so that nothing is held."""

from __future__ import annotations


def finished(spans: str) -> str:
    """SQL: of a relation of spans the finished work, and what bears a call's tokens."""
    return f"(SELECT * FROM {spans} WHERE (is_operation AND status <> 'unfinished') OR counts_tokens)"


DONE = finished("window_spans")
# The start of the stretch of `$seconds` that `ts` lies in; stretches begin at multiples since 1970, in UTC.
BUCKET = "make_timestamp((epoch_us(ts) // ($seconds::BIGINT * 1000000)) * $seconds::BIGINT * 1000000)"
