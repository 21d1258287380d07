"""The whole site as one file for a ticket: every page's main part, one under the other, with the runtime and the data of its scripts packed
inside: the trace viewer, the filter, the search of logs.

What a cap on its size leaves out is said in the file, and links to it say so: of the data what has no room (`cargo.py`), then, least
needed first, charts without scripts, the slowest traces' texts, the pages of operations, the failing traces' texts, the
pages of error groups, each from the end.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from reporter.format import words
from reporter.site.cargo import Cargo, loaded
from reporter.site.pages import trace
from reporter.site.render import script_json
from reporter.site.resources import resource_dir
from reporter.site.runtime import runtime_js
from reporter.site.specs import specs_js
from reporter.site.static import with_static_charts, without_static_charts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2

    from reporter.analysis.trace_data import TraceData
    from reporter.site.context import Site
    from reporter.site.output import SiteFile

# What it takes to say what was left out.
_NOTICE_BYTES = 600
_SCRIPTS = (
    "data", "single", "selection", "figures", "notes", "follow-charts", "flow", "follow", "period", "filter", "leads", "report", "export",
    "ticket",
    *trace.SCRIPTS,
)  # fmt: skip
_MAIN = re.compile(r'<main id="main">(.*)</main>', re.S)
_FILTERS = re.compile(r'<form id="page-filters".*?</form>', re.S)
_CHARTS = re.compile(r'<script type="application/json" id="charts">(.*?)</script>', re.S)
_CHART_NAME = re.compile(r'data-(chart|choose)="([\w-]+)"')
_LINK = re.compile(r'href="([\w-]+)\.html(?:#([^"]*))?"')
_ID = re.compile(r'\bid="([^"]*)"')
_HERE = re.compile(r'href="#([^"]*)"')
_LEFT_OUT = 'href="#left-out"'
_TOLD = re.compile(r'<details class="group" data-row id="t-.*?</details>', re.S)


@dataclass
class Section:
    """A page's main part. `parts`: what of it can be left out, in its order."""

    name: str
    title: str
    body: str
    parts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Inside:
    """What goes into the file: `files`, of which the pages (error groups' and operations' behind the others); `data`: of the traces, the
    filter and the logs; `faults`, `pages`: data/faults.js and data/operation-pages.js as JSON."""

    files: Sequence[SiteFile]
    data: TraceData
    faults: str
    pages: Mapping[str, str]


def render_single(
    env: jinja2.Environment, inside: Inside, site: Site, max_bytes: int, static_charts: bool = False
) -> str:
    """The HTML in at most `max_bytes`, if that can be. `static_charts`: every chart, but for those of operations' pages, also as a picture
    that needs no script."""
    charts: dict[str, Any] = {}
    titles = {item.href.removesuffix(".html"): item.title for item in site.nav}
    sections = [
        _section(file.path.removesuffix(".html"), file.data.decode(), titles, charts)
        for file in inside.files
        if file.path.endswith(".html")
    ]
    # As the menu of the folder has them; then what no menu leads to.
    places = {name: place for place, name in enumerate(titles)}
    sections.sort(key=lambda section: places.get(section.name, len(places)))
    if static_charts:
        style = (resource_dir("assets") / "report.css").read_text("utf-8")
        # A picture takes 55 ms: those of operations' pages, of which there are many, are drawn by scripts alone.
        for section in (s for s in sections if not s.name.startswith("operation-")):
            section.body = with_static_charts(section.body, charts, style)
    left: list[str] = []
    page = _page(env, sections, charts, site, Cargo(), left)
    for what, kind in (
        ("charts as pictures without scripts", "static"),
        ("slowest and unfinished traces as text", "ok"),
        ("pages of operations", "operation-"),
        ("failing traces as text", "error"),
        ("pages of error groups", "error-"),
    ):
        excess = len(page.encode()) - max_bytes
        if excess <= 0:
            break
        count = _drop(sections, charts, kind, excess + _NOTICE_BYTES)
        if count:
            left.append(f"{count:,} {what}")
            page = _page(env, sections, charts, site, Cargo(), left)
    room = max_bytes - len(page.encode()) - _NOTICE_BYTES
    # Scripts that need the data, and what is said of what has no room, take some themselves.
    while room > 0:
        made, taken = _with_data(env, sections, charts, site, inside, left, room)
        excess = len(made.encode()) - max_bytes
        if excess <= 0:
            return made
        room = taken - excess
    return _with_data(env, sections, charts, site, inside, left, 0)[0]


def _with_data(
    env: jinja2.Environment,
    sections: list[Section],
    charts: dict[str, Any],
    site: Site,
    inside: Inside,
    left: list[str],
    room: int,
) -> tuple[str, int]:
    """The page with what of the data has `room`, and how many bytes that takes."""
    names = {f"{section.name}.html" for section in sections}
    pages = {name: _local_address(href, "") if href in names else "#left-out" for name, href in inside.pages.items()}
    faults = json.loads(inside.faults)
    for group in faults["groups"]:
        page, _, anchor = group[1].partition("#")
        group[1] = _local_address(page, anchor) if page in names else "#left-out"
    cargo = loaded(inside.data, json.dumps(faults), json.dumps(pages, ensure_ascii=False), max(0, room))
    traces = len(json.loads(inside.data.index)["id"] or ()) - len(cargo.traces)
    missing = [
        f"the records of {words.counted(traces, 'trace')}, the least bad" if traces else "",
        "" if cargo.has_logs or not inside.data.logs.total else "the search of logs",
        "" if cargo.has_filter else "the filter over all pages",
        "" if cargo.has_list else "the list of traces",
    ]
    return _page(env, sections, charts, site, cargo, [*filter(None, missing), *left]), cargo.size


def _section(name: str, text: str, titles: dict[str, str], charts: dict[str, Any]) -> Section:
    found = _MAIN.search(text)
    body = _FILTERS.sub("", found[1] if found else "")
    told = _CHARTS.search(body)
    if told:
        charts.update({f"{name}-{key}": chart for key, chart in json.loads(told[1]).items()})
        body = _CHARTS.sub("", body)
    body = _CHART_NAME.sub(lambda m: f'data-{m[1]}="{name}-{m[2]}"', body)
    return Section(
        name, titles.get(name, ""), _LINK.sub(_local, body), _TOLD.findall(body) if name == "notable" else []
    )


def _local(link: re.Match[str]) -> str:
    """A link to another page as one within the file."""
    return f'href="{_local_address(f"{link[1]}.html", link[2] or "")}"'


def _local_address(page: str, anchor: str) -> str:
    """As assets/single.js has it: a page, with what its address asks for; a place in it; a trace."""
    name = page.removesuffix(".html")
    if name == "trace":
        return f"#t-{anchor}" if anchor else "#page-trace"
    if anchor and "=" not in anchor:
        return f"#{anchor}"
    return f"#page-{name}&{anchor}" if anchor else f"#page-{name}"


def _said_where_left_out(bodies: list[str], traces: frozenset[str]) -> list[str]:
    """The bodies with links to what is not in them, nor a trace that is carried, leading to what says so."""
    ids = {html.unescape(name) for body in bodies for name in _ID.findall(body)}

    def checked(link: re.Match[str]) -> str:
        place = unquote(html.unescape(link[1]))
        is_there = (
            place in ids
            or (place.startswith("t-") and place.removeprefix("t-") in traces)
            or (place.startswith("page-") and place.partition("&")[0] in ids)
        )
        return link[0] if is_there else _LEFT_OUT

    return [_HERE.sub(checked, body) for body in bodies]


def _drop(sections: list[Section], charts: dict[str, Any], kind: str, excess: int) -> int:
    """Leave out parts of a kind from the end until `excess` bytes are gone; returns how many."""
    if kind.endswith("-"):
        return _drop_sections(sections, charts, kind, excess)
    gone = count = 0
    for section in sections:
        if kind == "static":
            section.body, taken = without_static_charts(section.body)
            count += taken
            continue
        for part in reversed(section.parts):
            if gone >= excess:
                break
            if ('class="status error"' in part) == (kind == "error"):
                section.body = section.body.replace(_LINK.sub(_local, part), "", 1)
                section.parts.remove(part)
                gone += len(part.encode())
                count += 1
    return count


def _drop_sections(sections: list[Section], charts: dict[str, Any], prefix: str, excess: int) -> int:
    """Whole pages, with what is in their charts."""
    gone = count = 0
    for section in reversed([s for s in sections if s.name.startswith(prefix)]):
        if gone >= excess:
            break
        gone += len(section.body.encode())
        for name in [name for name in charts if name.startswith(f"{section.name}-")]:
            gone += len(script_json(charts.pop(name)).encode())
        sections.remove(section)
        count += 1
    return count


def _code(cargo: Cargo) -> bytes:
    """All scripts that have what they need."""
    assets = resource_dir("assets")
    names = (
        *_SCRIPTS,
        *(("traces",) if cargo.has_list else ()),
        *(("regex", "log-contexts", "logs") if cargo.has_logs else ()),
    )
    return b"\n".join([runtime_js(), specs_js(), *((assets / f"{name}.js").read_bytes() for name in names)])


def _page(
    env: jinja2.Environment,
    sections: list[Section],
    charts: dict[str, Any],
    site: Site,
    cargo: Cargo,
    left: list[str],
) -> str:
    assets = resource_dir("assets")
    style, boot = ((assets / name).read_text("utf-8") for name in ("report.css", "boot.js"))
    # Sections' own names are places too.
    whole = [f'<section class="page" id="page-{s.name}">\n{s.body}\n</section>' for s in sections]
    bodies = _said_where_left_out(whole, cargo.traces)
    code = _code(cargo)
    return env.get_template("single.html").render(
        site=site,
        sections=sections,
        bodies=bodies,
        charts=script_json(charts),
        left=left,
        style=style,
        boot=boot,
        packed=base64.b64encode(gzip.compress(code, 9, mtime=0)).decode(),
        data=cargo.parts,
        has_filter=cargo.has_filter,
        hashes=[_hash(boot.encode()), _hash(code)],
        style_hash=_hash(style.encode()),
    )


def _hash(code: bytes) -> str:
    return base64.b64encode(hashlib.sha256(code).digest()).decode()
