"""What `make spec` makes lints clean, means what openapi.yaml means, and works as it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import pamela.sandbox
from scripts import collection, npm_package, spec

from .conftest import DOCUMENT, run

pytestmark = pytest.mark.slow

LIMITS = {"format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default"}
METHODS = {"get", "post", "delete"}

PROGRAM = f"""
import type {{ components, paths, webhooks }} from "{npm_package.NAME}";
import specification from "{npm_package.NAME}/openapi.json" with {{ type: "json" }};

const call: components["schemas"]["Call"] = {{ id: "call_1", status: "completed", transcript: null }};
const usage: keyof paths = "/api/b2b/v1/usage";
const event: webhooks["call.queued"]["post"]["requestBody"]["content"]["application/json"]["event"] = "call.queued";
// @ts-expect-error the type knows the statuses
const wrong: components["schemas"]["Call"] = {{ id: "call_1", status: "done" }};
console.log(call.id, event, wrong.id, specification.paths[usage].get.operationId);
"""
TYPESCRIPT = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "module": "NodeNext",
        "target": "ES2022",
        "resolveJsonModule": True,
        "lib": ["ES2022", "DOM"],
        "types": [],
    },
    "files": ["program.ts"],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, node_tools: Path) -> Path:
    """The directory with all that `make spec` makes."""
    directory = tmp_path_factory.mktemp("spec") / "built"
    result = run([sys.executable, "scripts/spec.py", directory])
    assert result.returncode == 0, result.stdout
    (directory / "said.txt").write_text(result.stdout)
    return directory


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = (
        yaml.safe_load(file.read_text()) if file.suffix == ".yaml" else json.loads(file.read_text())
    )
    return document


def meaning(document: dict[str, Any]) -> dict[str, Any]:
    """Return the operations and webhooks of a document, whichever way it says what they send and answer."""

    def resolve(node: dict[str, Any]) -> dict[str, Any]:
        beside = {key: value for key, value in node.items() if key not in {"$ref", "allOf"}}
        if "$ref" in node:
            target: Any = document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            return {**resolve(target), **beside}
        for part in node.get("allOf", ()):
            beside = {**resolve(part), **beside}
        return beside

    def alternatives(schema: dict[str, Any]) -> list[Any]:
        schema = resolve(schema)
        if "oneOf" in schema:
            return [found for each in schema["oneOf"] for found in alternatives(each)]
        types = schema.get("type", ["object"])
        types = {types} if isinstance(types, str) else {*types}
        found: list[Any] = ["null"] if "null" in types or schema.get("nullable") else []
        if types == {"null"}:
            return found
        said: dict[str, Any] = {key: value for key, value in schema.items() if key in LIMITS or key.startswith("x-")}
        said["type"] = sorted(types - {"null"})
        said["values"] = schema.get("enum", [schema["const"]] if "const" in schema else None)
        said["required"] = sorted(schema.get("required", []))
        said["fields"] = {name: value(field) for name, field in schema.get("properties", {}).items()}
        said["items"] = value(schema["items"]) if "items" in schema else None
        said["more"] = schema.get("additionalProperties", True)
        return [*found, said]

    def value(schema: dict[str, Any]) -> list[Any]:
        return [*sorted(alternatives(schema), key=str), resolve(schema).get("description")]

    def bodies(part: dict[str, Any]) -> dict[str, Any]:
        content = resolve(part).get("content", {})
        return {media_type: [value(body["schema"]), sorted(body["examples"])] for media_type, body in content.items()}

    def parameter(found: dict[str, Any]) -> Any:
        return found["in"], found["name"], found.get("required", False), value(found["schema"]), found["example"]

    return {
        f"{method} {path}": {
            "name": operation["operationId"],
            "tags": operation["tags"],
            "security": operation["security"],
            "parameters": [parameter(resolve(each)) for each in operation.get("parameters", [])],
            "request": bodies(operation.get("requestBody", {})),
            "responses": {status: bodies(answer) for status, answer in operation["responses"].items()},
        }
        for group in ("paths", "webhooks")
        for path, item in document.get(group, {}).items()
        for method, operation in item.items()
        if method in METHODS
    }


@pytest.mark.parametrize("name", spec.VARIANTS)
def test_a_variant_means_the_same(built: Path, name: str) -> None:
    expected = meaning(DOCUMENT)
    if name in {spec.WITHOUT_WEBHOOKS, spec.OPENAPI_3_0}:
        expected = {place: said for place, said in expected.items() if " /" in place}

    document = read(built / name)

    assert meaning(document) == expected
    assert document["openapi"] == ("3.0.3" if name == spec.OPENAPI_3_0 else "3.1.0")
    assert [tag["name"] for tag in document["tags"]] == [tag["name"] for tag in DOCUMENT["tags"]]
    assert ('"$ref"' in json.dumps(document)) is (name != spec.DEREFERENCED)


def test_the_comparison_tells_documents_apart() -> None:
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda document: document["components"]["schemas"]["Voice"]["enum"].append("neutral"),
        lambda document: document["components"]["schemas"]["Call"]["properties"].pop("summary"),
        lambda document: document["components"]["schemas"]["Call"]["properties"]["summary"].update(type="string"),
        lambda document: document["paths"]["/api/b2b/v1/calls"].pop("get"),
    ]
    for change in changes:
        changed = json.loads(json.dumps(DOCUMENT))
        change(changed)
        assert meaning(changed) != meaning(DOCUMENT)


def test_each_variant_has_a_line_with_its_size_and_no_problem(built: Path) -> None:
    lines = (built / "said.txt").read_text().splitlines()

    for name in spec.VARIANTS:
        (line,) = (each for each in lines if each.startswith(f"{name} "))
        size = (built / name).stat().st_size / 1000
        assert f" {size:.1f} kB  lint: clean " in line


def test_the_linters_are_heard(built: Path, tmp_path: Path) -> None:
    for name in spec.VARIANTS:
        (tmp_path / name).write_bytes((built / name).read_bytes())
    document = read(tmp_path / spec.BUNDLED)
    document["paths"]["/api/b2b/v1/usage"]["get"]["operationId"] = "create_call"
    (tmp_path / spec.BUNDLED).write_text(json.dumps(document))

    assert spec.lint(tmp_path).keys() == {spec.BUNDLED}


def test_the_collection_works_against_the_sandbox_as_it_is(built: Path, node_tools: Path) -> None:
    with pamela.sandbox.run(speed=5) as sandbox:
        assert sandbox.api_key == collection.VARIABLES["api_key"]
        address = f"--env-var=base_url={sandbox.base_url}"
        result = run([node_tools / "newman", "run", built / collection.NAME, address, "--color=off"])

    assert result.returncode == 0, result.stdout
    operations = {item["operationId"] for path in DOCUMENT["paths"].values() for item in path.values()}
    assert {step.operation for step in collection.STEPS} == operations
    for step in collection.STEPS:
        assert f"→ {step.name}" in result.stdout


def test_a_program_compiles_against_the_package_for_npm(built: Path, node_tools: Path, tmp_path: Path) -> None:
    packed = run(["npm", "pack", "--silent", "--offline", "--pack-destination", tmp_path], cwd=built / "npm")
    assert packed.returncode == 0, packed.stdout
    (archive,) = tmp_path.glob("*.tgz")
    assert run(["tar", "-xzf", archive, "-C", tmp_path]).returncode == 0
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "package").rename(tmp_path / "node_modules" / npm_package.NAME)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "program.ts").write_text(PROGRAM)
    (tmp_path / "tsconfig.json").write_text(json.dumps(TYPESCRIPT))

    result = run([node_tools / "tsc", "--project", tmp_path])

    assert (result.returncode, result.stdout) == (0, "")
    assert {file.name for file in (tmp_path / "node_modules" / npm_package.NAME).iterdir()} == {
        "LICENSE",
        "README.md",
        "index.d.ts",
        "openapi.json",
        "package.json",
    }
