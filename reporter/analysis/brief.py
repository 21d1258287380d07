"""Traces of which a report carries the spans alone: columns by shard, as JSON.

DuckDB gives all of them in one order, and Arrow's columns are cut where a shard ends: a list made in DuckDB is sorted by itself, and
there are nine.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reporter import engine
from reporter.analysis.as_json import dumped
from reporter.analysis.traces import SPANS_OF_EVENTS_AT_MOST
from reporter.redaction.relation import ID, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import numpy as np
    import pyarrow as pa

    from reporter.redaction.relation import Shown

# The numbers are the shard's own, so that it stays as it is whatever traces come beside it.
_TRACES = """
CREATE OR REPLACE TEMP TABLE brief AS
SELECT correlation_id, shard, row_number() OVER (PARTITION BY shard ORDER BY n) - 1 AS number, status, root, failed, start, duration_ms, events
FROM carried JOIN sharded USING (n) ANTI JOIN chosen USING (correlation_id)"""
_LISTED = "SELECT shard, correlation_id, number, status, root, failed, epoch_us(start) / 1000 AS start, duration_ms FROM brief ORDER BY shard, number"
# All in one order, or the same input would give another file at each build.
_SPANS = f"""
SELECT shard, number AS trace, s.id, parent, kind, type, operation, s.status, epoch_us(start_ts) / 1000 AS start, s.duration_ms
FROM spans s JOIN brief USING (correlation_id) WHERE brief.events <= {SPANS_OF_EVENTS_AT_MOST} ORDER BY shard, number, start_ts, s.id"""
_WORDS = ("kind", "type", "operation", "status")


@dataclass(frozen=True)
class Brief:
    """`traces` and their `spans` as Arrow tables, in order. `words`: a row a span, places in `names` of each of _WORDS; `shown`: what
    ids and titles leave as."""

    traces: pa.Table
    spans: pa.Table
    words: np.ndarray[Any, Any]
    names: list[str | None]
    shown: Shown

    @property
    def json(self) -> str:
        """`ids` and `numbers` name the traces, `trace` says by number whose a span is; `kind` and such are places in `names`."""
        import numpy as np

        traces, spans, shown = self.traces, self.spans, self.shown
        used, places = np.unique(self.words, return_inverse=True)
        words = np.ascontiguousarray(places.reshape(self.words.shape).T)
        columns = {
            "trace": spans["trace"].to_numpy(),
            "id": spans["id"].to_numpy(),
            "parent": spans["parent"].to_pylist(),
            **dict(zip(_WORDS, words, strict=True)),
            "start": spans["start"].to_numpy(),
            "duration_ms": spans["duration_ms"].to_numpy(),
        }
        return dumped(
            {
                "ids": [shown.of(ID, name) for name in traces["correlation_id"].to_pylist()],
                "numbers": traces["number"].to_numpy(),
                "statuses": traces["status"].to_pylist(),
                "roots": [shown.of(TEXT, root) for root in traces["root"].to_pylist()],
                "failed": traces["failed"].to_numpy(),
                "starts": traces["start"].to_numpy(),
                "ms": traces["duration_ms"].to_numpy(),
                "names": [self.names[place] for place in used.tolist()],
                "spans": columns if len(spans) else None,
            }
        )


def briefs(con: duckdb.DuckDBPyConnection, shown: Shown) -> Mapping[int, Brief]:
    """By shard, of the traces of `carried` that are not `chosen`; `sharded` (n, shard) says where each belongs."""
    con.execute(_TRACES)
    traces, spans = engine.arrow(con, _LISTED, {}), engine.arrow(con, _SPANS, {})
    words, names = _words(spans, shown)
    of_spans, found = _cuts(spans), {}
    for shard, cut in _cuts(traces).items():
        at, count = of_spans.get(shard, (0, 0))
        found[shard] = Brief(traces.slice(*cut), spans.slice(at, count), words[at : at + count], names, shown)
    return found


def _words(spans: pa.Table, shown: Shown) -> tuple[np.ndarray[Any, Any], list[str | None]]:
    """Of each span the place of each of _WORDS in a list of all, which begins with what stands for none."""
    import numpy as np
    import pyarrow.compute as pc

    names: list[str | None] = [None]
    columns = []
    for word in _WORDS:
        coded = spans[word].combine_chunks().dictionary_encode()
        columns.append(pc.fill_null(pc.add(coded.indices, len(names)), 0).to_numpy())
        names += [shown.of(ID, name) for name in coded.dictionary.to_pylist()]
    return np.column_stack(columns), names


def _cuts(table: pa.Table) -> dict[int, tuple[int, int]]:
    """Where each shard's rows begin, and how many there are."""
    import numpy as np

    shards = table["shard"].to_numpy()
    begins = [*np.flatnonzero(np.diff(shards, prepend=-1)).tolist(), len(shards)]
    return {int(shards[at]): (at, end - at) for at, end in pairwise(begins)}
