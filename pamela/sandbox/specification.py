"""The specification as the sandbox reads it: the operations and the schemas of their requests."""

import asyncio
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypedDict

import yaml

if TYPE_CHECKING:
    from .validation import SchemaValidator, Validation

_SPECIFICATION = "urn:specification"
_CLOSED = "urn:specification:closed"
"""The specification with schemas that forbid unknown fields."""
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_MOST_BYTES_AT_ONCE = 16 * 1024

for _needed in ("jsonschema", "referencing"):  # these are imported later, but a missing one is reported now
    if find_spec(_needed) is None:
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)


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
    schema: "RequestSchema"

    def read(self, text: str) -> tuple[Any, list[Issue]]:
        """Return the value of a parameter's text, and its issues."""
        value: str | int = text
        if self.is_integer and re.fullmatch("-?[0-9]{1,99}", text):
            value = int(text)
        return value, self.schema.find_issues(value, [self.location, self.name])


@dataclass(frozen=True)
class OperationSpec:
    """One method on one path."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: "RequestSchema | None"

    def read_parameters(
        self, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[Issue]]:
        """Return the values of a request's parameters by name, and their issues."""
        values: dict[str, Any] = {}
        issues: list[Issue] = []
        for parameter in self.parameters:
            source = query if parameter.location == "query" else headers
            if parameter.name in source:
                values[parameter.name], wrong = parameter.read(source[parameter.name])
                issues += wrong
        return values, issues


class RequestSchema:
    """A schema for values in requests. Its validator is created at the first use."""

    def __init__(self, schema: Mapping[str, Any], specification: "Specification") -> None:
        self._schema = schema
        self._specification = specification

    @cached_property
    def _validator(self) -> "SchemaValidator":
        return self._specification.validation.validator(self._schema)

    def find_issues(self, value: object, place: list[str | int]) -> list[Issue]:
        """Return the issues of a value at a place in a request, at most one hundred."""
        return self._validator.find_issues(value, place)

    async def find_body_issues(self, body: object, size: int) -> list[Issue]:
        """Return the issues of a body of `size` bytes, at most one hundred."""
        if size <= _MOST_BYTES_AT_ONCE:
            return self.find_issues(body, ["body"])
        # Checking a large body takes seconds, so other requests are served meanwhile.
        return await asyncio.to_thread(self.find_issues, body, ["body"])


class Specification:
    """The OpenAPI document, ready to check requests."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.document: dict[str, Any] = yaml.load(source, Loader=_Loader)  # noqa: S506 - a SafeLoader, made faster
        self.operations = tuple(self._read_operations())
        self._is_ready = False

    @cached_property
    def validation(self) -> "Validation":
        """Checks values against schemas. It is imported late because that takes longer than the rest of the start."""
        from .validation import Validation

        return Validation({_SPECIFICATION: self.document, _CLOSED: _closed(self.document)})

    async def get_ready(self) -> None:
        """Load the validation if necessary, while other requests are served."""
        if not self._is_ready:
            await asyncio.to_thread(getattr, self, "validation")
            self._is_ready = True

    def schema(self, name: str) -> dict[str, Any]:
        """Return the component schema of this name."""
        schema: dict[str, Any] = self.document["components"]["schemas"][name]
        return schema

    def default(self, schema: str, field: str) -> Any:
        """Return the default of a field."""
        return self.schema(schema)["properties"][field]["default"]

    def event_fields(self, event: str) -> Collection[str]:
        """Return the names of an event's fields."""
        body = self.document["webhooks"][event]["post"]["requestBody"]
        fields: dict[str, Any] = self._resolve(body["content"]["application/json"]["schema"])["properties"]
        return fields.keys()

    @property
    def event_names(self) -> Collection[str]:
        """The names of all events, without the tool invocation."""
        return [name for name in self.document["webhooks"] if name.startswith("call.")]

    @property
    def error_codes(self) -> dict[str, int]:
        """The error codes by name."""
        schema = self.schema("ErrorCode")
        return dict(zip(schema["x-enum-varnames"], schema["enum"], strict=True))

    def request_schema(self, schema: Mapping[str, Any]) -> RequestSchema:
        """Return a schema whose references resolve in the specification."""
        return RequestSchema(_absolute(schema), self)

    def _body_schema(self, body: Mapping[str, Any]) -> RequestSchema:
        """Return the schema of a request's body, which forbids unknown fields."""
        return RequestSchema(_absolute(_closed(body["content"]["application/json"]["schema"]), _CLOSED), self)

    def parameter(self, name: str) -> Parameter:
        """Return the component parameter of this name."""
        return self._read_parameter(self.document["components"]["parameters"][name])

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
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
                    body=self._body_schema(body) if body else None,
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
            schema=self.request_schema(schema),
        )


@cache
def load_specification() -> Specification:
    """Return the specification of the package. Each process reads it once."""
    return Specification(resources.files("pamela").joinpath("openapi.yaml").read_bytes())


def _absolute(node: Any, base: str = _SPECIFICATION) -> Any:
    """Return a part of the specification with absolute references, which also resolve elsewhere."""
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
    """Return a copy of a part of the specification whose objects forbid unknown fields."""
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
    """A loader that keeps dates as text, as in JSON."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
