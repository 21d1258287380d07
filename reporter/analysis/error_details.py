"""What a group's page tells beyond its figures: occurrences in full, what led up to them, what failing traces share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.events.packing import with_contexts
from reporter.redaction.cut import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import duckdb

    from reporter.analysis.errors import ErrorGroup

# Groups with a page of their own, the most frequent; and what a page holds at most.
DETAILED_GROUPS = 100
_BEFORE, _BEFORE_BYTES = 15, 50_000
_COMPARED_TRACES, _COMPARED_OPERATIONS = 500, 20
_LEAST_FAILING, _LEAST_OK = 3, 5
_LEAST_LIFT, _MOST_CHANCE, _SHOWN_COMMON = 1.2, 0.05, 10
_CHARS = 20_000
# How far up a path goes.
_STEPS = 20


@dataclass(frozen=True)
class Occurrence:
    """One error event in full. `context`, `extra`, `exception`: as logged, cut at 20,000 characters."""

    id: int
    ts: datetime
    kind: str
    event: str | None
    operation: str | None
    message: str | None
    correlation_id: str | None
    source: str
    offset: int
    context: str | None
    extra: str | None
    exception: str | None


@dataclass(frozen=True)
class Before:
    """An event before the failed operation of the latest fault (before the latest occurrence where no operation failed): of its
    trace, or where it has none, of its file. `before_ms` ≥ 0; `said`: its name, or the beginning of the log line; `operation`: what it is about."""

    before_ms: float
    kind: str
    said: str
    status: str | None
    operation: str | None


@dataclass(frozen=True)
class Common:
    """What failing traces have oftener than succeeding ones.

    `lift`: the share among the failing over that among the succeeding, the latter with half a trace added so that it is
    never 0. `chance`: probability of so many or more failing ones if it made no difference (Fisher's exact test, one-sided).
    """

    attribute: str
    value: str
    failing: int
    succeeding: int
    lift: float
    chance: float


@dataclass(frozen=True)
class ErrorDetails:
    """`path`: from the trace's outermost work to what failed first of the latest fault, as `kind operation`; empty where no span did.
    `common`: by lift, of the latest `failing` traces against the latest `succeeding` ones that have an operation of the
    group; None where these are too few."""

    occurrences: tuple[Occurrence, ...]
    before: tuple[Before, ...]
    failing: int
    succeeding: int
    common: tuple[Common, ...] | None
    path: tuple[str, ...] = ()


_OCCURRENCES = f"""
SELECT e.id, ts, kind, event, operation, {cut("message", _CHARS)}, correlation_id, coalesce(n.name, 'source ' || e.source), "offset",
  {cut("context", _CHARS)}, {cut("extra", _CHARS)}, {cut("exception", _CHARS)}
FROM {with_contexts()} e JOIN wanted USING (id) LEFT JOIN source_names n ON n.id = e.source"""

# What tells of the same fault did not lead up to it: a log line of a whole second seems to be earlier.
_PRECEDING = f"""
WITH latest AS (
  SELECT a.latest, e.id, e.correlation_id, ts, source, "offset", fault
  FROM events e JOIN anchors a ON a.anchor = e.id LEFT JOIN faults f ON f.event = a.latest),
found AS (
  SELECT l.latest, l.fault, (epoch_us(l.ts) - epoch_us(e.ts)) / 1000 AS before_ms, e.*
  FROM latest l JOIN events e ON e.correlation_id = l.correlation_id AND (e.ts < l.ts OR e.ts = l.ts AND e.id < l.id)
  UNION ALL
  SELECT l.latest, l.fault, (epoch_us(l.ts) - epoch_us(e.ts)) / 1000, e.*
  FROM latest l JOIN events e ON l.correlation_id IS NULL AND e.source = l.source
    AND e."offset" BETWEEN l."offset" - {_BEFORE_BYTES} AND l."offset" - 1),
last AS (
  SELECT * FROM found ANTI JOIN faults f ON f.event = found.id AND f.fault = found.fault
  QUALIFY row_number() OVER (PARTITION BY latest ORDER BY ts DESC, id DESC) <= {_BEFORE})
SELECT latest, greatest(0, before_ms), l.kind, {cut("coalesce(l.event, message, '')", 300)}, l.status, nullif(coalesce(l.operation, s.operation), l.event)
FROM last l LEFT JOIN (SELECT unnest([id, start_event]) AS event_id, operation FROM spans WHERE correlation_id IN (SELECT correlation_id FROM latest)) s
  ON s.event_id = l.id
ORDER BY latest, l.ts, l.id"""

_PATHS = f"""
WITH RECURSIVE linked AS MATERIALIZED (SELECT id, parent, kind, operation FROM spans WHERE correlation_id IN (SELECT unnest($traces))),
up AS (
  SELECT latest, parent, kind, operation, 0 AS step FROM anchors JOIN linked ON id = anchor
  UNION ALL
  SELECT latest, p.parent, p.kind, p.operation, step + 1 FROM up JOIN linked p ON p.id = up.parent WHERE step < {_STEPS})
SELECT latest, list(kind || ' ' || operation ORDER BY step DESC) FROM up GROUP BY latest"""

# The latest traces without any failure that have an operation of the group.
_SUCCEEDING = f"""
SELECT fingerprint, correlation_id, false AS fails
FROM (SELECT fingerprint, correlation_id, max(ts) AS ts FROM window_spans JOIN compared USING (operation)
    WHERE correlation_id IS NOT NULL GROUP BY ALL)
WHERE correlation_id NOT IN (SELECT correlation_id FROM window_events WHERE status = 'error' AND correlation_id IS NOT NULL)
QUALIFY row_number() OVER (PARTITION BY fingerprint ORDER BY ts DESC, correlation_id) <= {_COMPARED_TRACES}"""

_FACTS = f"""
WITH members AS MATERIALIZED (SELECT fingerprint, correlation_id, true AS fails FROM failing UNION ALL {_SUCCEEDING}),
spans_of AS MATERIALIZED (SELECT * FROM window_spans WHERE correlation_id IN (SELECT correlation_id FROM members)),
facts AS (
  SELECT DISTINCT correlation_id, attribute, value FROM (
    SELECT correlation_id, CASE type WHEN 'tool' THEN 'tool' WHEN 'step' THEN 'step' WHEN 'command' THEN 'command' ELSE 'operation' END AS attribute,
      operation AS value FROM spans_of WHERE type NOT IN ('llm', 'stream', 'root')
    UNION ALL SELECT correlation_id, 'provider', provider FROM spans_of
    UNION ALL SELECT correlation_id, 'model', model FROM spans_of)
  WHERE value IS NOT NULL)
SELECT fingerprint, attribute, value, count(*) FILTER (fails), count(*) FILTER (NOT fails)
FROM (SELECT fingerprint, fails, 'traces' AS attribute, '' AS value FROM members
  UNION ALL SELECT fingerprint, fails, attribute, value FROM members JOIN facts USING (correlation_id))
GROUP BY ALL ORDER BY ALL"""


def error_details(
    con: duckdb.DuckDBPyConnection, groups: Sequence[ErrorGroup], of_events: Iterable[tuple[int, int, int, int]]
) -> Mapping[str, ErrorDetails]:
    """Details of the first DETAILED_GROUPS groups, by fingerprint. `of_events`: as `Errors` has it. Beside the window's views it reads
    `events`, `spans` and `source_names`."""
    chosen = groups[:DETAILED_GROUPS]
    if not chosen:
        return {}
    con.execute("CREATE OR REPLACE TEMP TABLE wanted (id BIGINT, is_latest BOOLEAN)")
    wanted = {number: number == g.telling[0] for g in reversed(chosen) for number in g.telling}
    con.execute("INSERT INTO wanted SELECT unnest($1), unnest($2)", [list(wanted), list(wanted.values())])
    con.execute("CREATE OR REPLACE TEMP TABLE anchors (latest BIGINT, anchor BIGINT)")
    con.execute(
        "INSERT INTO anchors SELECT unnest($1), unnest($2)",
        [[g.telling[0] for g in chosen], [g.anchor for g in chosen]],
    )
    _keep_faults(con, [g.telling[0] for g in chosen], of_events)
    occurrences = {row[0]: Occurrence(*row) for row in con.execute(_OCCURRENCES).fetchall()}
    before: dict[int, list[Before]] = {}
    for latest, *rest in con.execute(_PRECEDING).fetchall():
        before.setdefault(latest, []).append(Before(*rest))
    traces = sorted({found.correlation_id for found in occurrences.values() if found.correlation_id})
    paths = {latest: tuple(path) for latest, path in con.execute(_PATHS, {"traces": traces}).fetchall()}
    facts = _facts(con, chosen)
    return {
        g.fingerprint: _details(
            tuple(occurrences[number] for number in g.telling if number in occurrences),
            tuple(before.get(g.telling[0], ())),
            facts.get(g.fingerprint, []),
            paths.get(g.telling[0], ()),
        )
        for g in chosen
    }


def _keep_faults(
    con: duckdb.DuckDBPyConnection, latest: Sequence[int], of_events: Iterable[tuple[int, int, int, int]]
) -> None:
    """Leave `faults`: the events of the faults that the latest ones are of."""
    fault_of = {number: fault for number, _, fault, _ in of_events}
    wanted = {fault_of[number] for number in latest if number in fault_of}
    events = [(number, fault) for number, fault in fault_of.items() if fault in wanted]
    con.execute("CREATE OR REPLACE TEMP TABLE faults (event BIGINT, fault BIGINT)")
    con.execute("INSERT INTO faults SELECT unnest($1), unnest($2)", [[e for e, _ in events], [f for _, f in events]])


def latest_of(con: duckdb.DuckDBPyConnection, groups: Sequence[ErrorGroup]) -> dict[str, Occurrence]:
    """The latest event that shows each group, by fingerprint."""
    con.execute("CREATE OR REPLACE TEMP TABLE wanted (id BIGINT, is_latest BOOLEAN)")
    con.execute("INSERT INTO wanted SELECT unnest($1), true", [[g.telling[0] for g in groups]])
    found = {row[0]: Occurrence(*row) for row in con.execute(_OCCURRENCES).fetchall()}
    return {g.fingerprint: found[g.telling[0]] for g in groups if g.telling[0] in found}


def _facts(con: duckdb.DuckDBPyConnection, groups: Sequence[ErrorGroup]) -> dict[str, list[tuple[str, str, int, int]]]:
    """(attribute, value, failing, succeeding) by fingerprint; the attribute `traces` counts them all."""
    pairs = [(g.fingerprint, trace) for g in groups for trace in g.traces]
    con.execute("CREATE OR REPLACE TEMP TABLE failing (fingerprint VARCHAR, correlation_id VARCHAR)")
    con.execute("CREATE OR REPLACE TEMP TABLE compared (fingerprint VARCHAR, operation VARCHAR)")
    con.execute("INSERT INTO failing SELECT unnest($1), unnest($2)", [[f for f, _ in pairs], [t for _, t in pairs]])
    named = [(g.fingerprint, operation) for g in groups for operation in g.operations[:_COMPARED_OPERATIONS]]
    con.execute("INSERT INTO compared SELECT unnest($1), unnest($2)", [[f for f, _ in named], [o for _, o in named]])
    found: dict[str, list[tuple[str, str, int, int]]] = {}
    for name, *fact in con.execute(_FACTS).fetchall():
        found.setdefault(name, []).append(tuple(fact))
    return found


def _details(
    occurrences: tuple[Occurrence, ...],
    before: tuple[Before, ...],
    facts: list[tuple[str, str, int, int]],
    path: tuple[str, ...],
) -> ErrorDetails:
    failing, succeeding = next(((f, s) for attribute, _, f, s in facts if attribute == "traces"), (0, 0))
    common: tuple[Common, ...] | None = None
    if failing >= _LEAST_FAILING and succeeding >= _LEAST_OK:
        rated = [
            Common(attribute, value, f, s, lift(f, failing, s, succeeding), chance(f, failing, s, succeeding))
            for attribute, value, f, s in facts
            if attribute != "traces" and f > 1
        ]
        kept = [c for c in rated if c.lift >= _LEAST_LIFT and c.chance < _MOST_CHANCE]
        common = tuple(sorted(kept, key=lambda c: (-c.lift, c.chance, c.attribute, c.value))[:_SHOWN_COMMON])
    return ErrorDetails(occurrences, before, failing, succeeding, common, path)


def lift(with_failing: int, failing: int, with_succeeding: int, succeeding: int) -> float:
    """The share of the failing over the share of the succeeding, half a trace added to the latter."""
    return (with_failing / failing) / ((with_succeeding + 0.5) / (succeeding + 0.5))


def chance(with_failing: int, failing: int, with_succeeding: int, succeeding: int) -> float:
    """Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution."""
    total, bearing = failing + succeeding, with_failing + with_succeeding
    ways = math.comb(total, failing)
    # Exact, each from the one before it: a binomial of thousands is dear.
    term, tail = math.comb(bearing, with_failing) * math.comb(total - bearing, failing - with_failing), 0
    for k in range(with_failing, min(bearing, failing) + 1):
        tail += term
        term = term * (bearing - k) * (failing - k) // ((k + 1) * (total - bearing - failing + k + 1))
    return tail / ways
