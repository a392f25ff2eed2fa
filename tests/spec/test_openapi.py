"""The specification is whole: valid, with every part described, used and shown by examples that are right."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

import pamela.sandbox
from pamela import __version__, openapi_document, sign_webhook

from .conftest import DOCUMENT, ROOT, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMAS = DOCUMENT["components"]["schemas"]
MANUAL = "\n".join(tag["description"] for tag in DOCUMENT["tags"])
ERROR_CODES = SCHEMAS["ErrorCode"]["enum"]
SPECIFICATION = "urn:specification"
REGISTRY: Registry[Any] = Registry().with_resource(SPECIFICATION, DRAFT202012.create_resource(DOCUMENT))


def walk(node: Any = DOCUMENT, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every object of the document that is not inside an example, with its JSON pointer."""
    if isinstance(node, dict):
        yield pointer, node
        for key, value in node.items():
            if key not in {"example", "examples"}:
                yield from walk(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{pointer}/{index}")


def named_examples(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = node["examples"] if "schema" in node and "examples" in node else {}
    return found


def examples() -> Iterator[Any]:
    """Give every example with the pointer of its schema."""
    for pointer, node in walk():
        for name, example in named_examples(node).items():
            yield pytest.param(f"{pointer}/schema", resolve(example)["value"], id=f"{pointer}/{name}")
        if isinstance(node.get("examples"), list):
            for example in node["examples"]:
                yield pytest.param(pointer, example, id=pointer)
        if "example" in node:
            yield pytest.param(f"{pointer}/schema", node["example"], id=pointer)


def operations() -> Iterator[Any]:
    for group in ("paths", "webhooks"):
        for path, item in DOCUMENT[group].items():
            for method, operation in item.items():
                yield pytest.param(operation, id=f"{method.upper()} {path}")


def test_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_package_carries_it() -> None:
    assert openapi_document() == (ROOT / "openapi.yaml").read_text()


@pytest.mark.parametrize(("name", "parse"), [("openapi.yaml", yaml.safe_load), ("openapi.json", json.loads)])
def test_the_sandbox_serves_it(name: str, parse: Callable[[str], Any]) -> None:
    with pamela.sandbox.run() as sandbox:
        answer = httpx.get(f"{sandbox.base_url}/{name}")

    assert parse(answer.text) == DOCUMENT


@pytest.mark.parametrize(("schema", "example"), list(examples()))
def test_an_example_is_an_instance_of_its_schema(schema: str, example: Any) -> None:
    formats = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator({"$ref": SPECIFICATION + schema}, registry=REGISTRY, format_checker=formats)

    assert [error.message for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("operation", list(operations()))
def test_an_operation_is_described_and_shown(operation: dict[str, Any]) -> None:
    assert operation.keys() >= {"operationId", "summary", "description", "tags", "security", "responses"}
    answers = [resolve(answer) for answer in operation["responses"].values()]
    bodies = [
        body for part in (operation.get("requestBody", {}), *answers) for body in part.get("content", {}).values()
    ]
    assert all(body["examples"] for body in bodies)
    assert all(answer["description"] for answer in answers)


def test_every_field_parameter_and_schema_is_described() -> None:
    fields = [
        (f"{pointer}/{name}", field)
        for pointer, node in walk()
        if isinstance(node.get("properties"), dict)
        for name, field in node["properties"].items()
    ]
    parts = [*fields, *DOCUMENT["components"]["parameters"].items(), *SCHEMAS.items()]

    assert [name for name, part in parts if not resolve(part).get("description")] == []


def test_every_component_is_used() -> None:
    used = {node["$ref"] for _, node in walk() if isinstance(node.get("$ref"), str)}
    used |= {example["$ref"] for _, node in walk() for example in named_examples(node).values() if "$ref" in example}
    kinds = DOCUMENT["components"].keys() - {"securitySchemes"}

    assert {f"#/components/{kind}/{name}" for kind in kinds for name in DOCUMENT["components"][kind]} == used


@pytest.mark.parametrize("code", ERROR_CODES)
def test_an_error_code_is_named_described_and_shown(code: int) -> None:
    assert len(SCHEMAS["ErrorCode"]["x-enum-varnames"]) == len(ERROR_CODES)
    assert re.search(rf"\b{code}\b", MANUAL)
    assert re.search(rf'"(error_)?code": {code}\b', json.dumps(DOCUMENT["paths"]) + json.dumps(DOCUMENT["components"]))


def test_the_example_of_a_signature_is_right() -> None:
    event = DOCUMENT["webhooks"]["call.queued"]["post"]["requestBody"]["content"]["application/json"]["examples"][
        "queued"
    ]

    assert DOCUMENT["components"]["parameters"]["Signature"]["example"] == sign_webhook(event["value"], "whsec_example")


def test_the_changelog_begins_with_both_versions() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()
    (newest, *_) = re.findall("^## (.+)$", changes, re.MULTILINE)

    assert newest == f"{__version__} (API {DOCUMENT['info']['version']})"


def test_a_union_is_one_of_disjoint_alternatives_under_a_name_of_its_own() -> None:
    unions = {pointer: node for pointer, node in walk() if "oneOf" in node}

    assert not [pointer for pointer, node in walk() if "anyOf" in node]
    for pointer, node in unions.items():
        nullable = len(node["oneOf"]) == 2 and "$ref" in node["oneOf"][0] and node["oneOf"][1] == {"type": "null"}
        assert nullable or pointer.removeprefix("#/components/schemas/") in SCHEMAS, pointer


@pytest.mark.parametrize("shape", ["detail", "error", "message"])
@pytest.mark.parametrize("gained", [[], ["error"], ["message"], ["error", "message"]], ids=str)
def test_an_error_has_one_shape_whatever_it_gains(shape: str, gained: list[str]) -> None:
    whole = {"detail": "Not found.", "message": "Not found.", "error": {"message": "Not found."}}
    error = {key: whole[key] for key in (shape, *gained)} | {"new": 1}
    union = "ErrorBody" if shape == "detail" else "ErrorDetail"
    fitting = [
        part["$ref"]
        for part in SCHEMAS[union]["oneOf"]
        if "$ref" in part
        and Draft202012Validator({"$ref": SPECIFICATION + part["$ref"]}, registry=REGISTRY).is_valid(error)
    ]

    kind = "ErrorEnvelope" if "detail" in error else "NestedError" if "error" in error else "CodedError"
    assert fitting == [f"#/components/schemas/{kind}"]
