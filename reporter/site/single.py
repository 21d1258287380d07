"""The whole site as one file for a ticket: every page's main part, one under the other, with the runtime packed inside.

What a cap on its size leaves out, least needed first, is said in the file: charts without scripts, what the filter computes with, the slowest
traces' texts, the pages of operations, the failing traces' texts, then the pages of error groups, each from the end.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reporter.site.render import script_json
from reporter.site.resources import resource_dir
from reporter.site.runtime import runtime_js
from reporter.site.specs import specs_js
from reporter.site.static import with_static_charts, without_static_charts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2

    from reporter.site.context import Site
    from reporter.site.output import SiteFile

# What it takes to say what was left out.
_NOTICE_BYTES = 600
_SCRIPTS = (
    "data.js", "selection.js", "figures.js", "notes.js", "follow-charts.js", "flow.js", "follow.js", "period.js", "filter.js", "leads.js",
    "report.js", "export.js", "single.js",
)  # fmt: skip
_MAIN = re.compile(r'<main id="main">(.*)</main>', re.S)
_FILTERS = re.compile(r'<form id="(?:page|log)-filters".*?</form>', re.S)
_CHARTS = re.compile(r'<script type="application/json" id="charts">(.*?)</script>', re.S)
_CHART_NAME = re.compile(r'data-(chart|choose)="([\w-]+)"')
_LINK = re.compile(r'href="([\w-]+)\.html(?:#([^"]*))?"')
_TOLD = re.compile(r'<details class="group" data-row id="t-.*?</details>', re.S)


@dataclass
class Section:
    """A page's main part. `parts`: what of it can be left out, in its order."""

    name: str
    title: str
    body: str
    parts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LeftOut:
    """What the cap cost."""

    what: str
    count: int
    kind: str = ""


def render_single(
    env: jinja2.Environment,
    files: Sequence[SiteFile],
    operations: bytes,
    site: Site,
    max_bytes: int,
    static_charts: bool = False,
) -> str:
    """The HTML of the pages among `files` (error groups' and operations' pages behind the others) in at most `max_bytes`, if that can be.
    `operations`: the script data/operations.js, for the filter; `static_charts`: every chart, but for those of operations' pages, also as a picture that needs no script."""
    charts: dict[str, Any] = {}
    titles = {item.href.removesuffix(".html"): item.title for item in site.nav}
    sections = [
        _section(file.path.removesuffix(".html"), file.data.decode(), titles, charts)
        for file in files
        if file.path.endswith(".html") and file.path != "trace.html"
    ]
    if static_charts:
        style = (resource_dir("assets") / "report.css").read_text("utf-8")
        # A picture takes 55 ms: those of operations' pages, of which there are many, are drawn by scripts alone.
        for section in (s for s in sections if not s.name.startswith("operation-")):
            section.body = with_static_charts(section.body, charts, style)
    code = _code(operations)
    left: list[LeftOut] = []
    page = _page(env, sections, charts, site, code, left)
    for what, kind in (
        ("charts as pictures without scripts", "static"),
        ("filter over all pages", "filter"),
        ("slowest and unfinished traces as text", "ok"),
        ("pages of operations", "operation-"),
        ("failing traces as text", "error"),
        ("pages of error groups", "error-"),
    ):
        excess = len(page.encode()) - max_bytes
        if excess <= 0:
            break
        if kind == "filter":
            code, count = _code(), 1
        else:
            count = _drop(sections, charts, kind, excess + _NOTICE_BYTES)
        if count:
            left.append(LeftOut(what, count, kind))
            page = _page(env, sections, charts, site, code, left)
    return page


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
    page, anchor = link[1], link[2]
    if page == "trace":
        return f'href="#t-{anchor}"'
    return f'href="#{anchor}"' if anchor and "=" not in anchor else f'href="#page-{page}"'


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


def _code(operations: bytes = b"") -> bytes:
    """All scripts; what the filter computes with comes right behind the one that keeps it."""
    assets = resource_dir("assets")
    first, *others = ((assets / name).read_bytes() for name in _SCRIPTS)
    return b"\n".join([runtime_js(), specs_js(), first, operations, *others])


def _page(
    env: jinja2.Environment,
    sections: list[Section],
    charts: dict[str, Any],
    site: Site,
    code: bytes,
    left: list[LeftOut],
) -> str:
    assets = resource_dir("assets")
    style, boot = ((assets / name).read_text("utf-8") for name in ("report.css", "boot.js"))
    return env.get_template("single.html").render(
        site=site,
        sections=sections,
        charts=script_json(charts),
        left=left,
        style=style,
        boot=boot,
        packed=base64.b64encode(gzip.compress(code, 9, mtime=0)).decode(),
        has_filter="filter" not in {part.kind for part in left},
        hashes=[_hash(boot.encode()), _hash(code)],
        style_hash=_hash(style.encode()),
    )


def _hash(code: bytes) -> str:
    return base64.b64encode(hashlib.sha256(code).digest()).decode()
