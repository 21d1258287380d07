"""Texts of a relation at the gate: a database looks which may hold something, and only these are gone through.

Most entries of a log differ in ids, times and numbers alone. So the look, our rules and a scanner are given each text once as others
are like it; only where they would change that is the text itself redacted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from reporter.redaction.patterns import pattern

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from reporter.redaction.redactor import Redactor

# What a text is redacted as: a text, JSON that was logged, an id or a name.
TEXT, JSON, ID = "text", "json", "id"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_ULID = r"\b01[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{24}\b"
# What stands for an id or a time, and for a short number in JSON; longer ones may be a card's. The id is one that no look takes for a key.
_ID, _NUMBER = "01abcdefghjkmnpqrstvwxyzab", '":123'
_IDS, _NUMBERS = f"{_UUID}|{_TIME}|{_ULID}", '": ?-?[0-9]{1,9}(?:[.][0-9]{1,20})?([,}])'
_ALIKE = ((_IDS, _ID), (_NUMBERS, f"{_NUMBER}\\1"))
_OWN = f"{_IDS}|{_NUMBERS}"
_CONSTANT = pattern(f"{_ID}|{_NUMBER}[,}}]")
# Within a longer word an id's letters may tell whether that is a key: such texts are looked at each.
_WITHIN_LOOK = rf"[\w.-]{_ID}|{_ID}(?:[\w-]|[.:]\w)"
_WITHIN = pattern(_WITHIN_LOOK, re.ASCII)


# The automata of a first look take as long to make as going through so much.
_FEW_BYTES = 400_000


class Shown(dict[tuple[str, str], str]):
    """Texts that held something, by (TEXT, JSON or ID; the text): as they may leave."""

    def of(self, sort: str, text: str) -> str:
        """The text as it may leave."""
        return self.get((sort, text), text)

    def names(self) -> Mapping[str, str]:
        """Of ids and names."""
        return {text: shown for (sort, text), shown in self.items() if sort == ID}

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Leave the table `redacted` for `shown_columns`."""
        _make(con, "redacted", ("sort", "text", "shown"), [(*key, shown) for key, shown in self.items()])


def shown_columns(relation: str, columns: Mapping[str, str]) -> str:
    """SQL for a relation (SQL) with its columns as they may leave. `columns`: TEXT, JSON or ID by name."""
    joins = (
        f"LEFT JOIN redacted AS shown_{name} ON shown_{name}.sort = '{sort}' AND shown_{name}.text = r.{name}"
        for name, sort in columns.items()
    )
    shown = ", ".join(f"coalesce(shown_{name}.shown, r.{name}) AS {name}" for name in columns)
    return f"SELECT r.* REPLACE ({shown}) FROM ({relation}) AS r {' '.join(joins)}"


def sorted_texts(relation: str, columns: Mapping[str, str]) -> str:
    """SQL for the same columns as `redacted` wants them: `sort` and `text`, short ones once each."""
    logged = [name for name, sort in columns.items() if sort == JSON]
    parts = [f"SELECT '{JSON}' AS sort, {name} AS text FROM ({relation})" for name in logged]
    for sort in (TEXT, ID):
        if names := [name for name, of in columns.items() if of == sort]:
            told = f"SELECT DISTINCT {', '.join(names)} FROM ({relation})"
            parts.append(f"SELECT DISTINCT '{sort}' AS sort, unnest([{', '.join(names)}]) AS text FROM ({told})")
    return " UNION ALL ".join(parts)


def redacted(con: duckdb.DuckDBPyConnection, relation: str, redactor: Redactor | None) -> Shown:
    """What may leave in place of those texts of a relation that hold something. `relation`: SQL with `sort` and `text`.

    What our own rules leave a thorough redactor looks through again, and what it finds is hidden in every text.
    """
    if not redactor:
        return Shown()
    # Most texts that are ids are no secrets.
    is_id = f"length(text) = 36 AND regexp_full_match(text, '{_UUID}') AND NOT list_contains(?::VARCHAR[], text)"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE passing AS SELECT sort, text, {_alike("text")} AS alike
        FROM ({relation}) WHERE text IS NOT NULL AND NOT ({is_id})""",
        [sorted(redactor.known_ids)],
    )
    con.execute("CREATE OR REPLACE TEMP TABLE looked_at AS SELECT DISTINCT sort, alike FROM passing")
    rows = _suspects(con, redactor)
    probe = redactor.uncounted()
    alike = {(sort, text): _looked_through(probe, sort, text) for sort, text, _, is_suspect in rows if is_suspect}
    found = Shown()
    for sort, text, like, own in _those(
        con, [key for key, each in alike.items() if each.shown != each.text or each.is_within]
    ):
        if filled := alike[sort, like].of(own):
            found[sort, text] = filled
            redactor.counts.update(alike[sort, like].counts)
        else:
            _pass(found, redactor, [(sort, text)])
    if known := redactor.suspected_known("text"):
        _pass(found, redactor, con.execute(f"SELECT DISTINCT sort, text FROM passing WHERE {known}").fetchall())
    left = (
        alike[sort, text].shown if is_suspect else text
        for sort, text, is_worth_a_scan, is_suspect in rows
        if is_worth_a_scan
    )
    seer = redactor.thorough(left)
    if seer is not redactor:
        _pass(
            found, seer, con.execute(f"SELECT sort, text FROM passing WHERE {seer.suspected_known('text')}").fetchall()
        )
    con.execute("DROP TABLE passing; DROP TABLE looked_at")
    return found


def _suspects(con: duckdb.DuckDBPyConnection, redactor: Redactor) -> list[tuple[str, str, bool, bool]]:
    """Of `looked_at` what is to be gone through: sort, text, whether by a scanner, and whether by our rules."""
    size = con.execute("SELECT coalesce(sum(length(alike) + 40), 0) FROM looked_at").fetchall()[0][0]
    is_worth_a_scan = redactor.is_worth_a_scan("alike")
    if size <= _FEW_BYTES:
        return con.execute(f"SELECT sort, alike, {is_worth_a_scan}, true FROM looked_at").fetchall()
    # In one list, for one thread: each would make its own automata of the patterns first, which takes longer than to look. And
    # kept before it is chosen of, or it is looked at twice.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE looked_at AS
        SELECT sort, alike, {is_worth_a_scan} AS is_worth_a_scan,
          regexp_matches(alike, '{_WITHIN_LOOK}') OR {redactor.suspected("alike")} AS is_suspect
        FROM (SELECT unnest(list({{'sort': sort, 'alike': alike}}), recursive := true) FROM looked_at)"""
    )
    return con.execute("FROM looked_at WHERE is_worth_a_scan OR is_suspect").fetchall()


def _alike(text: str) -> str:
    for found, constant in _ALIKE:
        text = f"regexp_replace({text}, '{found}', '{constant}', 'g')"
    return text


@dataclass(frozen=True)
class _Alike:
    """What texts have in common, what is shown of it, and what was replaced in it."""

    text: str
    shown: str
    counts: Counter[str]

    @cached_property
    def is_within(self) -> bool:
        """Whether an id stands within a longer word."""
        return bool(_WITHIN.search(self.text))

    @cached_property
    def parts(self) -> list[str]:
        """What is shown between what is each text's own."""
        return _CONSTANT.split(self.shown)

    def of(self, own: list[str]) -> str | None:
        """What is shown of one of the texts, by what is its own; None where that is not shown as it is."""
        if len(self.parts) != len(own) + 1 or self.is_within:
            return None
        return "".join(chain.from_iterable(zip(self.parts, (*own, ""), strict=True)))


def _looked_through(probe: Redactor, sort: str, text: str) -> _Alike:
    shown = _passed(probe, sort, text)
    counts, probe.counts = probe.counts, type(probe.counts)()
    return _Alike(text, shown, counts)


def _those(con: duckdb.DuckDBPyConnection, alike: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, list[str]]]:
    """Of `passing` those texts that are like one of these: sort, text, what it is like, and what is its own, in order."""
    _make(con, "looked_at", ("sort", "alike"), alike)
    return con.execute(
        f"""SELECT *, regexp_extract_all(text, '{_OWN}')
        FROM (SELECT DISTINCT sort, text, alike FROM passing SEMI JOIN looked_at USING (sort, alike))"""
    ).fetchall()


def _make(con: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """A table of texts. Without Arrow: `export` answers without loading it."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    parts = ", ".join(f"unnest(?::VARCHAR[]) AS {name}" for name in names)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {parts}", columns)


def _pass(found: Shown, redactor: Redactor, texts: Iterable[tuple[str, str]]) -> None:
    for sort, text in texts:
        before = found.of(sort, text)
        if (shown := _passed(redactor, sort, before)) != before:
            found[sort, text] = shown


def _passed(redactor: Redactor, sort: str, text: str) -> str:
    passes = {TEXT: redactor.text, JSON: redactor.json_text, ID: redactor.identifier}
    return passes[sort](text)
