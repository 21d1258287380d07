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


def test_a_page_says_durations_as_the_terminal_does(report, browser):
    durations = [
        0,
        0.04,
        9.994,
        9.995,
        999.4,
        9_995,
        59_949,
        59_950,
        3_599_500,
        1e8,
        1e12,
        1e13,
        1.0001e13,
        9.94e14,
        1e20,
    ]
    page, _ = look(browser, f"file://{report}/index.html")
    told = [words.ms(value) for value in durations]
    assert page.evaluate("all => all.map(value => Telemetry.ms(value))", durations) == told
    assert told[-5:-3] == ["277,777 h 46 min", "2,777,777 h 46 min"]
    assert told[-2:] == ["9.94e+14 ms", "1e+20 ms"]


def test_rates_around_one_per_cent_have_as_many_decimals_as_others(report, browser):
    rates = [0, 0.00004, 0.0099, 0.00994, 0.00996, 0.01, 0.0104, 0.9996, 1]
    told = [words.rate(value) for value in rates]
    assert told == ["0 %", "0.00 %", "0.99 %", "0.99 %", "1.0 %", "1.0 %", "1.0 %", "100.0 %", "100 %"]
    page, _ = look(browser, f"file://{report}/index.html")
    assert page.evaluate("all => all.map(value => Telemetry.rate(value))", rates) == told
