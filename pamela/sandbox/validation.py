"""Checks values against the schemas of the specification, with jsonschema.

It is imported late: see `Specification.validation`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .._core.patterns import matches
from . import clock
from .specification import Issue

_LONGEST_VALUE = 100
_MOST_ISSUES = 100
_ANNOTATIONS = frozenset({"default", "deprecated", "description", "examples", "title"})


class Validation:
    """Documents of schemas by address. The references of other schemas may point into them."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        resources = [(address, DRAFT202012.create_resource(document)) for address, document in documents.items()]
        self._documents = documents
        self._registry: Registry[Any] = Registry().with_resources(resources)

    def validator(self, schema: Mapping[str, Any]) -> "SchemaValidator":
        """Return a validator for a schema."""
        # Following a reference takes longer than checking most values.
        inlined = self._inline(schema, "", ())
        return SchemaValidator(_Validator(inlined, registry=self._registry, format_checker=_formats))

    def _inline(self, node: Any, base: str, within: tuple[str, ...]) -> Any:
        """Return a schema with all references replaced by their targets, except for recursive ones."""
        match node:
            case {"$ref": str(reference), **rest}:
                address, _, pointer = reference.partition("#")
                absolute = f"{address or base}#{pointer}"
                if absolute in within or not all(_is_annotation(str(each)) for each in rest):
                    return {**self._inline(rest, base, within), "$ref": absolute}
                target = self._documents[address or base]
                for name in pointer.removeprefix("/").split("/"):
                    target = target[name]
                return self._inline(target, address or base, (*within, absolute))
            case dict():
                return {name: self._inline(each, base, within) for name, each in node.items()}
            case list():
                return [self._inline(each, base, within) for each in node]
            case _:
                return node


def _is_annotation(keyword: str) -> bool:
    """Return whether a keyword of a schema does not restrict values."""
    return keyword in _ANNOTATIONS or keyword.startswith("x-")


class SchemaValidator:
    """A schema, ready to check values."""

    def __init__(self, validator: Draft202012Validator) -> None:
        self._validator = validator

    def find_issues(self, value: object, place: list[str | int]) -> list[Issue]:
        """Return the issues of a value at a place in a request, at most one hundred."""
        return list(islice(_issues(self._validator.iter_errors(value), place), _MOST_ISSUES))


def _issues(errors: Iterable[ValidationError], base: list[str | int]) -> Iterator[Issue]:
    for error in errors:
        loc = [*base, *error.absolute_path]
        if error.validator == "required":
            # The message is about the object; FastAPI's `loc` names the field that is missing.
            loc.append(error.message.removesuffix(" is a required property")[1:-1])
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            yield from _unknown_fields(error, loc)
            continue
        yield Issue(loc=loc, msg=_brief(error), type=str(error.validator))


def _unknown_fields(error: ValidationError, loc: list[str | int]) -> Iterator[Issue]:
    """Yield an issue for each unknown field, with the most similar known one."""
    known = list(error.schema["properties"]) if isinstance(error.schema, Mapping) else []
    for name in dict(error.instance):  # type: ignore[arg-type]  # an object, or there were no such fault
        if name not in known:
            near = get_close_matches(name[:_LONGEST_VALUE], known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" The fields are {', '.join(known)}."
            message = f"There is no field {name[:_LONGEST_VALUE]!r}.{hint}"
            yield Issue(loc=[*loc, name[:_LONGEST_VALUE]], msg=message, type="additionalProperties")


_EXAMPLES = {"uri": "https://acme.test/webhooks/pamela", "date-time": "2026-03-14T15:09:26Z"}


def _brief(error: ValidationError) -> str:
    message = _shortened(error)
    if error.validator == "enum":
        return message.replace(", None]", "]")
    example = _EXAMPLES.get(str(error.validator_value)) if error.validator == "format" else None
    return f"{message}, such as {example}" if example else message


def _shortened(error: ValidationError) -> str:
    value = repr(error.instance)
    if len(value) <= _LONGEST_VALUE:
        return error.message
    return error.message.replace(value, f"{value[:_LONGEST_VALUE]}...")


_URI_TEXT = re.compile(r"[!-~]+")
"""The characters of an address: ASCII without spaces."""
_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    if isinstance(value, str):
        clock.from_text(value)
    return True


@_formats.checks("uri", raises=ValueError)
def _is_address(value: object) -> bool:
    # All addresses in the API are those of webhooks, so the sandbox must be able to send to them.
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    _ = parts.port
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and bool(_URI_TEXT.fullmatch(value))


def _pattern(
    validator: Draft202012Validator, pattern: str, instance: object, schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
