"""The project on a package index: its description and its links lead to files and pages that exist."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from io import StringIO

import pytest
from readme_renderer import markdown

from .test_documentation import ROOT, anchors

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REPOSITORY = PROJECT["project"]["urls"]["Source"]
FILES = f"{REPOSITORY}/blob/main/"
RAW = REPOSITORY.replace("https://github.com/", "https://raw.githubusercontent.com/") + "/main/"


@cache
def description() -> str:
    """Return the description as the build writes it: the README with absolute links."""
    text = (ROOT / "README.md").read_text()
    for each in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    return text


def links() -> list[str]:
    rendered = markdown.render(description(), stream=StringIO())
    assert rendered is not None
    return re.findall(r'(?:href|src)="([^#"][^"]*)"', rendered)


def test_an_index_renders_the_description() -> None:
    rendered = markdown.render(description(), stream=StringIO())
    assert rendered is not None
    assert re.search(r"<h1[^>]*>thisispamela", rendered)
    assert "<table>" in rendered
    assert rendered.count("<pre") == len(re.findall(r"^```\w", (ROOT / "README.md").read_text(), re.MULTILINE))


def test_links_of_the_description_lead_to_files() -> None:
    found = links()
    assert len(found) > 20
    for link in found:
        assert link.startswith("https://"), link
        for address in (FILES, RAW):
            if link.startswith(address):
                path, _, anchor = link.removeprefix(address).partition("#")
                assert (ROOT / path).exists(), link
                assert not anchor or anchor in anchors(ROOT / path), link
        assert link.startswith((FILES, RAW, PROJECT["project"]["urls"]["Homepage"])), link


@pytest.mark.parametrize(("name", "link"), PROJECT["project"]["urls"].items())
def test_links_of_the_project(name: str, link: str) -> None:
    assert link.startswith("https://"), name
    if link.startswith(FILES):
        assert (ROOT / link.removeprefix(FILES)).exists(), link
