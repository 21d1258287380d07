"""A new report takes the place of the old one in one step."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reporter.site import output
from reporter.site.output import MARKER, SiteFile, write_site

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

OLD, NEW = [SiteFile(MARKER, b"old"), SiteFile("old.html", b"")], [SiteFile(MARKER, b"new")]


def test_a_page_that_asks_while_reports_are_replaced_always_finds_one(tmp_path: Path):
    target, is_over, asked = tmp_path / "out", threading.Event(), []
    write_site(OLD, target)

    def ask() -> None:
        while not is_over.is_set():
            asked.append((target / MARKER).exists())

    reader = threading.Thread(target=ask)
    reader.start()
    for _ in range(200):
        write_site(NEW, target)
    is_over.set()
    reader.join()
    assert len(asked) > 200
    assert all(asked)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_where_folders_cannot_change_places_the_new_report_still_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(output, "_exchange", lambda *_: False)
    write_site(OLD, tmp_path / "out")
    write_site(NEW, tmp_path / "out")
    assert (tmp_path / "out" / MARKER).read_bytes() == b"new"
    assert not (tmp_path / "out" / "old.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_an_open_page_may_still_ask_for_is_kept(tmp_path: Path):
    write_site([*OLD, SiteFile("data/live.js", b"session")], tmp_path / "out")
    write_site(NEW, tmp_path / "out", ("data/live.js",))
    assert (tmp_path / "out" / "data" / "live.js").read_bytes() == b"session"
    write_site(NEW, tmp_path / "out")
    assert not (tmp_path / "out" / "data" / "live.js").exists()
