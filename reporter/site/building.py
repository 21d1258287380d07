"""All pages and files of the site, and how they are written: as a folder, or as one file."""

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
    hosts,
    left_out,
    llm,
    logs,
    notable,
    operation,
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
from reporter.site.single import Inside, render_single
from reporter.site.specs import specs_js

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
    from reporter.analysis.trace_data import TraceData
    from reporter.site.context import Chart, Edition

PAGES = (overview, performance, errors, traces, logs, chat, commands, tools, processing, llm, trends, sources, trace)
# And where there are several hosts, before the sources.
_OF_HOSTS = (*PAGES[:-2], hosts, *PAGES[-2:])
# Reached from this page, not from the navigation.
_BELOW = {trace: traces, notable: traces, operation: performance}
_TEMPLATES = {"index.html": "overview.html"}


def build_site(
    results: Results, data: Callable[[], TraceData], output: Path, edition: Edition, beside: Path | None = None
) -> Path:
    """Render all pages and write them in one step; returns index.html's path. Raises OutputError. `data` may have to be
    waited for. `beside`: another report whose files may be shared."""
    return write_site(render_site(results, data, edition), output, (LIVE_FILE,) if edition.is_live else (), beside)


def build_single(
    results: Results,
    data: Callable[[], TraceData],
    output: Path,
    edition: Edition,
    *,
    max_bytes: int,
    static_charts: bool = False,
) -> Path:
    """Write the whole site as one file; returns its path. Raises OutputError."""
    pages = render_pages(results, data, edition)
    env, site = environment(edition.zone), _site(overview, results, edition)
    inside = Inside(pages, data(), errors.faults(results), operation.pages(results))
    return write_file(render_single(env, inside, site, max_bytes, static_charts).encode("utf-8", "replace"), output)


def write_trace(document: dict[str, Any], path: Path, edition: Edition) -> Path:
    """Write the viewer with one trace (`analysis.trace.trace`) as one self-contained file. Raises OutputError."""
    return write_file(trace.file(document, edition).encode("utf-8", "replace"), path)


def render_site(results: Results, data: Callable[[], TraceData], edition: Edition) -> Iterator[SiteFile]:
    """All files of the site; those of traces are made one by one. The same results and edition give the same bytes."""
    pages = render_pages(results, data, edition)
    yield from pages
    if edition.is_live:
        yield from page_scripts(pages)
    for path in sorted(resource_dir("assets").iterdir()):
        yield SiteFile(f"assets/{path.name}", path.read_bytes())
    yield SiteFile("assets/vega-runtime.js", runtime_js() + specs_js())
    yield SiteFile("data/trace-page.js", data_script("trace-page", trace.file_skeleton(edition)))
    yield operation.data_file(results)
    yield SiteFile("data/faults.js", data_script("faults", errors.faults(results)))
    yield from traces.data_files(data())
    yield from logs.data_files(data().logs)
    yield SiteFile(MARKER, notice(edition.built_at))


def render_pages(results: Results, data: Callable[[], TraceData], edition: Edition) -> list[SiteFile]:
    """The HTML pages; that which waits for `data` last."""
    pages_of_operations = operation.hrefs(results)
    env, zone = environment(edition.zone, pages_of_operations), edition.zone

    def page(module: Any, context: Any, file: str = "", template: str = "") -> SiteFile:  # noqa: ANN401 - a page module and its context
        name = template or _TEMPLATES.get(module.FILE, module.FILE)
        text = env.get_template(name).render(page=context, site=_site(module, results, edition))
        return SiteFile(file or module.FILE, text.encode("utf-8", "replace"))

    files = [page(module, module.context(results, zone)) for module in _pages(results) if module not in (logs, sources)]
    for name, context in errors.group_contexts(results, zone):
        files.append(page(errors, context, name, "error.html"))
    for name, of_operation in operation.contexts(results, zone):
        files.append(page(operation, of_operation, name, "operation.html"))
    files.append(page(notable, notable.context(results, data(), zone)))
    # A cell has no entries: where they are is what such a page can say.
    if edition.reduced:
        files.append(page(logs, left_out.context(logs.TITLE), "", left_out.TEMPLATE))
    else:
        files.append(page(logs, logs.context(results, data().logs, zone)))
    # Last, since it says how often something was redacted, in the traces' data too.
    files.append(page(sources, sources.context(results, zone)))
    return files


def charts_of(results: Results, zone: ZoneInfo) -> dict[str, Chart]:
    """Every page's charts by `page/chart`."""
    pages = ((page.TITLE.lower(), page.context(results, zone)) for page in PAGES if page is not logs)
    return {
        f"{title.replace(' ', '_')}/{chart.name}": chart
        for title, context in pages
        for chart in getattr(context, "charts", ())
    }


def _hosts(results: Results) -> tuple[str, ...]:
    return tuple(host.host for host in results.usage.hosts) if results.usage else ()


def _pages(results: Results) -> tuple[Any, ...]:
    return _OF_HOSTS if _hosts(results) else PAGES


def _site(module: Any, results: Results, edition: Edition) -> Site:  # noqa: ANN401 - a page module
    found = results.overview.sources
    nav = tuple(NavItem(p.TITLE, p.FILE, p is _BELOW.get(module, module)) for p in _pages(results) if p not in _BELOW)
    return Site(
        edition.app,
        results.window.start,
        results.window.end,
        edition.zone.key,
        edition.built_at,
        __version__,
        nav,
        found,
        sum(s.entries for s in found),
        sum(s.events for s in found),
        sum(s.rejects for s in found),
        sum(1 for s in found if s.waiting_bytes),
        edition.notes,
        bool(edition.notes),
        edition.is_live,
        results.window.bucket_seconds,
        edition.chosen,
        edition.above,
        () if edition.reduced else _hosts(results),
        edition.reduced,
    )
