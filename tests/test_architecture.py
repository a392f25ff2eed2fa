"""The rooms of the package: no arrow runs up, and docs/images/rooms.svg shows the arrows that there are."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

from scripts.diagrams import layers

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "about" / "architecture.md"
ROOMS = ROOT / "docs" / "images" / "rooms.svg"
FLOOR = {"_version", "errors"}
"""Modules that every room may import; the picture leaves them out."""
ENTRANCES = {"__main__", "exceptions", "tool_memory", "types"}
"""Names for what stands elsewhere."""
PUBLIC = "public modules"
GROUPS = {
    "programs": ("cli", "campaigns", "pytest_plugin", "sandbox", "integrations"),
    PUBLIC: ("client", "endpoint", "events", "models", "tools", "webhooks"),
    "internal packages": ("_client", "_http", "_tools", "_webhooks", "_generated", "_core"),
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("pamela", cache_dir=None)


def arrows(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """The imports between rooms. The package itself stands for the faces that its names come from."""
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            here, there = room(module), room(imported)
            if here != there and here and not {here, there} & (FLOOR | ENTRANCES):
                found.add((here, there or PUBLIC))
    return found


def without_detours(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that do not follow from others."""

    def reached(start: str, skipped: tuple[str, str]) -> set[str]:
        places, waiting = set(), [start]
        while waiting:
            here = waiting.pop()
            for arrow in found - {skipped}:
                if arrow[0] == here and arrow[1] not in places:
                    places.add(arrow[1])
                    waiting.append(arrow[1])
        return places

    found = {arrow for arrow in found if (arrow[0], PUBLIC) not in found or arrow[1] not in GROUPS[PUBLIC]}
    return {arrow for arrow in found if arrow[1] not in reached(arrow[0], arrow)}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def picture(graph: grimp.ImportGraph) -> str:
    found = arrows(graph)
    rooms = {name for arrow in found for name in arrow}
    groups = {group: [name for name in names if name in rooms] for group, names in GROUPS.items()}
    return layers("The packages, and which imports which", groups, without_detours(found))


@pytest.fixture
def loggers() -> Iterator[None]:
    """Loggers as they are: import-linter configures logging and disables those of the package, for all tests after it."""
    found = [each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    disabled = [each.disabled for each in found]
    yield
    for logger, was_disabled in zip(found, disabled, strict=True):
        logger.disabled = was_disabled


@pytest.mark.usefixtures("loggers")
def test_no_arrow_runs_up(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_the_picture_shows_the_arrows(graph: grimp.ImportGraph) -> None:
    """`UPDATE_DOCS=1` writes it."""
    wanted = picture(graph)
    if os.environ.get("UPDATE_DOCS"):
        ROOMS.write_text(wanted)
    assert ROOMS.read_text() == wanted


def test_every_room_is_in_the_picture(graph: grimp.ImportGraph) -> None:
    known = {name for names in GROUPS.values() for name in names} | FLOOR | ENTRANCES
    assert {room(module) for module in graph.modules} - {""} <= known


def test_the_files_that_the_page_names_exist() -> None:
    named = re.findall(r"`((?:pamela|custom|tests|scripts)/[\w/.]+\.\w+|openapi\.yaml)`", PAGE.read_text())
    assert len(named) >= 20
    assert [name for name in named if not (ROOT / name).exists()] == []
