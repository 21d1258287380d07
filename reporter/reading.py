"""A sink opened for reading with a window's views, and what is computed of it: the analyses, with those of traces aside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reporter.analysis import ALL, select_window
from reporter.analysis.cells import hosts_of_cells, selectable_cells
from reporter.analysis.changes import changes
from reporter.analysis.error_details import error_details
from reporter.analysis.errors import errors
from reporter.analysis.hosts import hosts
from reporter.analysis.local import know_zone
from reporter.analysis.overview import overview
from reporter.analysis.performance import counts_over_time, performance
from reporter.analysis.problems import problems
from reporter.analysis.results import Results, Usage
from reporter.analysis.trace_data import TraceData, trace_data
from reporter.analysis.traces import Traces, traces
from reporter.sink.faults import has_faults
from reporter.sink.notes import SOURCE_NAMES
from reporter.sink.standing import file_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from reporter import engine
    from reporter.analysis.chosen import Chosen
    from reporter.analysis.overview import RejectSample, Source
    from reporter.analysis.performance import OperationFigures
    from reporter.asked import Asked
    from reporter.redaction.redactor import Redactor
    from reporter.sink.store import Sink
    from reporter.window import Window


# What of a window's events and spans makes its figures, in one row.
_STATE = """
SELECT (SELECT (count(*), bit_xor(hash(id, ts, status))) FROM {of}_events),
  (SELECT (count(*), bit_xor(hash(id, ts, status, duration_ms, operation, parent))) FROM {of}_spans)"""


def state_of(con: engine.DuckDBPyConnection, of: str = "window") -> tuple[tuple[int, ...], ...]:
    """Equal as long as the events and spans of the window (or the one `compared`) are the same: their numbers, and a hash of each."""
    found: tuple[tuple[int, ...], ...] = tuple(con.execute(_STATE.format(of=of)).fetchall()[0])
    return found


class Reading:
    """A sink that is open for reading, with the window's views; a context manager. Traces are read by a second connection in a thread, beside the
    other analyses and the pages' rendering: DuckDB works without Python's lock."""

    def __init__(
        self,
        sink: Sink,
        window: Window,
        compared: Window,
        redactor: Redactor | None = None,
        chosen: Chosen = ALL,
    ) -> None:
        self.sink, self.con = sink, sink.connection
        # As long as it is read nobody writes it.
        self.sink_state = file_state(sink.path)
        self.redactor = redactor
        self._window = window
        self._thread = ThreadPoolExecutor(1)
        self._listed: Future[Traces] | None = None
        self._data: Future[TraceData] | None = None
        self._is_open = True
        self._aside = self.sink.aside()
        self._compared, self._chosen = compared, chosen
        self.is_reduced = self.sink.is_reduced
        try:
            for con in (self.con, self._aside):
                self._select(con)
                con.execute(SOURCE_NAMES)
        except BaseException as exc:
            self.close(exc)
            raise

    def _select(self, con: engine.DuckDBPyConnection) -> None:
        select_window(con, self._window, self._compared, self._chosen)

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, _: object, exc: BaseException | None, __: object) -> None:
        self.close(exc)

    def close(self, exc: BaseException | None = None) -> None:
        """Let go of the sink. `exc`: what went wrong meanwhile; raises DamagedSinkError where that is the file's fault."""
        if self._is_open:
            self._is_open = False
            self._thread.shutdown(cancel_futures=True)
            self.sink.__exit__(None, exc, None)

    def begin_trace_data(self) -> Future[TraceData]:
        """What the viewer loads, made in the thread."""
        self._begin_listing()
        if not self._data:
            self._data = self._thread.submit(self._trace_data)
        return self._data

    def begin_operations(self, results: Results) -> Future[str]:
        """What the report's filter computes with, made in the thread after the traces' data; `results` have passed the redactor."""
        data = self.begin_trace_data()
        return self._thread.submit(lambda: self._operations(results, data.result().names))

    def _operations(self, results: Results, names: Mapping[str, str]) -> str:
        from reporter.analysis.operations import operations_data

        # Those that are kept whole, and cells as what they are: rows of them all would not fit.
        more = selectable_cells(self._window) if self.is_reduced else None
        return operations_data(self._aside, results, self.redactor, names, more=more)

    def _trace_data(self) -> TraceData:
        return trace_data(self._aside, redactor=self.redactor, has_logs=True)

    def list_traces(self) -> None:
        """Make the table `trace_list` on this connection."""
        traces(self.con, self._window)

    def _begin_listing(self) -> Future[Traces]:
        if not self._listed:
            self._listed = self._thread.submit(traces, self._aside, self._window)
        return self._listed

    def results(self, asked: Asked, sources: tuple[Source, ...], rejects: tuple[RejectSample, ...]) -> Results:
        """All figures of the window, not yet redacted."""
        con, listed = self.con, self._begin_listing()
        groups = errors(con, asked.window, asked.settings.decisions, has_faults=has_faults(self.sink))
        view = overview(con, asked.window, lambda: groups.of_spans, sources, self._chosen)
        changed = changes(con, asked.compared)
        figures = performance(con, asked.window, asked.settings.classes, view.folded_calls)
        return Results(
            view,
            figures,
            groups,
            listed.result(),
            rejects,
            changed,
            problems(con, view, groups, changed),
            self._usage(asked, figures.listed),
            error_details(con, groups.groups, groups.of_events),
        )

    def _usage(self, asked: Asked, operations: Sequence[OperationFigures]) -> Usage:
        # They make frames, and pandas takes as long to load as all that is asked before.
        from reporter.analysis.chat import chat
        from reporter.analysis.commands import commands
        from reporter.analysis.coverage import coverage
        from reporter.analysis.latency import latency
        from reporter.analysis.llm import llm
        from reporter.analysis.operation_details import operation_details
        from reporter.analysis.processing import processing
        from reporter.analysis.tools import tools
        from reporter.analysis.trends import trends

        con, seconds = self.con, asked.window.bucket_seconds
        know_zone(con, asked.zone.key)
        return Usage(
            chat(con, seconds),
            commands(con),
            tools(con, seconds),
            processing(con, seconds),
            llm(con, seconds, asked.settings.prices),
            latency(con, asked.settings.classes),
            trends(con),
            coverage(self._singles() if self.is_reduced else con, asked.built_at),
            counts_over_time(con, asked.window),
            operation_details(con, asked.window, operations),
            hosts_of_cells(con, asked.window) if self.is_reduced else hosts(con),
        )

    def _singles(self) -> engine.DuckDBPyConnection:
        """What a reduced sink keeps whole: only single events tell what their sources cover."""
        con = self.sink.aside()
        self._select(con)
        con.execute(SOURCE_NAMES)
        return con
