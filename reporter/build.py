"""THE pipeline: ingest → window → analyses → site. The only module that knows every stage."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Thread
from typing import TYPE_CHECKING, Any

from reporter.analysis import select_window
from reporter.analysis.changes import changes
from reporter.analysis.chat import chat
from reporter.analysis.commands import commands
from reporter.analysis.coverage import coverage
from reporter.analysis.error_details import error_details
from reporter.analysis.errors import errors
from reporter.analysis.latency import latency
from reporter.analysis.llm import llm
from reporter.analysis.overview import overview
from reporter.analysis.performance import performance
from reporter.analysis.processing import processing
from reporter.analysis.results import Results, Usage
from reporter.analysis.tools import tools
from reporter.analysis.trace_data import TraceData, trace_data
from reporter.analysis.traces import traces
from reporter.analysis.trends import trends
from reporter.redaction.gate import gate
from reporter.sink.file import open_sink
from reporter.sink.notes import SOURCE_NAMES, emptiness, rejects, retention_notes, sources
from reporter.sink.taking_in import take_in
from reporter.sources import Ingested, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import duckdb

    from reporter.analysis.traces import Traces
    from reporter.redaction.redactor import Redactor
    from reporter.settings.app import Settings
    from reporter.sink.store import Sink
    from reporter.window import Window


@dataclass(frozen=True)
class Built:
    """What a build made: the report's first page, and how much it is about."""

    index: Path
    results: Results
    ingested: Ingested


@dataclass(frozen=True)
class _Asked:
    """What the analyses depend on beside the window."""

    settings: Settings
    compared: Window
    zone: str
    built_at: datetime


def _results(sink: Sink, window: Window, asked: _Asked, listed: Callable[[], Traces]) -> Results:
    con = sink.connection
    return Results(
        overview(con, window, sources(sink)),
        performance(con, window, asked.settings.classes),
        errors(con, window),
        listed(),
        rejects(sink),
        changes(con, asked.compared),
    )


def _usage(con: duckdb.DuckDBPyConnection, window: Window, asked: _Asked) -> Usage:
    return Usage(
        chat(con, window),
        commands(con, window),
        tools(con, window),
        processing(con, window),
        llm(con, window, asked.settings.prices),
        latency(con, window, asked.zone, asked.settings.classes),
        trends(con, asked.zone),
        coverage(con, asked.built_at),
    )


@contextlib.contextmanager
def _analysed_apart(
    sink: Sink, window: Window, asked: _Asked, redactor: Redactor | None
) -> Iterator[tuple[Results, Callable[[], TraceData]]]:
    """The analyses with those of traces in a thread with its own connection, beside the others and the pages' rendering.

    Gives the results, and what waits for the traces' data.
    """
    con = sink.connection.cursor()
    con.execute("SET TimeZone = 'UTC'")
    for connection in (sink.connection, con):
        select_window(connection, window, asked.compared)
        connection.execute(SOURCE_NAMES)
    with ThreadPoolExecutor(1) as thread:
        listed = thread.submit(traces, con, window)
        data = thread.submit(trace_data, con, redactor=redactor)
        found = _results(sink, window, asked, listed.result)
        details = error_details(sink.connection, found.errors.groups)
        found = replace(found, error_details=details, usage=_usage(sink.connection, window, asked))
        if redactor:
            found = replace(redactor.results(found), redacted=redactor.counts)
        yield found, data.result


def build(
    settings: Settings,
    window: Window,
    output: Path,
    *,
    zone: ZoneInfo,
    built_at: datetime,
    compared: Window | None = None,
    single_bytes: int = 0,
    static_charts: bool = False,
    is_live: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
) -> Built:
    """Ingest what is new, compute, and write the site to the folder `output`. Raises ReportError.

    `compared`: the window that changes are judged against, by default the one of the same length right before.
    `single_bytes`: not 0 for the whole site as one file `output` of at most so many bytes, with `static_charts`
    every chart in it as a picture too. `is_live`: for a watch, whose
    pages renew themselves.
    """
    from reporter.site import build_single, build_site
    from reporter.site.output import check_output
    from reporter.site.specs import prepare

    if not single_bytes:
        check_output(output)
    # DuckDB works without Python's lock, so charts are compiled meanwhile. vega() waits for nothing: it compiles again
    # should this thread have failed.
    preparing = Thread(target=prepare, daemon=True)
    ingested = take_in(settings, built_at, on_progress, on_note, preparing.start)
    preparing.join()
    on_progress(Progress("computing", 1, 1))
    asked = _Asked(settings, compared or window.previous(), zone.key, built_at)
    with (
        open_sink(settings.sink, read_only=True, on_wait=on_note) as sink,
        _analysed_apart(
            sink, window, asked, redactor := gate(sink.about("salt"), settings.privacy, is_thorough=True)
        ) as (results, data),
    ):
        for note in emptiness(sink, window):
            on_note(note)
        notes = (*ingested.notes, *(("retention", note) for note in retention_notes(sink, window)))
        notes = redactor.results(notes) if redactor else notes
        app = settings.app.resolve().name
        on_progress(Progress("writing pages", 1, 1))
        given: dict[str, Any] = {"zone": zone, "built_at": built_at, "app": app, "notes": notes}
        if single_bytes:
            index = build_single(results, data, output, **given, max_bytes=single_bytes, static_charts=static_charts)
        else:
            index = build_site(results, data, output, **given, is_live=is_live)
    return Built(index, results, ingested)
