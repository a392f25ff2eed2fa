"""docs/reference/api.md lists every public name with its signature; `UPDATE_DOCS=1` writes the page."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pamela
import pamela.sandbox
from pamela import FunctionTool, PamelaClient, ToolRegistry, WebhookEndpoint

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
HEAD = """# All names on one page

Everything that `from pamela import ...` gives. `AsyncPamelaClient` has the methods of `PamelaClient`, as coroutines;
`iter_calls` and `watch_call` are for `async for`. What a name does is in its docstring: `help(PamelaClient.create_call)`.
"""

TAIL = """
## What next

- [Clients](client.md), [exceptions](errors.md), [webhooks](webhooks.md), [tools](tools.md): each name in full.
- [Calls](../guides/calls.md): the client in use.
"""
OTHERS = (WebhookEndpoint, ToolRegistry, FunctionTool, pamela.sandbox.Sandbox, pamela.sandbox.SandboxProject)
"""Classes that are used by their methods. The last two are in `pamela.sandbox`."""


def signature(function: Any) -> str:
    text = str(inspect.signature(function))
    text = re.sub(r"'([^']+)'", r"\1", re.sub(r"\(self(, )?", "(", text))
    text = re.sub(r"Timeout\(connect=[^)]*\)", "Timeout()", text)
    return re.sub(r"<[^>]*>", "...", text)


def summary(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]


def members(kind: type, wanted: Any) -> Iterator[tuple[str, Any]]:
    for name, member in inspect.getmembers_static(kind, wanted):
        if not name.startswith("_"):
            yield name, member


def entries() -> Iterator[str]:
    public = {name: getattr(pamela, name) for name in pamela.__all__ if not name.startswith("_")}
    yield "\n## The client\n"
    yield f"`PamelaClient{signature(PamelaClient)}`\n"
    for name, method in members(PamelaClient, inspect.isfunction):
        yield f"- `{name}{signature(method)}`  \n  {summary(method)}"
    for name, attribute in members(PamelaClient, lambda each: isinstance(each, property)):
        yield f"- `{name}`  \n  {summary(attribute)}"
    for kind in OTHERS:
        home = "pamela.sandbox" if kind.__module__.startswith("pamela.sandbox") else "pamela"
        yield f"\n## {home}.{kind.__name__}\n"
        yield f"{summary(kind)}\n"
        for name, method in members(kind, inspect.isfunction):
            yield f"- `{name}{signature(method)}`  \n  {summary(method)}"
        for name, attribute in members(kind, lambda each: isinstance(each, property)):
            yield f"- `{name}`  \n  {summary(attribute)}"
    yield "\n## Functions\n"
    for name, function in public.items():
        if inspect.isfunction(function):
            yield f"- `{name}{signature(function)}`  \n  {summary(function)}"
    yield "\n## Exceptions\n"
    for name, kind in public.items():
        if inspect.isclass(kind) and issubclass(kind, Exception):
            yield f"- `{name}({kind.__base__.__name__})`  \n  {summary(kind)}"  # type: ignore[union-attr]
    yield "\n## Enumerations\n"
    for name, kind in public.items():
        if inspect.isclass(kind) and issubclass(kind, Enum):
            values = ", ".join(f"`{member.name}`" for member in kind)
            yield f"- `{name}`: {values}"
    yield "\n## Other classes\n"
    for name, kind in public.items():
        if inspect.isclass(kind) and not issubclass(kind, Exception | Enum) and kind.__name__ == name != "PamelaClient":
            attributes = ", ".join(f"`{each}`" for each, _ in members(kind, lambda each: isinstance(each, property)))
            yield f"- `{name}`  \n  {summary(kind)}{f' {attributes}' if attributes else ''}"


def test_page() -> None:
    page = "\n".join([HEAD.rstrip(), *entries(), TAIL])
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page
