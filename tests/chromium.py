"""The browser that tests open pages in: Debian's Chromium, which is not to speak to anybody but the page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser, or skip the test where there is none."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is missing; install Debian's package `chromium`")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=executable, args=OPTIONS) as browser,
    ):
        yield browser
