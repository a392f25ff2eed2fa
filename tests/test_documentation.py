"""Every Python block of the README and of docs/ runs, page by page, against a sandbox."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from markdown.extensions.toc import slugify

import pamela.sandbox
from pamela.cli.app import cli
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
        monkeypatch.setenv("PAMELA_WEBHOOK_SECRET", sandbox.webhook_secret)
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


SITE_PAGES = PAGES[1:]
ANY_LINK = re.compile(r"\]\(([^)\s]+)\)")
SHELL = re.compile(r"^```(?:bash|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OTHER_COMMANDS = {".", "celery", "curl", "export", "flask", "git", "ssh", "unset", "uvicorn"}
"""What the shell blocks call beside this project's own commands."""


def names_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", SITE_PAGES, ids=names_of)
def test_pages_say_what_next(page: Path) -> None:
    if page.name != "changes.md":
        headings = re.findall(r"^## (.+)", page.read_text(), re.MULTILINE)
        assert headings[-1] == "What next"


def test_every_page_is_in_the_navigation_and_has_a_link() -> None:
    listed = {f"docs/{name}" for name in re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)}
    assert listed == {names_of(page) for page in SITE_PAGES}
    linked = {
        os.path.normpath(page.parent / target.partition("#")[0])
        for page in PAGES
        for target in ANY_LINK.findall(page.read_text())
        if "://" not in target
    }
    assert [names_of(page) for page in SITE_PAGES if os.fspath(page) not in linked and page.name != "index.md"] == []


def anchors(page: Path) -> set[str]:
    text = page.read_text()
    found = {slugify(re.sub(r"[`*]", "", heading), "-") for heading in re.findall(r"^#+ (.+)", text, re.MULTILINE)}
    return found | set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=names_of)
def test_anchors_exist_and_addresses_are_well_formed(page: Path) -> None:
    for target in ANY_LINK.findall(re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)):
        path, _, anchor = target.partition("#")
        if "://" in target:
            assert re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./%#-]*)?|http://127\.0\.0\.1:\d+\S*", target), target
        elif anchor:
            there = page.parent / path if path else page
            assert anchor in anchors(there), f"{names_of(page)} links to {target}"


def shell_lines(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command in the shell blocks of a page."""
    for block in SHELL.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            for command in re.split(r"&&|;|\|(?!\|)|\bif\b|\bthen\b|\bfi\b", re.sub(r"\s#\s.*", "", line)):
                try:
                    words = shlex.split(command, comments=True)
                except ValueError:
                    continue  # a quotation that has one of the separators in it
                while words and re.match(r"[A-Z_]+=", words[0]):
                    del words[0]
                if words:
                    yield words


@pytest.mark.parametrize("page", [page for page in PAGES if SHELL.search(page.read_text())], ids=names_of)
def test_shell_blocks_are_right(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell reads each block; commands and options, extras and targets exist."""
    monkeypatch.chdir(tmp_path)
    for block in SHELL.findall(page.read_text()):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    targets = set(re.findall(r"^([a-z\d-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in shell_lines(page):
        match words:
            case ["pip", "install", *packages]:
                asked = {
                    extra for each in packages for extra in re.findall(r"\[(.*)\]", each) for extra in extra.split(",")
                }
                assert asked <= extras
            case ["make", *wanted]:
                assert {each for each in wanted if "=" not in each} <= targets
            case ["pamela", *arguments] | ["python", "-m", "pamela", *arguments]:
                parse(cli, arguments)
            case ["python", "-m", "pamela.sandbox" | "venv" | "http.server", *_] | ["python", _]:
                pass
            case [command, *_]:
                assert command in OTHER_COMMANDS | {"echo", "jq", "head", "pass", "procrastinate", "sh"}, words


def parse(command: click.Command, arguments: list[str], name: str = "pamela") -> None:
    """Read a command line as click would, without doing what it says."""
    if isinstance(command, click.Group):
        first = next((each for each in arguments if not each.startswith("-")), None)
        found = command.get_command(click.Context(command), first) if first else command
        assert found is not None, arguments
        if found is not command:
            arguments = arguments[arguments.index(first or "") + 1 :]
            return parse(found, arguments, first or "")
    known = {option for each in command.params for option in each.opts}
    unknown = {each.partition("=")[0] for each in arguments if each.startswith("--")} - known - {"--help", "--version"}
    assert not unknown, f"{name} has no {unknown}"
    return None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["order-line", "reminders-fastapi"])
def test_the_tests_of_the_cookbook_pass(name: str, tmp_path: Path) -> None:
    """They run as a user would run them, with neither key nor address set."""
    blocks = BLOCK.findall((ROOT / "docs" / "cookbook" / f"{name}.md").read_text())
    (tmp_path / "test_page.py").write_text("\n\n".join(blocks))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PAMELA_")}
    command = [sys.executable, "-m", "pytest", "-q", "test_page.py"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
