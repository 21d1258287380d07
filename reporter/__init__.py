"""telemetry-report: an offline report of what a local Laravel / NativePHP AI app left on disk.

import reporter
run = reporter.load("path/to/app", last="7d")
run.operations   # a pandas frame; docs/notebook.md has them all
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reporter.run import Run, load

__version__ = "0.1.0"
__all__ = ["Run", "load"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what is imported late, since it brings DuckDB along
    if name in __all__:
        from reporter import run

        return getattr(run, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
