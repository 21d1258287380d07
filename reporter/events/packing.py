"""How a context is kept: ids and times that its event's columns hold too are marks in it. No I/O, no clock.

They are most of what does not compress: a sink takes a third less room. Statements that read contexts unpack them (`with_contexts`): of a
column that is computed, DuckDB computes each row as it is inserted too.
"""

from __future__ import annotations

from reporter.events.columns import EVENT_COLUMNS

# The columns of an event as it is kept.
PACKED_COLUMNS = tuple("packed" if name == "context" else name for name in EVENT_COLUMNS)

# A mark is this and a letter. Where a context holds the character itself, all of it is kept as it is, after _WHOLE.
_MARK = "chr(1)"
_WHOLE = "chr(1) || '='"
# No mark, and nowhere in a packed context.
_NOWHERE = "chr(1) || '-'"
# Mark and what it stands for, as it is written in contexts. That is computed again when a context is read, by whatever version: what it
# gives must never change, nor the order, and the columns stay as they are while an event is kept.
_MARKS = (
    (f"{_MARK} || 'a'", "record_id::VARCHAR"),
    (f"{_MARK} || 'b'", "strftime(ts, '%Y-%m-%dT%H:%M:%S.%f')"),
    (f"{_MARK} || 'c'", "correlation_id"),
    # Of ids that no event has together one each: a mark costs a look through the text.
    (f"{_MARK} || 'd'", "coalesce(pipeline_id, message_id, invocation_id)"),
    (f"{_MARK} || 'e'", "coalesce(conversation_id, fragment_id, execution_id)"),
    (f"{_MARK} || 'f'", "':' || coalesce(duration_ms, ttft_ms)::VARCHAR"),
)


def _packed() -> str:
    packed = "context"
    for mark, value in _MARKS:
        packed = f"replace({packed}, coalesce({value}, {_NOWHERE}), {mark})"
    return f"CASE WHEN contains(context, {_MARK}) THEN {_WHOLE} || context ELSE {packed} END"


def _unpacked() -> str:
    """Backwards: a later mark may stand for a text with an earlier mark in it, never the other way round."""
    context = "packed"
    for mark, value in reversed(_MARKS):
        context = f"replace({context}, {mark}, coalesce({value}, ''))"
    return f"CASE WHEN starts_with(packed, {_WHOLE}) THEN substr(packed, 3) ELSE {context} END"


# SQL over the columns of an event: `context` → `packed`, and back.
PACKED = _packed()
UNPACKED = _unpacked()
# Characters that a context has at least, told without unpacking it: a mark takes two for at least one.
PACKED_LENGTH = "length(packed) // 2"


def with_contexts(events: str = "events") -> str:
    """SQL: a relation of kept events as one with their contexts, for statements that read them."""
    return f"(SELECT *, {UNPACKED} AS context FROM {events})"
