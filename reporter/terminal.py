"""The same results as text for people or JSON for scripts. Results go to stdout, nothing else."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reporter import format as words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reporter.analysis.overview import Source
    from reporter.analysis.results import Results
    from reporter.window import Window


def _json(value: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A rich table as text; columns whose name ends in a blank are numbers."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name.strip(), justify="right" if name.endswith(" ") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("".join(c if c.isprintable() else "�" for c in cell)) for cell in row))
    out = io.StringIO()
    import shutil

    Console(file=out, width=max(80, shutil.get_terminal_size((120, 40)).columns), no_color=True).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def _window(window: Window) -> dict[str, str]:
    return {"start": words.iso(window.start), "end": words.iso(window.end)}


def _title(window: Window) -> str:
    return f"{words.iso(window.start)} – {words.iso(window.end)}"


def _source(source: Source) -> dict[str, Any]:
    return dict(vars(source))


def overview(results: Results, form: str) -> str:
    view = results.overview
    if form == "json":
        return _json(
            {
                "window": _window(view.window),
                "sources": [_source(s) for s in view.sources],
                "totals": vars(view.totals),
                "kinds": {kind: vars(figures) for kind, figures in view.kinds.items()},
                "top": {"tools": [vars(o) for o in view.tools], "commands": [vars(o) for o in view.commands]},
                "tokens": vars(view.tokens),
            }
        )
    rows = [
        (k, words.count(f.events), words.count(f.count), words.count(f.errors), words.rate(f.success_rate),
         words.count(f.unfinished), words.ms(f.p50_ms), words.ms(f.p95_ms))
        for k, f in view.kinds.items()
    ]  # fmt: skip
    table = _table(
        _title(view.window),
        ("kind", "events ", "operations ", "failed ", "success ", "unfinished ", "p50 ", "p95 "),
        rows,
    )
    t = view.totals
    return (
        f"{table}\n{words.count(t.events)} events, {words.count(t.traces)} traces, {words.count(t.operations)} operations, "
        f"{words.count(t.errors)} failed ({words.rate(t.error_rate)}), {words.count(t.error_events)} error events, "
        f"{words.count(view.tokens.total)} tokens, {words.usd(view.tokens.cost_usd)}"
    )


_KINDS = {"commands": "command", "tools": "tool"}


def performance(results: Results, form: str, kind: str) -> str:
    view = results.performance
    wanted = [o for o in view.operations if kind in ("all", o.kind) or _KINDS.get(kind) == o.kind]
    if form == "json":
        operations = [
            {**{k: v for k, v in vars(o).items() if k not in ("duration_class", "type")}, "class": o.duration_class}
            for o in wanted
            if o.count
        ]
        return _json({"window": _window(view.window), "type": kind, "operations": operations})
    rows = [
        (o.kind, o.operation, words.count(o.count), words.count(o.errors), words.ms(o.p50_ms), words.ms(o.p95_ms), words.ms(o.p99_ms),
         words.ms(o.max_ms), o.duration_class or words.DASH)
        for o in wanted
    ]  # fmt: skip
    return _table(
        _title(view.window), ("kind", "operation", "count ", "failed ", "p50 ", "p95 ", "p99 ", "max ", "class"), rows
    )


def errors(results: Results, form: str) -> str:
    view = results.errors
    if form == "json":
        names = ("fingerprint", "kind", "error_class", "message", "count", "faults", "operations", "traces", "new")
        groups = [
            {
                **{n: getattr(g, n) for n in names},
                "first_seen": words.iso(g.first_seen),
                "last_seen": words.iso(g.last_seen),
            }
            for g in view.groups
        ]
        return _json({"window": _window(view.window), "groups": groups})
    rows = [(words.count(g.count), g.fingerprint, g.kind, g.error_class or "", g.message[:200]) for g in view.groups]
    return _table(_title(view.window), ("count ", "fingerprint", "kind", "class", "message"), rows)


def sources(results: Results, form: str) -> str:
    found = results.overview.sources
    if form == "json":
        return _json({"sources": [_source(s) for s in found]})
    rows = [
        (s.name, s.kind, words.count(s.entries), words.count(s.events), words.count(s.rejects), s.note) for s in found
    ]
    return _table("", ("source", "kind", "entries ", "events ", "rejects ", "note"), rows)


def trace(document: dict[str, Any], form: str, zone: ZoneInfo) -> str:
    """One trace (`trace_json`, parsed): its events in order as a table, or the timeline."""
    from reporter import timeline

    if form == "timeline":
        return timeline.timeline(document, zone)
    rows = [
        (words.clock(datetime.fromisoformat(e["ts"]), zone), e["kind"], e["event"] or e["message"] or "", e["operation"] if e["operation"] and e["operation"] != e["event"] else "",
         e["status"] or "", words.ms(e["duration_ms"]), f"{e['source']}:{e['offset']}")
        for e in document["events"]
    ]  # fmt: skip
    columns = ("time", "kind", "event", "operation", "status", "took ", "source:byte")
    return _table(f"{timeline.plain(document['correlation_id'])}: {timeline.summary(document)}", columns, rows)
