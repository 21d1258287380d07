"""What the Logs page loads: every entry of the window, latest first, in shards of columns by time; and what no trace carries of them.

Columns go from DuckDB over Arrow to JSON; only distinct texts become Python objects, and of these only what may hold a secret is
walked through.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reporter import engine
from reporter.analysis.as_json import dumped
from reporter.analysis.shards import Part, parts
from reporter.analysis.trace import CONTAINERS_AT_MOST
from reporter.events.columns import LEVELS
from reporter.events.names import KINDS
from reporter.redaction.cut import cut
from reporter.redaction.relation import ID, JSON, TEXT, sorted_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa

    from reporter.redaction.relation import Shown

# Entries a shard at most, and how many of them have their contexts in one file.
SHARD, CONTEXTS = 28_000, 500
# What a report carries at most: entries, bytes of distinct texts and of contexts. A look for secrets takes 26 µs a text (146,000 in
# 3.8 s of CPU), which is what these bounds are for; most entries say what others say. Contexts are looked for among so many entries.
ENTRIES, TEXT_BYTES, CONTEXT_BYTES = 1_000_000, 8_000_000, 4_000_000
CONTEXTS_AT_MOST = 100_000
_TEXT_CHARS, _CONTEXT_CHARS = 1000, 20_000
_SHOWN = 200
_DATE_AND_ENDING = re.compile(r"([-_.]?\d{4}-?\d\d-?\d\d)?(\.\w{1,6})*$")
_WARNING = LEVELS.index("WARNING")


@dataclass(frozen=True)
class LogEntry:
    """An entry for readers without scripts."""

    ts: datetime
    level: str | None
    text: str
    source: str
    channel: str
    status: str | None
    correlation_id: str | None


@dataclass(frozen=True)
class LogData:
    """`total`: entries of the window, of which `left_out` are not carried (the latest, and warnings before others, are); `bare` are
    carried without their context. `index`: JSON of the sources and of what each shard holds, latest first; `shards`: columnar JSON by
    name (shards.py); `contexts`: JSON by (shard, part), of entries that no trace's document has. `notable`: the latest warnings and failures.
    """

    total: int
    left_out: int
    bare: int
    index: str
    shards: Mapping[str, str]
    contexts: Mapping[tuple[str, int], str]
    notable: tuple[LogEntry, ...]


NO_LOGS = LogData(0, 0, 0, "{}", {}, {}, ())


def length(context: str = "context", chars: str = "length(context)") -> str:
    """SQL: characters of what an entry was logged with beside its message, 0 where that is but brackets. `context`: the column, of which
    `chars` are counted."""
    return f"CASE WHEN length({context}) > 2 OR length(extra) > 2 THEN coalesce({chars}, 0) + coalesce(length(extra), 0) ELSE 0 END"


# The text is the message, or what stands for it, with what went wrong where the message does not say so.
_SAID = "coalesce(nullif(message, ''), event, '')"
_WHOLE = f"""CASE WHEN error_message IS NULL OR contains({_SAID}, error_message) THEN {_SAID}
  ELSE {_SAID} || ' · ' || error_message END"""
_TEXT = f"({cut(f'({_WHOLE})', _TEXT_CHARS)})"
_LEVEL = "coalesce(list_position($levels::VARCHAR[], level) - 1, -1)"
BAD = f"({_LEVEL} >= {_WARNING} OR coalesce(status = 'error', false))"
_TOTAL = "SELECT count(*) FROM window_events"
# Texts are told apart by their hashes wherever all are gone through: they would not fit in memory.
_SIZE = f"""SELECT coalesce(sum(size), 0) FROM (
  SELECT any_value(octet_length(encode(text))) AS size FROM (SELECT {_TEXT} AS text FROM window_events) GROUP BY hash(text))"""
_LIST = f"""
SELECT id, epoch_us(ts) AS us, {_LEVEL}::INTEGER AS level, coalesce(list_position($kinds::VARCHAR[], kind) - 1, -1)::INTEGER AS kind,
  coalesce(status = 'error', false) AS is_failed, source, "offset", {_TEXT} AS text, correlation_id AS trace
FROM window_events"""
_FIRST = "ORDER BY is_bad DESC, ts DESC, id DESC"
_PLACE = f"({BAD}, ts, id)"
# Warnings and failures first, then what is latest, up to the first that is one too many, or says for the first time what is too much: that is found by
# each text's first place, since to sort all with their texts takes three times as long.
_CAPPED = f"""
WITH places AS (SELECT {_PLACE} AS place, {_TEXT} AS text FROM window_events),
firsts AS (SELECT max(place) AS place, any_value(octet_length(encode(text))) AS size FROM places GROUP BY hash(text)),
beyond AS (
  SELECT place FROM firsts QUALIFY sum(size) OVER (ORDER BY place DESC) > $bytes
  UNION ALL (SELECT (is_bad, ts, id) FROM (SELECT {BAD} AS is_bad, ts, id FROM window_events) {_FIRST} LIMIT 1 OFFSET $entries)),
border AS (SELECT max(place) AS place FROM beyond)
{_LIST}, border WHERE coalesce({_PLACE} > place, true)"""
_ORDER = " ORDER BY us DESC, id DESC"
# Entries of the window with a context that no trace's document has; `logged` has how long these are at least (logged.py).
_CONTEXTUAL = "(SELECT id, ts, is_bad, size FROM logged ANTI JOIN chosen USING (n) WHERE size > 0 AND ts IS NOT NULL)"
# Those that may be carried with it, and those that are.
_NEAR = f"""
CREATE OR REPLACE TEMP TABLE log_near AS
WITH latest AS (FROM {_CONTEXTUAL} {_FIRST} LIMIT {CONTEXTS_AT_MOST})
SELECT id, ts, is_bad FROM latest QUALIFY sum(least(size, {_CONTEXT_CHARS})) OVER ({_FIRST}) <= $bytes"""
_KEPT = f"""
CREATE OR REPLACE TEMP TABLE log_kept AS
SELECT id FROM log_near JOIN (SELECT id, {length()} AS size FROM told) USING (id) QUALIFY sum(least(size, {_CONTEXT_CHARS})) OVER ({_FIRST}) <= $bytes"""
_LACKING = f"SELECT count(*) FROM {_CONTEXTUAL} ANTI JOIN log_kept USING (id)"
_CONTEXTS = f"""
SELECT id, {cut("context", _CONTEXT_CHARS)} AS context, {cut("extra", _CONTEXT_CHARS)} AS extra FROM told SEMI JOIN log_kept USING (id) ORDER BY id"""


@dataclass(frozen=True)
class Entries:
    """What is carried, as it was logged: `list` (_LIST) by time, latest first, and `contexts` of those that no trace's document
    has; `lacking` have none for want of room."""

    total: int
    list: pa.Table
    contexts: pa.Table
    lacking: int


# The texts that leave with them, for the gate.
TEXTS = " UNION ALL ".join(
    (
        sorted_texts("FROM log_list", {"text": TEXT, "trace": ID}),
        sorted_texts("FROM log_contexts", {"context": JSON, "extra": JSON}),
        sorted_texts("FROM source_names", {"name": ID}),
    )
)


def near(con: duckdb.DuckDBPyConnection) -> None:
    """Leave `log_near`, the entries that may be carried with their contexts beside those of traces that are `chosen`."""
    con.execute(_NEAR, {"bytes": CONTEXT_BYTES})


def keep_contexts(con: duckdb.DuckDBPyConnection) -> None:
    """Leave `log_kept`, the ids of those that are, by their contexts in `told`; drops `log_near`."""
    con.execute(_KEPT, {"bytes": CONTEXT_BYTES})
    con.execute("DROP TABLE log_near")


def entries(con: duckdb.DuckDBPyConnection) -> Entries:
    """Of `window_events`, with what `logged.keep` leaves. Leaves `log_list` and `log_contexts` for `TEXTS`. As many statements however
    many entries there are."""
    given: dict[str, object] = {"levels": list(LEVELS), "kinds": list(KINDS)}
    total = con.execute(_TOTAL).fetchall()[0][0]
    is_capped = total > ENTRIES or con.execute(_SIZE).fetchall()[0][0] > TEXT_BYTES
    if is_capped:
        given |= {"bytes": TEXT_BYTES, "entries": ENTRIES}
    found = engine.arrow(con, (_CAPPED if is_capped else _LIST) + _ORDER, given)
    contexts = engine.arrow(con, _CONTEXTS, {})
    lacking = con.execute(_LACKING).fetchall()[0][0]
    engine.register(con, "log_list", found)
    engine.register(con, "log_contexts", contexts)
    return Entries(total, found, contexts, lacking)


def log_data(con: duckdb.DuckDBPyConnection, found: Entries, shown: Shown) -> LogData:
    """The same as it may leave, in shards. Reads `source_names` (id, name), and drops what `entries` left."""
    con.unregister("log_list")
    con.unregister("log_contexts")
    table, names = found.list, dict(con.execute("SELECT id, name FROM source_names").fetchall())
    numbers = sorted(set(table["source"].unique().to_pylist()))
    sources = {number: shown.of(ID, names.get(number, f"source {number}")) for number in numbers}
    cut = _cut(table)
    contexts = _contexts(table, cut, found.contexts, shown)
    shards = {name: _shard(table.slice(begin, end - begin), shown) for name, begin, end in cut}
    index = {
        "levels": list(LEVELS),
        "part": CONTEXTS,
        "sources": {str(number): [name, _channel(name)] for number, name in sources.items()},
        "shards": [
            {"name": name, **about, "contexts": [part for shard, part in contexts if shard == name]}
            for name, (about, _) in shards.items()
        ],
    }
    return LogData(
        found.total,
        found.total - len(table),
        found.lacking,
        dumped(index),
        {name: text for name, (_, text) in shards.items()},
        contexts,
        _notable(table, shown, sources),
    )


def _channel(name: str) -> str:
    """What a developer calls the log: its file's name without folder, date and ending; a table's name."""
    return _DATE_AND_ENDING.sub("", name.rpartition("/")[2]) or name


def _shard(part: pa.Table, shown: Shown) -> tuple[dict[str, Any], str]:
    """What is said of a shard, and the shard: `t` (ms before its first entry), `level`, `failed`, `source`, `offset`, and `text` and
    `trace` (-1: none) as places in `texts` and `traces`."""
    import pyarrow.compute as pc

    us = part["us"].to_numpy()
    level, failed = part["level"].to_numpy(), part["is_failed"].to_numpy().astype("int8")
    texts, traces = (part[name].combine_chunks().dictionary_encode() for name in ("text", "trace"))
    words = [shown.of(TEXT, text) for text in texts.dictionary.to_pylist()]
    ids = traces.dictionary.to_pylist()
    about = {
        "first": int(us[0]) // 1000,
        "last": int(us[-1]) // 1000,
        "count": len(part),
        "levels": [int((level == number).sum()) for number in range(-1, len(LEVELS))],
        "failed": int(failed.sum()),
    }
    columns = {
        "t": us[0] // 1000 - us // 1000,
        "level": level,
        "kind": part["kind"].to_numpy(),
        "failed": failed,
        "source": part["source"].to_numpy(),
        "offset": part["offset"].to_numpy(),
        "text": texts.indices.to_numpy(),
        "texts": words,
        "trace": pc.fill_null(traces.indices, -1).to_numpy(zero_copy_only=False),
        "traces": [shown.of(ID, name) for name in ids],
    }
    return about, dumped(columns)


def _cut(table: pa.Table) -> list[Part]:
    """Its rows by shard, latest first."""
    import numpy as np

    total = len(table)
    rising = parts(table["us"].to_numpy()[::-1], np.ones(total, np.int64), SHARD)
    return [Part(name, total - end, total - begin) for name, begin, end in reversed(rising)]


def _contexts(table: pa.Table, cut: list[Part], contexts: pa.Table, shown: Shown) -> dict[tuple[str, int], str]:
    """By (shard, part): a JSON object from an entry's place in its shard to [context, extra], as they were logged."""
    import numpy as np

    ids, wanted = table["id"].to_numpy(), contexts["id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    places = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), max(0, len(ids) - 1))] if len(ids) else []
    begins = [part.begin for part in cut]
    found: dict[tuple[int, int], list[str]] = {}
    for number, place, context, extra in zip(
        wanted.tolist(), list(places), contexts["context"].to_pylist(), contexts["extra"].to_pylist(), strict=True
    ):
        if ids[place] == number:
            shard = bisect_right(begins, place) - 1
            at = int(place) - begins[shard]
            pair = ",".join(_json(shown.of(JSON, text) if text else None) for text in (context, extra))
            found.setdefault((shard, at // CONTEXTS), []).append(f'"{at}":[{pair}]')
    return {(cut[shard].name, part): f"{{{','.join(told)}}}" for (shard, part), told in sorted(found.items())}


def _json(text: str | None) -> str:
    """JSON as it is; what is too deep for readers of JSON, or no JSON (any more), as a string."""
    import orjson

    if not text:
        return "null"
    try:
        if text.count("{") + text.count("[") < CONTAINERS_AT_MOST:
            return orjson.dumps(orjson.loads(text)).decode()
    except (ValueError, TypeError):
        pass
    return dumped(text)


def _notable(table: pa.Table, shown: Shown, sources: Mapping[int, str]) -> tuple[LogEntry, ...]:
    import pyarrow.compute as pc

    is_bad = pc.or_(pc.greater_equal(table["level"], _WARNING), table["is_failed"])
    return tuple(
        LogEntry(
            datetime.fromtimestamp(row["us"] / 1e6, UTC),
            LEVELS[row["level"]] if row["level"] >= 0 else None,
            shown.of(TEXT, row["text"]),
            sources[row["source"]],
            _channel(sources[row["source"]]),
            "error" if row["is_failed"] else None,
            shown.of(ID, row["trace"]) if row["trace"] else None,
        )
        for row in table.filter(is_bad).slice(0, _SHOWN).to_pylist()
    )
