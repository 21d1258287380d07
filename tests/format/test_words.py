"""Values in words."""

from __future__ import annotations

import pytest

from reporter.format import words
from tests.browser import look

TEXTS = ("", "short", "a" * 26, "a" * 27, "stands before a blank: no", "🙂" * 30, "שלום " * 9)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_is_too_long_is_cut_to_what_fits(text):
    cut = words.cut(text, 26)
    assert len(cut) <= 26
    assert (cut == text) == (len(text) <= 26)
    assert text.startswith(cut.removesuffix("…"))
    assert not cut.endswith(" …")


def test_a_page_cuts_as_the_terminal_does(report, browser):
    page, _ = look(browser, f"file://{report}/index.html")
    assert page.evaluate("texts => texts.map(text => Telemetry.cut(text, 26))", list(TEXTS)) == [
        words.cut(text, 26) for text in TEXTS
    ]
