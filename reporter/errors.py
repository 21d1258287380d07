"""Bad circumstances, as typed errors: what is wrong, where, and what to do about it.

Bad *input* is no error but a counted reject (sources/). The command line prints these in one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ReportError(Exception):
    """What went wrong and where; `hint` says what to do; `exit_code` is the process's exit code."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}. {self.hint}" if self.hint else str(self.args[0])


class NotFoundError(ReportError):
    """What was asked for is not there."""

    exit_code = 1


class UsageError(ReportError):
    """An option's value cannot be used."""

    exit_code = 2


class SourceError(ReportError):
    """Nothing could be read: no app, no logs and no database."""

    exit_code = 3


class SinkError(ReportError):
    """The DuckDB file cannot be opened or written."""

    exit_code = 3


class DamagedSinkError(SinkError):
    """The sink's file is not whole, or of an older version: `path`, and `why` in words that follow its name. It can be moved aside
    and made anew."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the sink {path} {why}", "`telemetry-report build` makes it anew.")
        self.path, self.why = path, why

    def __reduce__(self) -> tuple[type[DamagedSinkError], tuple[Path, str]]:
        return DamagedSinkError, (self.path, self.why)


class OlderSinkError(SinkError):
    """What is only read was made by an older version: `why` in words that follow its name. Nothing is wrong with it."""

    def __init__(self, path: Path, why: str, hint: str) -> None:
        super().__init__(f"the sink {path} {why}", hint)
        self.path, self.why = path, why

    def __reduce__(self) -> tuple[type[OlderSinkError], tuple[Path, str, str]]:
        return OlderSinkError, (self.path, self.why, self.hint)


class TooLargeError(ReportError):
    """There is not enough memory for what was asked. `why`: in the words of what ran out of it."""

    exit_code = 3

    def __init__(self, why: str = "") -> None:
        said = why.removeprefix("Out of Memory Error: ").partition("\n")[0]
        super().__init__(
            f"memory ran out{': ' if said else ''}{said.rstrip('.')}",
            "Ask for less at a time: a shorter period (--last 24h), fewer hosts (of `reduce`: --hosts-at-once 1); or ask what `reduce` makes of them.",
        )
        self.why = why

    def __reduce__(self) -> tuple[type[TooLargeError], tuple[str]]:
        return TooLargeError, (self.why,)


def is_out_of_memory(exc: BaseException) -> bool:
    """Python's own, or the engine's, which is told by its name: whoever asks need not have loaded it."""
    return isinstance(exc, MemoryError) or type(exc).__name__ == "OutOfMemoryException"


class OutputError(ReportError):
    """The report cannot be written where it was asked for."""

    exit_code = 2
