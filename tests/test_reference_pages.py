"""docs/reference: pages that follow from openapi.yaml and the package. `UPDATE_DOCS=1` writes them; all of it is tried."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import pamela
import pamela.campaigns
import pamela.sandbox
import pamela.tools
from pamela import ErrorCode, openapi_specification
from scripts import code_samples

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
SPECIFICATION: dict[str, Any] = yaml.safe_load(openapi_specification())
BEGIN, END = "<!-- from openapi.yaml -->", "<!-- to here -->"
OLD_NAMES = {"Exchange", "Pamela", "ToolWebhookParsed", "VerificationFailure", "openapi_document"}
"""Names that are kept for programs of version 1 and 2.0, and classes of `pamela.types` that only annotate."""


def resolved(thing: Any) -> Any:
    return code_samples.resolve(SPECIFICATION, thing)


def written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def type_of(schema: Any) -> str:
    schema = resolved(schema)
    kinds = schema.get("type") or " or ".join(
        type_of(each) for each in schema.get("anyOf") or schema.get("oneOf") or ()
    )
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


def fields(schema: Any) -> Iterator[str]:
    schema = resolved(schema)
    yield "| Field | Type | What it is |\n|---|---|---|"
    for part in [schema, *schema.get("allOf", ())]:
        required = resolved(part).get("required", ())
        for name, field in resolved(part).get("properties", {}).items():
            description = field.get("description") or resolved(field).get("description", "")
            mark = ", required" if name in required else ""
            yield f"| `{name}` | {type_of(field)}{mark} | {cell(description)} |"
    yield ""


def example_of(content: dict[str, Any]) -> Any:
    return code_samples.example_of(SPECIFICATION, content)


def events() -> Iterator[str]:
    for name, path in SPECIFICATION["webhooks"].items():
        operation = path["post"]
        yield f"## {name}\n"
        yield f"{cell(operation['description'])}\n"
        yield "```json"
        yield written(example_of(operation["requestBody"]))
        yield "```\n"
        yield from fields(operation["requestBody"]["content"]["application/json"]["schema"])


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for method, path, operation in code_samples.operations(SPECIFICATION):
        shared = SPECIFICATION["paths"][path].get("parameters", ())
        yield method, path, {**operation, "parameters": [*shared, *operation.get("parameters", ())]}


def http_api() -> Iterator[str]:
    for method, path, operation in operations():
        yield f"## {operation['summary']}\n"
        yield f"`{method.upper()} {path}`, in Python [`client.{operation['operationId']}`](client.md)\n"
        description = operation.get("description", "").strip()
        if description:
            yield f"{description}\n"
        yield "```bash"
        yield code_samples.samples(SPECIFICATION, method, path, operation)[0]["source"]
        yield "```\n"
        parameters = [resolved(each) for each in operation["parameters"]]
        if parameters:
            yield "| Parameter | In | Type | What it is |\n|---|---|---|---|"
            for each in parameters:
                yield f"| `{each['name']}` | {each['in']} | {type_of(each['schema'])} | {cell(each.get('description', ''))} |"
            yield ""
        if "requestBody" in operation:
            yield "The body:\n"
            yield from fields(resolved(operation["requestBody"])["content"]["application/json"]["schema"])
        status, response = next(each for each in reversed(operation["responses"].items()) if each[0].startswith("20"))
        yield f"The response, {status}:\n"
        yield "```json"
        yield written(example_of(response))
        yield "```\n"


def check(name: str, lines: Iterator[str]) -> None:
    page = REFERENCE / name
    before, _, rest = page.read_text().partition(BEGIN)
    wanted = "\n".join([f"{before}{BEGIN}\n", *lines]).rstrip() + f"\n\n{END}{rest.partition(END)[2]}"
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(wanted)
    assert page.read_text() == wanted, "run it with UPDATE_DOCS=1"


def test_events() -> None:
    check("events.md", events())


def test_http_api() -> None:
    check("http-api.md", http_api())


def test_curl(tmp_path: Path) -> None:
    """Every curl command of the page is answered with a success by a sandbox."""
    commands = re.findall(r"^```bash\n(curl.*?)^```", (REFERENCE / "http-api.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(commands) == len(list(operations()))
    with pamela.sandbox.run(speed=1) as sandbox, pamela.PamelaClient(sandbox.api_key, sandbox.base_url) as client:
        for command in commands:
            call = client.create_call("+1234567890", "Order a pizza", webhooks=None)
            if "hangup" in command:
                callee = sandbox.take(call)
                sandbox.clock.advance(5)
                callee.wait_until_connected()
            tool = client.register_tool(f"tool_{len(command)}", "A tool", {"type": "object"})
            assert tool.tool_id is not None
            names = {"CALL_ID": call.id, "TOOL_ID": tool.tool_id}
            settings = {"PAMELA_BASE_URL": sandbox.base_url, "PAMELA_API_KEY": sandbox.api_key}
            ran = subprocess.run(
                ["sh", "-c", command],
                env={**os.environ, **settings, **names},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, f"{shlex.split(command)}\n{ran.stdout}{ran.stderr}"


def test_error_codes() -> None:
    """The page has a row for each code, with its name."""
    rows = re.findall(r"^\| (\d+)<br>`(\w+)` \|", (REFERENCE / "error-codes.md").read_text(), re.MULTILINE)
    assert {int(number): name for number, name in rows} == {int(code): code.name for code in ErrorCode}


def documented() -> set[str]:
    return {
        name for page in REFERENCE.glob("*.md") for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
    }


@pytest.mark.parametrize(
    "module", [pamela, pamela.campaigns, pamela.sandbox, pamela.tools], ids=lambda each: each.__name__
)
def test_every_public_name_has_its_entry(module: Any) -> None:
    found = documented()
    missing = [
        name
        for name in module.__all__
        if not name.startswith("_")
        and name not in OLD_NAMES
        and getattr(getattr(module, name), "__name__", name) == name
        and not {f"{module.__name__}.{name}", f"pamela.{name}"} & found
    ]
    assert missing == []


def test_what_has_an_entry_exists() -> None:
    for name in documented():
        module, _, attribute = name.rpartition(".")
        try:
            home = __import__(module, fromlist=[attribute])
        except ImportError:
            pytest.fail(f"{name} has no module")
        assert hasattr(home, attribute) or inspect.ismodule(__import__(name, fromlist=["*"])), name
