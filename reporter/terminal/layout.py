"""What all terminal output is made with: tables fitted to the width, colour by state, JSON, CSV."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
from typing import IO, TYPE_CHECKING, Any, Literal

from reporter.format import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

    from reporter.window import Window

STATE_STYLES = {
    "error": "red", "failed": "red", "critical": "red", "very slow": "red", "slow": "yellow", "unfinished": "yellow",
    "ok": "green", "fast": "green", "normal": "green", "new": "bold red", "back": "bold yellow",
}  # fmt: skip
_BARS = "▁▂▃▄▅▆▇█"
_PIPED_WIDTH = 120
# What a spreadsheet takes for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: object) -> str:
    """Text that can't steer a terminal: controls, escapes and directional marks become �."""
    return "".join(char if char.isprintable() else "�" for char in str(value))


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


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> str:
    """A table as text; cells are texts or `cell`s. Columns whose name ends in a blank are numbers, in ! are never wrapped."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold", title=plain(title) or None, title_justify="left")
    for name in columns:
        justify: Literal["left", "right"] = "right" if name.endswith(" ") else "left"
        made.add_column(name.rstrip(" !"), justify=justify, no_wrap=name.endswith((" ", "!")), overflow="fold")
    for row in rows:
        made.add_row(*(cell(value) if isinstance(value, str) else value for value in row))
    return text_of(made)


def console(file: IO[str]) -> Console:
    """As wide as the terminal (on stdout itself, whatever is made of it meanwhile), coloured where stdout is one and NO_COLOR is
    not set."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    is_plain = not is_terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = max(60, shutil.get_terminal_size((_PIPED_WIDTH, 40)).columns) if is_terminal else _PIPED_WIDTH
    return Console(
        file=file, width=None if file is sys.stdout and is_terminal else width, no_color=is_plain, force_terminal=not is_plain,
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
