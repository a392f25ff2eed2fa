"""Arguments for a tool, made up so that they fit its input schema and the call's task."""

import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

_DEEPEST = 8
_MOST_VALUES = 1000
_LONGEST_TEXT = 1000

_FORMATS = {
    "date": "2026-03-17",
    "time": "10:00:00Z",
    "date-time": "2026-03-17T10:00:00Z",
    "email": "john@acme.test",
    "uri": "https://acme.test/",
    "uuid": "8f14e45f-ceea-467f-a9a6-34c1d2f5a6b7",
    "hostname": "acme.test",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "duration": "PT30M",
}


def make_arguments(schema: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns arguments for a tool with that input schema, called while that request's call goes on.

    A value comes from the schema where it offers one (`const`, `examples`, `default`, `enum`), else from the call: an id
    or a number is the first one in the task, a phone number is the one called, a name is the caller's. A schema that
    cannot be understood gives no arguments.
    """
    try:
        Draft202012Validator.check_schema(schema)
        value = _Maker(schema, request).value(schema, "", 0)
    except (SchemaError, re.error, _EndlessError):
        return {}
    return value if isinstance(value, dict) else {}


class _EndlessError(Exception):
    """The schema asks for itself, or for more than anyone would send."""


class _Maker:
    def __init__(self, root: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        self._root = root
        self._values_left = _MOST_VALUES
        self._task: str = request["task"]
        self._to: str = request["to"]
        self._name: str = request.get("caller_name") or request.get("agent_name") or "Pamela"

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """Returns a value for the property `name`."""
        self._values_left -= 1
        if depth > _DEEPEST or self._values_left < 0:
            raise _EndlessError
        if not isinstance(schema, Mapping):
            return self._text({}, name)
        schema = self._flatten(schema)
        if "const" in schema:
            return schema["const"]
        for keyword in ("examples", "enum"):
            if schema.get(keyword):
                return schema[keyword][0]
        if "default" in schema:
            return schema["default"]
        return self._by_type(schema, name, depth)

    def _by_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kinds = schema.get("type", "object" if "properties" in schema or depth == 0 else "string")
        match kinds if isinstance(kinds, str) else kinds[0]:
            case "object":
                properties = schema.get("properties", {})
                return {key: self.value(each, key, depth + 1) for key, each in properties.items()}
            case "array":
                count = max(1, int(schema.get("minItems", 1)))
                return [self.value(schema.get("items", {}), name, depth + 1) for _ in range(count)]
            case "integer":
                return round(self._number(schema, name))
            case "number":
                return self._number(schema, name)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _flatten(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follows a local reference, takes the first alternative, merges what must hold together."""
        merged = dict(schema)
        for _ in range(_DEEPEST):
            parts = [self._at(merged.pop("$ref"))] if "$ref" in merged else []
            parts += merged.pop("allOf", [])
            for keyword in ("anyOf", "oneOf"):
                parts += [each for each in merged.pop(keyword, []) if each != {"type": "null"}][:1]
            if not parts:
                return merged
            for part in parts:
                if isinstance(part, Mapping):
                    properties = {**merged.get("properties", {}), **part.get("properties", {})}
                    merged = {**part, **merged, **({"properties": properties} if properties else {})}
        raise _EndlessError

    def _at(self, reference: str) -> Any:
        node: Any = self._root
        for key in reference.removeprefix("#").split("/")[1:]:
            node = node.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        return node

    def _number(self, schema: Mapping[str, Any], name: str) -> float:
        in_task = re.search(r"\d+(\.\d+)?", self._task)
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1 if "exclusiveMinimum" in schema else None)
        high = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1 if "exclusiveMaximum" in schema else None)
        number = float(in_task[0]) if in_task else 1.0
        if low is not None:
            number = max(number, low)
        if high is not None:
            number = min(number, high)
        if step := schema.get("multipleOf"):
            number = number // step * step
        return int(number) if float(number).is_integer() else number

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if (made := _FORMATS.get(schema.get("format", ""))) is not None:
            return made
        candidates = self._candidates(name)
        fitting = Draft202012Validator({key: schema[key] for key in ("pattern", "minLength") if key in schema})
        text = next((each for each in candidates if fitting.is_valid(each)), candidates[0])
        shortest = min(int(schema.get("minLength", 0)), _LONGEST_TEXT)
        return text.ljust(shortest, "x")[: int(schema.get("maxLength", _LONGEST_TEXT))]

    def _candidates(self, name: str) -> list[str]:
        """Returns texts that may be meant by a property, the likeliest first."""
        words = set(re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()))
        identifiers: list[str] = re.findall(r"[A-Za-z]*-?\d[\w-]*", self._task)
        if words & {"phone", "telephone", "mobile"}:
            return [self._to, *identifiers, self._task]
        if words & {"id", "number", "no", "code", "reference", "ref", "sku", "key"}:
            return [*identifiers, "1042", "A-1042"]
        if words & {"name", "customer", "caller", "person", "user"}:
            return [self._name, *identifiers, self._task]
        if words & {
            "query",
            "question",
            "text",
            "task",
            "message",
            "reason",
            "description",
            "subject",
            "topic",
            "note",
        }:
            return [self._task, *identifiers]
        return [*identifiers, self._task, self._name, "abc", "ABC", "1042"]
