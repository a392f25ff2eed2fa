"""Arguments for a tool, made up so that they fit its input schema and the call's task."""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator

from .._core.strict_json import canonical_json

_DEEPEST = 8
_MOST_VALUES = 1000
_LONGEST_TEXT = 1000
# A pattern is anybody's, and some take twice as long for each character more.
_LONGEST_MATCHED = 20

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
    """Return arguments for a tool with that input schema, called while that request's call goes on.

    A value comes from the schema where it offers one (`const`, `examples`, `default`, `enum`), else from the call: an id
    or a number is the first one in the task, a phone number is the one called, a name is the caller's. A schema that
    cannot be understood, or asks for more than a thousand values, gives no arguments.
    """
    try:
        value = _Maker(schema, request).value(schema, "", 0)
        canonical_json(value)
    except Exception:
        # The schema is not checked beforehand, as that takes seconds if it is large; so anything may come of it.
        return {}
    return value if isinstance(value, dict) else {}


class _SchemaTooDeepError(Exception):
    """The schema asks for itself, or for more than anyone would send."""


class _Maker:
    def __init__(self, root: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        self._root = root
        self._values_left = _MOST_VALUES
        self._task: str = request["task"]
        self._to: str = request["to"]
        self._name: str = request.get("caller_name") or request.get("agent_name") or "Pamela"

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for the property `name`."""
        self._values_left -= 1
        if depth > _DEEPEST or self._values_left < 0:
            raise _SchemaTooDeepError
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
                return [self.value(each, name, depth + 1) for each in _items(schema)]
            case "integer":
                return self._number(schema, is_whole=True)
            case "number":
                return self._number(schema, is_whole=False)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _flatten(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a local reference, takes the first alternative, merges what must hold together."""
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
        raise _SchemaTooDeepError

    def _at(self, reference: str) -> Any:
        node: Any = self._root
        for key in reference.removeprefix("#").split("/")[1:]:
            node = node.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        return node

    def _number(self, schema: Mapping[str, Any], *, is_whole: bool) -> float:
        """Return the number in the task, or the nearest that the schema allows."""
        in_task = re.search(r"\d+(\.\d+)?", self._task)
        wanted = Fraction(in_task[0] if in_task else 1)
        nearest_first = sorted(_numbers(schema, wanted, is_whole=is_whole), key=lambda each: abs(each - wanted))
        candidates = [each.numerator if each.denominator == 1 else float(each) for each in nearest_first]
        fitting = _rules(schema, "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
        return next((each for each in candidates if fitting.is_valid(each)), candidates[0])

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if (made := _FORMATS.get(schema.get("format", ""))) is not None:
            return made
        candidates = self._candidates(name)
        fitting = _rules(schema, "pattern", "minLength")
        tried = [each for each in candidates if "pattern" not in schema or len(each) <= _LONGEST_MATCHED]
        text = next((each for each in tried if fitting.is_valid(each)), candidates[0])
        shortest = min(int(schema.get("minLength", 0)), _LONGEST_TEXT)
        return text.ljust(shortest, "x")[: int(schema.get("maxLength", _LONGEST_TEXT))]

    def _candidates(self, name: str) -> list[str]:
        """Return texts that may be meant by a property, the likeliest first."""
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
            "request",
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


def _rules(schema: Mapping[str, Any], *keywords: str) -> Draft202012Validator:
    """Return a validator of nothing but some of a schema's keywords."""
    return Draft202012Validator({keyword: schema[keyword] for keyword in keywords if keyword in schema})


def _items(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the schemas of an array's items, as few as there may be but one if there may be any."""
    first = schema.get("prefixItems", [])
    count = max(len(first), int(schema.get("minItems", 1)), 1)
    count = min(count, int(schema.get("maxItems", count)))
    for position in range(count):
        yield first[position] if position < len(first) else schema.get("items", {})


def _numbers(schema: Mapping[str, Any], wanted: Fraction, *, is_whole: bool) -> list[Fraction]:
    """Return the numbers of which one is allowed, if any is: `wanted`, and those at the bounds and between them."""
    lows = [Fraction(str(schema[name])) for name in ("minimum", "exclusiveMinimum") if name in schema]
    highs = [Fraction(str(schema[name])) for name in ("maximum", "exclusiveMaximum") if name in schema]
    numbers = [wanted, *lows, *(low + 1 for low in lows), *highs, *(high - 1 for high in highs)]
    numbers += [(low + high) / 2 for low in lows for high in highs]
    step = Fraction(str(schema.get("multipleOf", 1 if is_whole else 0)))
    if is_whole:
        # The least whole multiple of a fraction in its lowest terms.
        step = Fraction(step.numerator)
    if not step:
        return numbers
    return [multiple * step for each in numbers for multiple in (each // step, each // step + 1)]
