"""`errors`: the groups with the latest of each, or one group in full."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reporter.analysis.messages import shapes
from reporter.format import words
from reporter.terminal.layout import as_csv, as_json, cell, flowing, joined, plain, spark, table, text_of, window_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType

    from reporter.analysis.error_details import ErrorDetails, Occurrence
    from reporter.analysis.errors import ErrorGroup, Errors
    from reporter.analysis.messages import Shape

_CSV_COLUMNS = (
    "fingerprint", "kind", "error_class", "message", "count", "faults", "first_seen", "last_seen", "operations", "traces", "new", "state",
)  # fmt: skip
_OCCURRENCE_COLUMNS = (
    "ts", "kind", "event", "operation", "message", "correlation_id", "source", "offset", "context", "extra", "exception",
)  # fmt: skip
_CONTEXT_CHARS, _SHOWN, _INDENT = 300, 4000, 4


def errors(
    view: Errors, latest: Mapping[str, Occurrence], form: str, zone: ZoneInfo, closed: Errors, kind: str | None = None,
    *, only_new: bool = False,
) -> str:  # fmt: skip
    """All groups of `view`; `latest`: by fingerprint, the event that shows it. Scripts get them by error events, people by faults.
    `closed`: of whose ignored and resolved groups it is told how many there are; `kind`: that of which each has an event; `only_new`: nothing is kept
    of them from before."""
    by_events = sorted(view.groups, key=lambda g: (-g.count, -g.last_seen.timestamp(), g.fingerprint))
    if form == "json":
        groups = [{**_group(g), "latest": _occurrence(latest.get(g.fingerprint))} for g in by_events]
        told = {state: {"groups": n, "faults": faults} for state, (n, faults) in closed.closed.items()}
        return as_json({"window": window_json(view.window), "groups": groups, **told})
    if form == "csv":
        rows = [{**_group(g), "operations": " ".join(g.operations), "traces": " ".join(g.traces)} for g in by_events]
        return as_csv(_CSV_COLUMNS, ([row[name] for name in _CSV_COLUMNS] for row in rows))
    start, end = words.moment(view.window.start, zone), words.moment(view.window.end, zone)
    if not closed.groups:
        return f"{start} – {end} {zone.key}\nNo error in this period."
    total = sum(g.count for g in view.groups)
    faults = sum(g.faults for g in view.groups)
    heading = (
        f"{start} – {end} {zone.key}: {words.counted(faults, 'fault')} in {words.counted(len(view.groups), 'group')}, "
        f"{words.counted(total, 'error event')}"
    )
    if only_new and not closed.has_past:
        heading += "; not seen before in what is kept, which does not reach back over the period before this one: which are new cannot be told"
    if kind and view.groups:
        heading += f"; whole groups with an error event of kind {kind}: --include kind={kind} counts these events alone"
    if closed.closed_in_words:
        is_shown = any(not group.is_open for group in view.groups)
        heading += f"; {closed.closed_in_words}{'' if is_shown else ': --all shows them'}"
    more = [f"… and {words.count(view.more)} more groups, each less frequent"] if view.more else []
    return "\n\n".join(
        [flowing(heading), *(_block(g, latest.get(g.fingerprint), view.has_past, zone) for g in view.groups), *more]
    )


def _group(g: ErrorGroup) -> dict[str, Any]:
    names = ("fingerprint", "kind", "error_class", "message", "count", "faults", "operations", "traces", "new")
    decided = {"state": g.state or None}
    seen = {"first_seen": words.iso(g.first_seen), "last_seen": words.iso(g.last_seen)}
    return {**{name: getattr(g, name) for name in names}, **seen, **decided}


def _block(g: ErrorGroup, latest: Occurrence | None, has_past: bool, zone: ZoneInfo) -> str:
    from rich.padding import Padding
    from rich.text import Text

    state = g.flag(has_past)
    head = Text.assemble(
        (f"{words.count(g.faults)}× ", "bold red"), (g.fingerprint, "cyan"), f" {g.kind} ", cell(state), " " if state else "",
        (f"{plain(g.error_class)}: " if g.error_class else "", "bold"), plain(g.message[:500]),
    )  # fmt: skip
    operations = ", ".join(plain(words.name(name)) for name in g.operations[:4]) + (
        " …" if len(g.operations) > 4 else ""
    )
    facts = joined(
        f"{words.moment(g.first_seen, zone)} – {words.moment(g.last_seen, zone)}",
        spark(g.trend),
        words.counted(g.count, "error event"),
        words.counted(g.trace_count, "trace"),
        operations,
        indent=_INDENT,
    )
    parts: list[RenderableType] = [
        head,
        Padding(Text(facts, style="dim"), (0, 0, 0, _INDENT)),
    ]
    if latest:
        trace = f" trace {plain(latest.correlation_id)}" if latest.correlation_id else ""
        where = f"latest: {plain(latest.source)}:{latest.offset}{trace}\n"
        parts.append(Padding(Text(where + _begun(latest.context), overflow="fold"), (0, 0, 0, _INDENT)))
    return text_of(*parts)


def _begun(context: str | None) -> str:
    """How a context begins. With blanks between its parts, so that lines are broken there."""
    parsed = _parsed(context)
    text = plain(json.dumps(parsed, ensure_ascii=False) if isinstance(parsed, (dict, list)) else context or "")
    return words.cut(text, _CONTEXT_CHARS)


def _occurrence(found: Occurrence | None) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        **{name: value for name, value in vars(found).items() if name not in ("id", "ts", "context", "extra")},
        "ts": words.iso(found.ts),
        "context": _parsed(found.context),
        "extra": _parsed(found.extra),
    }


def _parsed(text: str | None) -> Any:  # noqa: ANN401 - any JSON value
    import orjson

    try:
        return orjson.loads(text) if text else None
    except ValueError:
        return text


def group(view: Errors, found: ErrorGroup, details: ErrorDetails, form: str, zone: ZoneInfo) -> str:
    """One group: its messages, its latest occurrence in full, what led up to it, what failing traces share; as CSV its
    occurrences."""
    if form == "csv":
        rows = ({**vars(o), "ts": words.iso(o.ts)} for o in details.occurrences)
        return as_csv(_OCCURRENCE_COLUMNS, ([row[name] for name in _OCCURRENCE_COLUMNS] for row in rows))
    if form == "json":
        return as_json(
            {
                "window": window_json(view.window),
                "group": {**_group(found), "frame": found.frame, "pattern": found.pattern},
                "occurrences": [_occurrence(o) for o in details.occurrences],
                "path": list(details.path),
                "before": [
                    {"name" if key == "said" else key: value for key, value in vars(b).items()} for b in details.before
                ],
                "common": None if details.common is None else [vars(c) for c in details.common],
            }
        )
    parts = [_block(found, None, view.has_past, zone), *_where(found, details)]
    if len(found.variants) > 1:
        parts += [_messages(shape) for shape in shapes(found.variants)]
    for occurrence in details.occurrences[:1]:
        parts.append(_full(occurrence, zone))
    if details.before:
        before = [
            (
                f"−{words.ms(b.before_ms)}" if b.before_ms else "0 ms",
                b.kind,
                words.name(b.said, 100),
                words.name(b.operation or ""),
                b.status or "",
            )
            for b in details.before
        ]
        parts.append(
            "what led up to it:\n"
            + table(("before ", "kind!", "event…", "operation…", "status!"), before, spare=("operation…",))
        )
    if details.common:
        common = [
            (
                f"{c.lift:.1f}×",
                c.attribute,
                words.name(c.value),
                f"{c.failing} of {details.failing}",
                f"{c.succeeding} of {details.succeeding}",
            )
            for c in details.common
        ]
        parts.append(
            "what failing traces have oftener:\n"
            + table(("oftener ", "what", "value…", "failing ", "succeeding "), common)
        )
    traces = ", ".join(found.traces[:5])
    if traces:
        parts.append(flowing(f"traces: {traces}{' …' if found.trace_count > 5 else ''}"))
    return "\n\n".join(parts)


def _where(found: ErrorGroup, details: ErrorDetails) -> Iterator[str]:
    if found.frame:
        yield f"first in-app frame: {plain(found.frame)}"
    if details.path:
        yield flowing(f"path: {' → '.join(plain(step) for step in details.path)} ✕")
    if found.merged:
        yield f"with what was merged into it: {', '.join(found.merged)}"


def _messages(shape: Shape) -> str:
    """What messages of one form share, and a table of what differs."""
    text = "".join(f"{part}{{{n}}}" for n, part in enumerate(shape.parts[:-1], 1)) + shape.parts[-1]
    head = flowing(f"{words.counted(shape.faults, 'fault')}: {plain(text[:500])}")
    if len(shape.parts) == 1:
        return head
    rows = [(words.count(n), *(value[:100] for value in values)) for values, n in shape.values]
    return f"{head}\n{table(('faults ', *(f'{{{n}}}' for n in range(1, len(shape.parts)))), rows)}"


def _full(found: Occurrence, zone: ZoneInfo) -> str:
    lines = [f"latest: {words.moment(found.ts, zone)} {plain(found.source)}:{found.offset}"]
    if found.exception:
        lines += [plain(line) for line in found.exception.splitlines()[:20]]
    context = _parsed(found.context)
    if isinstance(context, dict):
        context.pop("exception", None)
        lines += json.dumps(context, indent=2, ensure_ascii=False)[:_SHOWN].splitlines()
    elif context:
        lines.append(str(context)[:_SHOWN])
    return "\n".join(plain(line) for line in lines)
