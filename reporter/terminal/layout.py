"""What all terminal output is made with: tables fitted to the width, colour by state, JSON, CSV."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

    from reporter.window import Window

STATE_STYLES = {
    "error": "red", "failed": "red", "critical": "red", "very slow": "red", "slow": "yellow", "unfinished": "yellow",
    "ok": "green", "fast": "green", "normal": "green", "new": "bold red", "back": "bold yellow", "regressed": "bold red",
}  # fmt: skip
_BARS = "▁▂▃▄▅▆▇█"
_PIPED_WIDTH = 120
# What a spreadsheet takes for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: object) -> str:
    """Text that can't steer a terminal: controls, escapes and directional marks become �."""
    text = str(value)
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def cell(value: object, style: str = "") -> Text:
    """A cell of a table; `style` by rich, or by itself where the value is a state."""
    from rich.text import Text

    text = plain(value)
    return Text(text, style=style or STATE_STYLES.get(text, ""))


def bad(count: int) -> Text:
    """A count that is good at 0."""
    return cell(words.count(count), "red" if count else "dim")


def spark(values: Sequence[float], at_most: int = 24) -> str:
    """A line of bars, the highest in full height; at most so many, each of as many values as need be."""
    if not any(values):
        return ""
    size = -(-len(values) // at_most)
    sums = [sum(values[at : at + size]) for at in range(0, len(values), size)]
    most = max(sums)
    return "".join(_BARS[min(7, int(value / most * 7.999))] if value else " " for value in sums)


class _Cell(NamedTuple):
    """Narrower than rich's text, of which 300,000 rows would take a gigabyte."""

    text: str
    style: str
    cells: int


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], spare: Sequence[str] = ()) -> str:
    """A table as text; cells are texts or `cell`s.

    How a column's name ends says how its cells fit: a blank: numbers, !: whole, too; …: a name, of which the middle is left out where there
    is no room; ›: an id, of which the beginning is kept, by which it can be asked for; else it is wrapped. Where there is no room
    for all, the columns of `spare` are left out, the first of them first.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    kept, widths = _fitted(columns, cells, spare, width())
    cells = [[_shortened(row[n], widths[n], columns[n]) if n in widths else row[n] for n in kept] for row in cells]
    columns = [columns[n] for n in kept]
    heads = [_cell(name.rstrip(" !…›"))._replace(style="bold") for name in columns]
    taken = [max(head.cells, *(row[n].cells for row in cells), 0) for n, head in enumerate(heads)]
    if sum(taken) + _GAP * (len(taken) - 1) <= width():
        return _in_lines(columns, [heads, *cells], taken)
    return _wrapped(columns, heads, cells)


def _cell(value: str | Text) -> _Cell:
    from rich.cells import cell_len

    if isinstance(value, str):
        text = plain(value)
        return _Cell(text, STATE_STYLES.get(text, ""), cell_len(text))
    return _Cell(value.plain, str(value.style), value.cell_len)


def _in_lines(columns: Sequence[str], rows: Iterable[Sequence[_Cell]], taken: Sequence[int]) -> str:
    """A table in which nothing is wrapped, drawn here: rich takes a millisecond a row."""
    marks: dict[str, tuple[str, str]] = {}

    def line(row: Iterable[_Cell]) -> str:
        parts = []
        for column, cell, most in zip(columns, row, taken, strict=True):
            if cell.style not in marks:
                marks[cell.style] = _marks(cell.style)
            before, after = marks[cell.style]
            text, blank = f"{before}{cell.text}{after}" if cell.text else "", " " * (most - cell.cells)
            parts.append(f"{blank}{text}" if column.endswith(" ") else f"{text}{blank}")
        return (" " * _GAP).join(parts).rstrip()

    return "\n".join(map(line, rows)).rstrip()


def _marks(style: str) -> tuple[str, str]:
    """What the terminal is told before and after a text of a style."""
    from rich.text import Text

    before, _, after = text_of(Text("x", style)).partition("x")
    return before, after


def _wrapped(columns: Sequence[str], heads: Sequence[_Cell], rows: Iterable[Sequence[_Cell]]) -> str:
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column, head in zip(columns, heads, strict=True):
        justify: Literal["left", "right"] = "right" if column.endswith(" ") else "left"
        made.add_column(
            Text(head.text), justify=justify, no_wrap=column.endswith((" ", "!", "…", "›")), overflow="fold"
        )
    for row in rows:
        made.add_row(*(Text(cell.text, cell.style) for cell in row))
    return text_of(made)


_GAP, _LEAST_NAME, _LEAST_ID, _LEAST_TEXT, _LEAST = 2, 22, 13, 20, 8


def _fitted(
    columns: Sequence[str], cells: Sequence[Sequence[_Cell]], spare: Sequence[str], room: int
) -> tuple[list[int], dict[int, int]]:
    """Which columns there is room for, and how wide those may be whose cells are shortened."""
    natural = [max([len(name.rstrip(" !…›")), *(row[n].cells for row in cells)]) for n, name in enumerate(columns)]
    bounds = {"…": _LEAST_NAME, "›": _LEAST_ID, " ": room, "!": room}
    least = [min(natural[n], bounds.get(name[-1:], _LEAST_TEXT)) for n, name in enumerate(columns)]
    kept = list(range(len(columns)))

    def left_of(widths: Sequence[int]) -> int:
        return room - sum(widths[n] for n in kept) - _GAP * (len(kept) - 1)

    for name in spare:
        if left_of(least) >= 0:
            break
        kept.remove(columns.index(name))
    left, widths = left_of(least), {}
    for n in sorted((n for n in kept if columns[n].endswith(("…", "›"))), key=lambda n: natural[n]):
        widths[n] = max(_LEAST, min(natural[n], least[n] + left))
        left -= widths[n] - least[n]
    return kept, widths


def _shortened(cell: _Cell, at_most: int, column: str) -> _Cell:
    if cell.cells <= at_most:
        return cell
    shown = f"{cell.text[: at_most - 1]}…" if column.endswith("›") else words.name(cell.text, at_most)
    return _cell(shown)._replace(style=cell.style)


def width() -> int:
    """Of what is printed: the terminal's, from 60 on; of what is piped 120."""
    return max(60, shutil.get_terminal_size((_PIPED_WIDTH, 40)).columns) if sys.stdout.isatty() else _PIPED_WIDTH


def flowing(text: str) -> str:
    """A line of words, wrapped between them."""
    from rich.text import Text

    return text_of(Text(plain(text)))


def joined(*parts: str, indent: int = 0) -> str:
    """Parts with a dot between, in lines that are broken between parts alone; one that is longer than a line has its own. Empty ones are left out."""
    from rich.cells import cell_len

    lines: list[str] = []
    for part in filter(None, parts):
        longer = f"{lines[-1]} · {part}" if lines else part
        lines[-1:] = [longer] if cell_len(longer) <= width() - indent else [*lines[-1:], part]
    return "\n".join(lines)


def hanging(mark: Text, *lines: Text) -> RenderableType:
    """Lines behind a mark; what is wrapped of them stands under their beginning."""
    from rich.table import Table

    made = Table.grid()
    made.add_column(width=mark.cell_len)
    made.add_column(overflow="fold")
    for n, line in enumerate(lines):
        made.add_row(mark if n == 0 else "", line)
    return made


def console(file: IO[str]) -> Console:
    """As wide as the terminal (on stdout itself, whatever is made of it meanwhile), coloured where stdout is one and NO_COLOR is
    not set."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    is_plain = not is_terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(
        file=file, width=None if file is sys.stdout and is_terminal else width(), no_color=is_plain, force_terminal=not is_plain,
        highlight=False, emoji=False,
    )  # fmt: skip


def text_of(*parts: RenderableType) -> str:
    out = io.StringIO()
    screen = console(out)
    for part in parts:
        screen.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def as_json(value: Any, *, is_indented: bool = True) -> str:  # noqa: ANN401 - any JSON value
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if is_indented else 0).decode()


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180 with a header; null is empty, and text that a spreadsheet would run as a formula begins with `'`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([unformula(value) for value in row] for row in rows)
    return out.getvalue().removesuffix("\r\n")


def unformula(value: Any) -> Any:  # noqa: ANN401 - any cell
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def window_json(window: Window) -> dict[str, str]:
    return {"start": words.iso(window.start), "end": words.iso(window.end)}
