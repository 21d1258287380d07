"""What an ingest does a file does not grow with the number of files. Calls are counted, for time says nothing here."""

from __future__ import annotations

import sys

from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.ingest import ingest
from tests.helpers import entry, write_log


def calls(work) -> int:
    """How many calls `work` makes, of Python's functions and of C's."""
    made = 0

    def count(_frame, event, _argument) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def test_a_file_costs_as_much_among_many_as_among_few(app, tmp_path):
    """New files, files that are untouched, and short new ones beside longer ones that were read before: all of one stem."""
    made = {}
    for count in (40, 160):
        root = tmp_path / str(count)
        for n in range(count):
            lines = [entry(f"entry {n} {line} {'x' * 50}", {"n": n}) for line in range(12)]
            write_log(root, *lines, name=f"request-{n}.log")
        settings = find_app(str(root), None, (), str(tmp_path / f"{count}.duckdb"))
        with open_sink(settings.sink) as sink:
            cold = calls(lambda sink=sink, settings=settings: ingest(sink, settings))
            untouched = calls(lambda sink=sink, settings=settings: ingest(sink, settings))
            for n in range(count):
                write_log(root, entry(f"short {n}", {}), name=f"request-{n}-1.log")
            short = calls(lambda sink=sink, settings=settings: ingest(sink, settings))
            assert sink.connection.execute("SELECT count(*) FROM events").fetchall() == [(13 * count,)]
        made[count] = (cold, untouched, short)
    for few, many in zip(made[40], made[160], strict=True):
        assert many < 4.4 * few, made
