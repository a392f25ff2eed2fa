"""The specification as the sandbox reads it: which operations there are, and what a request to each must look like."""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any, TypedDict
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .._core.patterns import matches
from . import clock

_SPECIFICATION = "urn:specification"
_CLOSED = "urn:specification:closed"
"""The specification with schemas that allow no fields but those they list."""
_LONGEST_VALUE = 100
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_MOST_ISSUES = 100
_MOST_BYTES_AT_ONCE = 16 * 1024


class Issue(TypedDict):
    """One thing that is wrong with a request, as FastAPI lists it."""

    loc: list[str | int]
    msg: str
    type: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation, in its query or its headers."""

    name: str
    location: str
    is_integer: bool
    validator: Draft202012Validator

    def read(self, text: str) -> tuple[Any, list[Issue]]:
        """Return the value that a request's text stands for, and what is wrong with it."""
        value: str | int = text
        if self.is_integer and re.fullmatch("-?[0-9]{1,99}", text):
            value = int(text)
        return value, list(_issues(self.validator.iter_errors(value), [self.location, self.name]))


@dataclass(frozen=True)
class OperationSpec:
    """One method on one path."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Draft202012Validator | None

    def read_parameters(
        self, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[Issue]]:
        """Return the values of the parameters that the request gives, by name, and what is wrong with them."""
        values: dict[str, Any] = {}
        issues: list[Issue] = []
        for parameter in self.parameters:
            source = query if parameter.location == "query" else headers
            if parameter.name in source:
                values[parameter.name], wrong = parameter.read(source[parameter.name])
                issues += wrong
        return values, issues

    async def body_issues(self, body: object, size: int) -> list[Issue]:
        """Return what is wrong with a request's body of so many bytes."""
        if self.body is None:
            return []
        if size <= _MOST_BYTES_AT_ONCE:
            return find_issues(self.body, body)
        # A large body takes seconds, during which others are to be served.
        return await asyncio.to_thread(find_issues, self.body, body)


class Specification:
    """The OpenAPI document, ready to judge requests."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.document: dict[str, Any] = yaml.load(source, Loader=_Loader)  # noqa: S506 - a SafeLoader, made faster
        resource = DRAFT202012.create_resource(self.document)
        closed = DRAFT202012.create_resource(_closed(self.document))
        self._registry: Registry[Any] = Registry().with_resources([(_SPECIFICATION, resource), (_CLOSED, closed)])
        self.operations = tuple(self._read_operations())

    def schema(self, name: str) -> dict[str, Any]:
        """Return the component schema of that name."""
        schema: dict[str, Any] = self.document["components"]["schemas"][name]
        return schema

    def default(self, schema: str, field: str) -> Any:
        """Return what a field that is absent from a request counts as."""
        return self.schema(schema)["properties"][field]["default"]

    def event_fields(self, event: str) -> Collection[str]:
        """Return the names of the fields that an event has."""
        body = self.document["webhooks"][event]["post"]["requestBody"]
        fields: dict[str, Any] = self._resolve(body["content"]["application/json"]["schema"])["properties"]
        return fields.keys()

    @property
    def event_names(self) -> Collection[str]:
        """The names of all events, without the tool invocation."""
        return [name for name in self.document["webhooks"] if name.startswith("call.")]

    @property
    def error_codes(self) -> dict[str, int]:
        """The codes of errors by their names."""
        schema = self.schema("ErrorCode")
        return dict(zip(schema["x-enum-varnames"], schema["enum"], strict=True))

    def validator(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        """Return a validator of a schema, whose references point into the specification."""
        validator: Draft202012Validator = _Validator(
            _absolute(schema), registry=self._registry, format_checker=_formats
        )
        return validator

    def _body_validator(self, body: Mapping[str, Any]) -> Draft202012Validator:
        """Return a validator of a request's body, which may have no fields but those that the schemas list."""
        validator: Draft202012Validator = _Validator(
            _absolute(_closed(body["content"]["application/json"]["schema"]), _CLOSED),
            registry=self._registry,
            format_checker=_formats,
        )
        return validator

    def parameter(self, name: str) -> Parameter:
        """Return the component parameter of that name."""
        return self._read_parameter(self.document["components"]["parameters"][name])

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = self._registry.resolver(_SPECIFICATION).lookup(node["$ref"]).contents
        return node

    def _read_operations(self) -> Iterator[OperationSpec]:
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method not in _METHODS:
                    continue
                parameters = (self._parameters(item) | self._parameters(operation)).values()
                body = operation.get("requestBody")
                yield OperationSpec(
                    id=operation["operationId"],
                    method=method.upper(),
                    path=path,
                    parameters=tuple(self._read_parameter(each) for each in parameters if each["in"] != "path"),
                    body=self._body_validator(body) if body else None,
                )

    def _parameters(self, owner: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the parameters of a path or an operation, by place and name."""
        parameters = [self._resolve(parameter) for parameter in owner.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in parameters}

    def _read_parameter(self, parameter: dict[str, Any]) -> Parameter:
        schema = parameter["schema"]
        return Parameter(
            name=parameter["name"],
            location=parameter["in"],
            is_integer=self._resolve(schema).get("type") == "integer",
            validator=self.validator(schema),
        )


@cache
def load_specification() -> Specification:
    """Read the specification that is part of the package, once a process."""
    return Specification(resources.files("pamela").joinpath("openapi.yaml").read_bytes())


def find_issues(validator: Draft202012Validator, body: object) -> list[Issue]:
    """Return what a validator finds wrong with a request's body, the first hundred things at most."""
    return list(islice(_issues(validator.iter_errors(body), ["body"]), _MOST_ISSUES))


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
    """Yield an issue for each field that nobody knows, with the one that may be meant."""
    known = list(error.schema["properties"]) if isinstance(error.schema, Mapping) else []
    for name in dict(error.instance):  # type: ignore[arg-type]  # an object, or there were no such fault
        if name not in known:
            near = get_close_matches(name[:_LONGEST_VALUE], known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" The fields are {', '.join(known)}."
            message = f"There is no field {name[:_LONGEST_VALUE]!r}.{hint}"
            yield Issue(loc=[*loc, name[:_LONGEST_VALUE]], msg=message, type="additionalProperties")


def _brief(error: ValidationError) -> str:
    value = repr(error.instance)
    if len(value) <= _LONGEST_VALUE:
        return error.message
    return error.message.replace(value, f"{value[:_LONGEST_VALUE]}...")


def _absolute(node: Any, base: str = _SPECIFICATION) -> Any:
    """Return a part of the specification whose references hold outside of it, too."""
    match node:
        case {"$ref": str(reference), **rest}:
            return {**_absolute(rest, base), "$ref": base + reference}
        case dict():
            return {name: _absolute(each, base) for name, each in node.items()}
        case list():
            return [_absolute(each, base) for each in node]
        case _:
            return node


def _closed(node: Any) -> Any:
    """Return a copy of a part of the specification, whose objects may have no fields but those they list."""
    match node:
        case dict():
            closed = {name: _closed(each) for name, each in node.items()}
            if closed.get("type") == "object" and isinstance(closed.get("properties"), dict):
                closed.setdefault("additionalProperties", False)
            return closed
        case list():
            return [_closed(each) for each in node]
        case _:
            return node


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """A loader that leaves dates as the texts that JSON has for them."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    if isinstance(value, str):
        clock.from_text(value)
    return True


@_formats.checks("uri", raises=ValueError)
def _is_address(value: object) -> bool:
    # The only addresses in the API are those of webhooks, and those must be ones that can be sent to.
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    _ = parts.port
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isascii() and value.isprintable()


def _pattern(
    validator: Draft202012Validator, pattern: str, instance: object, schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
