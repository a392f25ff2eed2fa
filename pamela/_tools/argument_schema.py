"""Convert the arguments of an invocation by their schema: numbers to their types, without defaults."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .._core.strict_json import ExactFloat
from .errors import InvalidArgumentsError

DECIMAL = {"type": "string", "format": "x-decimal"}
"""The schema of ``Decimal`` in this module. pydantic writes it as a number or a text."""

_COMBINATIONS = ("anyOf", "oneOf", "allOf")
_Schemas = list[Mapping[str, Any]]


class ArgumentSchema:
    """The schema of a function's arguments.

    Args:
        schema: The schema from pydantic, with `DECIMAL` for decimal numbers.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def with_numbers_converted(self, arguments: Any) -> Any:
        """Return the arguments with numbers converted to the schema's types, and all other values unchanged.

        For JSON Schema 5.0 is an integer, for pydantic it is not: it becomes 5. A decimal number becomes a text with
        its digits.

        Raises:
            InvalidArgumentsError: A number is infinite, as from ``1e999``, is NaN, or is too large for a float.
            RecursionError: The arguments are nested too deeply.
        """
        return self._convert(arguments, [self._schema], "")

    def without_defaults(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments without those that equal their default."""
        rest: dict[str, Any] = self._strip(arguments, [self._schema])
        return rest

    def _convert(self, value: Any, schemas: _Schemas, place: str) -> Any:
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
            case int() | float() if not isinstance(value, bool):
                return self._convert_number(value, schemas, place)
        return value

    def _convert_number(self, value: float, schemas: _Schemas, place: str) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidArgumentsError(f"{place}: the number is out of range")
        wanted = self._types(schemas, value)
        if "integer" in wanted and "number" not in wanted and (integer := _as_integer(value)) is not None:
            return integer
        if "decimal" in wanted and "number" not in wanted:
            if "string" not in wanted:
                return value.text if isinstance(value, ExactFloat) else repr(value)
            if isinstance(value, ExactFloat):  # As text, its digits could be confused with a text.
                raise InvalidArgumentsError(f"{place}: the number has too many digits")
        if "number" in wanted and not wanted & {"integer", "decimal"} and abs(value) > _LARGEST:
            raise InvalidArgumentsError(f"{place}: the number is out of range")
        return value

    def _types(self, schemas: _Schemas, value: float) -> set[str]:
        """Return the names of the types that a number may become, or nothing if it may become any type."""
        found: set[str] = set()
        for schema in self._alternatives(schemas):
            if schema.items() >= DECIMAL.items():
                found.add("decimal")
                continue
            kind = schema.get("type")
            found.update(kind if isinstance(kind, list) else [kind] if kind else [])
            constants = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
            if any(type(each) is int and each == value for each in constants):
                found.add("integer")
            if not schema.keys() - {"description", "default", "title"}:
                return set()
        return found

    def _strip(self, value: Any, schemas: _Schemas) -> Any:
        if not isinstance(value, Mapping):
            return value
        alternatives = self._alternatives(schemas)
        if len(alternatives) != 1:
            return dict(value)  # The alternative, and so its defaults, are not known here.
        properties = alternatives[0].get("properties", {})
        rest: dict[str, Any] = {}
        for key, item in value.items():
            schema = properties.get(key)
            stripped = self._strip(item, [schema] if isinstance(schema, Mapping) else [])
            if not (isinstance(schema, Mapping) and "default" in schema and _are_equal(item, schema["default"])):
                rest[key] = stripped
        return rest

    def _of_property(self, schemas: _Schemas, key: Any) -> _Schemas:
        found: list[Any] = []
        for schema in self._alternatives(schemas):
            properties = schema.get("properties", {})
            found.append(properties[key] if key in properties else schema.get("additionalProperties"))
        return [each for each in found if isinstance(each, Mapping)]

    def _of_item(self, schemas: _Schemas, index: int) -> _Schemas:
        found: list[Any] = []
        for schema in self._alternatives(schemas):
            prefix = schema.get("prefixItems", [])
            found.append(prefix[index] if index < len(prefix) else schema.get("items"))
        return [each for each in found if isinstance(each, Mapping)]

    def _alternatives(self, schemas: _Schemas) -> _Schemas:
        """Return schemas with all schemas that they refer to or combine."""
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


_LARGEST = int(1.7976931348623157e308)
"""The largest float. A larger integer would become infinite."""


def _as_integer(value: float) -> int | None:
    if not isinstance(value, ExactFloat):
        return int(value) if value == int(value) else None
    number = Decimal(value.text)
    return int(number) if number == number.to_integral_value() else None


def with_plain_numbers(value: Any) -> Any:
    """Return a JSON value in which equal numbers are written alike, for example 5.0 as 5."""
    match value:
        case dict():
            return {name: with_plain_numbers(item) for name, item in value.items()}
        case list():
            return [with_plain_numbers(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _are_equal(value: Any, default: Any) -> bool:
    first, second = (json.dumps(with_plain_numbers(each), sort_keys=True) for each in (value, default))
    return first == second
