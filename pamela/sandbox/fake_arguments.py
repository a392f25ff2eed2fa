"""Generates arguments for a tool that fit its input schema and the call's task."""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from .._core.strict_json import canonical_json
from .task_dates import find_date
from .task_words import split_negation

_DEEPEST = 8
_MOST_VALUES = 1000
"""Maximum number of values in the arguments of all tools of a call."""
_MOST_WORK = 20_000
"""Maximum work for all schemas of a call: each member, each item and each 100 characters count as one."""
_WORK_OF_A_BOUNDED_NUMBER = 50
_LONGEST_TEXT = 1000
_LONGEST_TASK_READ = 10_000
_LONGEST_REFERENCE = 500
_MOST_IDENTIFIERS = 20
_LARGEST_NUMBER = 10**400

# The patterns are user input, and some regular expressions take exponential time. Those with few repetitions, none of
# them of a group, on a short text, do not.
_LONGEST_MATCHED = 20
_LONGEST_PATTERN = 200
_MOST_REPETITIONS = 3
_REPETITION = re.compile(r"[*+?{]")
_REPEATED_GROUP_OR_BACKREFERENCE = re.compile(r"\)[*+?{]|\\[1-9]|\(\?P=|\(\?\(")

_DATE = "2026-03-17"
_FORMATS = {
    "date": _DATE,
    "time": "10:00:00Z",
    "date-time": f"{_DATE}T10:00:00Z",
    "email": "john@acme.test",
    "uri": "https://acme.test/",
    "uuid": "8f14e45f-ceea-467f-a9a6-34c1d2f5a6b7",
    "hostname": "acme.test",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "duration": "PT30M",
}


def make_arguments(schema: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments for one tool; see `ArgumentMaker.make`."""
    return ArgumentMaker(request).make(schema)


class ArgumentMaker:
    """Generates the arguments of all tools of a call, with one limit of work for all of them."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._maker = _Maker(request)

    def make(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments for a tool with that input schema.

        A value comes from the schema if that has one (`const`, `examples`, `default`, `enum`), else from the call. An
        id, a number and a date are the first ones in the task. A phone number is the one called, and a name is the
        caller's. An invalid schema, or one that needs more work than the limit, gives no arguments.
        """
        try:
            value = self._maker.arguments(schema)
            canonical_json(value)
        except Exception:
            # Checking a large schema takes seconds, so it is not checked, and may raise any exception here.
            return {}
        return value if isinstance(value, dict) else {}


class _SchemaTooLargeError(Exception):
    """The schema requires itself, or exceeds the limits."""


class _Maker:
    def __init__(self, request: Mapping[str, Any]) -> None:
        self._root: Mapping[str, Any] = {}
        self._values_left = _MOST_VALUES
        self._work_left = _MOST_WORK
        self._task: str = request["task"][:_LONGEST_TASK_READ]
        identifiers: list[str] = re.findall(r"[A-Za-z]{0,20}-?\d[\w-]{0,99}", self._task)
        self._identifiers = identifiers[:_MOST_IDENTIFIERS]
        in_task = re.search(r"\d{1,99}(\.\d{1,99})?", self._task)
        self._number_wanted = Fraction(in_task[0] if in_task else 1)
        named = find_date(split_negation(self._task)[0])
        self._date = named.date.isoformat() if named is not None and named.date is not None else None
        self._to: str = request["to"]
        self._name: str = request.get("caller_name") or request.get("agent_name") or "Pamela"

    def arguments(self, schema: Mapping[str, Any]) -> Any:
        self._root = schema
        return self.value(schema, "", 0)

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for the property `name`."""
        self._values_left -= 1
        if depth > _DEEPEST or self._values_left < 0:
            raise _SchemaTooLargeError
        if not isinstance(schema, Mapping):
            return self._text({}, name)
        schema = self._flatten(schema)
        for keyword in ("const", "examples", "enum", "default"):
            if keyword in schema and (keyword in ("const", "default") or schema[keyword]):
                offered = schema[keyword] if keyword in ("const", "default") else schema[keyword][0]
                self._work(_size(offered, self._work_left))
                return offered
        return self._by_type(schema, name, depth)

    def _work(self, amount: int) -> None:
        self._work_left -= amount
        if self._work_left < 0:
            raise _SchemaTooLargeError

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
        """Follow a local reference, take the first alternative, and merge `allOf`."""
        self._work(1 + len(schema))
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
                    self._work(1 + len(part) + len(part.get("properties", ())) + len(merged.get("properties", ())))
                    properties = {**merged.get("properties", {}), **part.get("properties", {})}
                    merged = {**part, **merged, **({"properties": properties} if properties else {})}
        raise _SchemaTooLargeError

    def _at(self, reference: str) -> Any:
        if len(reference) > _LONGEST_REFERENCE:
            raise _SchemaTooLargeError
        node: Any = self._root
        for key in reference.removeprefix("#").split("/")[1:]:
            node = node.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        return node

    def _number(self, schema: Mapping[str, Any], *, is_whole: bool) -> float:
        """Return the number in the task, or the nearest one that the schema allows."""
        wanted = self._number_wanted
        if wanted.denominator == 1 and not any(keyword in schema for keyword in (*_BOUNDS, "multipleOf")):
            return wanted.numerator
        self._work(_WORK_OF_A_BOUNDED_NUMBER)
        nearest_first = sorted(_numbers(schema, wanted, is_whole=is_whole), key=lambda each: abs(each - wanted))
        candidates = [each.numerator if each.denominator == 1 else float(each) for each in nearest_first]
        return next((each for each in candidates if _is_number_allowed(each, schema)), candidates[0])

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if (made := _FORMATS.get(schema.get("format", ""))) is not None:
            return made if self._date is None else made.replace(_DATE, self._date)
        candidates = self._candidates(name)
        shortest, longest = _bound(schema, "minLength", 0), _bound(schema, "maxLength", _LONGEST_TEXT)
        pattern = schema.get("pattern")
        fitting = (each for each in candidates if len(each) >= shortest and _matches(pattern, each))
        text = next(fitting, candidates[0])
        return text.ljust(min(shortest, _LONGEST_TEXT), "x")[:longest]

    def _candidates(self, name: str) -> list[str]:
        """Return possible texts for a property, the likeliest first."""
        words = set(re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()))
        identifiers = self._identifiers
        if self._date is not None and words & {"date", "day", "on", "when"}:
            return [self._date, *identifiers, self._task]
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


def _size(value: Any, most: int) -> int:
    """Return the work of sending a value, up to about `most`."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        each = waiting.pop()
        size += 1
        match each:
            case str():
                size += len(each) // 100
            case dict():
                size += len(each)
                waiting += each.values() if size <= most else ()
            case list():
                size += len(each)
                waiting += each if size <= most else ()
    return size


def _matches(pattern: Any, text: str) -> bool:
    """Return whether a text matches a pattern; False for a pattern that could take too long."""
    if pattern is None:
        return True
    if not isinstance(pattern, str) or len(pattern) > _LONGEST_PATTERN or len(text) > _LONGEST_MATCHED:
        return False
    is_repeated = _REPEATED_GROUP_OR_BACKREFERENCE.search(pattern) is not None
    if is_repeated or len(_REPETITION.findall(pattern)) > _MOST_REPETITIONS:
        return False
    return re.search(pattern, text) is not None


def _bound(schema: Mapping[str, Any], keyword: str, default: int) -> int:
    """Return a limit of a length, such as `minLength`."""
    bound = schema.get(keyword, default)
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        raise TypeError(f"{keyword} is not a number")
    return max(0, int(min(bound, 10**9)))


def _fraction(value: Any) -> Fraction:
    """Return a number of a schema as an exact fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LARGEST_NUMBER:
        raise TypeError("a bound is not a number, or is too large")
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def _is_number_allowed(number: float, schema: Mapping[str, Any]) -> bool:
    exact = _fraction(number)
    for keyword, is_met in _BOUNDS.items():
        if keyword in schema and not is_met(exact, _fraction(schema[keyword])):
            return False
    step = _fraction(schema.get("multipleOf", 0))
    return not step or (exact / step).denominator == 1


_BOUNDS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "minimum": lambda number, bound: number >= bound,
    "exclusiveMinimum": lambda number, bound: number > bound,
    "maximum": lambda number, bound: number <= bound,
    "exclusiveMaximum": lambda number, bound: number < bound,
}


def _items(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the schemas of an array's items: the minimum number, but at least one if allowed."""
    first = schema.get("prefixItems", [])
    count = max(len(first), _bound(schema, "minItems", 1), 1)
    count = min(count, _bound(schema, "maxItems", count))
    for position in range(count):
        yield first[position] if position < len(first) else schema.get("items", {})


def _numbers(schema: Mapping[str, Any], wanted: Fraction, *, is_whole: bool) -> list[Fraction]:
    """Return the candidates for a number: `wanted`, and numbers at the limits and between them."""
    lows = [_fraction(schema[name]) for name in ("minimum", "exclusiveMinimum") if name in schema]
    highs = [_fraction(schema[name]) for name in ("maximum", "exclusiveMaximum") if name in schema]
    numbers = [wanted, *lows, *(low + 1 for low in lows), *highs, *(high - 1 for high in highs)]
    numbers += [(low + high) / 2 for low in lows for high in highs]
    step = _fraction(schema.get("multipleOf", 1 if is_whole else 0))
    if is_whole:
        # The smallest whole multiple of a reduced fraction is its numerator.
        step = Fraction(step.numerator)
    if not step:
        return numbers
    return [multiple * step for each in numbers for multiple in (each // step, each // step + 1)]
