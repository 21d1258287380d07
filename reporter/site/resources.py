"""Where templates/ and assets/ lie: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def resource_dir(name: str) -> Path:
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def colours() -> dict[str, str]:
    """The style's colours by name (`--bad`), as they are in light."""
    style = (resource_dir("assets") / "report.css").read_text("utf-8")
    return dict(re.findall(r"(--[\w-]+): ([^;]+);", style.partition("@media")[0]))
