"""THE pipeline: ingest → window → analyses → a Run, which gives frames, charts and the site. The only module that knows every stage.

`telemetry-report build` is `read(asked).write(...)`; whoever keeps a notebook calls `reporter.load`, which is `read` with the
settings looked up. What a run shows was computed when it was read: its site is written from the same results.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from reporter.asked import Asked
from reporter.errors import DamagedSinkError, NotFoundError, SinkError
from reporter.redaction.gate import gate
from reporter.sink.file import open_sink
from reporter.sink.notes import emptiness, rejects, retention_notes, sources
from reporter.sink.taking_in import taken_in
from reporter.sources import NOBODY, Ingested, Listener, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import altair as alt
    import pandas as pd

    from reporter.analysis.limits import Limit, Measured
    from reporter.analysis.overview import Overview
    from reporter.analysis.results import Results
    from reporter.reading import Reading
    from reporter.site.context import Edition


def load(
    app: str | Path = ".",
    last: str | None = None,
    since: str | None = None,
    until: str | None = None,
    tz: str | None = None,
    logs: Iterable[str] = (),
    db: str | None = None,
    sink: str | Path | None = None,
    redact: bool = True,
    log_tz: str | None = None,
) -> Run:
    """Take in what is new of an app and compute its report: the options of the command line, by the same names.

    `last`: `90s 15m 6h 7d 2w` back from `until`, by default the settings' (24h); `since`, `until`: ISO 8601, by default now.
    `redact`: what leaves is redacted, as in reports. What is worth a note is a warning. Raises ReportError.
    """
    from reporter.settings.app import find_app
    from reporter.settings.reproducible import now as this_moment
    from reporter.settings.zones import viewer_zone
    from reporter.sink.damage import set_aside
    from reporter.window import parse_compared, parse_window

    now = this_moment()
    settings = find_app(str(app), db, tuple(logs), str(sink) if sink else None, log_tz)
    settings = settings._replace(privacy=settings.privacy._replace(is_off=not redact))
    zone = viewer_zone(tz or settings.tz)
    window = parse_window(last or (None if since else settings.last), since, until, zone, now)
    asked = Asked(settings, window, parse_compared(settings.compare, window, zone), zone, now)
    # What is written from here on is its user's alone, as by the command line.
    umask = os.umask(0o077)
    os.umask(umask if settings.is_shared else 0o077)
    try:
        return read(asked, Listener(on_note=_warn))
    except DamagedSinkError as exc:
        set_aside(exc, _warn)
        return read(asked, Listener(on_note=_warn))
    finally:
        os.umask(umask)


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=3)


def read(
    asked: Asked,
    listener: Listener = NOBODY,
    *,
    is_to_be_written: bool = False,
    is_soon: bool = False,
) -> Run:
    """Ingest what is new and compute all results. Raises ReportError.

    `is_to_be_written`: the sink stays open for reading until `write`, and the traces' data are made meanwhile. `is_soon`: of a new sink, logs of
    before may be left (`run.ingested.older`).
    """
    for task in (_bundle_runtime, _load_pandas):
        Thread(target=task, daemon=True).start()
    ingested, sink = taken_in(
        asked.settings, asked.built_at, listener._replace(on_storing=_begin_loading), asked.since if is_soon else None
    )
    _begin_loading()
    from reporter.reading import Reading

    listener.on_progress(Progress("computing", 1, 1))
    reading = Reading(sink, asked.window, asked.compared, chosen=asked.settings.chosen)
    try:
        redactor = gate(sink.about("salt"), asked.settings.privacy, is_thorough=True)
        reading.redactor = redactor
        for note in emptiness(sink, asked.window, asked.settings.chosen):
            listener.on_note(note)
        if is_to_be_written:
            reading.begin_trace_data()
        results = reading.results(asked, sources(sink), rejects(sink))
        notes = (*ingested.notes, *(("retention", note) for note in retention_notes(sink, asked.window)))
        if redactor:
            results = replace(redactor.results(results), redacted=redactor.counts)
            notes = redactor.results(notes)
        run = Run(asked, results, ingested, notes, reading)
    except BaseException as exc:
        reading.close(exc)
        raise
    if not is_to_be_written:
        run.close()
    return run


# Said on every page of a report of a reduced sink.
_OF_CELLS = (
    "What went well is put together in quarters of an hour: counts, sums, least and greatest are exact, percentiles within 0.97 %, and what is said to be "
    "slower or faster than before is approximate. Traces are those that are kept: all that failed or did not end, and of the others the slowest and the latest."
)


def _bundle_runtime() -> None:
    """What draws charts, at the first build only: the longest of all that a page is made of, so it is begun first."""
    from reporter.site.runtime import runtime_js

    runtime_js()


def _load_pandas() -> None:
    """While the sink is opened: pyarrow looks for it when it makes its first array, of the first log."""
    import_module("pandas")


@cache
def _begin_loading() -> None:
    """Load the analyses and what rendering needs in a thread, once a process. Begun where DuckDB has work, which it does without
    Python's lock; before, only cutting logs would take longer."""
    Thread(target=_load, daemon=True).start()


def _load() -> None:
    """With the templates compiled, which is kept: at the first build that takes as long as half of the pages."""
    for name in ("reading", "site.building"):
        import_module(f"reporter.{name}")
    import_module("reporter.site.render").compile_templates()


class Run:
    """One app's telemetry of one window, computed: frames, charts, and the site made of the same results.

    Frames have the same columns and dtypes whatever the data (an empty window gives empty ones); times are aware UTC, durations
    ms, rates 0–1. The sink is not held open: what is asked for later (`events`, `spans`, `trace`, `context`) is read when it is
    asked for, and refused where the sink has changed within the window since (SinkError): load again.
    """

    def __init__(
        self, asked: Asked, results: Results, ingested: Ingested, notes: tuple[tuple[str, str], ...], reading: Reading
    ) -> None:
        self.window = asked.window
        self.ingested = ingested
        self.notes = notes
        self._asked = asked
        self._is_reduced = reading.is_reduced
        self._results = results
        self._reading: Reading | None = reading
        self.sink_state = reading.sink_state
        self._redactor = reading.redactor
        self._state: tuple[object, ...] | None = None

    def __repr__(self) -> str:
        totals = self.overview.totals
        return (
            f"<Run {self._asked.settings.title} {self.window.start:%Y-%m-%d %H:%M} – {self.window.end:%Y-%m-%d %H:%M}Z: "
            f"{totals.events:,} events, {totals.traces:,} traces, {totals.errors:,} of {totals.operations:,} operations failed>"
        )

    @property
    def overview(self) -> Overview:
        """The figures at a glance, as `telemetry-report overview` has them."""
        return self._results.overview

    def measure(self, limit: Limit) -> Measured:
        """What a limit (`analysis.limits.parse_limit`) finds."""
        from reporter.analysis.limits import measure

        return measure(limit, self._results.overview, self._results.performance)

    @cached_property
    def events(self) -> pd.DataFrame:
        """The window's events by time, EVENT_DTYPES. What was written is asked for by id: `context`."""
        from reporter import frames

        return self._shown(lambda con: frames.events(con))

    @cached_property
    def spans(self) -> pd.DataFrame:
        """The window's spans by time, SPAN_DTYPES: started and finished work, calls seen twice as one."""
        from reporter import frames

        return self._shown(lambda con: frames.spans(con))

    @cached_property
    def operations(self) -> pd.DataFrame:
        """A row an operation, slowest p95 first: kind, operation, type, count (finished), errors, error_rate, unfinished, min_ms,
        mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, max_ms, class."""
        from reporter.analysis import tabled

        return tabled.operations(self._results.performance)

    @cached_property
    def percentiles(self) -> pd.DataFrame:
        """Of `operations` those with a duration: kind, operation, count, p50_ms, p90_ms, p95_ms, p99_ms."""
        columns = ["kind", "operation", "count", "p50_ms", "p90_ms", "p95_ms", "p99_ms"]
        return self.operations.loc[self.operations["p50_ms"].notna(), columns].reset_index(drop=True)

    @cached_property
    def errors(self) -> pd.DataFrame:
        """A row an error group, most faults first: fingerprint, kind, error_class, message (the latest), pattern, frame, count
        (error events), faults, share (0–1), first_seen, last_seen, operations, trace_count, new, regressed, state (what was decided:
        ignored, resolved, regressed, or nothing)."""
        from reporter.analysis import tabled

        return tabled.errors(self._results.errors)

    @cached_property
    def traces(self) -> pd.DataFrame:
        """A row a trace, latest first: correlation_id, start, duration_ms, status, events, error_events, operations, root, failed."""
        from reporter.analysis import tabled

        return self._shown(lambda con: tabled.traces(con), has_traces=True)

    @cached_property
    def sources(self) -> pd.DataFrame:
        """A row a log file or table: name, kind, entries, events, rejects, duplicates, waiting_bytes, note, format, offset, size,
        pruned; entries = events + rejects."""
        from reporter.analysis import tabled

        return tabled.sources(self.overview.sources)

    def trace(self, correlation_id: str) -> dict[str, Any]:
        """One trace by its id, or the beginning of it, as `telemetry-report trace --format json`. Raises NotFoundError."""
        from reporter.terminal.finding import find_trace

        with self._read_again() as reading:
            return find_trace(reading.con, correlation_id, self._redactor)

    def context(self, ids: Iterable[int]) -> pd.DataFrame:
        """What events were logged with, by `events.id`: id, message, error_message, exception, context, extra (JSON as text)."""
        from reporter import frames

        wanted = [int(number) for number in ids]
        return self._shown(lambda con: frames.contexts(con, wanted))

    @cached_property
    def charts(self) -> Mapping[str, alt.TopLevelMixin]:
        """The report's charts by `page/chart`, with their data: they show themselves in a notebook."""
        from reporter.charts import CHARTS
        from reporter.charts.notebook import with_data
        from reporter.site.building import charts_of
        from reporter.site.resources import colours

        return {
            name: with_data(
                chart.spec_name, chart.title, chart.height, chart.signals, dict(chart.legend), chart.data, colours()
            )
            for name, chart in charts_of(self._results, self._asked.zone).items()
            if chart.spec_name in CHARTS
        }

    def chart(self, name: str) -> alt.TopLevelMixin:
        """The chart of this name. Raises NotFoundError."""
        if name not in self.charts:
            msg = f"no chart {name}"
            raise NotFoundError(msg, f"There are: {', '.join(self.charts) or 'none, for nothing was logged'}.")
        return self.charts[name]

    def write(
        self,
        output: str | Path = "output",
        *,
        single_bytes: int = 0,
        static_charts: bool = False,
        is_live: bool = False,
        above: str = "",
        beside: Path | None = None,
        listener: Listener = NOBODY,
    ) -> Path:
        """Write the site to the folder `output`, of the results that this run shows; returns index.html's path. Raises OutputError.

        `single_bytes`: not 0 for the whole site as one file `output` of at most so many bytes, with `static_charts` every chart in
        it as a picture too. `is_live`: for a watch, whose pages renew themselves. `above`: the page over reports
        of which this is one; `beside`: another of them, whose files may be shared.
        """
        from reporter.site.building import build_single, build_site

        path = Path(output)
        listener.on_progress(Progress("writing pages", 1, 1))
        edition = replace(self._edition(is_live=is_live), above=above)
        with self._read_again() as reading:
            data, operations = reading.begin_trace_data(), reading.begin_operations(self._results)

            def data_and_done() -> Any:  # noqa: ANN401 - TraceData
                """The last that is read: the sink is let go of before anything is written."""
                found = replace(data.result(), operations=operations.result())
                reading.close()
                return found

            if single_bytes:
                return build_single(
                    self._results, data_and_done, path, edition, max_bytes=single_bytes, static_charts=static_charts
                )
            return build_site(self._results, data_and_done, path, edition, beside)

    def json(self) -> bytes:
        """The whole report as one JSON document (docs/report-json.md)."""
        from reporter.site.whole import report_json

        return report_json(self._results, self.traces, self._edition())

    def close(self) -> None:
        """Let go of the sink; what is asked for later opens it again."""
        from reporter.reading import state_of

        if self._reading:
            self._state = state_of(self._reading.con)
            self._reading.close()
            self._reading = None

    def _edition(self, *, is_live: bool = False) -> Edition:
        from reporter.site.context import Edition

        asked = self._asked
        edition = Edition(
            asked.settings.title, asked.zone, asked.built_at, self.notes, is_live, str(asked.settings.chosen)
        )
        return replace(edition, reduced=_OF_CELLS) if self._is_reduced else edition

    def _shown(self, ask: Callable[[Any], pd.DataFrame], *, has_traces: bool = False) -> pd.DataFrame:
        with self._read_again() as reading:
            if has_traces:
                reading.list_traces()
            frame = ask(reading.con)
        return self._redactor.results(frame) if self._redactor else frame

    def _read_again(self) -> Reading:
        """The sink as this run left it. Raises SinkError where it has changed since."""
        from reporter.reading import Reading, state_of

        if self._reading:
            reading, self._reading = self._reading, None
            return reading
        asked = self._asked
        sink = open_sink(asked.settings.sink, read_only=True)
        reading = Reading(sink, asked.window, asked.compared, self._redactor, asked.settings.chosen)
        if self._state is not None and state_of(reading.con) != self._state:
            reading.close()
            msg = f"the sink {asked.settings.sink} has changed within this run's window since it was loaded"
            raise SinkError(msg, "Load again; what was asked for before stays as it is.")
        return reading
