"""What stands in place of a page that a report of a reduced sink cannot have."""

from __future__ import annotations

from dataclasses import dataclass

TEMPLATE = "left_out.html"


@dataclass(frozen=True)
class LeftOutContext:
    title: str


def context(title: str) -> LeftOutContext:
    return LeftOutContext(title)
