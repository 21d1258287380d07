"""Options that name files and folders: taken as they are written, completed by the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class PathText(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """A path as text. click's own Path looks whether it can be used, and says so in other words than the rest of the program."""

    def __init__(self, kind: str) -> None:
        """`kind`: file or dir, as shells complete them."""
        self.name = self.kind = kind

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """An empty one is of a variable that is not set: below it would lie all of the working folder."""
        if not value:
            self.fail("it is empty", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=self.kind)]


FILE, FOLDER = PathText("file"), PathText("dir")
