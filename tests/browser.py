"""Chromium: pages from file://, no network, every word on the console heard."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

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


def look(browser, url: str, wait_for: str = "main", **options):
    """Open a page; returns it with all console messages, errors and requests that are not files."""
    context = browser.new_context(**options)
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    local = ("file:", "data:", "blob:file:", "blob:null")
    page.on("request", lambda request: None if request.url.startswith(local) else heard.append(request.url))
    page.goto(url)
    page.wait_for_selector(wait_for, state="attached", timeout=10_000)
    return page, heard
