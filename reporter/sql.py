"""How SQL writes what comes from outside. Loads nothing: that a report stands is told before DuckDB is there."""

from __future__ import annotations


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
