"""What pages count beside operations, for their filter: messages, retries, health checks, outcomes, sizes; and whose conversations they are.

SQL over `window_events`, `carried`, `selectable` and its names (operations.py), which asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter import engine
from reporter.analysis.as_json import digits
from reporter.analysis.chat import OWN_CONVERSATION

if TYPE_CHECKING:
    from typing import Any

    import duckdb

    from reporter.redaction.redactor import Redactor

# Beyond so many a page would take too long to load them; then what is made of them does not follow the filter.
NOTES_AT_MOST = 300_000
# In the order of their numbers in `what`.
WHAT = ("message", "refused", "retry", "check", "change", "template", "condition", "size")

_CHANGE, _CONDITION, _SIZE = (WHAT.index(name) for name in ("change", "condition", "size"))
# The names that the pages' own figures have: analysis/chat.py, processing.py, tools.py and commands.py.
NOTED = """
CREATE OR REPLACE TEMP TABLE noted AS
WITH told AS (
  SELECT id, ts, kind, operation, event, tool, state, status, correlation_id, request_bytes, response_bytes,
    CASE WHEN event IN ('chat.message.received', 'chat.message.sent') THEN 0
      WHEN event IN ('chat.message.validation_failed', 'chat.validation.error') THEN 1
      WHEN kind = 'processing' AND phase = 'finish' AND attempt > 1 THEN 2
      WHEN event = 'tool.health.check' AND tool IS NOT NULL THEN 3
      WHEN event = 'tool.health.status_changed' THEN 4
      WHEN event = 'command.template.rendered' THEN 5
      WHEN event = 'command.condition.evaluated' THEN 6
      WHEN event IN ('tool.invocation.completed', 'tool.invocation.failed') AND tool IS NOT NULL
        AND coalesce(request_bytes, response_bytes) IS NOT NULL THEN 7 END AS what
  FROM window_events)
SELECT id, epoch_ms(ts) AS t, what, CASE WHEN what IN (3, 4, 7) THEN 'tool' ELSE kind END AS kind,
  CASE WHEN what IN (3, 4, 7) THEN coalesce(tool, 'unknown') WHEN what = 2 THEN coalesce(operation, 'unknown') ELSE coalesce(operation, event) END AS operation,
  CASE WHEN what BETWEEN 4 AND 6 THEN state END AS state, coalesce(status = 'error', false) OR (what = 3 AND lower(state) = 'false') AS failed,
  correlation_id, request_bytes AS request, response_bytes AS response
FROM told WHERE what IS NOT NULL"""

_NOTES = """
SELECT what, t, m.number AS name, coalesce(l.n, -1) AS trace, coalesce(o.failed, false) AS failed, state, h.number AS host, request, response
FROM noted o JOIN selectable_names m ON m.kind = o.kind AND m.type = '' AND m.operation = o.operation
  LEFT JOIN carried l ON l.correlation_id = o.correlation_id
  ASOF LEFT JOIN hosts h ON o.id >= h.first
ORDER BY t, o.id"""

# The latest first, as the page lists them; each with when its messages were first told of, and in which trace.
CONVERSATIONS = f"""
CREATE OR REPLACE TEMP TABLE conversations AS
SELECT conversation_id, row_number() OVER (ORDER BY max(ts) DESC, conversation_id) - 1 AS number
FROM window_events WHERE conversation_id IS NOT NULL GROUP BY 1;
CREATE OR REPLACE TEMP TABLE trace_conversations AS
WITH owned AS (SELECT correlation_id, number AS whose FROM ({OWN_CONVERSATION}) JOIN conversations ON conversation_id = own)
SELECT correlation_id, n AS trace, whose FROM carried FULL JOIN owned USING (correlation_id)"""
_TRACES = "SELECT coalesce(whose, -1) AS whose FROM trace_conversations WHERE trace IS NOT NULL ORDER BY trace"
_MESSAGES = """
SELECT number AS conversation, t, trace FROM (
  SELECT number, epoch_ms(min(ts)) AS t, coalesce(arg_min(l.n, (ts, id)), -1) AS trace
  FROM window_events e JOIN conversations USING (conversation_id) LEFT JOIN carried l ON l.correlation_id = e.correlation_id
  WHERE message_id IS NOT NULL GROUP BY number, message_id) ORDER BY t, number, trace"""


def notes(con: duckdb.DuckDBPyConnection, redactor: Redactor | None) -> dict[str, Any] | None:
    """Columns of `noted`, in order of time; None where there are too many.

    `what`: a digit each, a place in WHAT. `t`: as the difference from the one before. `name`, `trace`: as in operations' rows; `failed`:
    a digit each. `state`: of changes, templates and conditions alone; `request`, `response` (bytes): of sizes alone.
    """
    import numpy as np

    if con.execute("SELECT count(*) FROM noted").fetchall()[0][0] > NOTES_AT_MOST:
        return None
    table = engine.arrow(con, _NOTES, {})
    what = table["what"].to_numpy()
    states = table["state"].filter((what >= _CHANGE) & (what <= _CONDITION)).to_pylist()
    shown = {state: redactor.text(state) if redactor else state for state in sorted({*states} - {None, ""})}
    sizes = {name: table[name].filter(what == _SIZE).to_pylist() for name in ("request", "response")}
    return {
        "what": digits(what),
        # As differences: shorter.
        "t": np.diff(table["t"].to_numpy(), prepend=0),
        "name": table["name"].to_numpy(),
        "trace": table["trace"].to_numpy(),
        "failed": digits(table["failed"].to_numpy()),
        "state": [shown.get(state) for state in states],
        "host": table["host"].drop_null().to_numpy(),
        **sizes,
    }


def conversations(con: duckdb.DuckDBPyConnection, redactor: Redactor | None) -> dict[str, Any]:
    """`ids`: of all of `conversations`, latest first. `traces`: whose each trace is alone, -1 for none. `messages`: conversation (a place in these), t, trace of each distinct one."""
    ids = [row[0] for row in con.execute("SELECT conversation_id FROM conversations ORDER BY number").fetchall()]
    messages = engine.arrow(con, _MESSAGES, {})
    shown = [redactor.identifier(name) for name in ids] if redactor else ids
    traces = engine.arrow(con, _TRACES, {})["whose"].to_numpy()
    return {
        "ids": shown,
        "traces": traces,
        "messages": {name: messages[name].to_numpy() for name in messages.column_names},
    }
