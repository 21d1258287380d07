"""What of a window an answer is about: `--include`, `--exclude`, `--no-dry-runs`, as SQL over events and spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reporter.errors import UsageError
from reporter.events.columns import LEVELS
from reporter.events.names import KINDS
from reporter.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

_WORDS: Mapping[str, tuple[str, ...]] = {"kind": KINDS, "level": LEVELS}
_KEYS = ("kind", "operation", "level")
_HINT = "Write such as kind=chat,llm or operation='openai/*' or level=error."


class Chosen(NamedTuple):
    """`include`, `exclude`: by kind, operation and level what is wanted, or not: words, operations as globs. Values of one key are
    alternatives; an event has to be wanted by all keys of `include` and by none of `exclude` not."""

    include: Mapping[str, tuple[str, ...]] = {}
    exclude: Mapping[str, tuple[str, ...]] = {}
    without_dry_runs: bool = False

    def __str__(self) -> str:
        """In words; empty where all is wanted."""
        said = [f"only {_said(self.include)}"] if self.include else []
        said += [f"without {_said(self.exclude)}"] if self.exclude else []
        return "; ".join([*said, *(["without dry runs"] if self.without_dry_runs else [])])

    @property
    def events(self) -> str:
        """SQL: a relation of the wanted of `events`."""
        # An event that ends work has the operation of its start.
        operation, source = "operation", "events e"
        if "operation" in {**self.include, **self.exclude}:
            operation, source = "coalesce(o.named, e.operation)", "events e LEFT JOIN operations_of_events o USING (id)"
        wanted = self._wanted("e.kind", operation, "e.level IN ({})")
        if self.without_dry_runs:
            wanted.append("NOT coalesce(e.dry_run, false) AND e.id NOT IN (SELECT id FROM dry_events)")
        return f"(SELECT e.* FROM {source} WHERE {' AND '.join(wanted)})" if wanted else "events"

    @property
    def spans(self) -> str:
        """SQL: the same of `spans`; the level is that of the event that ended it."""
        wanted = self._wanted("s.kind", "s.operation", "s.id IN (SELECT id FROM events WHERE level IN ({}))")
        if self.without_dry_runs:
            wanted.append("s.id NOT IN (SELECT id FROM dry_spans)")
        return f"(SELECT s.* FROM spans s WHERE {' AND '.join(wanted)})" if wanted else "spans"

    def _wanted(self, kind: str, operation: str, level: str) -> list[str]:
        tests = {
            "kind": lambda values: f"{kind} IN ({_texts(values)})",
            "operation": lambda values: (
                "(" + " OR ".join(f"{operation} GLOB {literal(value)}" for value in values) + ")"
            ),
            "level": lambda values: level.format(_texts(values)),
        }
        wanted = [f"coalesce({tests[key](values)}, false)" for key, values in self.include.items()]
        return wanted + [f"NOT coalesce({tests[key](values)}, false)" for key, values in self.exclude.items()]


def parse_chosen(include: Iterable[str], exclude: Iterable[str], *, without_dry_runs: bool) -> Chosen:
    """`kind=chat,llm`, `operation=openai/*,level=error` → Chosen. Raises UsageError."""
    return Chosen(_parsed(include), _parsed(exclude), without_dry_runs)


def _parsed(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        for key, value in _pairs(text):
            known = _WORDS.get(key)
            said = value if not known else next((word for word in known if word.lower() == value.lower()), None)
            if not said:
                msg = f"“{value}” is no {key}"
                raise UsageError(msg, f"There are {', '.join(known)}." if known else _HINT)
            found[key] = (*found.get(key, ()), said)
    return found


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Key and value; a value without a key has that of the one before."""
    key = ""
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if sign and name.strip().lower() in _KEYS:
            key, part = name.strip().lower(), value
        if not key:
            msg = f"“{text}” does not say what by"
            raise UsageError(msg, _HINT)
        yield key, part.strip()


# Work that was only tried out, and all within it.
_DRY_SPANS = """
CREATE OR REPLACE TEMP TABLE dry_spans AS
WITH RECURSIVE dry(id) AS (
  SELECT id FROM spans WHERE dry_run OR execution_id IN (SELECT execution_id FROM spans WHERE dry_run AND execution_id IS NOT NULL)
  UNION SELECT s.id FROM spans s JOIN dry ON s.parent = dry.id)
SELECT id FROM dry"""
_IDS = "unnest([id, start_event, row_event]) AS id"
_DRY_EVENTS = f"""
CREATE OR REPLACE TEMP TABLE dry_events AS
SELECT DISTINCT id FROM (SELECT {_IDS} FROM spans SEMI JOIN dry_spans USING (id)) WHERE id IS NOT NULL"""
_OPERATIONS = f"""
CREATE OR REPLACE TEMP TABLE operations_of_events AS
SELECT id, min(operation) AS named FROM (SELECT {_IDS}, operation FROM spans) WHERE id IS NOT NULL GROUP BY id"""


def prepare(con: duckdb.DuckDBPyConnection, chosen: Chosen) -> None:
    """Make the temporary tables that `chosen`'s relations ask."""
    if chosen.without_dry_runs:
        con.execute(_DRY_SPANS)
        con.execute(_DRY_EVENTS)
    if "operation" in {**chosen.include, **chosen.exclude}:
        con.execute(_OPERATIONS)


def _said(wanted: Mapping[str, tuple[str, ...]]) -> str:
    return " and ".join(f"{key} {', '.join(values)}" for key, values in wanted.items())


def _texts(values: Iterable[str]) -> str:
    return ", ".join(literal(value) for value in values)
