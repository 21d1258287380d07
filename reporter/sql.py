"""How SQL writes texts and names. Loads nothing: that a report stands is told before DuckDB is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def timestamp(moment: datetime) -> str:
    """`moment`: in UTC, without a zone."""
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"


def quoted(names: Iterable[str]) -> str:
    """Columns' names as a list."""
    return ", ".join(f'"{name}"' for name in names)
