"""Files are there whole or not at all, whoever else writes them."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from reporter.replacing import opened, remove_left, replaced


def test_two_that_have_the_same_number_do_not_write_in_each_others_file(tmp_path, monkeypatch):
    """As in two containers that share a folder."""
    monkeypatch.setattr(os, "getpid", lambda: 7)
    path = tmp_path / "report.html"
    with opened(path) as first:
        first.write(b"first")
        with opened(path) as second:
            second.write(b"second, whole")
        assert path.read_bytes() == b"second, whole"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="since 3.13 pathlib takes the last of them for a file")
def test_links_that_lead_to_each_other_are_an_error_of_the_system(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), replaced(tmp_path / "a") as fresh:
        fresh.write_bytes(b"")


def test_what_a_killed_process_left_of_one_file_goes(tmp_path):
    mine, others = replaced(tmp_path / "a[b].duckdb"), replaced(tmp_path / "other")
    for left in (mine, others):
        left.__enter__().write_bytes(b"half")
    remove_left(tmp_path, "a[b].duckdb")
    assert [path.name.split(".")[1] for path in tmp_path.iterdir()] == ["other"]
