"""What `prune` did, or would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter.format import words
from reporter.terminal.layout import as_json, table

if TYPE_CHECKING:
    from reporter.sink.retention import Pruned


def pruned(done: Pruned, form: str, is_forecast: bool) -> str:
    if form == "json":
        kinds = [
            {
                "kind": part.kind, "events": part.events, "kept_since": words.iso(part.kept_since),
                "first": words.iso(part.first) if part.first else None, "last": words.iso(part.last) if part.last else None,
            }
            for part in done.leaving
        ]  # fmt: skip
        sizes = {"bytes_before": done.bytes_before, "bytes_after": done.bytes_after}
        return as_json(
            {"dry_run": is_forecast, "events": done.events, "by_size": done.by_size, **sizes, "kinds": kinds}
        )
    if not done.leaving:
        return f"Nothing to remove: the sink measures {words.size(done.bytes_before)} and holds nothing too old."
    rows = [
        (part.kind, words.count(part.events), words.iso(part.first)[:19] if part.first else "",
         words.iso(part.last)[:19] if part.last else "", words.iso(part.kept_since)[:16] + "Z")
        for part in done.leaving
    ]  # fmt: skip
    verb = "would be removed" if is_forecast else "removed"
    why = ", some for the sink's size" if done.by_size else ""
    about = "about " if is_forecast else ""
    change = f"{words.size(done.bytes_before)} → {about}{words.size(done.bytes_after)}"
    columns = ("kind!", "events ", "first (UTC)!", "last (UTC)!", "kept since!")
    shown = table(columns, rows, spare=("last (UTC)!", "first (UTC)!"))
    return f"{shown}\n{words.count(done.events)} events {verb}{why}; the sink: {change}"
