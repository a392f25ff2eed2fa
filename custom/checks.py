"""What the specification says to the generator, checked: mistakes that would otherwise be generated in silence."""

import keyword
from collections.abc import Callable, Iterator
from typing import Any

from .document import METHODS, Document, Parts, target_of, walk, where
from .errors import mistaken, unsupported


def check(document: Document) -> None:
    """Raise for the first mistake in a document.

    Raises:
        GenerationError: There is one.
    """
    for path, node in walk(document):
        for key in node:
            if key == "name" and node[key] == "" and "in" in node:
                raise mistaken(where(path), "is a parameter without a name")
            if key.startswith("x-"):
                _check_extension(path, node, key)
        _check_schema(path, node, document)
    if not str(document.get("openapi")).startswith("3.1."):
        raise unsupported("The specification", f"is OpenAPI {document.get('openapi')}, not 3.1")
    _check_cycles(document)
    _check_servers(document)
    operations = [
        (path, method, item, item[method])
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item
    ]
    homes: dict[str, str] = {}
    for path, method, item, operation in operations:
        place = f"{method.upper()} {path}"
        name = operation.get("operationId")
        if not name:
            raise mistaken(place, "has no operationId, which names the method")
        if name in homes:
            raise mistaken(place, f"has the operationId {name!r}, which {homes[name]} has too")
        homes[name] = place
        if "servers" in item or "servers" in operation:
            raise unsupported(place, "has servers of its own")
        if "callbacks" in operation:
            raise unsupported(place, "has callbacks")
        _check_security(place, operation.get("security", document.get("security")), document)


def _check_extension(path: Parts, node: Document, key: str) -> None:
    problem = EXTENSIONS[key](path, node, node[key]) if key in EXTENSIONS else f"not one of {', '.join(EXTENSIONS)}"
    if problem:
        raise mistaken(where(path) or "The specification", f"has {key}: {node[key]!r}, {problem}")


def _idempotent(path: Parts, _: Document, value: Any) -> str:
    if path[:1] != ("paths",) or path[-1] not in METHODS:
        return "but only an operation can have that"
    return "" if isinstance(value, bool) else "which is neither true nor false"


def _final(_: Parts, node: Document, value: Any) -> str:
    if "enum" not in node:
        return "but only an enumeration can have that"
    if not isinstance(value, list):
        return "which is not a list of values"
    unknown = [each for each in value if each not in node["enum"]]
    return f"but the enumeration does not have {', '.join(map(repr, unknown))}" if unknown else ""


def _varnames(_: Parts, node: Document, value: Any) -> str:
    if "enum" not in node:
        return "but only an enumeration can have that"
    if not isinstance(value, list) or len(value) != len(node["enum"]):
        return f"which is not a list of {len(node['enum'])} names, one for each value"
    for name in value:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            return f"but {name!r} cannot be a name in Python"
        if value.count(name) > 1:
            return f"but {name!r} is there twice"
    return ""


def _synonym(path: Parts, node: Document, value: Any) -> str:
    if "in" not in node and path[-2:-1] != ("properties",):
        return "but only a parameter or field can have that"
    if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value) or value != value.lower():
        return "which cannot be the name of an argument"
    return ""


def _default(path: Parts, node: Document, value: Any) -> str:
    return "" if path[-2:-1] == ("properties",) else "but only a field of a request can have that"


def _ignores(_: Parts, node: Document, value: Any) -> str:
    if node.get("additionalProperties") is not False:
        return "but only an object with `additionalProperties: false` refuses keys"
    return (
        ""
        if isinstance(value, list) and all(isinstance(each, str) for each in value)
        else "which is not a list of keys"
    )


def _phone_number(_: Parts, node: Document, value: Any) -> str:
    fits = isinstance(value, dict) and value.keys() == {"country", "error-code"}
    return "" if fits else "which does not say `country` and `error-code`"


def _lines(path: Parts, node: Document, value: Any) -> str:
    return "but only a field can have that" if path[-2:-1] != ("properties",) else _synonym(path, node, value)


EXTENSIONS: dict[str, Callable[[Parts, Document, Any], str]] = {
    "x-enum-varnames": _varnames,
    "x-final": _final,
    "x-idempotent": _idempotent,
    "x-phone-number": _phone_number,
    "x-python-default": _default,
    "x-python-ignores": _ignores,
    "x-python-lines": _lines,
    "x-python-synonym": _synonym,
}
"""The extensions that the generator knows, and what is wrong with one."""


def _check_schema(path: Parts, schema: Document, document: Document) -> None:
    if schema.get("type") == "array" and "items" not in schema:
        raise mistaken(where(path), "is a list without `items`")
    if "nullable" in schema:
        raise mistaken(where(path), "has nullable, which OpenAPI 3.1 says as a type: [..., 'null']")
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(schema.get(bound), bool):
            raise mistaken(where(path), f"has {bound}: {schema[bound]}, which is a number in OpenAPI 3.1")
    parts = schema.get("allOf", [])
    if "properties" in schema and not parts and "allOf" not in path[-2:]:
        for name in schema.get("required", []):
            if name not in schema["properties"]:
                raise mistaken(where(path), f"requires {name!r}, which is not one of its fields")
    if len(parts) > 1 or (parts and "properties" in schema):
        for part in parts:
            target = target_of(document, part["$ref"]) if "$ref" in part else part
            if not target.keys() & {"properties", "allOf"} and target.get("type") != "object":
                name = part.get("$ref", "").rpartition("/")[2] or "a part"
                raise unsupported(where(path), f"has allOf with {name}, which is not an object")


def _check_cycles(document: Document) -> None:
    """Raise for a schema that is a part of itself without an object with fields in between, which no class stands for."""
    for name in document.get("components", {}).get("schemas", {}):
        waiting, seen = [f"#/components/schemas/{name}"], set()
        while waiting:
            for reference in _parts_without_fields(target_of(document, waiting.pop())):
                if reference == f"#/components/schemas/{name}":
                    raise unsupported(
                        f"The schema {name}", "is a part of itself, with no object with fields in between"
                    )
                if reference not in seen:
                    seen.add(reference)
                    waiting.append(reference)


def _parts_without_fields(schema: Document) -> Iterator[str]:
    """Yield the references to what a value of a schema is, and to what it has in it other than by a field."""
    if "$ref" in schema:
        yield schema["$ref"]
    parts = [*schema.get("allOf", [])]
    if "properties" not in schema:
        parts += [*schema.get("anyOf", []), *schema.get("oneOf", [])]
        parts += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    for part in parts:
        yield from _parts_without_fields(part)


def _check_servers(document: Document) -> None:
    servers = document.get("servers") or []
    if not servers:
        raise mistaken("The specification", "has no servers, of which the first is the default base_url")
    url = str(servers[0].get("url", ""))
    if "{" in url:
        raise unsupported(f"The server {url}", "has variables")
    if not url.startswith(("https://", "http://")):
        raise mistaken(f"The server {url!r}", "is not an address with https://, which the default base_url needs")


def _check_security(place: str, security: Any, document: Document) -> None:
    """Only one way to identify oneself is supported: the API key, as a bearer token, on every request."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    bearer = set()
    for name, scheme in schemes.items():
        scheme = target_of(document, scheme["$ref"]) if "$ref" in scheme else scheme
        if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "bearer":
            bearer.add(name)
    if not any(len(choice) == 1 and choice.keys() <= bearer for choice in security or ()):
        known = " or ".join(sorted(bearer)) or "an http scheme bearer"
        raise unsupported(place, f"has a security other than {known}, the API key that the clients send")
