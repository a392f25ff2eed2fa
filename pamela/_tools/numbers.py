"""Numbers in arguments: integers where the schema wants them, all others as they came, and none that JSON does not have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .errors import InvalidArgumentsError

_COMBINATIONS = ("anyOf", "oneOf", "allOf")


class IntegerConversion:
    """Writes 5.0 as 5 where a schema wants an integer: JSON Schema takes 5.0 for one, and pydantic does not.

    Args:
        schema: The schema of the arguments, as pydantic writes it.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def convert(self, arguments: Any) -> Any:
        """Return the arguments with integers where the schema wants them.

        Raises:
            InvalidArgumentsError: A number is infinite or not a number, as from ``1e999``.
            RecursionError: The arguments are nested too deep.
        """
        return self._convert(arguments, [self._schema], "")

    def _convert(self, value: Any, schemas: list[Mapping[str, Any]], place: str) -> Any:
        match value:
            case dict():
                return {
                    key: self._convert(item, self._of_property(schemas, key), f"{place}.{key}" if place else str(key))
                    for key, item in value.items()
                }
            case list():
                return [
                    self._convert(item, self._of_item(schemas, index), f"{place}.{index}")
                    for index, item in enumerate(value)
                ]
            case float() if not math.isfinite(value):
                raise InvalidArgumentsError(f"{place}: the number is out of range")
            case float() if value.is_integer() and self._is_integer(value, schemas):
                return int(value)
        return value

    def _is_integer(self, value: float, schemas: list[Mapping[str, Any]]) -> bool:
        kinds: set[Any] = set()
        for schema in self._alternatives(schemas):
            kind = schema.get("type")
            kinds.update(kind if isinstance(kind, list) else [kind] if kind else [])
            constants = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
            if any(type(each) is int and each == value for each in constants):
                kinds.add("integer")
            if not schema.keys() - {"description", "default", "title"}:
                return False  # it takes anything
        return "integer" in kinds and "number" not in kinds

    def _of_property(self, schemas: list[Mapping[str, Any]], key: Any) -> list[Mapping[str, Any]]:
        found: list[Any] = []
        for schema in self._alternatives(schemas):
            properties = schema.get("properties", {})
            found.append(properties[key] if key in properties else schema.get("additionalProperties"))
        return [each for each in found if isinstance(each, Mapping)]

    def _of_item(self, schemas: list[Mapping[str, Any]], index: int) -> list[Mapping[str, Any]]:
        found: list[Any] = []
        for schema in self._alternatives(schemas):
            prefix = schema.get("prefixItems", [])
            found.append(prefix[index] if index < len(prefix) else schema.get("items"))
        return [each for each in found if isinstance(each, Mapping)]

    def _alternatives(self, schemas: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return schemas with all that they refer to or combine."""
        found: list[Mapping[str, Any]] = []
        waiting = list(schemas)
        seen: set[int] = set()
        while waiting:
            schema = waiting.pop()
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            parts = [part for name in _COMBINATIONS for part in schema.get(name, ()) if isinstance(part, Mapping)]
            if "$ref" in schema:
                parts.append(self._definition(schema["$ref"]))
            if parts:
                waiting += parts
            else:
                found.append(schema)
        return found

    def _definition(self, reference: str) -> Mapping[str, Any]:
        definition: Mapping[str, Any] = self._schema.get("$defs", {})[reference.rpartition("/")[2]]
        return definition
