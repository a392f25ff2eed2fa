"""Everything in the reference has a docstring that describes each argument and field, and what is returned."""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import griffe
import pytest

from pamela._core.model import Model

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
SECTIONS = (
    griffe.DocstringSectionKind.parameters,
    griffe.DocstringSectionKind.other_parameters,
    griffe.DocstringSectionKind.attributes,
)
RESULTS = (griffe.DocstringSectionKind.returns, griffe.DocstringSectionKind.yields)
MADE_ELSEWHERE = {"FunctionTool", "Sandbox", "PamelaTester", "AsyncPamelaTester", "PlacedCalls"}
"""Classes that users do not call: a function or a fixture makes their objects."""
ELSEWHERE = re.compile(r"\bSee `[\w.]+`\.|\bIt has the arguments of `\w+`\.")
"""What a docstring says that leaves arguments and results to another."""


def names() -> dict[str, set[str]]:
    """Return the names in the reference, with the members that it shows of each if it does not show all."""
    text = "\n".join(page.read_text() for page in sorted(REFERENCE.glob("*.md")))
    entries = re.finditer(r"^::: (\S+)$(?:\n    options:\n      members: \[(.*)\])?", text, re.MULTILINE)
    return {entry[1]: set(re.findall(r"\w+", entry[2] or "")) for entry in entries}


def resolve(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    home = importlib.import_module(module)
    return getattr(home, attribute) if hasattr(home, attribute) else importlib.import_module(name)


class Described:
    """The sections of a docstring."""

    def __init__(self, thing: Any) -> None:
        self.text = inspect.getdoc(thing) or ""
        # What is not a str here has the docstring of its type, which says nothing about it.
        if not inspect.isclass(thing) and self.text == inspect.getdoc(type(thing)):
            self.text = ""
        sections = griffe.Docstring(self.text).parse("google", warnings=False)
        self.names = {
            item.name.lstrip("*"): item.description for each in sections if each.kind in SECTIONS for item in each.value
        }
        self.has_result = any(each.kind in RESULTS for each in sections)

    def gaps(self, place: str, wanted: list[str]) -> Iterator[str]:
        if not self.text:
            yield f"{place} has no docstring"
        elif not ELSEWHERE.search(self.text):
            yield from (f"{place} does not describe {each}" for each in wanted if not self.names.get(each))


def arguments(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls") and name[0] != "_"]


def gaps_of_function(place: str, function: Callable[..., Any]) -> Iterator[str]:
    described = Described(function)
    yield from described.gaps(place, arguments(function))
    result = inspect.signature(function).return_annotation
    says = described.has_result or "Return " in described.text or ELSEWHERE.search(described.text)
    if result not in (None, "None", "Self", "NoReturn") and not says:
        yield f"{place} does not describe what it returns"


def is_protocol(kind: type) -> bool:
    return getattr(kind, "_is_protocol", False)


def fields(kind: type) -> list[str]:
    """Return the names that a class takes to be made, or that its objects have."""
    if issubclass(kind, Model | enum.Enum | BaseException) or kind.__name__ in MADE_ELSEWHERE or is_protocol(kind):
        return []
    if kind.__init__ is object.__init__ or issubclass(kind, dict):
        return [name for name in inspect.get_annotations(kind) if name[0] != "_"]
    return arguments(kind)


def gaps_of_class(place: str, kind: type, shown: Collection[str] = ()) -> Iterator[str]:
    yield from Described(kind).gaps(place, fields(kind))
    for name, member in inspect.getmembers_static(kind):
        owner = next((base for base in kind.__mro__ if name in vars(base)), object)
        if (
            name[0] == "_"
            or (shown and name not in shown)
            or not owner.__module__.startswith("pamela")
            or isinstance(member, enum.Enum)
        ):
            continue
        where = f"{place}.{name}"
        if isinstance(member, property | cached_property):
            yield from Described(member).gaps(where, [])
        elif isinstance(member, staticmethod | classmethod) or inspect.isfunction(member):
            yield from gaps_of_function(where, getattr(kind, name))


def gaps(name: str) -> Iterator[str]:
    thing = resolve(name)
    if inspect.ismodule(thing):
        yield from Described(thing).gaps(name, [])
        for each, member in vars(thing).items():
            if each[0] != "_" and getattr(member, "__module__", None) == thing.__name__:
                if inspect.isclass(member):
                    yield from gaps_of_class(f"{name}.{each}", member)
                elif inspect.isfunction(member) and not each.startswith("pytest_"):
                    yield from gaps_of_function(f"{name}.{each}", member)
    elif inspect.isclass(thing):
        yield from gaps_of_class(name, thing, names()[name])
    elif inspect.isroutine(thing):
        yield from gaps_of_function(name, thing)


@pytest.mark.parametrize("name", names())
def test_everything_is_described(name: str) -> None:
    assert list(gaps(name)) == []


def test_gaps_are_found() -> None:
    def undescribed(given: int, other: int) -> int:
        """Do something.

        Args:
            given: A number.
        """
        return given + other

    assert list(gaps_of_function("f", undescribed)) == [
        "f does not describe other",
        "f does not describe what it returns",
    ]
