"""A second process for long work: asked through a pipe, and gone with this one, however that ends.

Not multiprocessing: its children outlive a parent that is killed, and run a console script's file again.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
# How long what is under way may take to remove its temporary files when it is to end.
_END_SECONDS = 3.0
_PACKAGES = Path(__file__).parents[2]


class WorkerEndedError(Exception):
    """The process went before it had answered."""


class Worker:
    """The process, started. One piece of work at a time; what it raises is raised here."""

    def __init__(self) -> None:
        # -P: what lies in the working folder is no module of ours.
        code = f"import sys; sys.path.append({str(_PACKAGES)!r}); from reporter.watch.worker import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._thread = ThreadPoolExecutor(1)

    @property
    def pid(self) -> int:
        return self._process.pid

    def submit(self, function: Callable[[Any], T], argument: object) -> Future[T]:
        """Have `function(argument)` done. It, its argument and what it gives are pickled."""
        return self._thread.submit(self._ask, function, argument)

    def _ask(self, function: Callable[[Any], T], argument: object) -> T:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        try:
            asked.write(pickle.dumps((function, argument)))
            asked.flush()
            is_done, answer = pickle.load(answers)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as exc:
            raise WorkerEndedError from exc
        if not is_done:
            raise answer
        found: T = answer
        return found

    def close(self, *, at_once: bool = False) -> None:
        """End the process: when what is under way is done, or `at_once`."""
        if at_once:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
            self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        with contextlib.suppress(OSError):
            self._process.communicate()


def serve() -> NoReturn:
    """The process's own end of it: answer until nobody asks any more."""
    # Ctrl-C and a closed terminal reach all its processes: the asking one decides what is still finished.
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asked: SimpleQueue[tuple[Callable[[Any], Any], object]] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    try:
        while True:
            function, argument = asked.get()
            try:
                answer = pickle.dumps((True, function(argument)))
            except Exception as exc:
                answer = pickle.dumps((False, exc))
            answers.write(answer)
            answers.flush()
    finally:
        # Not the interpreter's own end, which would wait for the thread that listens.
        os._exit(0)


def _listen(asked: SimpleQueue[tuple[Callable[[Any], Any], object]]) -> None:
    """Hear what is asked; end the process when the asking one is gone."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            asked.put(pickle.load(sys.stdin.buffer))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_SECONDS)
    os._exit(0)
