"""The console script, and `python -m reporter`."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

# Looking for cycles among what is being imported took a fortieth of an answer and of a small build, which makes fewer.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # Arrow's own allocator keeps what was freed: taking in 500,000 entries held 55 MB more with it, and was no faster.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    _open_streams()
    from reporter.cli import cli

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        cli()
    except SystemExit as exc:
        _leave(exc.code if isinstance(exc.code, int) else int(exc.code is not None))
    except OSError as exc:
        # What reads our output has had enough (`| head`): no fault of anybody's.
        if not isinstance(exc, BrokenPipeError):
            _tell(exc)
        _leave(1)


def _open_streams() -> None:
    """A stream that was closed before the start (`>&-`) is Python's None: what is printed there goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - for as long as the process lives


def _tell(exc: OSError) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"telemetry-report: the output cannot be written: {exc.strerror}\n")


def _leave(code: int) -> None:
    """All that was written is closed; taking the interpreter apart would be a tenth of an answer's time."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = 1
    except OSError as exc:
        _tell(exc)
        code = 1
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
