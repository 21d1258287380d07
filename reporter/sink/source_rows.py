"""The rows of `sources` and `rejects` that an ingest makes: held back, and written in a few statements for any number of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reporter import engine
from reporter.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reporter.sources import Reject

# Of so few rows a statement each is sooner done than one over a table of them.
_FEW = 3
_BLANK: dict[str, Any] = {
    "format": "", "inode": 0, "size": 0, "mtime_ns": 0, "head_bytes": 0, "head": "", "tail": "", "offset": 0, "entries": 0,
    "events": 0, "rejects": 0, "duplicates": 0, "pruned": 0, "waiting_bytes": 0, "seen_until": "", "note": "",
}  # fmt: skip


class SourceRows:
    """What is to be written within the transaction under way. Another thread may write events of sources that were written."""

    def __init__(self, connection: engine.DuckDBPyConnection) -> None:
        self.connection = connection
        self.last: int | None = None
        self._added: dict[int, dict[str, Any]] = {}
        self._changed: dict[int, dict[str, Any]] = {}
        self._removed: set[int] = set()
        self._rejects: list[tuple[int, int, str, str]] = []

    def add(self, name: str, kind: str, path: str) -> int:
        """A new source's id."""
        if self.last is None:
            self.last = int(self.connection.execute("SELECT coalesce(max(id), 0) FROM sources").fetchall()[0][0])
        self.last += 1
        self._added[self.last] = {"id": self.last, "name": name, "kind": kind, "path": path, **_BLANK}
        return self.last

    def update(self, source: int, columns: dict[str, Any]) -> None:
        rows = self._added if source in self._added else self._changed
        rows.setdefault(source, {}).update(columns)

    def remove(self, source: int) -> None:
        """A source that brought nothing."""
        self._changed.pop(source, None)
        if not self._added.pop(source, None):
            self._removed.add(source)

    def reject(self, source: int, rejects: Sequence[Reject], offset: int) -> None:
        self._rejects += [(source, reject.offset + offset, reject.reason, reject.sample) for reject in rejects]

    def write(self) -> None:
        self._write_added()
        self._write_changed()
        if self._removed:
            self.connection.execute("DELETE FROM sources WHERE id IN (SELECT unnest(?))", [list(self._removed)])
            self._removed.clear()
        self._write_rejects()

    def _write_added(self) -> None:
        rows = list(self._added.values())
        self._added.clear()
        if not rows:
            return
        columns = quoted(rows[0])
        if len(rows) > _FEW:
            self._over(rows, f"INSERT INTO sources ({columns}) SELECT {columns} FROM told")
            return
        for row in rows:
            marks = ", ".join("?" * len(row))
            engine.again(self.connection, f"INSERT INTO sources ({columns}) VALUES ({marks})", [*row.values()])

    def _write_changed(self) -> None:
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for source, row in self._changed.items():
            alike.setdefault(tuple(row), []).append({"id": source, **row})
        self._changed.clear()
        for names, rows in alike.items():
            if len(rows) > _FEW:
                sets = ", ".join(f'"{name}" = told."{name}"' for name in names)
                self._over(rows, f"UPDATE sources SET {sets} FROM told WHERE sources.id = told.id")
                continue
            sets = ", ".join(f'"{name}" = ?' for name in names)
            for row in rows:
                values = [row[name] for name in (*names, "id")]
                engine.again(self.connection, f"UPDATE sources SET {sets} WHERE id = ?", values)

    def _write_rejects(self) -> None:
        if not self._rejects:
            return
        rows = [dict(zip(("source", "offset", "reason", "sample"), row, strict=True)) for row in self._rejects]
        self._rejects.clear()
        counts = """UPDATE sources SET entries = entries + n, rejects = rejects + n
            FROM (SELECT source, count(*) AS n FROM told GROUP BY source) c WHERE sources.id = c.source"""
        self._over(rows, 'INSERT INTO rejects SELECT source, "offset", reason, sample FROM told', counts)

    def _over(self, rows: Iterable[dict[str, Any]], *statements: str) -> None:
        import pyarrow as pa

        engine.register(self.connection, "told", pa.Table.from_pylist(list(rows)))
        for statement in statements:
            self.connection.execute(statement)
        self.connection.unregister("told")
