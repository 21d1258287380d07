"""The offline site: one page module and one template a page, shared assets, data as scripts. Computes no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reporter import __version__
from reporter.site.context import NavItem, Site
from reporter.site.live import LIVE_FILE, notice, page_scripts
from reporter.site.output import MARKER, SiteFile, write_file, write_site
from reporter.site.pages import (
    chat,
    commands,
    errors,
    llm,
    notable,
    overview,
    performance,
    processing,
    sources,
    tools,
    trace,
    traces,
    trends,
)
from reporter.site.render import data_script, environment
from reporter.site.resources import resource_dir
from reporter.site.runtime import runtime_js
from reporter.site.single import render_single

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
    from reporter.analysis.trace_data import TraceData

PAGES = (overview, performance, errors, traces, chat, commands, tools, processing, llm, trends, sources, trace)
# Reached from this page, not from the navigation.
_BELOW = {trace: traces, notable: traces}
_TEMPLATES = {"index.html": "overview.html"}


def build_site(
    results: Results,
    data: Callable[[], TraceData],
    output: Path,
    *,
    zone: ZoneInfo,
    built_at: datetime,
    app: str,
    notes: tuple[tuple[str, str], ...] = (),
    is_live: bool = False,
) -> Path:
    """Render all pages and write them in one step; returns index.html's path. Raises OutputError. `data` may have to be
    waited for. `is_live`: the pages of a `watch`, which renew themselves while they are open."""
    files = render_site(results, data, zone=zone, built_at=built_at, app=app, notes=notes, is_live=is_live)
    return write_site(files, output, (LIVE_FILE,) if is_live else ())


def build_single(
    results: Results,
    data: Callable[[], TraceData],
    output: Path,
    *,
    zone: ZoneInfo,
    built_at: datetime,
    app: str,
    notes: tuple[tuple[str, str], ...] = (),
    max_bytes: int,
    static_charts: bool = False,
) -> Path:
    """Write the whole site as one file; returns its path. Raises OutputError."""
    pages = render_pages(results, data, zone=zone, built_at=built_at, app=app, notes=notes)
    site = _site(overview, results, zone, built_at, app, notes)
    return write_file(render_single(environment(zone), pages, site, max_bytes, static_charts).encode(), output)


def write_trace(document: dict[str, Any], path: Path, *, zone: ZoneInfo, app: str, built_at: datetime) -> Path:
    """Write the viewer with one trace (`analysis.trace.trace`) as one self-contained file. Raises OutputError."""
    page = trace.file(document, zone=zone, app=app, built_at=built_at)
    return write_file(page.encode("utf-8", "replace"), path)


def render_site(
    results: Results,
    data: Callable[[], TraceData],
    *,
    zone: ZoneInfo,
    built_at: datetime,
    app: str,
    notes: tuple[tuple[str, str], ...],
    is_live: bool = False,
) -> list[SiteFile]:
    """All files of the site. The same results and `built_at` give the same bytes."""
    files = render_pages(results, data, zone=zone, built_at=built_at, app=app, notes=notes, is_live=is_live)
    if is_live:
        files += page_scripts(files)
    for path in sorted(resource_dir("assets").iterdir()):
        files.append(SiteFile(f"assets/{path.name}", path.read_bytes()))
    files.append(SiteFile("assets/vega-runtime.js", runtime_js()))
    skeleton = trace.file_skeleton(zone=zone, app=app, built_at=built_at)
    files.append(SiteFile("data/trace-page.js", data_script("trace-page", skeleton)))
    files += traces.data_files(data())
    files.append(SiteFile(MARKER, notice(built_at)))
    return files


def render_pages(
    results: Results,
    data: Callable[[], TraceData],
    *,
    zone: ZoneInfo,
    built_at: datetime,
    app: str,
    notes: tuple[tuple[str, str], ...],
    is_live: bool = False,
) -> list[SiteFile]:
    """The HTML pages; that which waits for `data` last."""
    env = environment(zone)

    def page(module: Any, context: Any, file: str = "", template: str = "") -> SiteFile:  # noqa: ANN401 - a page module and its context
        name = template or _TEMPLATES.get(module.FILE, module.FILE)
        site = _site(module, results, zone, built_at, app, notes, is_live)
        text = env.get_template(name).render(page=context, site=site)
        return SiteFile(file or module.FILE, text.encode("utf-8", "replace"))

    files = [page(module, module.context(results, zone)) for module in PAGES if module is not sources]
    for name, context in errors.group_contexts(results):
        files.append(page(errors, context, name, "error.html"))
    files.append(page(notable, notable.context(results, data(), zone)))
    # Last, since it says how often something was redacted, in the traces' data too.
    files.append(page(sources, sources.context(results, zone)))
    return files


def _site(
    module: Any,  # noqa: ANN401 - a page module
    results: Results,
    zone: ZoneInfo,
    built_at: datetime,
    app: str,
    notes: tuple[tuple[str, str], ...],
    is_live: bool = False,
) -> Site:
    found = results.overview.sources
    nav = tuple(NavItem(p.TITLE, p.FILE, p is _BELOW.get(module, module)) for p in PAGES if p not in _BELOW)
    return Site(
        app,
        results.overview.window.start,
        results.overview.window.end,
        zone.key,
        built_at,
        __version__,
        nav,
        found,
        sum(s.entries for s in found),
        sum(s.events for s in found),
        sum(s.rejects for s in found),
        sum(1 for s in found if s.waiting_bytes),
        notes,
        bool(notes),
        is_live,
    )
