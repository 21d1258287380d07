"""Chromium: pages from file://, no network, every word on the console heard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

# As people have it.
WHOLE = "/usr/bin/chromium"
# The same engine without the window's frame and its compositor takes a third of the CPU for a page.
SHELL = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or WHOLE
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(program: str = SHELL):
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=program, args=CHROMIUM)
        yield started
        started.close()


# Pages that tests are done with: a new one, with a renderer of its own, takes twice the CPU time that one takes to go elsewhere.
_idle: list[Page] = []
# Those of the test that runs, each with what hears it.
_lent: dict[Page, dict[str, Callable]] = {}


def look(browser: Browser, url: str, wait_for: str = "main", **options):
    """Open a page; returns it with all console messages, errors and requests that are not files. With `options` it is in a context of
    its own; without, it may have been another test's, and is as it was at first: nothing of ours stores anything in a browser."""
    page = _idle.pop() if _idle and not options else browser.new_context(**options).new_page()
    heard: list[str] = []
    local = ("file:", "data:", "blob:file:", "blob:null")
    hears = {
        "console": lambda message: heard.append(message.text),
        "pageerror": lambda error: heard.append(str(error)),
        "request": lambda request: None if request.url.startswith(local) else heard.append(request.url),
    }
    for event, hear in hears.items():
        page.on(event, hear)
    if not options:
        _lent[page] = hears
    page.goto(url)
    page.wait_for_selector(wait_for, state="attached", timeout=10_000)
    return page, heard


def leave(browser: Browser) -> None:
    """Close what a test has opened, but for pages without options, which the next one gets."""
    for page, hears in _lent.items():
        if page.context.pages != [page]:
            continue
        for event, hear in hears.items():
            page.remove_listener(event, hear)
        page.goto("about:blank")
        page.set_viewport_size({"width": 1280, "height": 720})
        page.emulate_media(media="null", color_scheme="light")
        page.mouse.move(0, 0)
        _idle.append(page)
    _lent.clear()
    for context in browser.contexts:
        if not set(context.pages) & set(_idle):
            context.close()
