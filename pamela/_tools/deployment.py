"""Making the tools of a Pamela account those of a registry: the plan, and what belongs to whom."""

from __future__ import annotations

import inspect
import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .._webhooks.concurrency import maybe_await
from ..errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from .._generated.models import Tool


class ToolClient(Protocol):
    """What a deployment needs of a `PamelaClient`."""

    def list_tools(self) -> list[Tool]:
        """Return the account's tools."""

    @property
    def register_tool(self) -> Callable[..., Any]:
        """Register a tool."""

    @property
    def delete_tool(self) -> Callable[[str], Any]:
        """Delete a tool by its id."""


class AsyncToolClient(Protocol):
    """What a deployment needs of an `AsyncPamelaClient`."""

    async def list_tools(self) -> list[Tool]:
        """Return the account's tools."""

    @property
    def register_tool(self) -> Callable[..., Awaitable[Any]]:
        """Register a tool."""

    @property
    def delete_tool(self) -> Callable[[str], Awaitable[Any]]:
        """Delete a tool by its id."""


logger = logging.getLogger("pamela.tools")

# The mark is in the schema because that is what an account keeps of a tool as it came; validators pass over it.
_MARK_KEY = "$comment"
_MARK = "Kept by the tool registry {} of the Pamela SDK."
_JSON_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_MARK_PATTERN = re.compile(f"({_JSON_STRING})".join(map(re.escape, _MARK.split("{}"))))
_COMPARED = ("name", "description", "output_schema", "timeout_ms")


@dataclass(frozen=True)
class DeploymentPlan:
    """The changes to an account's tools. It is true if there are any; `str()` of it is for people.

    Attributes:
        register: Definitions of tools that the account lacks.
        replace: Tools of the account that changed, each with its new definition.
        remove: Tools of the account that the registry no longer has.
        unchanged: Names of the tools that are up to date.
    """

    register: Sequence[Mapping[str, Any]]
    replace: Sequence[tuple[Tool, Mapping[str, Any]]]
    remove: Sequence[Tool]
    unchanged: Sequence[str]

    @property
    def tool_ids_to_delete(self) -> list[str]:
        """The ids of the tools to delete, before others are registered under their names."""
        return [old["id"] for old, _ in self.replace] + [old["id"] for old in self.remove]

    @property
    def definitions_to_register(self) -> list[Mapping[str, Any]]:
        """The definitions of the tools to register."""
        return [new for _, new in self.replace] + list(self.register)

    def __bool__(self) -> bool:
        return bool(self.register or self.replace or self.remove)

    def __str__(self) -> str:
        lines = [f"+ register {new['name']}" for new in self.register]
        lines += [f"~ replace {new['name']} ({old['id']}): {_differences(old, new)}" for old, new in self.replace]
        lines += [f"- remove {old['name']} ({old['id']})" for old in self.remove]
        lines += [f"= keep {name}" for name in self.unchanged]
        return "\n".join(lines) or "There are no tools of this registry."


def make_plan(
    registry: str | None, definitions: Iterable[Mapping[str, Any]], account: Iterable[Tool]
) -> DeploymentPlan:
    """Return the changes that make the tools of an account those of a registry.

    Raises:
        ValidationError: The registry has no name, or one of its tools belongs to another registry.
    """
    if not registry:
        raise ValidationError(
            "The tool registry has no name, so its tools in the account cannot be told from others. "
            "Give it one that no other application has: ToolRegistry('acme-orders')."
        )
    wanted = {each["name"]: _with_mark(each, registry) for each in definitions}
    active = [each for each in account if _is_tool(each) and each.get("active") is not False]
    for each in active:
        if each["name"] in wanted:
            _check_owner(each, registry)
    # Of several tools with one name, the one that carries the mark comes last and counts.
    present = {each["name"]: each for each in sorted(active, key=lambda each: _owner(each) == registry)}
    shared = [(present[name], new) for name, new in wanted.items() if name in present]
    return DeploymentPlan(
        register=[new for name, new in wanted.items() if name not in present],
        replace=[(old, new) for old, new in shared if _differences(old, new)],
        remove=[
            old
            for old in active
            if _owner(old) == registry and not (old["name"] in wanted and old is present[old["name"]])
        ],
        unchanged=[old["name"] for old, new in shared if not _differences(old, new)],
    )


def confirm_plan(plan: DeploymentPlan, confirm: Callable[[DeploymentPlan], bool] | None) -> bool:
    """Log a plan, ask for confirmation, and return whether to carry it out.

    Raises:
        TypeError: `confirm` is async, and so has not answered.
    """
    verdict = _verdict(plan, confirm)
    if inspect.isawaitable(verdict):
        if inspect.iscoroutine(verdict):
            verdict.close()
        raise TypeError(
            f"confirm={confirm!r} is async, and deploy does not await it. Use deploy_async, or a sync function."
        )
    return bool(verdict)


async def confirm_plan_async(
    plan: DeploymentPlan, confirm: Callable[[DeploymentPlan], bool | Awaitable[bool]] | None
) -> bool:
    """Log a plan, ask for confirmation, which may be async, and return whether to carry it out."""
    return bool(await maybe_await(_verdict(plan, confirm)))


def _verdict(
    plan: DeploymentPlan, confirm: Callable[[DeploymentPlan], bool | Awaitable[bool]] | None
) -> bool | Awaitable[bool]:
    logger.info("The plan for the account's tools:\n%s", plan)
    return confirm(plan) if plan and confirm is not None else bool(plan)


def _is_tool(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("name"), str) and isinstance(entry.get("id"), str)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    # An account has {} where a tool was registered without an output schema.
    different = [name for name in _COMPARED if (old.get(name) or None) != (new.get(name) or None)]
    if _without_mark(_input_schema(old)) != _without_mark(new["input_schema"]):
        different.append("input_schema")
    return ", ".join(different)


def _with_mark(definition: Mapping[str, Any], registry: str) -> dict[str, Any]:
    # As JSON gives it back: a tuple as a list, an enumeration member as its value.
    marked: dict[str, Any] = json.loads(json.dumps(definition))
    comment = f"{_own_comment(marked['input_schema'])} {_MARK.format(json.dumps(registry))}"
    marked["input_schema"][_MARK_KEY] = comment.strip()
    return marked


def _input_schema(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("input_schema")
    return schema if isinstance(schema, dict) else {}


def _own_comment(schema: Mapping[str, Any]) -> str:
    return _MARK_PATTERN.sub("", str(schema.get(_MARK_KEY, ""))).strip()


def _without_mark(schema: Mapping[str, Any]) -> dict[str, Any]:
    comment = _own_comment(schema)
    rest = {key: value for key, value in schema.items() if key != _MARK_KEY}
    return {**rest, _MARK_KEY: comment} if comment else rest


def _owner(tool: Mapping[str, Any]) -> str | None:
    registries = _MARK_PATTERN.findall(str(_input_schema(tool).get(_MARK_KEY, "")))
    return json.loads(registries[-1]) if registries else None


def _check_owner(tool: Tool, registry: str) -> None:
    owner = _owner(tool)
    if owner not in (None, registry):
        raise ValidationError(
            f"The account's tool {tool['name']!r} belongs to the tool registry {owner!r}, not to {registry!r}. "
            "Give one of the two tools another name."
        )
