"""Regenerate `pamela/_generated` from the contract: openapi-python-client with the templates beside this file.

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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser import properties as props
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.none import NoneProperty
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "openapi.yaml"
TARGET = ROOT / "pamela" / "_generated"
HEADER = "# Made by `make generate` from openapi.yaml. Do not edit.\n"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
NAMES_OF_MODEL = {*dir(dict), "from_dict", "to_dict"}


class Contract:
    """The document with its references followed."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference; what stands beside it (a description, say) wins."""
        if "$ref" not in node:
            return node
        target: Any = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        return {**self.resolve(target), **{key: value for key, value in node.items() if key != "$ref"}}

    def schema(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document["components"]["schemas"].get(name, {})
        return found

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self.document["paths"].items():
            for method in item:
                if method in METHODS:
                    shared = item.get("parameters", [])
                    yield path, method, {**item[method], "parameters": [*shared, *item[method].get("parameters", [])]}

    def events(self) -> dict[str, str]:
        """Map the name of each event to the name of its schema."""
        names = {}
        for item in self.document.get("webhooks", {}).values():
            for method in item:
                if method in METHODS:
                    reference = json_schema(item[method]["requestBody"])["$ref"].split("/")[-1]
                    event = self.schema(reference)["properties"].get("event", {})
                    if "const" in event:
                        names[event["const"]] = reference
        return names


def json_schema(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["content"]["application/json"]["schema"]
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
        self.name = re.sub(r"\W", "_", self.wire).lower()
        if keyword.iskeyword(self.name):
            self.name += "_"
        self.resolved = self.contract.resolve(self.schema)
        kinds = self.resolved.get("anyOf", [self.resolved])
        formats = {kind.get("format") for kind in kinds}
        self.kind = "moment" if formats <= {"date", "date-time"} else self.resolved.get("type", "any")
        if self.kind == "moment":
            self.description = f"{self.description.strip()} A date means its start, and what has no offset means UTC."

    @property
    def reference(self) -> str | None:
        """The name of the class that the generator makes of the schema, if it makes one."""
        if "$ref" in self.schema and ("enum" in self.resolved or "properties" in self.resolved):
            name: str = self.schema["$ref"].split("/")[-1]
            return name
        return None

    @property
    def type(self) -> str:
        if self.scale:
            return "float"
        match self.kind:
            case "moment":
                return "datetime | date | str"
            case "string":
                return f"{self.reference} | str" if self.reference else "str"
            case "object":
                return f"{self.reference} | Mapping[str, Any]" if self.reference else "Mapping[str, Any]"
            case "array":
                item = Argument(self.wire, self.resolved.get("items", {}), True, "", self.contract, self.location)
                return f"Sequence[{item.type}]"
            case known:
                return {"integer": "int", "number": "float", "boolean": "bool"}.get(known, "Any")

    @property
    def check(self) -> str:
        """The code that checks the value and makes it what is sent."""
        if self.kind == "moment":
            return f'moment("{self.wire}", {self.name})'
        if self.kind == "array":
            return f'json_list("{self.wire}", {self.name})'
        if self.kind == "object":
            return f'json_object("{self.wire}", {self.name})'
        if self.kind not in {"string", "integer", "number"}:
            return f'json_value("{self.wire}", {self.name})'
        limits: dict[str, Any] = {"required": True} if self.required else {}
        limits |= {
            python: self.resolved[wire]
            for wire, python in (("minLength", "min_length"), ("minimum", "minimum"), ("pattern", "pattern"))
            if wire in self.resolved
        }
        if "pattern" in limits:
            # In Python, $ also matches before a line end.
            limits["pattern"] = re.sub(r"\$$", r"\\Z", limits["pattern"])
        if limits.keys() - {"required"}:
            limits["hint"] = self.hint
        function = {"string": "text", "integer": "integer", "number": "number"}[self.kind]
        return f'{function}("{self.name}", {self.name}' + "".join(f", {k}={v!r}" for k, v in limits.items()) + ")"

    @property
    def hint(self) -> str:
        """What to tell a caller whose value cannot be right."""
        sentence = " ".join(self.description.split())
        example = self.resolved.get("examples", [self.resolved.get("example")])[0]
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
        self.name: str = self.data["operationId"]
        self.constant = self.name.upper()
        self.class_name = "".join(word.capitalize() for word in self.name.split("_"))
        self.method = self.http_method.upper()
        self.summary: str = self.data["summary"].rstrip(".")
        self.description: str = self.data["description"]
        self.idempotent: bool = self.data.get("x-idempotent", False)
        parameters = [self.contract.resolve(parameter) for parameter in self.data["parameters"]]
        self.in_path, self.in_query, self.in_header = (
            [self.parameter(parameter, location) for parameter in parameters if parameter["in"] == location]
            for location in ("path", "query", "header")
        )
        self.in_body = list(self.body()) if "requestBody" in self.data else []
        self.arrange()
        self.answer, self.returns, self.answer_names = self.answers()

    def parameter(self, parameter: dict[str, Any], location: str) -> Argument:
        schema = parameter["schema"]
        if "example" in parameter and "$ref" not in schema:
            schema = {"example": parameter["example"], **schema}
        if "x-python-synonym" in parameter:
            schema = {**schema, "x-python-synonym": parameter["x-python-synonym"]}
        required = parameter.get("required", False)
        return Argument(parameter["name"], schema, required, parameter["description"], self.contract, location)

    def body(self) -> Iterator[Argument]:
        schema = self.contract.resolve(json_schema(self.data["requestBody"]))
        if len(schema["properties"]) == 1:
            ((self.wrapper, inner),) = schema["properties"].items()
            schema = self.contract.resolve(inner)
        for name, property_ in schema["properties"].items():
            resolved = self.contract.resolve(property_)
            required = name in schema.get("required", ())
            yield Argument(name, property_, required, resolved.get("description", ""), self.contract, "body")

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

    def answers(self) -> tuple[str, str, set[str]]:
        """Give the code that reads an answer, its type, and the models that both need."""
        _, success = max((status, each) for status, each in self.data["responses"].items() if status.startswith("2"))
        success = self.contract.resolve(success)
        self.returns_description: str = success["description"]
        if "content" not in success:
            return "Answer()", "Any", set()
        schema = json_schema(success)
        model = items = None
        for alternative in schema.get("anyOf", [schema]):
            if alternative.get("type") == "array":
                items = alternative["items"]["$ref"].split("/")[-1]
            else:
                model = alternative["$ref"].split("/")[-1]
        arguments = [f"{name}={value}" for name, value in (("model", model), ("items", items)) if value]
        types = [*([model] if model else []), *([f"list[{items}]"] if items else [])]
        return f"Answer({', '.join(arguments)})", " | ".join(types), {name for name in (model, items) if name}


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


class ObjectProperty(props.AnyProperty):
    """A JSON object without fields of its own: a plain dict, in requests and in answers."""

    _type_string: ClassVar[str] = "dict[str, Any]"
    _json_type_string: ClassVar[str] = "dict[str, Any]"


def use_plain_dicts(data: GeneratorData) -> None:
    """Put plain dicts where the stock generator would make a class without fields."""
    free = {
        model.class_info.name
        for model in data.models
        if not model.required_properties and not model.optional_properties
    }

    def plain(property_: Any) -> Any:
        if not isinstance(property_, props.ModelProperty) or property_.class_info.name not in free:
            return property_
        names = ("name", "required", "default", "python_name", "description", "example")
        return ObjectProperty(**{name: getattr(property_, name) for name in names})

    for model in data.models:
        for properties in (model.required_properties, model.optional_properties):
            properties[:] = [plain(property_) for property_ in properties]
            for union in properties:
                if isinstance(union, props.UnionProperty):
                    union.inner_properties = [plain(inner) for inner in union.inner_properties]
    data.models = [model for model in data.models if model.class_info.name not in free]


class Views:
    """Makes the views of a model; a Jinja filter."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def __call__(self, model: props.ModelProperty) -> list[View]:
        fields = self.contract.schema(model.class_info.name).get("properties", {})
        views = []
        for property_ in [*(model.required_properties or []), *(model.optional_properties or [])]:
            view = self.view(property_)
            description = self.contract.resolve(fields.get(view.name, {})).get("description")
            view.description = description or str(property_.description or "")
            views.append(view)
        order = list(fields)
        return sorted(views, key=lambda view: order.index(view.name) if view.name in order else len(order))

    def view(self, property_: Any) -> View:
        name = property_.name.get_untrusted_value()
        attribute = f"{property_.python_name}_" if property_.python_name in NAMES_OF_MODEL else property_.python_name
        kinds, optional = self.kinds(property_)
        view = View(name, attribute, "Any", f'self._get("{name}")', "")
        if len({type(kind) for kind in kinds} - {DateProperty}) == 1:
            self.convert(view, kinds[0])
        elif lists := [kind for kind in kinds if isinstance(kind, props.ListProperty)]:
            self.convert(view, lists[0])
            others = [self.plain(kind) for kind in kinds if kind is not lists[0]]
            view.type = " | ".join([view.type, *others])
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
        return "str" if isinstance(kind, props.StringProperty) else "Any"

    def convert(self, view: View, kind: Any) -> None:
        match kind:
            case props.DateTimeProperty():
                view.type, view.expression = "datetime", f"as_datetime({view.expression})"
            case props.EnumProperty():
                view.type = kind.class_info.name
                view.expression = f"as_enum({view.type}, {view.expression})"
                view.import_ = f"from .{kind.class_info.module_name} import {view.type}"
            case props.ModelProperty():
                view.type = kind.class_info.name
                view.expression = view.nested = f'as_model(self, "{view.name}", {view.type})'
                view.import_ = f"from .{kind.class_info.module_name} import {view.type}"
            case ObjectProperty():
                view.type = "dict[str, Any]"
            case props.ListProperty(inner_property=props.ModelProperty() as inner):
                model = inner.class_info.name
                view.type = f"list[{model}]"
                view.expression = f'as_models(self, "{view.name}", {model})'
                view.nested = f'nest_models(self, "{view.name}", {model})'
                view.import_ = f"from .{inner.class_info.module_name} import {model}"
            case props.ListProperty():
                view.type = f"list[{self.plain(kind.inner_property)}]"
            case _:
                view.type = self.plain(kind)


def request_models(data: GeneratorData) -> set[str]:
    """Name the models that requests are made of."""
    found: set[str] = set()
    waiting = [
        body.prop for tag in data.endpoint_collections_by_tag.values() for e in tag.endpoints for body in e.bodies
    ]
    by_name = {model.class_info.name: model for model in data.models}
    while waiting:
        property_ = waiting.pop()
        if isinstance(property_, props.ListProperty):
            waiting.append(property_.inner_property)
        elif isinstance(property_, props.UnionProperty):
            waiting.extend(property_.inner_properties)
        elif isinstance(property_, props.ModelProperty) and property_.class_info.name not in found:
            found.add(property_.class_info.name)
            model = by_name[property_.class_info.name]
            waiting.extend([*(model.required_properties or []), *(model.optional_properties or [])])
    return found


def generate(target: Path) -> None:
    """Write the package into an empty directory."""
    document = YAML(typ="safe").load(DOCUMENT)
    contract = Contract(document)
    config = Config.from_sources(
        ConfigFile.load_from_path(ROOT / "generator-config.yaml"), MetaType.NONE, DOCUMENT, "utf-8", True, target
    )
    data = GeneratorData.from_dict(document, config=config)
    if isinstance(data, GeneratorError):
        sys.exit(f"{data.header}\n{data.detail}")
    use_plain_dicts(data)
    requests = request_models(data)
    project = Project(openapi=data, config=config, custom_template_path=ROOT / "custom")
    stock = PackageLoader("openapi_python_client")
    project.env.loader = ChoiceLoader([FileSystemLoader(ROOT / "custom"), stock, PrefixLoader({"stock": stock})])
    operations = [Operation(path, method, operation, contract) for path, method, operation in contract.operations()]
    modules = {each.class_info.name: each.class_info.module_name for each in [*data.models, *data.enums]}
    answers = {name for operation in operations for name in operation.answer_names}
    annotations = " ".join(argument.type for operation in operations for argument in operation.all_arguments)
    arguments = {name for name in modules if re.search(rf"\b{name}\b", annotations)}
    project.env.globals.update(
        document=document,
        events=contract.events(),
        operations=operations,
        request_models=requests,
        answer_imports={f"from .models.{modules[name]} import {name}" for name in answers},
        argument_imports={f"from .models.{modules[name]} import {name}" for name in arguments},
    )
    project.env.filters["views"] = Views(contract)
    project.env.filters["reflow"] = lambda text, width: textwrap.fill(" ".join(text.split()), width)
    with contextlib.redirect_stdout(None):
        errors = project.build()
    if errors:
        sys.exit("\n".join(f"{error.header}: {error.detail}" for error in errors))
    for name in ("operations", "events"):
        (target / f"{name}.py").write_text(project.env.get_template(f"{name}.py.jinja").render())
    shutil.rmtree(target / ".ruff_cache", ignore_errors=True)


def tidy(target: Path) -> None:
    """Head every module with where it comes from, sort its imports and format it."""
    for module in target.rglob("*.py"):
        module.write_text(HEADER + module.read_text())
    ruff = [sys.executable, "-m", "ruff"]
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--quiet"]
    select = ["--isolated", "--target-version=py311", "--select=I,F401,UP,TC005", "--fix-only", "--no-cache", "--quiet"]
    subprocess.run([*ruff, "check", *select, str(target)], check=True)
    subprocess.run([*ruff, "format", *settings, str(target)], check=True)


def modules(directory: Path) -> dict[Path, bytes]:
    return {module.relative_to(directory): module.read_bytes() for module in directory.rglob("*.py")}


def differences(source: Path) -> list[str]:
    """Name the modules in which the committed package is not what was generated."""
    wanted, present = modules(source), modules(TARGET)
    return sorted(str(name) for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def replace(source: Path) -> None:
    """Make the committed package what was generated, and touch only the files that differ."""
    wanted = modules(source)
    for name in differences(source):
        module = TARGET / name
        if Path(name) in wanted:
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_bytes(wanted[Path(name)])
        else:
            module.unlink()
    for directory in sorted((path for path in TARGET.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.suffix == ".py" for path in directory.rglob("*")):
            shutil.rmtree(directory)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "pamela" / "_generated"
        generate(target)
        tidy(target)
        if "--check" not in sys.argv[1:]:
            replace(target)
        elif different := differences(target):
            sys.exit(f"pamela/_generated is not what openapi.yaml gives; run `make generate`: {', '.join(different)}")


if __name__ == "__main__":
    main()
