"""The English of README and docs/: proselint finds nothing, and scripts/vocabulary.toml has the words to avoid."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from .test_documentation import PAGES, ROOT

VOCABULARY: dict[str, str] = tomllib.loads((ROOT / "scripts" / "vocabulary.toml").read_text())["instead"]
LONGEST_SENTENCE = 38
"""Words. A longer one has to be read twice."""
NOT_OF_MARKDOWN = ("typography", "lexical_illusions")
"""Checks that Markdown does not pass: quotation marks of the keyboard, and code between two equal words."""
NOT_PROSE = (
    re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"^(?:    |\t).*$", re.MULTILINE),
    re.compile(r"`[^`\n]*`"),
    re.compile(r"(?<=\])\([^)\s]*\)"),
    re.compile(r"^::: .*$|^!!! \w+|^#+ .*$", re.MULTILINE),
)
WRITTEN_BY_TESTS = re.compile(
    r"<!-- (?:mistakes: begin|replay: begin|outcomes|measured|commands|from openapi.yaml|tests/spec/test_table.py writes this) -->.*",
    re.DOTALL,
)
PROSE_PAGES = [*(page for page in PAGES if page.name != "changes.md"), ROOT / "CONTRIBUTING.md"]


def prose(page: Path) -> str:
    """Return the sentences of a page, each where it stands, with spaces for code and addresses."""
    text = WRITTEN_BY_TESTS.sub("", page.read_text())
    for pattern in NOT_PROSE:
        text = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return text


def place(page: Path, text: str, offset: int) -> str:
    return f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, offset) + 1}"


@pytest.fixture(scope="module", autouse=True)
def _proselint() -> None:
    registry = CheckRegistry()
    if not registry.checks:
        registry.register_many(__register__)


@pytest.mark.parametrize("page", PROSE_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_proselint_finds_nothing(page: Path) -> None:
    text = prose(page)
    found = [
        f"{place(page, text, each.check_result.span[0] - 1)}: {each.check_result.message}"
        for each in LintFile(page, text).lint({**DEFAULT, "max_errors": 1000})
        if not each.check_result.check_path.startswith(NOT_OF_MARKDOWN)
    ]
    assert found == []


@pytest.mark.parametrize("page", PROSE_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_words(page: Path) -> None:
    text = prose(page)
    found = [
        f"{place(page, text, each.start())}: '{each[0]}': write {instead}"
        for pattern, instead in VOCABULARY.items()
        for each in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("page", PROSE_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_sentence_is_too_long(page: Path) -> None:
    text = prose(page)
    found = []
    for paragraph in re.finditer(r"[^\n|]+(?:\n(?![\n|*-])[^\n|]+)*", text):
        for sentence in re.split(r"(?<=[.!?:;])\s+", paragraph[0]):
            words = len(re.findall(r"[\w'-]+", sentence))
            if words > LONGEST_SENTENCE:
                found.append(
                    f"{place(page, text, paragraph.start())}: {words} words: {' '.join(sentence.split())[:80]}"
                )
    assert found == []
