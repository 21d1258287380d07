"""What draws charts is made by another process, and by this one where that is no Python."""

from __future__ import annotations

import sys

import pytest

from reporter.site import runtime


@pytest.mark.parametrize("executable", [None, "", "/nowhere/python", "/bin/false", "/bin/true", "/bin/echo"])
def test_what_is_no_python_is_not_taken_for_one(executable, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(runtime, "bundle", lambda: b"made here")
    assert runtime.runtime_js(tmp_path) == b"made here"


def test_another_process_makes_the_same(tmp_path, monkeypatch):
    here = runtime.bundle()
    monkeypatch.setattr(runtime, "bundle", lambda: b"made here")
    assert runtime.runtime_js(tmp_path) == here
