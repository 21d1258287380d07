"""The console script, and `python -m reporter`."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

# Looking for cycles among what is being imported took a fortieth of an answer.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from reporter.cli import cli

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        cli()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
            # All that was written is closed; taking the interpreter apart would be a tenth of an answer's time.
            os._exit(code)
        os._exit(1)


if __name__ == "__main__":
    main()
