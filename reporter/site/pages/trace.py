"""trace.html#<correlation id>: one trace, its data loaded from the shard that holds it; and the same in one file of its own."""

from __future__ import annotations

import base64
import hashlib
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from reporter import __version__
from reporter.format.timeline import timeline
from reporter.site.render import environment
from reporter.site.resources import resource_dir

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reporter.analysis.results import Results
    from reporter.site.context import Edition

FILE, TITLE = "trace.html", "Trace"
# What the viewer is made of, in this order, behind data.js.
_VIEWER = ("cause", "model", "details", "trace-text", "trace-map", "trace-views", "waterfall")
SCRIPTS = (*_VIEWER, "compare", "trace")
_OF_ONE = ("data", *_VIEWER, "trace")
# What stands where a trace goes: the viewer's “save this trace” puts it there as `file` below does.
DATA_MARK, TEXT_MARK = "@@TRACE@@", "@@TEXT@@"


@dataclass(frozen=True)
class TraceContext:
    title: str
    zone: str
    scripts: tuple[str, ...] = SCRIPTS


def context(results: Results, zone: ZoneInfo) -> TraceContext:
    return TraceContext(TITLE, zone.key)


def file(document: dict[str, Any], edition: Edition) -> str:
    """The viewer with one trace alone (what `analysis.trace.trace` gives) as one self-contained HTML page."""
    page = file_skeleton(edition)
    before, _, rest = page.partition(TEXT_MARK)
    middle, _, after = rest.partition(DATA_MARK)
    text = orjson.dumps(document).decode().replace("<", "\\u003c")
    return before + html.escape(timeline(document, edition.zone)) + middle + text + after


def file_skeleton(edition: Edition) -> str:
    """The page of one trace with marks where its text and its data go."""
    assets = resource_dir("assets")
    style = (assets / "report.css").read_text("utf-8")
    script = "\n".join((assets / f"{name}.js").read_text("utf-8") for name in _OF_ONE)
    return (
        environment(edition.zone)
        .get_template("trace_file.html")
        .render(
            app=edition.app.replace("@@", "@ @"),
            zone=edition.zone.key,
            built_at=edition.built_at,
            version=__version__,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            text_mark=TEXT_MARK,
            data_mark=DATA_MARK,
        )
    )


def _hash(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
