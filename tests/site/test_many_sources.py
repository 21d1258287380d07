"""Pages do not grow with the number of files that an app logs to; the one about sources names all."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from reporter.analysis.overview import Source
from reporter.site.context import Site
from reporter.site.render import environment


def test_pages_name_a_few_sources_and_link_to_all():
    at, sources = (
        datetime(2026, 11, 20, tzinfo=UTC),
        tuple(Source(f"{n}.log", "log", 1, 1, 0, 0, 0, "") for n in range(500)),
    )
    site = Site("app", at, at, "UTC", at, "1", (), sources, 500, 500, 0, 0, (), False)
    page = environment(ZoneInfo("UTC")).get_template("layout.html").render(site=site, page=SimpleNamespace(title="x"))
    assert page.count(".log</td>") == 20
    assert "500 sources</a>" in page
    assert 'and 480 more, named on <a href="sources.html">Sources</a>' in page
