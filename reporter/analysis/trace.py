"""One trace in full, and the ids that one may have meant.

Plain columns, put together in Python: DuckDB plans the JSON of `trace_data` for longer than all of this takes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reporter.events.packing import with_contexts
from reporter.redaction.cut import shortened
from reporter.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import duckdb

Json = dict[str, Any]

# Readers of JSON give up at depths around 1000.
CONTAINERS_AT_MOST = 900
# orjson writes at most 254 levels, of which the document around a context takes four.
_DEEP = 240
# What a span tells where it is known, beside what scripts rely on.
SPAN_DETAILS = (
    "type", "provider", "model", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd", "counts_tokens", "ttft_ms", "dry_run", "message_id",
    "conversation_id", "fragment_id", "execution_id", "step_id", "pipeline_id", "invocation_id", "start_event", "row_event",
)  # fmt: skip
# Of these, what a summary needs.
SUMMED = ("type", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd", "counts_tokens")
_EVENT_COLUMNS = (
    "id",
    "ts",
    "kind",
    "event",
    "operation",
    "status",
    "duration_ms",
    "level",
    "message",
    "source",
    "offset",
)
_SPAN_COLUMNS = ("id", "parent", "kind", "operation", "start_ts", "ts", "duration_ms", "status")
_OWN = "correlation_id = $1"
_ROOT = 200


def trace(con: duckdb.DuckDBPyConnection, correlation_id: str, *, is_brief: bool = False) -> Json | None:
    """One whole trace, in the window or not; None where there is none. The document of `trace_data`, but for nothing shortened.

    `{correlation_id, root, start, end, duration_ms, status, failed, events: [...], spans: [...]}`: what stands before the events as
    `traces.summaries` has it (`failed`: operations), events in order of time, spans by start with
    the id of their parent. `is_brief`: only what a table of the events and a summary tell; events without `context` and `extra`, of
    the spans SUMMED. Reads `traces`, `events`, `spans` and `source_names` (id, name).
    """
    # When its events were spares a look at all those of the sink; a span's time is that of an event.
    known = con.execute(f"SELECT first_ts, last_ts FROM traces WHERE {_OWN}", [correlation_id]).fetchall()
    if not known:
        return None
    first, last = min(row[0] for row in known), max(row[1] for row in known)
    names = (*_EVENT_COLUMNS, *(() if is_brief else ("context", "extra")))
    own = f"{_OWN} AND ts BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}'"
    events = _rows(con, "events" if is_brief else with_contexts(), names, own, correlation_id)
    details = SUMMED if is_brief else SPAN_DETAILS
    spans = _rows(con, "spans", (*_SPAN_COLUMNS, "is_operation", *details), own, correlation_id)
    if not events:
        return None
    # Sorted here: DuckDB plans for longer.
    events.sort(key=lambda event: (event["ts"], event["id"]))
    spans.sort(
        key=lambda span: (span["start_ts"], span["duration_ms"] is None, -(span["duration_ms"] or 0), span["id"])
    )
    start, end = _bounds(events, spans)
    sources = dict(con.execute("FROM source_names SELECT id, name").fetchall())
    operations = {span["id"]: span["operation"] for span in spans}
    return {
        "correlation_id": correlation_id,
        "root": _root(events, spans),
        "start": _iso(start),
        "end": _iso(end),
        "duration_ms": (end - start) / timedelta(milliseconds=1),
        "status": _status(events, spans),
        "failed": sum(span["status"] == "error" and span["is_operation"] for span in spans),
        "events": [_event(event, sources, operations) for event in events],
        "spans": [_span(span, details) for span in spans],
    }


def _rows(
    con: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], condition: str, correlation_id: str
) -> list[Json]:
    found = con.execute(f"SELECT {quoted(names)} FROM {table} WHERE {condition}", [correlation_id]).fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def _root(events: list[Json], spans: list[Json]) -> str:
    """The work it was about, as `traces.summaries` has it."""
    if not spans:
        named = next((event["event"] or event["message"] for event in events if event["event"] or event["message"]), "")
        return shortened(str(named), _ROOT)
    outer = {"command": 0, "root": 1, "stream": 2}
    most = min(spans, key=lambda s: (outer.get(s["type"], 3), -(s["duration_ms"] or 0), s["start_ts"], s["id"]))
    return shortened(f"{most['kind']} {most['operation']}", _ROOT)


def _bounds(events: list[Json], spans: list[Json]) -> tuple[datetime, datetime]:
    """Start and end; the start as `traces.summaries` has it."""
    exact = [event["ts"] for event in events if event["ts"].microsecond] + [span["start_ts"] for span in spans]
    rough = [event["ts"] for event in events if not event["ts"].microsecond]
    start = min(exact or rough)
    if rough and min(rough) < start - timedelta(seconds=1):
        start = min(rough)
    return start, max(start, *(event["ts"] for event in events), *(span["ts"] for span in spans))


def _status(events: list[Json], spans: list[Json]) -> str:
    if any(item["status"] == "error" for item in (*events, *spans)):
        return "error"
    return "unfinished" if any(span["status"] == "unfinished" for span in spans) else "ok"


def _event(event: Json, sources: dict[int, str], operations: dict[int, str]) -> Json:
    """As in the document; one that ends a span has the operation of its start."""
    event["ts"] = _iso(event["ts"])
    if event["operation"] is None:
        event["operation"] = operations.get(event["id"])
    event["source"] = sources.get(event["source"]) or f"source {event['source']}"
    for name in ("context", "extra"):
        if name in event:
            event[name] = _parsed(event[name])
    return event


def _span(span: Json, details: Sequence[str]) -> Json:
    """As in the document: what scripts rely on even if null, the rest where it is known."""
    is_open = span["status"] == "unfinished"
    core = {
        **{name: span[name] for name in ("id", "parent", "kind", "operation")},
        "start": _iso(span["start_ts"]),
        "end": None if is_open else _iso(span["ts"]),
        "duration_ms": span["duration_ms"],
        "status": span["status"],
    }
    known = {name: span[name] for name in details if span[name] is not None}
    if not known.get("counts_tokens"):
        known.pop("counts_tokens", None)
    return {**core, **known}


def _parsed(text: str | None) -> Any:  # noqa: ANN401 - any JSON value
    """JSON; what is none, or is nested too deep for readers of JSON, as the text it is."""
    import orjson

    containers = text.count("{") + text.count("[") if text else 0
    if text is None or containers >= CONTAINERS_AT_MOST:
        return text
    try:
        value = orjson.loads(text)
        if containers > _DEEP:
            orjson.dumps([[[[value]]]])
        return value
    except (ValueError, TypeError):
        return text


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='microseconds')}Z"


def ids_like(con: duckdb.DuckDBPyConnection, asked: str, at_most: int) -> list[str]:
    """Ids of traces that begin with `asked`; where none does, those that hold it, or resemble it most, whole or as far as it goes."""
    rows = con.execute(
        "SELECT DISTINCT correlation_id FROM traces WHERE starts_with(correlation_id, ?) ORDER BY 1 LIMIT ?",
        [asked, at_most],
    ).fetchall()
    if not rows:
        rows = con.execute(
            """SELECT correlation_id FROM (
              SELECT correlation_id, contains(lower(correlation_id), lower($1)) AS held,
                greatest(jaro_winkler_similarity(lower(correlation_id), lower($1)),
                  jaro_winkler_similarity(lower(left(correlation_id, length($1))), lower($1))) AS alike
              FROM (SELECT DISTINCT correlation_id FROM traces))
            WHERE held OR alike > 0.85 ORDER BY held DESC, alike DESC, correlation_id LIMIT $2""",
            [asked, at_most],
        ).fetchall()
    return [row[0] for row in rows]
