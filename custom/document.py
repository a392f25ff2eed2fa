"""The OpenAPI file: read, validated, and rewritten to what the generator reads right."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
from openapi_python_client.schema import OpenAPI
from openapi_python_client.strings import pascal_case, snake_case
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from .errors import GenerationError, mistaken, unsupported

Document = dict[str, Any]
Parts = tuple[str, ...]
"""A place in a document: the keys and indexes that lead there."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
VALUES = {"const", "default", "enum", "example", "examples", "value"}
"""Keys below which there is data, and no part of the specification."""
MAPS = {
    "$defs",
    "callbacks",
    "content",
    "dependentSchemas",
    "encoding",
    "headers",
    "links",
    "mapping",
    "parameters",
    "patternProperties",
    "pathItems",
    "properties",
    "requestBodies",
    "schemas",
    "scopes",
    "securitySchemes",
    "variables",
    "webhooks",
}
"""Keys below which each key is a name that the specification gives to something."""
BESIDE = {"deprecated", "readOnly", "writeOnly"}
"""Keys that say something of a field, not of the schema of its value."""


def read(file: Path) -> Document:
    """Return the content of an OpenAPI file.

    Raises:
        GenerationError: It is not YAML, or not OpenAPI.
    """
    document = _parse(file)
    document = _quote_keys(document)
    _validate(document)
    return document


def _parse(file: Path) -> Document:
    try:
        text = file.read_text(encoding="utf-8")
        document = json.loads(text) if file.suffix == ".json" else YAML(typ="safe").load(text)
    except OSError as error:
        raise GenerationError(f"Could not read {file.name}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise GenerationError(f"{file.name} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        place = f"{file.name}, line {error.lineno}, column {error.colno}"
        raise GenerationError(f"{place}: this is not JSON: {error.msg}.") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else file.name
        problem = " ".join(str(error.problem or error.context or "it cannot be read").split())
        raise GenerationError(f"{place}: this is not YAML: {problem}.") from None
    except YAMLError as error:
        problem = " ".join(str(error).split())
        raise GenerationError(f"{file.name} is not YAML: {problem}.") from None
    if document is None:
        raise GenerationError(f"{file.name} is empty.")
    if not isinstance(document, dict):
        raise GenerationError(f"{file.name} has a {type(document).__name__} at its top instead of an OpenAPI object.")
    return document


def _validate(document: Document) -> None:
    try:
        OpenAPI.model_validate(copy.deepcopy(document))
    except pydantic.ValidationError as error:
        errors = error.errors()
        # What could be a reference instead is told apart by `$ref`, of which there is no need to speak.
        first = next((each for each in errors if "Reference" not in each["loc"]), errors[0])
        parts = _parts(document)
        is_missing = first["type"] == "missing"
        location = first["loc"][:-1] if is_missing else first["loc"]
        place = where(tuple(str(part) for part in location if part in parts)) or "The specification"
        problem = f"has no {first['loc'][-1]}" if is_missing else f"is not right: {first['msg']}"
        raise mistaken(place, problem) from None


def _quote_keys(node: Any, path: Parts = ()) -> Any:
    """Return a part of a document with text for every key; a status need not be quoted."""
    if isinstance(node, list):
        return [_quote_keys(value, (*path, str(index))) for index, value in enumerate(node)]
    if not isinstance(node, dict):
        return node
    quoted = {}
    for key, value in node.items():
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise mistaken(where(path) or "The specification", f"has the key {key!r}, which is not text; quote it")
        quoted[str(key)] = _quote_keys(value, (*path, str(key)))
    return quoted


def _parts(node: Any) -> set[Any]:
    """Return all keys and indexes in a document, among which pydantic puts the names of its own classes."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found: set[Any] = set()
    for key, value in members:
        found |= {key, *_parts(value)}
    return found


def where(path: Parts) -> str:
    """Return a place in the document as messages name it."""
    return " > ".join(path)


def walk(node: Any, path: Parts = (), *, is_map: bool = False) -> Iterator[tuple[Parts, Document]]:
    """Yield each object that is a part of the specification, with its place. Not what only maps names to such."""
    if isinstance(node, dict):
        if not is_map:
            yield path, node
        for key, value in list(node.items()):
            if is_map or key not in VALUES:
                yield from walk(value, (*path, key), is_map=not is_map and key in MAPS and isinstance(value, dict))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, (*path, str(index)))


def normalize(document: Document) -> None:
    """Rewrite a document in place to one that means the same, with one way to say each thing.

    A path item that is referred to stands where it is referred to. Null is an alternative, never a value of an
    enumeration, and every value has a name. Fields beside `allOf` are one more part of it. An object or enumeration has a schema of its own where it has a title, or is
    a part of another schema; so it has a class.

    Raises:
        GenerationError: Something would have no name, or the name of something else.
    """
    for group in ("paths", "webhooks"):
        for name, item in document.get(group, {}).items():
            if "$ref" in item:
                beside = {key: value for key, value in item.items() if key != "$ref"}
                document[group][name] = {**target_of(document, item["$ref"]), **beside}
    for reference in _take_null_from_components(document):
        for path, node in list(walk(document)):
            if node.get("$ref") == reference and path[-2:-1] != ("allOf",):
                node["anyOf"] = [{"$ref": node.pop("$ref")}, {"type": "null"}]
    for path, schema in walk(document):
        if "allOf" in schema and "properties" in schema:
            own = {key: schema.pop(key) for key in ("properties", "required") if key in schema}
            schema["allOf"] = [*schema["allOf"], {"type": "object", **own}]
        if "enum" in schema:
            if None in schema["enum"]:
                _separate_null(schema)
            for part in (schema, *schema.get("anyOf", ())):
                if "enum" in part:
                    _name_values(part, path)
    _give_schemas_of_their_own(document)


def target_of(document: Document, reference: str) -> Document:
    """Return what a reference refers to."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise unsupported(f"The reference {reference}", "leads out of the file")
    target: Any = document
    for part in reference.removeprefix("#/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, dict) or part not in target:
            raise mistaken(f"The reference {reference}", "leads to nothing in the specification")
        target = target[part]
    found: Document = target
    return found


def _take_null_from_components(document: Document) -> list[str]:
    """Take null from the schemas that have a class, and return the references to them, which allow it instead."""
    references = []
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if _has_a_class(schema) and _allows_null(schema):
            _forbid_null(schema)
            references.append(_reference_to(name))
    return references


def _reference_to(name: str) -> str:
    return f"#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"


def _allows_null(schema: Document) -> bool:
    """Whether null is a value of an object or enumeration. The latter's type alone does not allow it."""
    return None in schema["enum"] if "enum" in schema else "null" in _types(schema)


def _types(schema: Document) -> list[str]:
    types = schema.get("type", [])
    return types if isinstance(types, list) else [types]


def _forbid_null(schema: Document) -> None:
    if "enum" in schema:
        values, names = schema["enum"], schema.get("x-enum-varnames", [])
        schema["enum"] = [value for value in values if value is not None]
        if len(names) == len(values):
            named = zip(names, values, strict=True)
            schema["x-enum-varnames"] = [name for name, value in named if value is not None]
    others = [each for each in _types(schema) if each != "null"]
    if len(others) == 1:
        schema["type"] = others[0]


def _separate_null(schema: Document) -> None:
    """Make an enumeration with null a choice between the enumeration and null."""
    keys = [key for key in ("enum", "type", "title", "x-enum-varnames", "x-final") if key in schema]
    enumeration = {key: schema.pop(key) for key in keys}
    _forbid_null(enumeration)
    schema["anyOf"] = [*([enumeration] if enumeration["enum"] else []), {"type": "null"}]


def _name_values(schema: Document, path: Parts) -> None:
    """Give each value of an enumeration a name that depends on nothing but the value."""
    values = schema["enum"]
    kinds = {type(value) for value in values}
    if len(kinds) != 1 or not kinds <= {str, int}:
        raise unsupported(
            where(path), f"is an enumeration of {values}, neither of texts only nor of whole numbers only"
        )
    if "x-enum-varnames" in schema:
        schema["x-enum-varnames"] = [snake_case(name).upper() for name in schema["x-enum-varnames"]]
        return
    homes: dict[str, Any] = {}
    for value in values:
        name = name_of_value(value)
        if not name:
            raise mistaken(where(path), f"has the value {value!r}, of which no name can be made; give x-enum-varnames")
        if name in homes:
            problem = f"has the values {homes[name]!r} and {value!r}, which would both be {name}; give x-enum-varnames"
            raise mistaken(where(path), problem)
        homes[name] = value
    schema["x-enum-varnames"] = [*homes]


def name_of_value(value: str | int) -> str:
    """Return the name of a value of an enumeration; "" if none can be made of it."""
    if isinstance(value, int):
        return f"VALUE_{value}" if value >= 0 else f"VALUE_NEGATIVE_{-value}"
    name = snake_case(value.upper()).upper()
    return f"VALUE_{name}" if name[:1].isdigit() else name if name.isidentifier() else ""


def _give_schemas_of_their_own(document: Document) -> None:
    schemas: Document = document.setdefault("components", {}).setdefault("schemas", {})
    homes = {name: ("components", "schemas", name) for name in schemas}
    for path, schema in sorted(walk(document), key=lambda each: -len(each[0])):
        is_component = path[:2] == ("components", "schemas")
        if (is_component and len(path) == 3) or path[-2:-1] == ("allOf",) or "$ref" in schema:
            continue
        if not _has_a_class(schema) or not (
            name := schema.get("title") or (is_component and _name_of_part(path, schemas))
        ):
            continue
        nullable = "enum" not in schema and _allows_null(schema)
        own = {key: value for key, value in schema.items() if key not in BESIDE}
        beside = {key: value for key, value in schema.items() if key in {*BESIDE, "description"}}
        _forbid_null(own)
        if name in schemas and {**schemas[name], "title": name} != {**own, "title": name}:
            how = f"has the title {name!r}" if "title" in schema else f"would be called {name}, for want of a title"
            raise mistaken(where(path), f"{how}, which {where(homes[name])} has too for another schema")
        schemas.setdefault(name, own)
        homes.setdefault(name, path)
        reference = {"$ref": _reference_to(name)}
        schema.clear()
        schema.update({"anyOf": [reference, {"type": "null"}]} if nullable else reference, **beside)


def _has_a_class(schema: Document) -> bool:
    is_object = "object" in _types(schema) or "type" not in schema
    return "enum" in schema or (is_object and bool(schema.keys() & {"properties", "allOf"}))


def _name_of_part(path: Parts, schemas: Document) -> str:
    """Return the name of a part of a schema that has no title: that of the whole with those of the fields."""
    whole = schemas[path[2]].get("title", path[2])
    words, steps = [whole], iter(path[3:])
    for step in steps:
        if step in {"anyOf", "oneOf"}:
            next(steps)
        elif step in {"properties", "patternProperties", "$defs"}:
            words.append(next(steps))
        else:
            words.append({"items": "item", "additionalProperties": "value"}.get(step, step))
    return "".join(pascal_case(word) for word in words)
