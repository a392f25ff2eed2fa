"""The collection of requests for Postman, Bruno and Newman: each operation as the specification shows it, in an order that works.

Run from the first request to the last, it places two calls against the sandbox, cancels one and hangs up the other.
"""

import json
from dataclasses import dataclass
from typing import Any

NAME = "pamela.postman_collection.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
VARIABLES = {"base_url": "http://127.0.0.1:8400", "api_key": "pk_live_sandbox", "call_id": "", "tool_id": ""}
UNTIL_CONNECTED = (
    'if (["queued", "ringing"].includes(pm.response.json().status)) '
    'setTimeout(() => pm.execution.setNextRequest("{name}"), 100);'
)


@dataclass(frozen=True)
class Step:
    """A request of the collection.

    Args:
        name: What it is called.
        operation: The `operationId`.
        status: The status of a right answer.
        keeps: The variables that it sets, with the field of the answer that has the value of each.
        values: Values of its path parameters, where they are not those of the variables of their names.
        until_connected: It is sent again until the call has connected.
    """

    name: str
    operation: str
    status: int = 200
    keeps: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    until_connected: bool = False


PLACED = (("call_id", "id"),)
STEPS = (
    Step("Register a tool", "register_tool", 201, (("tool_id", "tool_id"),)),
    Step("List tools", "list_tools"),
    Step("Place a call", "create_call", 201, PLACED),
    Step("Get the call", "get_call"),
    Step("Cancel the call", "cancel_call"),
    Step("Place another call", "create_call", 201, PLACED),
    Step("Wait until it connects", "get_call", until_connected=True),
    Step("Hang up the call", "hangup_call"),
    Step("List calls", "list_calls"),
    Step("Get usage", "get_usage"),
    Step("Delete the tool", "delete_tool"),
    Step("Get a call that does not exist", "get_call", 404, values=(("call_id", "call_0"),)),
)


def make(document: dict[str, Any]) -> str:
    """Return the collection, as JSON.

    Args:
        document: The specification without a `$ref`.
    """
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    info = {key: document["info"][name] for key, name in (("name", "title"), ("description", "description"))}
    collection = {
        "info": {**info, "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{api_key}}", "type": "string"}]},
        "variable": [{"key": key, "value": value} for key, value in VARIABLES.items()],
        "item": [item_of(step, *operations[step.operation]) for step in STEPS],
    }
    return json.dumps(collection, indent=2, ensure_ascii=False) + "\n"


def item_of(step: Step, method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return a step as Postman writes it down."""
    parts = path.strip("/").split("/")
    names = [part[1:-1] for part in parts if part.startswith("{")]
    raw = "/".join(["{{base_url}}", *(f":{part[1:-1]}" if part[1:-1] in names else part for part in parts)])
    chosen = dict(step.values)
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation["description"],
        "header": [
            {"key": each["name"], "value": "{{$guid}}"}
            for each in operation.get("parameters", [])
            if each["name"] == "Idempotency-Key"
        ],
        "url": {
            "raw": raw,
            "host": ["{{base_url}}"],
            "path": raw.split("/")[1:],
            "query": [
                {
                    "key": each["name"],
                    "value": str(each["example"]),
                    "description": each["description"],
                    "disabled": True,
                }
                for each in operation.get("parameters", [])
                if each["in"] == "query"
            ],
            "variable": [{"key": name, "value": chosen.get(name, f"{{{{{name}}}}}")} for name in names],
        },
    }
    if "requestBody" in operation:
        example = next(iter(operation["requestBody"]["content"]["application/json"]["examples"].values()))["value"]
        request["header"].append({"key": "Content-Type", "value": "application/json"})
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(example, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    script = [f'pm.test("answers {step.status}", () => pm.response.to.have.status({step.status}));']
    script += [f'pm.collectionVariables.set("{name}", pm.response.json().{field});' for name, field in step.keeps]
    if step.until_connected:
        script.append(UNTIL_CONNECTED.replace("{name}", step.name))
    return {"name": step.name, "request": request, "event": [{"listen": "test", "script": {"exec": script}}]}
