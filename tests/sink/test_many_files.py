"""What an ingest does a file does not grow with the number of files. Calls are counted, for time says nothing here."""

from __future__ import annotations

import sys

from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.ingest import ingest
from reporter.sources import Listener
from tests.helpers import entry, event, write_database, write_log


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


class Noting:
    """A connection that notes what is asked of it."""

    def __init__(self, connection) -> None:
        self.connection, self.asked = connection, []

    def execute(self, statement, *given):
        self.asked.append(statement if isinstance(statement, str) else statement.query)
        return self.connection.execute(statement, *given)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def test_what_is_new_is_mapped_once(app):
    """Lines, JSON lines, and the rows of both tables together: names are asked for before, so nothing is mapped again."""
    write_log(app, event("tool.invocation.completed", "10:00:00.5", tool_name="x", duration_ms=1), entry("plain"))
    write_log(app, *(f'{{"event":"llm.call.completed","timestamp":"2026-11-20T10:00:{n}Z"}}\n' for n in range(10, 30)), name="a.jsonl")  # fmt: skip
    write_database(app, tools=[("t1", "x", "t", "ok", 1.0, "2026-11-20 10:00:01")], commands=[("c1", "/do", "2026-11-20 10:00:02", "{}")])  # fmt: skip
    settings = find_app(str(app), None, (), None)
    with open_sink(settings.sink) as sink:
        sink.connection = sink._rows.connection = noting = Noting(sink.connection)
        assert ingest(sink, settings).events == 24
    mapping = [sql for sql in noting.asked if "json_transform" in sql]
    assert len(mapping) == 3
    assert all(sql.startswith("CREATE OR REPLACE TEMP TABLE staged") for sql in mapping)


def test_who_has_other_work_is_told_when_a_batch_is_being_stored(app):
    """However many files and tables it is of; never where nothing is new."""
    write_log(app, entry("one"))
    write_log(app, entry("two"), name="b.log")
    write_database(app, tools=[("t1", "x", "t", "ok", 1.0, "2026-11-20 10:00:01")])
    settings, told = find_app(str(app), None, (), None), []
    with open_sink(settings.sink) as sink:
        ingest(sink, settings, Listener(on_storing=lambda: told.append("first")))
        ingest(sink, settings, Listener(on_storing=lambda: told.append("second")))
    assert told == ["first"]
