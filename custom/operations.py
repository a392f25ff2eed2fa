"""Operations of the specification as the templates need them."""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openapi_python_client.strings import PythonIdentifier, snake_case

from .arguments import Argument
from .errors import mistaken, unsupported
from .forms import Form, Forms, nesting, union, viewing
from .spec import Schema, Specification, is_binary, is_json

SIZES = {"limit", "page_size", "per_page"}
"""What an argument is called that says how many items a page has."""
NOT_IN_PATHS = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@%/{}-]")
"""What a path cannot have as it is."""
OF_CLIENTS = {"accept", "authorization", "content-type", "host", "user-agent"}
"""Headers that the clients set themselves."""
EVENT_STREAM = "text/event-stream"
PYTHON_TYPES = {"array": "list", "object": "dict", "string": "str", "number": "int, float", "boolean": "bool"}
"""What `json` makes of each JSON type."""


@dataclass
class Iteration:
    """How an operation that answers a page at a time is gone through."""

    name: str
    """The name of the method."""
    noun: str
    pages: str
    """The class of the pages."""
    item: str
    """The type of the items."""
    start: str
    """The argument that says where a page begins."""
    items: str
    """The field of a page that has its items."""
    following: str
    """The field of a page that says where the next one begins."""
    size: tuple[str, int] | None
    """The argument that says how many items a page has, and how many to ask for where it is not given."""


@dataclass
class Operation:
    """An operation of the specification."""

    path: str
    http_method: str
    content: dict[str, Any]
    specification: Specification
    wrapper: str | None = None
    """The field that holds the whole body of the request, if one does."""

    def __post_init__(self) -> None:
        self.method = self.http_method.upper()
        operation_id = self.content["operationId"]
        self.name = snake_case(operation_id)
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise unsupported(
                f"{self.method} {self.path}", f"has the operationId {operation_id!r}, not a name of Python"
            )
        tag = next(iter(self.content.get("tags", [])), "default")
        self.tag = str(PythonIdentifier(tag, "tag"))
        self.class_name = "".join(word.capitalize() for word in self.name.split("_"))
        self.summary: str = self.content.get("summary", self.name.replace("_", " ").capitalize()).rstrip(".")
        self.description: str = self.content.get("description", "")
        self.deprecated: bool = self.content.get("deprecated", False)
        self.idempotent: bool = self.content.get("x-idempotent", False)
        arguments = [self._parameter(parameter) for parameter in self.content["parameters"]]
        self.in_path, self.in_query, self.in_header = (
            [argument for argument in arguments if argument.location == location]
            for location in ("path", "query", "header")
        )
        self._check_path()
        self.is_multipart = False
        fields = list(self._body()) if "requestBody" in self.content else []
        self.in_body, self.in_files = (
            [argument for argument in fields if argument.location == location] for location in ("body", "file")
        )
        if self.is_multipart and not self.in_files:
            raise unsupported(f"{self.name}: the request", "is multipart/form-data without a file (format: binary)")
        self.nulls = sorted(each.wire_name for each in self.in_body if each.nullable)
        self._arrange()
        self.is_stream = False
        """Whether the response is a stream of events, each of which is what `returns` says."""
        self.parser, self.returns, self.response_classes = self._responses()
        self.stream_name = self._stream_name()
        self.iteration = self._iteration()

    @property
    def module(self) -> str:
        """The module of the operation, relative to `_generated`."""
        return f"api.{self.tag}.{self.name}"

    @property
    def argument_classes(self) -> set[str]:
        """The generated classes that the arguments' types name."""
        return {name for argument in self.arguments for name in argument.classes()}

    def _check_path(self) -> None:
        """Raise where the path and its parameters do not name the same."""
        names = re.findall(r"\{([^{}]*)\}", self.path)
        declared = [argument.wire_name for argument in self.in_path]
        place = f"{self.method} {self.path}"
        for character in NOT_IN_PATHS.findall(self.path):
            raise mistaken(place, f"has {character!r} in its path, which must be escaped there")
        for name in names:
            if name not in declared:
                raise mistaken(place, f"does not say what the parameter {name} of its path is")
            if names.count(name) > 1:
                raise mistaken(place, f"has the parameter {name} in its path twice")
        for name in declared:
            if name not in names:
                raise mistaken(place, f"has the path parameter {name}, which its path lacks")

    def _parameter(self, parameter: dict[str, Any]) -> Argument:
        place = f"{self.name}: the parameter {parameter['name']}"
        if parameter["in"] == "cookie":
            raise unsupported(place, "is a cookie")
        if "schema" not in parameter:
            raise unsupported(place, "has `content` instead of a schema")
        schema = parameter["schema"]
        if "example" in parameter and "$ref" not in schema:
            schema = {"example": parameter["example"], **schema}
        if "x-python-synonym" in parameter:
            schema = {**schema, "x-python-synonym": parameter["x-python-synonym"]}
        argument = self._argument(
            place,
            parameter["name"],
            schema,
            parameter.get("required", False),
            parameter.get("description", ""),
            parameter["in"],
        )
        argument.deprecated = argument.deprecated or bool(parameter.get("deprecated"))
        style = "form" if argument.location == "query" else "simple"
        if parameter.get("style", style) != style:
            raise unsupported(place, f"has the style {parameter['style']}")
        if argument.kind == "object":
            raise unsupported(place, "is an object")
        if argument.kind == "array" and argument.item.kind in {"object", "array"}:
            raise unsupported(place, f"is a list of {'objects' if argument.item.kind == 'object' else 'lists'}")
        if argument.location == "header" and argument.wire_name.lower() in OF_CLIENTS:
            raise unsupported(place, "is a header that the clients set themselves")
        if argument.kind == "array" and not (argument.location == "query" and parameter.get("explode", True)):
            raise unsupported(place, "is a list, and not one that repeats its name in the query")
        return argument

    def _body(self) -> Iterator[Argument]:
        """Yield the fields of the request's body; so those of an object that is alone in it."""
        place = f"{self.name}: the request"
        request = self.specification.resolve(self.content["requestBody"])
        self.is_multipart = "multipart/form-data" in request["content"]
        if self.is_multipart:
            schema = self.specification.resolve(request["content"]["multipart/form-data"].get("schema", {}))
        elif "application/json" in request["content"]:
            schema = self.specification.resolve(request["content"]["application/json"].get("schema", {}))
        else:
            kinds = " or ".join(request["content"]) or "no media type"
            raise unsupported(place, f"has a body of {kinds}")
        properties, required_names = self.specification.properties(schema)
        if not properties:
            raise unsupported(place, "has a body that is not an object with fields")
        if len(properties) == 1 and not self.is_multipart:
            ((name, inner),) = properties.items()
            fields, needed = self.specification.properties(inner)
            if fields:
                self.wrapper, properties, required_names = name, fields, needed
        for name, property_ in properties.items():
            resolved = self.specification.resolve(property_)
            if resolved.get("readOnly"):
                continue
            description = resolved.get("description", "")
            required = name in required_names
            is_file = self.is_multipart and (resolved.get("format") == "binary" or "contentMediaType" in resolved)
            location = "file" if is_file else "body"
            yield self._argument(f"{self.name}: the field {name}", name, property_, required, description, location)

    def _argument(
        self, place: str, wire_name: str, schema: Schema, required: bool, description: str, location: str
    ) -> Argument:
        argument = Argument(wire_name, schema, required, description, self.specification, location)
        try:
            re.compile(argument.resolved.get("pattern", ""))
        except re.error as error:
            raise unsupported(place, f"has a pattern that Python cannot read ({error})") from None
        return argument

    def _arrange(self) -> None:
        """Order the arguments: required ones first, an alias just before its twin, headers and seconds by keyword."""
        self.positional: list[Argument] = []
        self.keyword_only: list[Argument] = []
        for argument in sorted(
            [*self.in_path, *self.in_files, *self.in_body, *self.in_query], key=lambda each: not each.required
        ):
            alias = argument.resolved.get("x-python-synonym")
            if alias is None:
                self.positional.append(argument)
                continue
            in_seconds = argument.name.endswith("_ms") and alias.endswith("_seconds")
            note = f"A synonym of `{argument.name}`{', in seconds' if in_seconds else ''}. Pass only one of the two."
            twin = Argument(
                alias,
                argument.schema,
                False,
                note,
                self.specification,
                argument.location,
                alias_of=argument.name,
                scale=1000 if in_seconds else None,
            )
            self.positional += [argument] if in_seconds else [twin, argument]
            self.keyword_only += [twin] if in_seconds else []
        self.keyword_only += self.in_header
        self.arguments = [*self.positional, *self.keyword_only]
        names = [argument.name for argument in self.arguments]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise unsupported(f"{self.name}:", f"has several arguments that would be called {name}")

    def _responses(self) -> tuple[str, str, set[str]]:
        """Return the arguments of the response's parser, the type of what it returns, and the classes of both."""
        successes = {
            status: self.specification.resolve(response)
            for status, response in sorted(self.content.get("responses", {}).items())
            if status.startswith("2")
        }
        if not successes:
            raise unsupported(f"{self.name}:", "has no response that is a success")
        self.returns_description: str = [*successes.values()][-1]["description"]
        contents = [response["content"] for response in successes.values() if response.get("content")]
        form = union([self._form_of_content(content) for content in contents])
        if form.kind == "union" and any(part.kind in {"bytes", "events"} for part in form.parts):
            kinds = ", ".join(part.hint for part in form.parts)
            raise unsupported(f"{self.name}:", f"has responses of several kinds, {kinds}")
        if form.has("unnamed"):
            raise unsupported(
                f"{self.name}: the response", "has an object without a schema of its own in components/schemas"
            )
        if form.kind == "any" and form.parts:
            kinds = ", ".join(part.hint for part in form.parts)
            raise unsupported(f"{self.name}:", f"has responses of several kinds, {kinds}")
        if form.kind in {"any", "null"}:
            return "", "Any" if form.kind == "any" else "None", set()
        if form.kind == "events":
            return self._events(form.parts[0])
        arguments, hint, classes = self._parser(form)
        if len(contents) < len(successes):
            arguments.append("empty=True")
        if form.nullable:
            arguments.append("nullable=True")
        optional = form.nullable or len(contents) < len(successes)
        return ", ".join(arguments), f"{hint} | None" if optional else hint, classes

    def _form_of_content(self, content: dict[str, Any]) -> Form:
        for media_type, body in content.items():
            if is_json(media_type):
                return Forms(self.specification).of(body.get("schema", {}))
        if EVENT_STREAM in content:
            schema = content[EVENT_STREAM].get("itemSchema", content[EVENT_STREAM].get("schema", {}))
            item = Forms(self.specification).of(schema)
            return Form("events", f"a stream of {item.hint}", "events", [item])
        for media_type in content:
            if is_binary(media_type):
                return Form("bytes", "bytes", media_type.partition(";")[0].strip().lower())
        raise unsupported(f"{self.name}: the response", f"has a body of {' or '.join(content)}")

    def _events(self, item: Form) -> tuple[str, str, set[str]]:
        """Return what `_responses` does, for a response that is a stream of events."""
        self.is_stream = True
        media_type = f'media_type="{EVENT_STREAM}"'
        if item.kind == "any" and item.parts:
            kinds = ", ".join(part.hint for part in item.parts)
            raise unsupported(f"{self.name}:", f"has events of several kinds, {kinds}")
        if item.kind == "any" or item.hint == "str":
            return media_type, "str", set()
        arguments, hint, classes = self._parser(item)
        return ", ".join([*arguments, media_type]), hint, classes

    def _stream_name(self) -> str | None:
        """Return the name of the method that reads bytes as they arrive, if the response is bytes."""
        noun = self.name.removeprefix("download_").removeprefix("get_")
        return f"stream_{noun}" if self.returns == "bytes" else None

    def _parser(self, form: Form) -> tuple[list[str], str, set[str]]:
        parts = form.parts if form.kind == "union" else [form]
        models = [part.hint for part in parts if part.kind == "model"]
        items = [part.parts[0].hint for part in parts if part.kind == "list" and part.parts[0].kind == "model"]
        if form.kind == "bytes":
            return [f'media_type="{form.json_type}"'], "bytes", set()
        if len(models) + len(items) == len(parts):
            if models and items and (wrapper := self._list_in(models[0], items[0])):
                return [f"items={items[0]}", f'wrapper="{wrapper}"'], f"list[{items[0]}]", {*items}
            arguments = [*(f"model={name}" for name in models), *(f"items={name}" for name in items)]
            return arguments, form.hint, {*models, *items}
        code = viewing(form, nesting(form, "data"))
        types = ", ".join(dict.fromkeys(PYTHON_TYPES[part.json_type] for part in parts))
        view = [f"view=lambda data: {code}"] if code != "data" else []
        return [f"types=({types},)", *view], form.hint, {*form.classes()}

    def _iteration(self) -> Iteration | None:
        """Return how to go through the pages: there are items, and where the next page begins, as a parameter says it."""
        if self.returns not in self.specification.models:
            return None
        properties, _ = self.specification.properties(self.specification.schemas[self.returns])
        forms = {name: Forms(self.specification).of(schema) for name, schema in properties.items()}
        lists = [name for name, form in forms.items() if form.kind == "list" and form.parts[0].kind == "model"]
        starts = [
            argument
            for argument in self.in_query
            if f"next_{snake_case(argument.wire_name)}" in {snake_case(name) for name in properties}
        ]
        if len(lists) != 1 or len(starts) != 1:
            return None
        start = starts[0]
        following = next(name for name in properties if snake_case(name) == f"next_{snake_case(start.wire_name)}")
        limits = [each for each in self.in_query if each.name in SIZES and each.kind == "integer"]
        size = (limits[0].name, limits[0].resolved["maximum"]) if limits and "maximum" in limits[0].resolved else None
        noun = self.name.removeprefix("list_").removeprefix("get_")
        pages = "OffsetPages" if start.name == "offset" else "CursorPages"
        item = forms[lists[0]].parts[0].hint
        return Iteration(f"iter_{noun}", noun.replace("_", " "), pages, item, start.name, lists[0], following, size)

    def _list_in(self, model: str, item: str) -> str | None:
        """Return the field of a model that has nothing but a list of another; either can be answered for such a list."""
        properties, _ = self.specification.properties(self.specification.schemas[model])
        match [*properties.items()]:
            case [(name, {"type": "array", "items": items})] if self.specification.class_of(items) == item:
                return str(name)
        return None
