"""Regenerate `pamela/_generated` and the public names from the contract: openapi-python-client with the templates beside this file.

The stock generator forgets what the contract says beyond types: the limits of arguments, the synonyms, which operations
may be repeated, the events. This driver reads those from the document and hands them to the templates.
"""

import contextlib
import keyword
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser import properties as props
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.strings import PythonIdentifier
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "openapi.yaml"
PACKAGE = ROOT / "pamela"
HEADER = "# Made by `make generate` from openapi.yaml. Do not edit.\n"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DATES = props.DateTimeProperty | DateProperty
CHOICES = ("anyOf", "oneOf", "allOf")
NAMES_OF_MODEL = {*dir(dict), "from_dict", "to_dict"}
NAMES_OF_MODULES = {
    "Answer",
    "Any",
    "AsyncOperations",
    "ClassVar",
    "Literal",
    "Mapping",
    "Model",
    "Operation",
    "Operations",
    "Request",
    "Sequence",
    "T",
    "TypeVar",
    "TypedDict",
}
BOUNDS = {"minimum": "minimum", "exclusiveMinimum": "exclusive_minimum"}
LIMITS = {"string": {"minLength": "min_length", "pattern": "pattern"}, "integer": BOUNDS, "number": BOUNDS}
"""The limits that are checked, by the kind of an argument, and what they are called in Python."""
HEADER_VALUE = "^[!-~]([ -~]*[!-~])?$"
"""What a header can carry: printable ASCII without blanks at either end."""
CHECKS = {
    "moment": "moment",
    "day": "day",
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "json_list",
    "object": "json_object",
}
ANYTHING = ("any", "")
WRITTEN = {
    "operations.py.jinja": "_generated/operations.py",
    "events.py.jinja": "_generated/events.py",
    "init.py.jinja": "__init__.py",
}
"""The templates that the stock generator does not have, and the modules that they make."""
UNWRAPPED = {"ToolList"}
"""Models of answers that the client gives the contents of."""


class Contract:
    """The document with its references followed, and the classes that the generator makes of its schemas."""

    def __init__(self, document: dict[str, Any], data: GeneratorData, config: Config) -> None:
        self.document = document
        self.config = config
        self.models = {model.class_info.name: model for model in data.models}
        self.enums = {enum.class_info.name: enum for enum in data.enums}
        schemas = document.get("components", {}).get("schemas", {})
        self.schemas = {self.class_name(name, schema): schema for name, schema in schemas.items()}
        for name in sorted(NAMES_OF_MODULES & {*self.models, *self.enums}):
            refuse(f"The schema {name}", "has a name that the generated modules use themselves")

    def class_name(self, name: str, schema: dict[str, Any]) -> str:
        return props.Class.from_string(string=schema.get("title", name), config=self.config).name

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference; what stands beside it (a description, say) wins."""
        if "$ref" not in node:
            return node
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return {**self.resolve(self.target(node["$ref"])), **beside}

    def target(self, reference: str) -> dict[str, Any]:
        target: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            if part not in target:
                refuse(f"The reference {reference}", "leads to nothing in the document")
            target = target[part]
        found: dict[str, Any] = target
        return found

    def class_of(self, schema: dict[str, Any]) -> str | None:
        """Name the class that the generator makes of a schema that is referred to, if it makes one."""
        name = ""
        while "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            schema = self.target(schema["$ref"])
        found = self.class_name(name, schema)
        return found if name and (found in self.models or found in self.enums) else None

    def without_null(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Give a schema without null, and an alternative that is the only one instead of the choice."""
        resolved = self.resolve(schema)
        for choice in (each for each in CHOICES if each in resolved):
            left = [each for each in resolved[choice] if self.resolve(each).get("type") != "null"]
            beside = {key: value for key, value in resolved.items() if key != choice}
            if len(left) == 1:
                return self.without_null({**left[0], **beside})
            if len(left) < len(resolved[choice]):
                return {**beside, choice: left}
        types = resolved.get("type")
        left = [each for each in types if each != "null"] if isinstance(types, list) else []
        return {**schema, "type": left[0]} if len(left) == 1 else schema

    def allows_null(self, schema: dict[str, Any]) -> bool:
        resolved = self.resolve(schema)
        alternatives = [*resolved.get("anyOf", []), *resolved.get("oneOf", [])]
        return "null" in resolved.get("type", ()) or any(self.allows_null(each) for each in alternatives)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self.document.get("paths", {}).items():
            for method in item:
                if method in METHODS:
                    parameters = self.parameters(item) | self.parameters(item[method])
                    yield path, method, {**item[method], "parameters": [*parameters.values()]}

    def parameters(self, owner: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        """Give the parameters of a path or an operation, by place and name."""
        resolved = [self.resolve(parameter) for parameter in owner.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in resolved}

    def webhook_models(self) -> Iterator[str]:
        """Name the models of what is sent to webhooks."""
        for name, item in self.document.get("webhooks", {}).items():
            for method in item:
                if method in METHODS and "requestBody" in item[method]:
                    found = self.class_of(json_schema(f"The webhook {name}", self.resolve(item[method]["requestBody"])))
                    if found not in self.models:
                        refuse(f"The webhook {name}", "has a body that is not an object with a schema of its own")
                    yield found

    def events(self) -> dict[str, str]:
        """Map the name of each event to the name of its model."""
        models: dict[str, str] = {}
        for model in self.webhook_models():
            event = event_of(self.models[model])
            if event is not None and models.setdefault(event, model) != model:
                refuse(f"The event {event}", f"has several models, {models[event]} and {model}")
        return models


def event_of(model: props.ModelProperty) -> str | None:
    """Give the only value that the field `event` of a model can have, if there is one."""
    for property_ in fields(model):
        if property_.name.get_untrusted_value() == "event":
            match property_:
                case props.ConstProperty():
                    return str(property_.value.raw_value)
                case props.EnumProperty() if len(property_.values) == 1:
                    return str(next(iter(property_.values.values())))
    return None


def refuse(place: str, problem: str) -> NoReturn:
    """End with what is in the contract and not supported; nothing is replaced."""
    sys.exit(f"{place} {problem}, which is not supported.")


def json_schema(place: str, body: dict[str, Any]) -> dict[str, Any]:
    content = body["content"]
    if "application/json" not in content:
        refuse(place, f"has a body of {' or '.join(content)}")
    found: dict[str, Any] = content["application/json"].get("schema", {})
    return found


@dataclass
class Argument:
    """An argument of an operation: where it goes, its type, and the call that checks it."""

    wire: str
    schema: dict[str, Any]
    required: bool
    description: str
    contract: Contract
    location: str
    synonym_of: str | None = None
    scale: int | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = PythonIdentifier(self.wire, self.contract.config.field_prefix)
        self.nullable = self.contract.allows_null(self.schema)
        self.schema = self.contract.without_null(self.schema)
        self.resolved = self.contract.resolve(self.schema)
        self.kind = self.kind_of_schema()
        if self.kind == "moment":
            self.description = f"{self.description.strip()} A date means its start, and what has no offset means UTC."

    def kind_of_schema(self) -> str:
        alternatives = next((self.resolved[choice] for choice in CHOICES if choice in self.resolved), [self.resolved])
        formats = {self.contract.resolve(each).get("format") for each in alternatives}
        if formats == {"date"}:
            return "day"
        if formats <= {"date", "date-time"}:
            return "moment"
        found = self.resolved.get("type")
        return found if isinstance(found, str) else "any"

    @property
    def optional(self) -> bool:
        """Whether None may be given."""
        return self.nullable or not self.required

    @property
    def type(self) -> str:
        if self.scale:
            return "float"
        found = self.contract.class_of(self.schema)
        match self.kind:
            case "moment" | "day":
                return "datetime | date | str"
            case "string":
                return f"{found} | str" if found else "str"
            case "object":
                return f"{found} | Mapping[str, Any]" if found else "Mapping[str, Any]"
            case "array":
                item = Argument(self.wire, self.resolved.get("items", {}), True, "", self.contract, self.location)
                return f"Sequence[{item.type}]"
            case known:
                return {"integer": "int", "number": "float", "boolean": "bool"}.get(known, "Any")

    @property
    def check(self) -> str:
        """The code that checks the value and makes it what is sent."""
        limits: dict[str, Any] = {} if self.optional else {"required": True}
        known = LIMITS.get(self.kind, {})
        limits |= {python: self.resolved[wire] for wire, python in known.items() if wire in self.resolved}
        if self.kind == "string" and self.location == "header":
            limits.setdefault("pattern", HEADER_VALUE)
        if limits.keys() - {"required"}:
            limits["hint"] = self.hint
        arguments = "".join(f", {name}={value!r}" for name, value in limits.items())
        return f'_arguments.{CHECKS.get(self.kind, "json_value")}("{self.name}", {self.name}{arguments})'

    @property
    def hint(self) -> str:
        """What to tell a caller whose value cannot be right."""
        sentence = " ".join(self.description.split())
        example = next(iter(self.resolved.get("examples", [])), self.resolved.get("example"))
        return sentence if example is None else f"{sentence} Example: {example!r}."


@dataclass
class Operation:
    """An operation of the contract as the template needs it."""

    path: str
    http_method: str
    data: dict[str, Any]
    contract: Contract
    wrapper: str | None = None

    def __post_init__(self) -> None:
        self.method = self.http_method.upper()
        self.name: str = self.data.get("operationId", "")
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            refuse(f"{self.method} {self.path}", f"has the operationId {self.name!r}, not a name of Python")
        self.constant = self.name.upper()
        self.class_name = "".join(word.capitalize() for word in self.name.split("_"))
        self.summary: str = self.data.get("summary", self.name.replace("_", " ").capitalize()).rstrip(".")
        self.description: str = self.data.get("description", "")
        self.idempotent: bool = self.data.get("x-idempotent", False)
        arguments = [self.parameter(parameter) for parameter in self.data["parameters"]]
        self.in_path, self.in_query, self.in_header = (
            [argument for argument in arguments if argument.location == location]
            for location in ("path", "query", "header")
        )
        self.in_body = list(self.body()) if "requestBody" in self.data else []
        self.nulls = sorted(each.wire for each in self.in_body if each.required and each.nullable)
        self.arrange()
        self.answer, self.returns, self.answer_names = self.answers()

    def parameter(self, parameter: dict[str, Any]) -> Argument:
        place = f"{self.name}: the parameter {parameter['name']}"
        if parameter["in"] == "cookie":
            refuse(place, "is a cookie")
        if "schema" not in parameter:
            refuse(place, "has `content` instead of a schema")
        schema = parameter["schema"]
        if "example" in parameter and "$ref" not in schema:
            schema = {"example": parameter["example"], **schema}
        if "x-python-synonym" in parameter:
            schema = {**schema, "x-python-synonym": parameter["x-python-synonym"]}
        argument = self.argument(
            place,
            parameter["name"],
            schema,
            parameter.get("required", False),
            parameter.get("description", ""),
            parameter["in"],
        )
        style = "form" if argument.location == "query" else "simple"
        if parameter.get("style", style) != style:
            refuse(place, f"has the style {parameter['style']}")
        if argument.kind == "object":
            refuse(place, "is an object")
        if argument.kind == "array" and not (argument.location == "query" and parameter.get("explode", True)):
            refuse(place, "is a list, and not one that repeats its name in the query")
        return argument

    def body(self) -> Iterator[Argument]:
        place = f"{self.name}: the request"
        schema = self.contract.resolve(json_schema(place, self.contract.resolve(self.data["requestBody"])))
        if "properties" not in schema:
            refuse(place, "has a body that is not an object with fields")
        if len(schema["properties"]) == 1:
            ((name, inner),) = schema["properties"].items()
            inner = self.contract.resolve(inner)
            if "properties" in inner:
                self.wrapper, schema = name, inner
        for name, property_ in schema["properties"].items():
            description = self.contract.resolve(property_).get("description", "")
            required = name in schema.get("required", ())
            yield self.argument(f"{self.name}: the field {name}", name, property_, required, description, "body")

    def argument(
        self, place: str, wire: str, schema: dict[str, Any], required: bool, description: str, location: str
    ) -> Argument:
        argument = Argument(wire, schema, required, description, self.contract, location)
        try:
            re.compile(argument.resolved.get("pattern", ""))
        except re.error as error:
            refuse(place, f"has a pattern that Python cannot read ({error})")
        return argument

    def arrange(self) -> None:
        """Order the arguments: required ones first, a synonym just before its twin, headers and seconds by keyword."""
        arguments = [*self.in_path, *self.in_body, *self.in_query]
        self.positional: list[Argument] = []
        self.keyword_only: list[Argument] = []
        for argument in sorted(arguments, key=lambda each: not each.required):
            synonym = argument.resolved.get("x-python-synonym")
            if synonym is None:
                self.positional.append(argument)
                continue
            in_seconds = argument.name.endswith("_ms") and synonym.endswith("_seconds")
            note = f"The same as `{argument.name}`{', in seconds' if in_seconds else ''}; give one of them."
            twin = Argument(
                synonym,
                argument.schema,
                False,
                note,
                self.contract,
                argument.location,
                synonym_of=argument.name,
                scale=1000 if in_seconds else None,
            )
            self.positional += [argument] if in_seconds else [twin, argument]
            self.keyword_only += [twin] if in_seconds else []
        self.keyword_only += self.in_header
        self.all_arguments = [*self.positional, *self.keyword_only]
        names = [argument.name for argument in self.all_arguments]
        for name in sorted({name for name in names if names.count(name) > 1}):
            refuse(f"{self.name}:", f"has several arguments that would be called {name}")

    def answers(self) -> tuple[str, str, set[str]]:
        """Give the code that reads an answer, its type, and the models that both need."""
        successes = {
            status: self.contract.resolve(answer)
            for status, answer in sorted(self.data.get("responses", {}).items())
            if status.startswith("2")
        }
        if not successes:
            refuse(f"{self.name}:", "has no answer that is a success")
        self.returns_description: str = [*successes.values()][-1]["description"]
        shapes = {shape for success in successes.values() for shape in self.shapes_of_success(success)}
        models = sorted(name for shape, name in shapes if shape == "model")
        items = sorted(name for shape, name in shapes if shape == "items")
        if ANYTHING in shapes:
            return "Answer()", "Any", set()
        if len(models) > 1 or len(items) > 1:
            refuse(f"{self.name}:", f"has answers of several kinds, {', '.join([*models, *items])}")
        arguments = [*(f"model={name}" for name in models), *(f"items={name}" for name in items)]
        types = [*models, *(f"list[{name}]" for name in items)]
        return f"Answer({', '.join(arguments)})", " | ".join(types), {*models, *items}

    def shapes_of_success(self, success: dict[str, Any]) -> Iterator[tuple[str, str]]:
        if "content" in success:
            yield from self.shapes(json_schema(f"{self.name}: the answer", success))
        else:
            yield ANYTHING

    def shapes(self, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Give the shapes that an answer of a schema can have: an object, a list of objects, or any JSON."""
        resolved = self.contract.resolve(schema)
        found = self.contract.class_of(schema)
        items = resolved.get("items", {})
        if found in self.contract.models:
            yield "model", found
        elif "anyOf" in resolved or "oneOf" in resolved:
            for alternative in [*resolved.get("anyOf", []), *resolved.get("oneOf", [])]:
                yield from self.shapes(alternative)
        elif (item := self.contract.class_of(items)) in self.contract.models:
            yield "items", item
        elif any(part in each for part in ("properties", "allOf") for each in (resolved, self.contract.resolve(items))):
            refuse(f"{self.name}: the answer", "has an object without a schema of its own in components/schemas")
        else:
            yield ANYTHING


@dataclass
class View:
    """An attribute of a model: a typed view of one of its fields."""

    name: str
    attribute: str
    type: str
    expression: str
    description: str
    nested: str = ""
    import_: str = ""
    leads_back: bool = False
    """Whether the model that is imported has, at whatever remove, the one that imports it."""


class ObjectProperty(props.AnyProperty):
    """A JSON object without fields of its own: a plain dict, in requests and in answers."""

    _type_string: ClassVar[str] = "dict[str, Any]"
    _json_type_string: ClassVar[str] = "dict[str, Any]"


def endpoints(data: GeneratorData) -> Iterator[Any]:
    for tag in data.endpoint_collections_by_tag.values():
        yield from tag.endpoints


def use_plain_dicts(data: GeneratorData) -> None:
    """Put plain dicts where the stock generator would make a class without fields."""
    free = {
        model.class_info.name
        for model in data.models
        if not model.required_properties and not model.optional_properties
    }

    def plain(property_: Any) -> Any:
        match property_:
            case props.UnionProperty():
                property_.inner_properties = [plain(inner) for inner in property_.inner_properties]
            case props.ListProperty():
                property_.inner_property = plain(property_.inner_property)
            case props.ModelProperty() if property_.class_info.name in free:
                names = ("name", "required", "default", "python_name", "description", "example")
                return ObjectProperty(**{name: getattr(property_, name) for name in names})
        return property_

    for model in data.models:
        for properties in (model.required_properties, model.optional_properties):
            properties[:] = [plain(property_) for property_ in properties]
    for endpoint in endpoints(data):
        for response in endpoint.responses:
            response.prop = plain(response.prop)
    data.models = [model for model in data.models if model.class_info.name not in free]


def fields(model: props.ModelProperty) -> list[Any]:
    return [*(model.required_properties or []), *(model.optional_properties or [])]


def classes(property_: Any) -> Iterator[Any]:
    """Give the models and enumerations that the type of a property names."""
    match property_:
        case props.ListProperty():
            yield from classes(property_.inner_property)
        case props.UnionProperty():
            for inner in property_.inner_properties:
                yield from classes(inner)
        case props.ModelProperty() | props.EnumProperty():
            yield property_


def reach(roots: Iterable[Any], models: dict[str, props.ModelProperty]) -> set[str]:
    """Name the models and enumerations that properties lead to, at whatever remove."""
    found: set[str] = set()
    waiting = [*roots]
    while waiting:
        for kind in classes(waiting.pop()):
            name = kind.class_info.name
            if name not in found:
                found.add(name)
                waiting += fields(models[name]) if name in models else []
    return found


class Views:
    """Makes the views of a model; a Jinja filter."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def __call__(self, model: props.ModelProperty) -> list[View]:
        documented = self.contract.schemas.get(model.class_info.name, {}).get("properties", {})
        views = []
        for property_ in fields(model):
            view = self.view(property_)
            description = self.contract.resolve(documented.get(view.name, {})).get("description")
            view.description = description or str(property_.description or "")
            view.leads_back = model.class_info.name in reach([property_], self.contract.models)
            if view.import_ == self.imported(model)[1]:
                view.import_ = ""
            views.append(view)
        order = list(documented)
        return sorted(views, key=lambda view: order.index(view.name) if view.name in order else len(order))

    def view(self, property_: Any) -> View:
        name = property_.name.get_untrusted_value()
        attribute = f"{property_.python_name}_" if property_.python_name in NAMES_OF_MODEL else property_.python_name
        kinds, optional = self.kinds(property_)
        view = View(name, attribute, "Any", f"self._get({name!r})", "")
        lists = [kind for kind in kinds if isinstance(kind, props.ListProperty)]
        plain = {self.plain(kind) for kind in kinds}
        if len(kinds) == 1 or (kinds and all(isinstance(kind, DATES) for kind in kinds)):
            self.convert(view, kinds[0])
        elif len(lists) == 1:
            self.convert(view, lists[0])
            others = [self.plain(kind) for kind in kinds if kind is not lists[0]]
            view.type = " | ".join([view.type, *others])
        elif len(plain) == 1:
            (view.type,) = plain
        if (optional or not property_.required) and view.type != "Any":
            view.type += " | None"
        return view

    def kinds(self, property_: Any) -> tuple[list[Any], bool]:
        """Give the kinds of value that a property can have, and whether null is one."""
        inner = property_.inner_properties if isinstance(property_, props.UnionProperty) else [property_]
        kinds = [kind for kind in inner if not isinstance(kind, NoneProperty)]
        return kinds, len(kinds) < len(inner)

    def plain(self, kind: Any) -> str:
        if isinstance(kind, props.ConstProperty | props.IntProperty | props.FloatProperty | props.BooleanProperty):
            return str(kind.get_type_string(no_optional=True).as_unembedded_code())
        return "str" if isinstance(kind, props.StringProperty | props.UuidProperty) else "Any"

    def convert(self, view: View, kind: Any) -> None:
        match kind:
            case props.ListProperty(inner_property=inner):
                self.convert_list(view, inner)
            case props.DateTimeProperty() | DateProperty():
                view.type, view.expression = "datetime", f"as_datetime({view.expression})"
            case props.EnumProperty():
                view.type, view.import_ = self.imported(kind)
                view.expression = f"as_enum({view.type}, {view.expression})"
            case props.ModelProperty():
                view.type, view.import_ = self.imported(kind)
                view.expression = view.nested = f"as_model(self, {view.name!r}, {view.type})"
            case ObjectProperty():
                view.type = "dict[str, Any]"
            case _:
                view.type = self.plain(kind)

    def convert_list(self, view: View, inner: Any) -> None:
        match inner:
            case props.DateTimeProperty() | DateProperty():
                item, view.expression = "datetime", f"as_datetimes({view.expression})"
            case props.EnumProperty():
                item, view.import_ = self.imported(inner)
                view.expression = f"as_enums({item}, {view.expression})"
            case props.ModelProperty():
                item, view.import_ = self.imported(inner)
                view.expression = f"as_models(self, {view.name!r}, {item})"
                view.nested = f"nest_models(self, {view.name!r}, {item})"
            case _:
                item = self.plain(inner)
        view.type = f"list[{item}]"

    def imported(self, kind: Any) -> tuple[str, str]:
        """Give the name of a class and the code that imports it into another one's module."""
        name: str = kind.class_info.name
        return name, f"from .{kind.class_info.module_name} import {name}"


def sent_only(data: GeneratorData, contract: Contract) -> set[str]:
    """Name the models that are in requests and in nothing that is received."""
    bodies = [body.prop for endpoint in endpoints(data) for body in endpoint.bodies]
    answers = [response.prop for endpoint in endpoints(data) for response in endpoint.responses]
    webhooks = [contract.models[name] for name in contract.webhook_models()]
    return reach(bodies, contract.models) - reach([*answers, *webhooks], contract.models)


def public_models(names: Iterable[str], contract: Contract) -> list[str]:
    """Name what is public: the classes of arguments, answers and webhooks, what these lead to, and enumerations."""
    known = contract.models | contract.enums
    found = reach([known[name] for name in names], contract.models)
    return sorted({*found, *contract.enums} - UNWRAPPED)


def imports(kinds: Iterable[Any]) -> set[str]:
    return {f"from .models.{kind.class_info.module_name} import {kind.class_info.name}" for kind in kinds}


def generate(package: Path) -> None:
    """Write what is generated of the package into an empty directory."""
    target = package / "_generated"
    document = YAML(typ="safe").load(DOCUMENT)
    config = Config.from_sources(
        ConfigFile.load_from_path(ROOT / "generator-config.yaml"), MetaType.NONE, DOCUMENT, "utf-8", True, target
    )
    data = GeneratorData.from_dict(document, config=config)
    if isinstance(data, GeneratorError):
        sys.exit(f"{data.header}\n{data.detail}")
    use_plain_dicts(data)
    contract = Contract(document, data, config)
    project = Project(openapi=data, config=config, custom_template_path=ROOT / "custom")
    stock = PackageLoader("openapi_python_client")
    project.env.loader = ChoiceLoader([FileSystemLoader(ROOT / "custom"), stock, PrefixLoader({"stock": stock})])
    operations = [Operation(path, method, operation, contract) for path, method, operation in contract.operations()]
    classes_by_name = contract.models | contract.enums
    answers = {name for operation in operations for name in operation.answer_names}
    annotations = " ".join(argument.type for operation in operations for argument in operation.all_arguments)
    arguments = {name for name in classes_by_name if re.search(rf"\b{name}\b", annotations)}
    webhooks = set(contract.webhook_models())
    project.env.globals.update(
        document=document,
        schemas=contract.schemas,
        events=contract.events(),
        operations=operations,
        request_models=sent_only(data, contract),
        answer_imports=imports(classes_by_name[name] for name in answers),
        argument_imports=imports(classes_by_name[name] for name in arguments - answers),
        refuse=refuse,
        public_models=public_models(answers | arguments | webhooks, contract),
    )
    project.env.filters["views"] = Views(contract)
    project.env.filters["reflow"] = lambda text, width: textwrap.fill(" ".join(text.split()), width)
    with contextlib.redirect_stdout(None):
        errors = project.build()
    if errors:
        sys.exit("\n".join(f"{error.header}: {error.detail}" for error in errors))
    for template, module in WRITTEN.items():
        (package / module).write_text(project.env.get_template(template).render())
    shutil.rmtree(target / ".ruff_cache", ignore_errors=True)


def tidy(package: Path) -> None:
    """Head every module with where it comes from, sort its imports and format it."""
    for module in package.rglob("*.py"):
        source = HEADER + module.read_text()
        try:
            compile(source, str(module.relative_to(package)), "exec")
        except SyntaxError as error:
            sys.exit(f"{error.filename} would not be Python: {error.msg} in {(error.text or '').strip()!r}.")
        module.write_text(source)
    ruff = [sys.executable, "-m", "ruff"]
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--quiet"]
    select = ["--isolated", "--target-version=py311", "--line-length=120", "--select=I,F401,UP,TC005", "--fix-only"]
    subprocess.run([*ruff, "check", *select, "--no-cache", "--quiet", str(package)], check=True)
    subprocess.run([*ruff, "format", *settings, str(package)], check=True)


def modules(package: Path) -> dict[str, bytes]:
    found = [package / "__init__.py", *(package / "_generated").rglob("*.py")]
    return {module.relative_to(package).as_posix(): module.read_bytes() for module in found}


def differences(source: Path) -> list[str]:
    """Name the modules in which the committed package is not what was generated."""
    wanted, present = modules(source), modules(PACKAGE)
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def replace(source: Path) -> None:
    """Make the committed package what was generated, and touch only the files that differ."""
    wanted = modules(source)
    for name in differences(source):
        module = PACKAGE / name
        if name in wanted:
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_bytes(wanted[name])
        else:
            module.unlink()
    generated = PACKAGE / "_generated"
    for directory in sorted((path for path in generated.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.suffix == ".py" for path in directory.rglob("*")):
            shutil.rmtree(directory)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        package = Path(directory) / "pamela"
        generate(package)
        tidy(package)
        if "--check" not in sys.argv[1:]:
            replace(package)
        elif different := differences(package):
            sys.exit(f"The package is not what openapi.yaml gives; run `make generate`: {', '.join(different)}")


if __name__ == "__main__":
    main()
