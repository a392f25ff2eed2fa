"""Code samples of every operation of the specification: curl, Python and TypeScript, made of its examples.

Each is a whole program. It takes the API's address, the key, and the id of what it is about from the environment.
"""

import json
from collections.abc import Iterator
from typing import Any

METHODS = ("post", "get", "put", "patch", "delete")
Operation = dict[str, Any]


def resolve(document: dict[str, Any], node: Any) -> Any:
    """Follow a reference of a document to what it stands for."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def example_of(document: dict[str, Any], content: Any) -> Any:
    """Return the example of a request or response of JSON; the first of several."""
    body = resolve(document, content)["content"]["application/json"]
    if "examples" in body:
        return resolve(document, next(iter(body["examples"].values())))["value"]
    return body.get("example")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Yield the method, path and content of each operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def samples(document: dict[str, Any], method: str, path: str, operation: Operation) -> list[dict[str, str]]:
    """Return the samples of an operation as `x-codeSamples` has them."""
    body = example_of(document, operation["requestBody"]) if "requestBody" in operation else None
    return [
        {"lang": "curl", "label": "curl", "source": curl(method, path, body)},
        {"lang": "Python", "label": "Python", "source": python(path, operation, body)},
        {"lang": "TypeScript", "label": "TypeScript", "source": typescript(method, path, body)},
    ]


def add_to(document: dict[str, Any]) -> None:
    """Add the samples to a document."""
    for method, path, operation in operations(document):
        operation["x-codeSamples"] = samples(document, method, path, operation)


def variable(name: str) -> str:
    """Return the environment variable that a parameter of a path is taken from."""
    return name.upper()


def path_parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def curl(method: str, path: str, body: Any) -> str:
    for name in path_parameters(path):
        path = path.replace(f"{{{name}}}", f"${variable(name)}")
    verb = "" if method == "get" else f" -X {method.upper()}"
    lines = [f'curl --fail-with-body{verb} "$PAMELA_BASE_URL{path}"', '  -H "Authorization: Bearer $PAMELA_API_KEY"']
    if body is not None:
        text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{text}'"]
    return " \\\n".join(lines)


def python(path: str, operation: Operation, body: Any) -> str:
    given = [f'os.environ["{variable(name)}"]' for name in path_parameters(path)]
    fields = body or {}
    if len(fields) == 1:
        (only,) = fields.values()
        fields = only if isinstance(only, dict) else fields  # an object that is alone in a body is spread, too
    given += [f"{name}={python_value(value)}" for name, value in fields.items()]
    arguments = "\n" + "".join(f"    {each},\n" for each in given) if len(given) > 1 else "".join(given)
    imports = ["import os", ""] if path_parameters(path) else []
    call = f"result = client.{operation['operationId']}({arguments})"
    return "\n".join(
        [*imports, "from pamela import PamelaClient", "", "client = PamelaClient()", call, "print(result)"]
    )


def python_value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def typescript(method: str, path: str, body: Any) -> str:
    options = []
    if names := path_parameters(path):
        values = ", ".join(f'{name}: process.env["{variable(name)}"]!' for name in names)
        options.append(f"params: {{ path: {{ {values} }} }},")
    if body is not None:
        options.append(f"body: {json.dumps(body, indent=2, ensure_ascii=False)},")
    inner = "\n".join(options).replace("\n", "\n  ")
    given = f", {{\n  {inner}\n}}" if options else ""
    return f"""import createClient from "openapi-fetch";
import type {{ paths }} from "./schema.js";

const client = createClient<paths>({{
  baseUrl: process.env["PAMELA_BASE_URL"]!,
  headers: {{ Authorization: `Bearer ${{process.env["PAMELA_API_KEY"]}}` }},
}});
const {{ data, error }} = await client.{method.upper()}("{path}"{given});
console.log(error ?? data);"""
