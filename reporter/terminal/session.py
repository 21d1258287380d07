"""`watch --terminal`: the session as live rows; piped, one line an event."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reporter.format import words
from reporter.terminal.layout import bad, cell, console, plain, spark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType
    from rich.text import Text

    from reporter.analysis.recent import RecentEvent
    from reporter.analysis.session import Session

# Lines that are there whatever happens: the heading, the kinds', blank ones, the last.
_FRAME, _LEAST_EVENTS = 6, 3
# (width, share of what is left) of time, kind, name, operation, status, duration; and of the beginning of the trace's id, by which it
# can be asked for, where there is room.
_LATEST = ((12, None), (10, None), (None, 3), (None, 2), (10, None), (9, None))
_TRACE_CHARS, _WIDE = 13, 110


def lines(events: Sequence[RecentEvent], zone: ZoneInfo) -> str:
    """Events as lines: time, kind, name, operation, status, duration, message, trace."""
    return "\n".join(_line(event, zone) for event in events)


def _line(event: RecentEvent, zone: ZoneInfo) -> str:
    parts = (
        event.said,
        event.operation,
        event.status,
        words.took(event.duration_ms),
        event.message,
        event.correlation_id,
    )
    said = " · ".join(plain(part) for part in parts if part)
    return f"{words.clock(event.ts, zone)} {event.kind:<10} {said}"


def screen(session: Session, zone: ZoneInfo, height: int, width: int = 80) -> RenderableType:
    """What fills the terminal: totals, kinds, errors, and as many of the latest events as there is room for. A row is a line."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    window, t = session.window, session.totals
    head = Text.assemble(
        (f"{words.moment(window.end, zone)} {zone.key}", "bold"), f"  last {words.period(window.length).removeprefix('1 ')}: {words.counted(t.events, 'event')}, ",
        f"{words.counted(t.operations, 'operation')}, ", (words.counted(t.faults, "fault"), "red" if t.faults else ""), "  ", (spark([events for events, _ in session.counts]), "cyan"),
    )  # fmt: skip
    kinds = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("kind", "events", "operations", "failed", "unfinished", "p50", "p95"):
        kinds.add_column(name, justify="left" if name == "kind" else "right")
    for kind, f in session.kinds.items():
        kinds.add_row(
            kind, words.count(f.events), words.count(f.count), bad(f.errors), words.count(f.unfinished), words.ms(f.p50_ms), words.ms(f.p95_ms)
        )  # fmt: skip
    failing = [
        Text.assemble((f"{words.count(g.faults)}× ", "red"), plain(f"{g.error_class or g.kind}: {g.message[:300]}"))
        for g in session.groups
    ]
    for line in (head, *failing):
        line.no_wrap, line.overflow = True, "ellipsis"
    latest = Table(box=None, pad_edge=False, show_header=False, expand=True)
    is_wide = width >= _WIDE
    for size, share in (*_LATEST, *(((_TRACE_CHARS, None),) if is_wide else ())):
        latest.add_column(width=size, ratio=share, no_wrap=True, overflow="ellipsis")
    rest = height - len(session.kinds) - len(failing) - _FRAME
    for event in session.events[: max(_LEAST_EVENTS, rest)]:
        latest.add_row(
            words.clock(event.ts, zone), cell(event.kind, "cyan"), _named(event), cell(event.operation or ""), cell(event.status or ""),
            words.took(event.duration_ms), *((cell((event.correlation_id or "")[:_TRACE_CHARS], "dim"),) if is_wide else ()),
        )  # fmt: skip
    return Group(head, "", kinds, "", *failing, *([""] if failing else []), latest)


def _named(event: RecentEvent) -> Text:
    """What failed says why at once."""
    from rich.text import Text

    if not event.message:
        return cell(event.said)
    return Text.assemble(plain(event.said), " ", (plain(event.message), "red" if event.status == "error" else "dim"))


class Terminal:
    """Shows the session on stdout: rows that renew themselves on a terminal, else a line an event as it comes."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._shown: Session | None = None
        self._live = None
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(console=console(sys.stdout), auto_refresh=False, vertical_overflow="crop")
            self._live.start()

    def fresh(self, events: Sequence[RecentEvent]) -> None:
        """Events that have just come, by time: at once, above those that are shown, with the figures as they were."""
        if not self._live:
            if events:
                print(lines(events, self.zone), flush=True)
        elif self._shown and events:
            self.show(self._shown.with_fresh(events))

    def show(self, session: Session) -> None:
        if self._live:
            size = self._live.console.size
            self._live.update(screen(session, self.zone, size.height, size.width), refresh=True)
            self._shown = session

    def close(self) -> None:
        if self._live:
            self._live.stop()
