"""The English of README, CHANGELOG, docs/, docstrings and openapi.yaml.

proselint finds nothing, scripts/vocabulary.toml has words and habits to avoid, and no sentence is long.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from .test_documentation import PAGES, ROOT

RULES: dict[str, dict[str, str]] = tomllib.loads((ROOT / "scripts" / "vocabulary.toml").read_text())
VOCABULARY, HABITS = RULES["instead"], RULES["habits"]
LONGEST_SENTENCE = 30
"""Words, on a page. A longer one has to be read twice."""
LONGEST_SENTENCE_OF_DOCSTRINGS = 34
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
PROSE_PAGES = [
    *(page for page in PAGES if page.name not in ("changes.md", "api.md")),
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
]


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
        for pattern, instead in {**VOCABULARY, **HABITS}.items()
        for each in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("page", PROSE_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_sentence_is_too_long(page: Path) -> None:
    text = prose(page)
    found = []
    for paragraph in re.finditer(r"[^\n|]+(?:\n(?![\n|*-]| *-|\d\. )[^\n|]+)*", text):
        for sentence in re.split(r"(?<=[.!?:])\s+", paragraph[0]):
            words = len(re.findall(r"[\w'-]+", sentence))
            if words > LONGEST_SENTENCE:
                found.append(
                    f"{place(page, text, paragraph.start())}: {words} words: {' '.join(sentence.split())[:80]}"
                )
    assert found == []


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the docstrings of all modules, except for the generated ones, whose texts are in openapi.yaml."""
    for file in sorted((ROOT / "pamela").rglob("*.py")):
        name = file.relative_to(ROOT)
        if "_generated" in name.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{name}:{getattr(node, 'lineno', 1)}", re.sub(r"\bExamples?:\n(?:\n| .*\n?)*", "", text)


def texts_of_specification(value: Any, place: str = "openapi.yaml") -> Iterator[tuple[str, str]]:
    """Yield the summaries and descriptions of the specification, which are docstrings of the generated code, too."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("summary", "description") and isinstance(each, str):
                yield place, each
            else:
                yield from texts_of_specification(each, f"{place} > {key}")
    elif isinstance(value, list):
        for each in value:
            yield from texts_of_specification(each, place)


def test_docstrings_and_specification() -> None:
    specification = yaml.load((ROOT / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
    found = []
    read = 0
    for where, text in (*docstrings(), *texts_of_specification(specification)):
        read += 1
        sentences = re.sub(r"^\|.*$", "", re.sub(r"`[^`\n]*`", "code", text), flags=re.MULTILINE)
        for pattern, instead in {**VOCABULARY, **HABITS}.items():
            for each in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", sentences, re.IGNORECASE):
                found.append(f"{where}: '{each[0]}': write {instead}")
        for paragraph in re.split(r"\n\s*\n|\n\s*-|\n(?=\s+\w+: )", sentences):
            for sentence in re.split(r"(?<=[.!?:;])\s+", paragraph):
                if len(re.findall(r"[\w'-]+", sentence)) > LONGEST_SENTENCE_OF_DOCSTRINGS:
                    found.append(f"{where}: a long sentence: {' '.join(sentence.split())[:80]}")
    assert found == []
    assert read > 1000
