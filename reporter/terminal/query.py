"""`query`: an answer as a table, JSON or CSV; without a question, what can be asked."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from reporter.format import words
from reporter.terminal.layout import as_csv, as_json, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reporter.analysis.query import Answer
    from reporter.redaction.redactor import Redactor

_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "HUGEINT", "REAL")
# What JSON's numbers hold.
_INTEGERS = range(-(2**63), 2**64)


def answer(found: Answer, form: str, redactor: Redactor | None) -> str:
    """`found`, with each text redacted: what a column is called is the asker's, so only ids are told by it."""
    rows = [
        [_shown(cell, name, redactor) for cell, (name, _) in zip(row, found.columns, strict=True)] for row in found.rows
    ]
    if form == "json":
        return as_json(
            {"columns": [{"name": name, "type": kind} for name, kind in found.columns], "rows": rows}, is_indented=False
        )
    names = [name for name, _ in found.columns]
    if form == "csv":
        return as_csv(names, ([_text(cell) if isinstance(cell, list | dict) else cell for cell in row] for row in rows))
    columns = [f"{name} " if kind.startswith(_NUMBERS) else f"{name}!" if kind.startswith(("TIMESTAMP", "DATE")) else name
               for name, kind in found.columns]  # fmt: skip
    shown = table(columns, ([_text(cell) for cell in row] for row in rows))
    more = f"\n… more: --top {2 * len(rows)}, or a LIMIT" if found.has_more else ""
    return f"{shown}{more}" if rows else "No row."


def _shown(cell: Any, name: str, redactor: Redactor | None) -> Any:  # noqa: ANN401 - any value of DuckDB's
    """A cell as JSON holds it."""
    if isinstance(cell, str):
        return cell if not redactor else redactor.identifier(cell) if name.endswith("_id") else redactor.results(cell)
    if isinstance(cell, bool | float) or cell is None or (isinstance(cell, int) and cell in _INTEGERS):
        return cell
    if isinstance(cell, datetime):
        return words.iso(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, dict):
        return {str(_shown(key, "", redactor)): _shown(value, name, redactor) for key, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [_shown(value, name, redactor) for value in cell]
    return _shown(str(cell), name, redactor)


def _text(cell: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(cell, list | dict):
        return as_json(cell, is_indented=False)
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None else f"{cell:.10g}" if isinstance(cell, float) else str(cell)


def schema(tables: Mapping[str, Mapping[str, tuple[str, str]]], form: str) -> str:
    """Every table and column that can be asked, with what it is."""
    rows = [(name, column, kind, said) for name, columns in tables.items() for column, (kind, said) in columns.items()]
    names = ("table", "column", "type", "meaning")
    if form == "json":
        return as_json([dict(zip(names, row, strict=True)) for row in rows])
    return as_csv(names, rows) if form == "csv" else table(("table!", "column!", "type!", "meaning"), rows)
