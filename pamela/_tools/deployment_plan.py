"""The plan of a deployment: its changes to an account, and the registry of each of the account's tools."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._webhooks.log import escape
from ..errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._generated.models import Tool


# The mark is in the schema, because the account stores the schema unchanged. Validators ignore it.
_MARK_KEY = "$comment"
_MARK = "Kept by the tool registry {} of the Pamela SDK."
_JSON_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_MARK_PATTERN = re.compile(f"({_JSON_STRING})".join(map(re.escape, _MARK.split("{}"))))
_COMPARED = ("name", "description", "output_schema", "timeout_ms")


@dataclass(frozen=True)
class DeploymentPlan:
    """The changes of a deployment to an account's tools. It is true if there are any. `print(plan)` shows them.

    Attributes:
        register: Definitions of tools that the account does not have.
        replace: Tools of the account whose definition changed, each with its new definition.
        remove: Tools of the account that the registry no longer has.
        unchanged: Names of the tools that are up to date.
        registry: The name of the registry.
        definitions: The definitions of all tools of the registry, with the registry's mark.
    """

    register: Sequence[Mapping[str, Any]]
    replace: Sequence[tuple[Tool, Mapping[str, Any]]]
    remove: Sequence[Tool]
    unchanged: Sequence[str]
    registry: str
    definitions: Sequence[Mapping[str, Any]]

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
        lines = [*map(describe_registration, self.register), *(describe_replacement(*each) for each in self.replace)]
        lines += [*map(describe_removal, self.remove), *(f"= keep {escape(name)}" for name in self.unchanged)]
        return "\n".join(lines) or "There are no tools of this registry."


def describe_registration(new: Mapping[str, Any]) -> str:
    """Return a line of text for a tool to register."""
    return f"+ register {escape(new['name'])}"


def describe_replacement(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return a line of text for a tool to replace, with the reason."""
    return f"~ replace {escape(new['name'])} ({escape(old['id'])}): {_differences(old, new)}"


def describe_removal(old: Mapping[str, Any]) -> str:
    """Return a line of text for a tool to remove."""
    return f"- remove {escape(old['name'])} ({escape(old['id'])})"


def make_plan(
    registry: str | None, definitions: Iterable[Mapping[str, Any]], account: Iterable[Tool]
) -> DeploymentPlan:
    """Return the changes that make the tools of an account equal to the tools of a registry.

    Raises:
        ValidationError: The registry has no name, or one of its tools belongs to another registry.
    """
    if not registry:
        raise ValidationError(
            "The tool registry has no name, so its tools in the account cannot be told from others. "
            "Give it a name that no other application has: ToolRegistry('acme-orders')."
        )
    wanted = {each["name"]: _with_mark(each, registry) for each in definitions}
    active = _active(account)
    for each in active:
        if each["name"] in wanted:
            _check_owner(each, registry)
    # Of several tools with one name and the mark, the newest counts, and only older ones are ever deleted: deployers of two
    # versions at once would otherwise delete each other's, and the account would have none.
    present = {each["name"]: each for each in sorted(active, key=_age, reverse=True)}
    present |= {each["name"]: each for each in sorted(active, key=_age) if _owner(each) == registry}
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
        registry=registry,
        definitions=list(wanted.values()),
    )


def find_doubles(plan: DeploymentPlan, account: Iterable[Tool]) -> list[Tool]:
    """Return the tools of a registry of which the account has a newer one with the same name."""
    wanted = {new["name"] for new in plan.definitions}
    copies = [each for each in _active(account) if _owner(each) == plan.registry and each["name"] in wanted]
    kept = {each["name"]: each for each in sorted(copies, key=_age)}
    return [each for each in copies if each is not kept[each["name"]]]


def find_missing(definitions: Iterable[Mapping[str, Any]], account: Iterable[Tool]) -> list[Mapping[str, Any]]:
    """Return the definitions whose names no tool of the account has."""
    names = {each["name"] for each in _active(account)}
    return [new for new in definitions if new["name"] not in names]


def _active(account: Iterable[Tool]) -> list[Tool]:
    return [each for each in account if _is_tool(each) and each.get("active") is not False]


def _age(tool: Mapping[str, Any]) -> tuple[str, str]:
    return str(tool.get("created_at") or ""), tool["id"]


def _is_tool(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("name"), str) and isinstance(entry.get("id"), str)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    # An account has {} where a tool was registered without an output schema.
    different = [name for name in _COMPARED if (old.get(name) or None) != (new.get(name) or None)]
    if _without_mark(_input_schema(old)) != _without_mark(new["input_schema"]):
        different.append("input_schema")
    return ", ".join(different)


def _with_mark(definition: Mapping[str, Any], registry: str) -> dict[str, Any]:
    # in the form after JSON: a tuple is a list, an enumeration member is its value
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
