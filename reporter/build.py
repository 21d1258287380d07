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
from reporter.analysis.overview import RejectSample, Source, overview
from reporter.analysis.performance import performance
from reporter.analysis.processing import processing
from reporter.analysis.results import Results, Usage
from reporter.analysis.tools import tools
from reporter.analysis.trace_data import TraceData, ids_like, trace_data, trace_json
from reporter.analysis.traces import traces
from reporter.analysis.trends import trends
from reporter.errors import NotFoundError, SourceError
from reporter.ingest import Ingested, Progress, ingest
from reporter.sink import Sink, open_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import duckdb

    from reporter.analysis.llm import Price
    from reporter.analysis.traces import Traces
    from reporter.config import Settings
    from reporter.window import Window


@dataclass(frozen=True)
class Built:
    """What a build made: the report's first page, and how much it is about."""

    index: Path
    results: Results
    ingested: Ingested


REJECT_SAMPLES = 200


def take_in(
    settings: Settings,
    on_progress: Callable[[Progress], None],
    on_note: Callable[[str], None],
    on_read: Callable[[], None] = lambda: None,
) -> Ingested:
    """Ingest what is new; `on_read` is called once all is read.

    Raises SourceError where nothing could be read, SinkError where it can't be kept.
    """
    with open_sink(settings.sink, on_wait=on_note) as sink:
        done = ingest(
            sink,
            app=settings.app,
            logs=settings.logs,
            database=settings.database,
            zone=settings.app_zone,
            on_progress=on_progress,
            on_read=on_read,
        )
    for name, why in done.notes:
        on_note(f"{name}: {why}")
    if not done.readable_sources:
        msg = f"nothing could be read in {settings.app.resolve()}: no log file and no table"
        raise SourceError(msg, "Name the app's folder with --app DIR, or what to read with --logs GLOB and --db URL.")
    return done


def sources(sink: Sink) -> tuple[Source, ...]:
    """What was read so far, by name."""
    rows = sink.connection.execute(
        """SELECT name, kind, entries, events, rejects, duplicates, waiting_bytes, note, format, "offset", size
        FROM sources ORDER BY kind, name, id"""
    ).fetchall()
    return tuple(Source(*row) for row in rows)


_SOURCE_NAMES = "CREATE OR REPLACE TEMP VIEW source_names AS SELECT id, name FROM sources"


def find_trace(sink: Sink, asked: str) -> str:
    """The trace of this id, or of the only one that begins so, as JSON (`trace_json`). Raises NotFoundError."""
    con = sink.connection
    con.execute(_SOURCE_NAMES)
    found = trace_json(con, asked)
    if found is None:
        alike = ids_like(con, asked) if asked else []
        if len(alike) == 1 and alike[0].startswith(asked):
            found = trace_json(con, alike[0])
        if found is None:
            msg = f"no trace {asked}"
            raise NotFoundError(
                msg, f"Near ones: {', '.join(alike)}." if alike else "List them with a report's Traces page."
            )
    return found


def analyse(sink: Sink, window: Window) -> Results:
    """All analyses of the window over an open sink."""
    con = sink.connection
    select_window(con, window)
    return _results(sink, window, window.previous(), lambda: traces(con, window))


def _results(sink: Sink, window: Window, compared: Window, listed: Callable[[], Traces]) -> Results:
    con = sink.connection
    rejects = con.execute(
        'SELECT s.name, r."offset", reason, sample FROM rejects r JOIN sources s ON s.id = r.source ORDER BY s.name, r."offset" LIMIT ?',
        [REJECT_SAMPLES],
    ).fetchall()
    return Results(
        overview(con, window, sources(sink)),
        performance(con, window),
        errors(con, window),
        listed(),
        tuple(RejectSample(*row) for row in rejects),
        changes(con, compared),
    )


def _usage(
    con: duckdb.DuckDBPyConnection, window: Window, zone: str, prices: Mapping[str, Price], built_at: datetime
) -> Usage:
    return Usage(
        chat(con, window),
        commands(con, window),
        tools(con, window),
        processing(con, window),
        llm(con, window, prices),
        latency(con, window, zone),
        trends(con, zone),
        coverage(con, built_at),
    )


@contextlib.contextmanager
def _analysed_apart(
    sink: Sink, window: Window, compared: Window, zone: str, prices: Mapping[str, Price], built_at: datetime
) -> Iterator[tuple[Results, Callable[[], TraceData]]]:
    """The analyses with those of traces in a thread with its own connection, beside the others and the pages' rendering.

    Gives the results, and what waits for the traces' data.
    """
    con = sink.connection.cursor()
    con.execute("SET TimeZone = 'UTC'")
    for connection in (sink.connection, con):
        select_window(connection, window, compared)
        connection.execute(_SOURCE_NAMES)
    with ThreadPoolExecutor(1) as thread:
        listed = thread.submit(traces, con, window)
        data = thread.submit(trace_data, con)
        found = _results(sink, window, compared, listed.result)
        details = error_details(sink.connection, found.errors.groups)
        usage = _usage(sink.connection, window, zone, prices, built_at)
        yield replace(found, error_details=details, usage=usage), data.result


def build(
    settings: Settings,
    window: Window,
    output: Path,
    *,
    zone: ZoneInfo,
    built_at: datetime,
    compared: Window | None = None,
    single_bytes: int = 0,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
) -> Built:
    """Ingest what is new, compute, and write the site to the folder `output`. Raises ReportError.

    `compared`: the window that changes are judged against, by default the one of the same length right before.
    `single_bytes`: not 0 for the whole site as one file `output` of at most so many bytes.
    """
    from reporter.site import build_single, build_site
    from reporter.site.output import check_output
    from reporter.site.render import prepare

    if not single_bytes:
        check_output(output)
    # DuckDB works without Python's lock, so charts are compiled meanwhile. vega() waits for nothing: it compiles again
    # should this thread have failed.
    preparing = Thread(target=prepare, daemon=True)
    ingested = take_in(settings, on_progress, on_note, preparing.start)
    preparing.join()
    on_progress(Progress("computing", 1, 1))
    app, notes = settings.app.resolve().name, tuple(ingested.notes)
    with (
        open_sink(settings.sink, read_only=True, on_wait=on_note) as sink,
        _analysed_apart(sink, window, compared or window.previous(), zone.key, settings.prices, built_at) as (
            results,
            data,
        ),
    ):
        on_progress(Progress("writing pages", 1, 1))
        given: dict[str, Any] = {"zone": zone, "built_at": built_at, "app": app, "notes": notes}
        if single_bytes:
            index = build_single(results, data, output, **given, max_bytes=single_bytes)
        else:
            index = build_site(results, data, output, **given)
    return Built(index, results, ingested)
