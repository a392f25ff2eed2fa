"""Every Python block of the README and of docs/ runs, page by page, against a sandbox."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

import pamela.sandbox
from scripts import diagrams

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_run(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = page.read_text()
    names: dict[str, Any] = {"__name__": "page"}
    with pamela.sandbox.run(speed=500) as sandbox:
        monkeypatch.setenv("PAMELA_API_KEY", sandbox.api_key)
        monkeypatch.setenv("PAMELA_BASE_URL", sandbox.base_url)
        monkeypatch.chdir(tmp_path)
        for found in BLOCK.finditer(text):
            source = found[1].replace("https://api.thisispamela.com", sandbox.base_url)
            source = source.replace('"pk_live_..."', repr(sandbox.api_key))
            line = text.count("\n", 0, found.start(1))
            code = compile("\n" * line + source, os.fspath(page), "exec", dont_inherit=True)
            exec(code, names)
        for value in names.values():
            if isinstance(value, pamela.PamelaClient):
                value.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("source", sorted(diagrams.SOURCES.iterdir()), ids=lambda source: source.stem)
def test_diagrams_are_drawn(source: Path) -> None:
    """`python scripts/diagrams.py` draws them."""
    assert (diagrams.IMAGES / f"{source.stem}.svg").read_text() == diagrams.drawn(source)
