"""The trace that a question names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reporter.errors import NotFoundError

if TYPE_CHECKING:
    import duckdb

    from reporter.redaction.redactor import Redactor

NEAR = 5


def find_trace(
    con: duckdb.DuckDBPyConnection, asked: str, redactor: Redactor | None, *, is_brief: bool = False
) -> dict[str, Any]:
    """The trace of this id, or of the only one that begins so, as `analysis.trace.trace` gives it, redacted. Raises NotFoundError."""
    from reporter.analysis.trace import ids_like, trace

    found = trace(con, asked, is_brief=is_brief)
    if found is None:
        alike = ids_like(con, asked, NEAR) if asked else []
        begin_so = [name for name in alike if name.startswith(asked)]
        if len(begin_so) == 1:
            found = trace(con, begin_so[0], is_brief=is_brief)
        if found is None:
            near = ", ".join(redactor.identifier(name) if redactor else name for name in alike)
            if begin_so:
                msg = f"more than one trace begins with {asked}"
                raise NotFoundError(msg, f"Give more of the id: {near}{' …' if len(alike) == NEAR else ''}")
            msg = f"no trace {asked}"
            raise NotFoundError(
                msg,
                f"Near ones: {near}." if near else "`telemetry-report traces` lists them; --last looks further back.",
            )
    return redactor.event(found) if redactor else found


def no_trace_with(column: str, value: str) -> NotFoundError:
    msg = f"no trace with {column.replace('_', ' ')} {value}"
    return NotFoundError(msg, "Give the whole id, or its beginning where that is the only one.")
