"""The API reference, opened in a real browser, shows everything and fetches nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

import pamela.sandbox

from ..chromium import chromium
from .conftest import DOCUMENT, ROOT, run

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = [(path, operation) for path, item in DOCUMENT["paths"].items() for operation in item.values()]
WEBHOOKS = [(name, item["post"]) for name, item in DOCUMENT["webhooks"].items()]
ERROR_CODES = DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]


@dataclass
class Seen:
    """A page of a browser, with what it fetched and complained of."""

    page: Page
    fetched: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)


@pytest.fixture(scope="module")
def reference(node_tools: Path) -> None:
    """The page where the sandbox looks for it, made of the specification as it stands."""
    result = run([sys.executable, "scripts/reference.py"])
    assert result.returncode == 0, result.stdout


@pytest.fixture
def browser() -> Iterator[Seen]:
    with chromium() as running:
        yield Seen(running.new_page())


@pytest.mark.usefixtures("reference")
def test_shows_everything_and_fetches_nothing(browser: Seen) -> None:
    with pamela.sandbox.run() as sandbox:
        address = f"{sandbox.base_url}/reference"
        browser.page.goto(f"{address}#/errors")
        for code in ERROR_CODES:
            expect(browser.page.get_by_role("cell").filter(has_text=str(code)).first).to_be_visible()
        for name, operation in [*OPERATIONS, *WEBHOOKS]:
            browser.page.goto(f"{address}#/{operation['tags'][0]}/{operation['operationId']}")
            expect(browser.page.get_by_role("heading", name=operation["summary"]).first).to_be_visible()
            expect(browser.page.get_by_text(name, exact=True).filter(visible=True).first).to_be_visible()

    assert len(OPERATIONS) == 9
    assert len(WEBHOOKS) == 6
    assert browser.complaints == []
    assert [url for url in browser.fetched if not url.startswith(("blob:", "data:"))] == [address]


@pytest.mark.usefixtures("reference")
def test_has_the_code_samples(browser: Seen) -> None:
    with pamela.sandbox.run() as sandbox:
        browser.page.goto(f"{sandbox.base_url}/reference#/calls/create_call")
        chosen = "curl"
        for label, beginning in (("Python", "from pamela"), ("TypeScript", "import createClient"), ("curl", "curl --")):
            browser.page.get_by_role("button", name=chosen, exact=True).first.click()
            browser.page.get_by_text(label, exact=True).filter(visible=True).last.click()
            expect(browser.page.locator("pre").filter(has_text=beginning, visible=True).first).to_be_visible()
            chosen = label


@pytest.mark.usefixtures("reference")
def test_links_open_in_a_new_tab(browser: Seen) -> None:
    with pamela.sandbox.run() as sandbox:
        browser.page.goto(f"{sandbox.base_url}/reference")
        with browser.page.context.expect_page() as opened:
            browser.page.locator("a[href='#/tools']").first.click(modifiers=["Control"])
        expect(opened.value.get_by_role("heading", name="tools").first).to_be_visible()
        assert opened.value.url == f"{sandbox.base_url}/reference#/tools"
        browser.page.locator("a[href='#/usage']").first.click()
        expect(browser.page).to_have_url(re.compile("#/usage"))


@pytest.mark.usefixtures("reference")
def test_opens_as_a_file(browser: Seen) -> None:
    address = (ROOT / "pamela" / "sandbox" / "reference.html").as_uri()

    browser.page.goto(address)

    expect(browser.page.get_by_role("heading", name=DOCUMENT["info"]["title"])).to_be_visible()
    assert browser.complaints == []
    assert [url for url in browser.fetched if not url.startswith(("blob:", "data:"))] == [address]
