"""Which sink: the app's own, or one for sources that were named in place of the app's."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.settings.folders import own_path

if TYPE_CHECKING:
    from collections.abc import Sequence


def sink_of(root: Path, storage: Path, others: str = "") -> Path:
    """storage/telemetry in the app, or the user's cache folder where that can't be written. `others`: what is read in place of the
    app's own logs and database; the same names have the same sink, and none of it comes into the app's."""
    folder = storage / "telemetry"
    nearest = next((p for p in (folder, *folder.parents) if p.is_dir()), root)
    suffix = f"-{_short(others)}" if others else ""
    if (nearest.is_relative_to(root) or nearest.is_relative_to(storage)) and os.access(nearest, os.W_OK):
        return folder / f"telemetry{suffix}.duckdb"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or own_path("~/.cache"))
    name = f"{root.resolve().name or 'app'}-{_short(str(root.resolve()))}{suffix}.duckdb"
    return cache / "telemetry-report" / name


def other_sources(logs: tuple[Sequence[str], Sequence[str]], databases: tuple[str, str]) -> str:
    """What options name in place of the app's own, in one text; '' where that is the app's own. `logs`: patterns, `databases`:
    URLs; those named (none, ''), and the app's own."""
    named, own = ({os.path.abspath(own_path(pattern)) for pattern in patterns} for patterns in logs)  # noqa: PTH100 - patterns
    other_logs = sorted(named) if named and named != own else []
    named_url, own_url = (re.sub(r"//[^@/]*@", "//", url) for url in databases)
    other_database = [named_url] if named_url and named_url != own_url else []
    return "\n".join([*other_logs, "", *other_database]) if other_logs or other_database else ""


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
