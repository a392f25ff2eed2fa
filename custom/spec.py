"""The specification: read, its references followed, and the classes that the generator makes of its schemas."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser import properties as props
from openapi_python_client.parser.errors import GeneratorError
from ruamel.yaml import YAML

from .errors import GenerationError, unsupported

ROOT = Path(__file__).parent.parent
SPECIFICATION = ROOT / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
CHOICES = ("anyOf", "oneOf", "allOf")
RESERVED = {
    "Any",
    "AsyncExecutor",
    "AsyncOperationMethods",
    "ClassVar",
    "Executor",
    "Literal",
    "Mapping",
    "Model",
    "Operation",
    "OperationMethods",
    "Request",
    "ResponseParser",
    "Sequence",
    "T",
    "TypedDict",
}
"""What the generated modules use themselves, so that no schema can have the name."""

Schema = dict[str, Any]


class Specification:
    """The specification, with its references followed.

    Args:
        document: The OpenAPI file, parsed.
        data: What openapi-python-client makes of it.
        config: How openapi-python-client reads it.

    Raises:
        GenerationError: A schema has a name that the generated modules use.
    """

    def __init__(self, document: dict[str, Any], data: GeneratorData, config: Config) -> None:
        self.document = document
        self.data = data
        self.config = config
        self.models = {model.class_info.name: model for model in data.models}
        self.enums = {enum.class_info.name: enum for enum in data.enums}
        schemas = document.get("components", {}).get("schemas", {})
        self.schemas = {self.class_name(name, schema): schema for name, schema in schemas.items()}
        for name in sorted(RESERVED & self.classes.keys()):
            raise unsupported(f"The schema {name}", "has a name that the generated modules use themselves")

    @property
    def classes(self) -> dict[str, Any]:
        """The models and enumerations, by the name of the class."""
        return self.models | self.enums

    def check(self) -> None:
        """Raise what openapi-python-client could not read, which it says and leaves out.

        Raises:
            GenerationError: There is such a thing.
        """
        tags = self.data.endpoint_collections_by_tag.values()
        for error in [*self.data.errors, *(error for tag in tags for error in tag.parse_errors)]:
            raise GenerationError(f"{error.header}: {error.detail}")

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
        target: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            if part not in target:
                raise unsupported(f"The reference {reference}", "leads to nothing in the specification")
            target = target[part]
        found: dict[str, Any] = target
        return found

    def class_of(self, schema: Schema) -> str | None:
        """Return the name of the class that is made of a schema that is referred to, None if there is none."""
        name = ""
        while "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            schema = self.target(schema["$ref"])
        found = self.class_name(name, schema)
        return found if name and found in self.classes else None

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
                    parameters = self.parameters(item) | self.parameters(item[method])
                    yield path, method, {**item[method], "parameters": [*parameters.values()]}

    def parameters(self, owner: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the parameters of a path or an operation, by place and name."""
        resolved = [self.resolve(parameter) for parameter in owner.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in resolved}

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

    def events(self) -> dict[str, str]:
        """Map the name of each event to the name of its model."""
        models: dict[str, str] = {}
        for model in self.webhook_models():
            event = event_of(self.models[model])
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
        GenerationError: It has something that is not supported.
    """
    document = YAML(typ="safe").load(file)
    settings = ConfigFile.load_from_path(ROOT / "generator-config.yaml")
    config = Config.from_sources(settings, MetaType.NONE, file, "utf-8", True, None)
    data = GeneratorData.from_dict(document, config=config)
    if isinstance(data, GeneratorError):
        raise GenerationError(f"{data.header}\n{data.detail}")
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


def event_of(model: props.ModelProperty) -> str | None:
    """Return the only value that the field `event` of a model can have, None if there are several."""
    for property_ in fields(model):
        if property_.name.get_untrusted_value() == "event":
            match property_:
                case props.ConstProperty():
                    return str(property_.value.raw_value)
                case props.EnumProperty() if len(property_.values) == 1:
                    return str(next(iter(property_.values.values())))
    return None


def json_schema(place: str, body: dict[str, Any]) -> Schema:
    """Return the schema of a JSON body.

    Raises:
        GenerationError: The body is something else.
    """
    content = body["content"]
    if "application/json" not in content:
        raise unsupported(place, f"has a body of {' or '.join(content)}")
    found: Schema = content["application/json"].get("schema", {})
    return found


def transitive_models(roots: Iterable[Any], models: dict[str, props.ModelProperty]) -> set[str]:
    """Return the names of the models and enumerations that properties lead to, directly or by others."""
    found: set[str] = set()
    waiting = [*roots]
    while waiting:
        for kind in named_classes(waiting.pop()):
            name = kind.class_info.name
            if name not in found:
                found.add(name)
                waiting += fields(models[name]) if name in models else []
    return found


def named_classes(property_: Any) -> Iterator[Any]:
    """Yield the models and enumerations that the type of a property names."""
    match property_:
        case props.ListProperty():
            yield from named_classes(property_.inner_property)
        case props.UnionProperty():
            for inner in property_.inner_properties:
                yield from named_classes(inner)
        case props.ModelProperty() | props.EnumProperty():
            yield property_
