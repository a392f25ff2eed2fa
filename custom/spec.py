"""The specification: read, its references followed, and the classes that the generator makes of its schemas."""

import copy
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser import properties as props
from openapi_python_client.parser.errors import GeneratorError

from .checks import check
from .document import METHODS, normalize, read, target_of
from .errors import GenerationError, mistaken, unsupported

ROOT = Path(__file__).parent.parent
SPECIFICATION = ROOT / "openapi.yaml"
CHOICES = ("anyOf", "oneOf", "allOf")
BINARY = {"application/octet-stream", "application/pdf", "application/zip", "text/csv", "text/plain", "text/vtt"}
"""Media types beside those of sound and images whose bodies are bytes."""

Schema = dict[str, Any]


class Specification:
    """The specification, with its references followed.

    Args:
        document: The OpenAPI file, parsed.
        data: What openapi-python-client makes of it.
        config: How openapi-python-client reads it.
    """

    def __init__(self, document: dict[str, Any], data: GeneratorData, config: Config) -> None:
        self.document = document
        self.data = data
        self.config = config
        self.models = {model.class_info.name: model for model in data.models}
        self.enums = {enum.class_info.name: enum for enum in data.enums}
        schemas = document.get("components", {}).get("schemas", {})
        self.schemas: dict[str, Schema] = {}
        for name, schema in schemas.items():
            class_name = self.class_name(name, schema)
            if class_name in self.schemas:
                raise unsupported(f"The schema {name}", f"would be the class {class_name}, as another one is")
            self.schemas[class_name] = schema

    @property
    def classes(self) -> dict[str, Any]:
        """The models and enumerations, by the name of the class."""
        return self.models | self.enums

    def class_name(self, name: str, schema: Schema) -> str:
        """Return the name of the class that is made of a schema."""
        return props.Class.from_string(string=schema.get("title", name), config=self.config).name

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference; what stands beside it (a description, say) wins."""
        if "$ref" not in node:
            return node
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return {**self.resolve(self.target(node["$ref"])), **beside}

    def target(self, reference: str) -> dict[str, Any]:
        """Return what a reference refers to."""
        return target_of(self.document, reference)

    def class_of(self, schema: Schema) -> str | None:
        """Return the name of the class that is made of a schema that is referred to, None if there is none."""
        name = ""
        while "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            schema = self.target(schema["$ref"])
        found = self.class_name(name, schema)
        return found if name and found in self.classes else None

    def properties(self, schema: Schema) -> tuple[dict[str, Schema], set[str]]:
        """Return the fields of an object, those of `allOf` among them, and the names of those that are required."""
        properties: dict[str, Schema] = {}
        required: set[str] = set()
        resolved = self.resolve(schema)
        for part in resolved.get("allOf", []):
            more, needed = self.properties(part)
            properties |= more
            required |= needed
        return properties | resolved.get("properties", {}), required | {*resolved.get("required", [])}

    def reached(self, names: Iterable[str]) -> set[str]:
        """Return the names of classes and of all that they have as parts, directly or by others."""
        found: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                properties, _ = self.properties(self.schemas[name])
                waiting += [part for schema in properties.values() for part in self.classes_in(schema)]
        return found

    def classes_in(self, schema: Schema) -> Iterator[str]:
        """Yield the names of the classes of what a value of a schema can be, and can have in it."""
        if found := self.class_of(schema):
            yield found
            return
        resolved = self.resolve(schema)
        parts = [part for choice in CHOICES for part in resolved.get(choice, [])]
        parts += [resolved[key] for key in ("items", "additionalProperties") if isinstance(resolved.get(key), dict)]
        for part in parts:
            yield from self.classes_in(part)

    def strip_null(self, schema: Schema) -> Schema:
        """Return a schema without null, and the only alternative of a choice instead of the choice."""
        resolved = self.resolve(schema)
        for choice in (each for each in CHOICES if each in resolved):
            others = [each for each in resolved[choice] if self.resolve(each).get("type") != "null"]
            beside = {key: value for key, value in resolved.items() if key != choice}
            if len(others) == 1:
                return self.strip_null({**others[0], **beside})
            if len(others) < len(resolved[choice]):
                return {**beside, choice: others}
        types = resolved.get("type")
        others = [each for each in types if each != "null"] if isinstance(types, list) else []
        return {**schema, "type": others[0]} if len(others) == 1 else schema

    def allows_null(self, schema: Schema) -> bool:
        """Whether null is a value of a schema."""
        resolved = self.resolve(schema)
        alternatives = [*resolved.get("anyOf", []), *resolved.get("oneOf", [])]
        return "null" in resolved.get("type", ()) or any(self.allows_null(each) for each in alternatives)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield path, method and content of each operation, with the parameters of its path."""
        for path, item in self.document.get("paths", {}).items():
            for method in item:
                if method in METHODS:
                    place = f"{method.upper()} {path}"
                    parameters = self.parameters(place, item) | self.parameters(place, item[method])
                    yield path, method, {**item[method], "parameters": [*parameters.values()]}

    def parameters(self, place: str, owner: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the parameters of a path or an operation, by place and name."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for parameter in map(self.resolve, owner.get("parameters", [])):
            key = (parameter["in"], parameter["name"])
            if key in found:
                raise mistaken(place, f"has the {key[0]} parameter {key[1]} twice")
            found[key] = parameter
        return found

    def webhook_models(self) -> Iterator[str]:
        """Yield the names of the models of what is sent to webhooks."""
        for name, item in self.document.get("webhooks", {}).items():
            for method in item:
                if method in METHODS and "requestBody" in item[method]:
                    found = self.class_of(json_schema(f"The webhook {name}", self.resolve(item[method]["requestBody"])))
                    if found not in self.models:
                        raise unsupported(
                            f"The webhook {name}", "has a body that is not an object with a schema of its own"
                        )
                    yield found

    def event_of(self, model: str) -> str | None:
        """Return the only value that the field `event` of a model can have, None if there are several."""
        properties, _ = self.properties(self.schemas[model])
        event = self.resolve(properties.get("event", {}))
        values = [event["const"]] if "const" in event else event.get("enum", [])
        return str(values[0]) if len(values) == 1 else None

    def events(self) -> dict[str, str]:
        """Map the name of each event to the name of its model."""
        models: dict[str, str] = {}
        for model in self.webhook_models():
            event = self.event_of(model)
            if event is not None and models.setdefault(event, model) != model:
                raise unsupported(f"The event {event}", f"has several models, {models[event]} and {model}")
        return models


class ObjectProperty(props.AnyProperty):
    """A JSON object without fields of its own: a plain dict, in requests and in responses."""

    _type_string: ClassVar[str] = "dict[str, Any]"
    _json_type_string: ClassVar[str] = "dict[str, Any]"


def load(file: Path) -> Specification:
    """Return the specification in a file.

    Raises:
        GenerationError: It has a mistake or something that is not supported.
    """
    document = read(file)
    check(document)
    normalize(document)
    settings = ConfigFile.load_from_path(ROOT / "generator-config.yaml")
    config = Config.from_sources(settings, MetaType.NONE, file, "utf-8", True, None)
    schemas = copy.deepcopy(document.get("components", {}).get("schemas", {}))
    only_schemas = {
        "openapi": document["openapi"],
        "info": {"title": "API", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }
    data = GeneratorData.from_dict(only_schemas, config=config)
    if isinstance(data, GeneratorError):
        raise GenerationError(f"{data.header}: {data.detail}")
    for error in data.errors:
        # What follows an empty line is what else the generator leaves out.
        problem = " ".join(f"{error.header} {error.detail or ''}".partition("\n\n")[0].split()).rstrip(".")
        problem = re.sub(r"<openapi_python_client[^>]*>", "...", problem)
        raise GenerationError(f"openapi-python-client cannot read the specification: {problem}.")
    use_plain_dicts(data)
    return Specification(document, data, config)


def use_plain_dicts(data: GeneratorData) -> None:
    """Put plain dicts where openapi-python-client would make a class without fields."""
    free = {model.class_info.name for model in data.models if not fields(model)}

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
            if properties is not None:
                properties[:] = [plain(property_) for property_ in properties]
    data.models = [model for model in data.models if model.class_info.name not in free]


def fields(model: props.ModelProperty) -> list[Any]:
    """Return the fields of a model."""
    return [*(model.required_properties or []), *(model.optional_properties or [])]


def is_json(media_type: str) -> bool:
    """Whether a body of a media type is JSON."""
    name = media_type.partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")


def is_binary(media_type: str) -> bool:
    """Whether a body of a media type is returned as it is."""
    name = media_type.partition(";")[0].strip().lower()
    return name.startswith(("audio/", "image/", "video/")) or name in BINARY


def json_schema(place: str, body: dict[str, Any]) -> Schema:
    """Return the schema of a JSON body.

    Raises:
        GenerationError: The body is something else.
    """
    for media_type, content in body["content"].items():
        if is_json(media_type):
            found: Schema = content.get("schema", {})
            return found
    raise unsupported(place, f"has a body of {' or '.join(body['content'])}")
