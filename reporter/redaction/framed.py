"""Frames at the gate: every distinct text of a column is looked at once. Does not load pandas: whoever has a frame has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reporter.redaction.own import OWN_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def is_frame(value: object) -> bool:
    return type(value).__name__ == "DataFrame"


def redacted_frame(frame: pd.DataFrame, redacted: Callable[[Any, str], Any]) -> pd.DataFrame:
    """The frame with its texts, and what holds texts, redacted by `redacted(value, column)`; the same one where that changes
    nothing."""
    changed = {}
    for name in frame.columns:
        if name in OWN_WORDS:
            continue
        column = frame[name]
        if _is_text(column):
            shown = {text: redacted(text, name) for text in column.unique() if isinstance(text, str)}
            different = {text: new for text, new in shown.items() if new != text}
            if different:
                changed[name] = column.replace(different).astype(column.dtype)
        elif column.dtype == object:
            # A list of DuckDB's comes as an array, which is no list to whoever looks for texts in it.
            changed[name] = column.map(
                lambda value, key=name: redacted(value.tolist() if hasattr(value, "tolist") else value, key)
            )
    return frame.assign(**changed) if changed else frame


def _is_text(column: pd.Series) -> bool:
    return getattr(column.dtype, "name", "") in ("string", "str")
