"""What is wrong with a page for those who do not see it or have no mouse, as far as axe-core can tell."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page, in a line each."""
    if not AXE.exists():
        pytest.skip("axe-core is missing; `npm ci` installs it")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{each['id']}: {each['help']}: {json.dumps([node['target'] for node in each['nodes'][:3]])}" for each in found
    ]
