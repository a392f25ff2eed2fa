"""Make the specification in the forms that other tools ask for, in `build/spec`, and lint each.

All of them say what `openapi.yaml` says, but for what a form cannot: one leaves out the webhooks, and OpenAPI 3.0 knows
neither webhooks nor `propertyNames`. Redocly bundles and dereferences, openapi-down-convert writes OpenAPI 3.0.

Usage: python scripts/spec.py [DIRECTORY]
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scripts import collection, npm_package  # noqa: E402 - they lie beside this file

SPECIFICATION = ROOT / "openapi.yaml"
BUILD = ROOT / "build" / "spec"
TOOLS = ROOT / "node_modules" / ".bin"
ENVIRONMENT = {**os.environ, "REDOCLY_TELEMETRY": "off", "NO_COLOR": "1"}

WHOLE, BUNDLED, DEREFERENCED, WITHOUT_WEBHOOKS, OPENAPI_3_0 = (
    "openapi.yaml",
    "openapi.json",
    "openapi-dereferenced.json",
    "openapi-without-webhooks.json",
    "openapi-3.0.json",
)
VARIANTS = {
    WHOLE: "as it is written",
    BUNDLED: "as JSON",
    DEREFERENCED: "without a $ref",
    WITHOUT_WEBHOOKS: "without the webhooks, for generators that stumble over them",
    OPENAPI_3_0: "in OpenAPI 3.0.3, for what does not read 3.1; without the webhooks, which 3.0 does not know",
}


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD
    make(directory)
    problems = lint(directory)
    for name, description in VARIANTS.items():
        size = (directory / name).stat().st_size / 1000
        found = problems[name]
        print(f"{name:30} {size:8.1f} kB  lint: {f'{found} problems' if found else 'clean'}  {description}")
    make_npm_package(directory)
    (directory / collection.NAME).write_text(collection.make(read(directory / DEREFERENCED)))
    print(f"{collection.NAME} and npm/, the types for TypeScript, are beside them")
    sys.exit(1 if problems.total() else 0)


def make(directory: Path) -> None:
    """Make the variants in a directory."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    shutil.copyfile(SPECIFICATION, directory / WHOLE)
    redocly("bundle", str(SPECIFICATION), f"--output={directory / BUNDLED}")
    redocly(
        "bundle",
        str(SPECIFICATION),
        "--dereferenced",
        "--remove-unused-components",
        f"--output={directory / DEREFERENCED}",
    )
    with tempfile.TemporaryDirectory() as temporary:
        cut, prepared = Path(temporary) / "cut.json", Path(temporary) / "prepared.json"
        document = read(directory / BUNDLED)
        del document["webhooks"]
        write(cut, document)
        redocly("bundle", str(cut), "--remove-unused-components", f"--output={directory / WITHOUT_WEBHOOKS}")
        write(prepared, for_3_0(read(directory / WITHOUT_WEBHOOKS)))
        run("openapi-down-convert", "--allOf", f"--input={prepared}", f"--output={directory / OPENAPI_3_0}")


def make_npm_package(directory: Path) -> None:
    """Make the package for npm in a directory that has the variants."""
    package = directory / "npm"
    package.mkdir(exist_ok=True)
    shutil.copyfile(directory / BUNDLED, package / BUNDLED)
    types = f"--output={package / 'index.d.ts'}"
    run("openapi-typescript", str(SPECIFICATION), "--default-non-nullable=false", types)
    npm_package.make(package, read(directory / BUNDLED), (ROOT / "LICENSE").read_text())


def for_3_0(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with what openapi-down-convert leaves as OpenAPI 3.0 does not have it written otherwise."""
    document["info"].pop("summary")
    name = document["info"]["license"].pop("identifier")
    document["info"]["license"]["url"] = f"https://spdx.org/licenses/{name}.html"
    for schema in [*document["components"]["schemas"].values()]:
        for name, field in schema.get("properties", {}).items():
            if {"type": "null"} in field.get("oneOf", ()):
                schema["properties"][name] = without_null_type(field, document)
    return document


def without_null_type(field: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return a field that is a union or null, and let the first alternative of the union be null instead."""
    beside = {key: value for key, value in field.items() if key != "oneOf"}
    (reference,) = (each["$ref"] for each in field["oneOf"] if each != {"type": "null"})
    if json.dumps(document).count(json.dumps(reference)) > 1:
        sys.exit(f"{reference} is used elsewhere too, so null cannot become a part of it.")
    first = document["components"]["schemas"][reference.rpartition("/")[2]]["oneOf"][0]
    first["type"] = [first["type"], "null"]
    return {**beside, "$ref": reference}


def lint(directory: Path) -> Counter[str]:
    """Return how many problems Redocly and Spectral find in each variant, and print them."""
    problems: Counter[str] = Counter()
    files = [str(directory / name) for name in VARIANTS]
    redocly_found = subprocess.Popen(
        [str(TOOLS / "redocly"), "lint", *files, "--format=json"],
        cwd=ROOT,
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    spectral = [str(TOOLS / "spectral"), "lint", *files, "--format=json", "--quiet", "--fail-severity=hint"]
    result = subprocess.run(spectral, cwd=ROOT, env=ENVIRONMENT, text=True, capture_output=True)
    for found in itertools.chain.from_iterable(parsed(result.stdout, result.stderr)):
        problems[Path(found["source"]).name] += 1
        print(f"{Path(found['source']).name}: {found['message']} ({' > '.join(map(str, found['path']))})")
    for name, found in zip(VARIANTS, parsed(*redocly_found.communicate()), strict=True):
        for problem in found["problems"]:
            problems[name] += 1
            print(f"{name}: {problem['message']} ({problem['location'][0].get('pointer')})")
    return problems


def parsed(output: str, complaints: str) -> list[Any]:
    """Return the JSON values that a linter wrote one after the other."""
    decoder, values, rest = json.JSONDecoder(), [], output.strip()
    try:
        while rest:
            value, end = decoder.raw_decode(rest)
            values.append(value)
            rest = rest[end:].strip()
    except json.JSONDecodeError:
        sys.exit(f"A linter did not answer in JSON: {rest}{complaints}")
    return values


def redocly(*arguments: str) -> None:
    run("redocly", *arguments)


def run(tool: str, *arguments: str) -> None:
    result = subprocess.run([str(TOOLS / tool), *arguments], cwd=ROOT, env=ENVIRONMENT, text=True, capture_output=True)
    if result.returncode:
        sys.exit(f"{tool} failed: {result.stdout}{result.stderr}")


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
