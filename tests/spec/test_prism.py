"""The client against Prism, a server that we did not write and that knows nothing but the specification."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import pamela
from pamela import AsyncPamelaClient, PamelaClient

from .conftest import DOCUMENT, ROOT, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

API_KEY = "pk_live_prism"
NUMBER, TASK = "+1234567890", "Schedule a meeting for next week"
TOOL: dict[str, Any] = {"name": "eta", "description": "Look up an order", "input_schema": {"type": "object"}}

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "create_call": lambda client: client.create_call(NUMBER, TASK, voice="female", metadata={"ticket": "T-1042"}),
    "list_calls": lambda client: client.list_calls(status="completed", limit=1, start_date="2026-03-01"),
    "get_call": lambda client: client.get_call("call_8Zk2vQ"),
    "cancel_call": lambda client: client.cancel_call("call_8Zk2vQ"),
    "hangup_call": lambda client: client.hangup_call("call_8Zk2vQ"),
    "register_tool": lambda client: client.register_tool(**TOOL, timeout_seconds=60),
    "list_tools": lambda client: client.list_tools(),
    "delete_tool": lambda client: client.delete_tool("tool_4fTq9s"),
    "get_usage": lambda client: client.usage.get("2026-03"),
}


def exception(operation: str, status: int) -> type[pamela.PamelaError]:
    match status:
        case 401:
            return pamela.AuthenticationError
        case 403:
            return pamela.SubscriptionError
        case 400 | 422:
            return pamela.ValidationError
        case 429:
            return pamela.RateLimitError
        case 404:
            return pamela.CallNotFoundError if "call" in operation else pamela.NotFoundError
        case 409:
            return pamela.CallError if "call" in operation else pamela.ConflictError
        case status if status >= 500:
            return pamela.CallServerError if "call" in operation else pamela.ServerError
        case _:
            return pamela.CallError if "call" in operation else pamela.PamelaError


def answers() -> Iterator[tuple[str, int, str, Any]]:
    """Give operation, status, name and value of every example of an answer in JSON."""
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                for name, example in resolve(answer)["content"]["application/json"]["examples"].items():
                    yield operation["operationId"], int(status.replace("XX", "03")), name, resolve(example)["value"]


SUCCESSES = [pytest.param(o, s, n, v, id=f"{o}-{s}-{n}") for o, s, n, v in answers() if s < 400]
FAILURES = [pytest.param(o, s, n, v, id=f"{o}-{s}-{n}") for o, s, n, v in answers() if s >= 400]


@pytest.fixture(scope="module")
def prism(node_tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prism that mocks the specification and answers an error to what the specification forbids."""
    command: list[str | Path] = [node_tools / "prism", "mock", ROOT / "openapi.yaml", "--port", "0", "--errors"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "is listening on" in line:
                    yield line.split("is listening on")[1].strip()
                    break
            else:
                pytest.fail("Prism ended before it listened")
        finally:
            process.kill()


def preferring(prism: str, status: int, name: str) -> dict[str, Any]:
    """Give the settings of a client that asks Prism for one of the specification's examples."""
    headers = {"Prefer": f"code={status}, example={name}"}
    return {"api_key": API_KEY, "base_url": prism, "headers": headers, "max_retries": 0}


def test_every_operation_is_tried() -> None:
    assert {operation for operation, *_ in answers()} == OPERATIONS.keys()


@pytest.mark.parametrize(("operation", "status", "name", "value"), SUCCESSES)
def test_answers(prism: str, operation: str, status: int, name: str, value: Any) -> None:
    with PamelaClient(**preferring(prism, status, name)) as client:
        answer = OPERATIONS[operation](client)

    assert answer == (value["tools"] if name == "wrapped" else value)


@pytest.mark.parametrize(("operation", "status", "name", "value"), FAILURES)
def test_failures(prism: str, operation: str, status: int, name: str, value: Any) -> None:
    with PamelaClient(**preferring(prism, status, name)) as client, pytest.raises(pamela.PamelaError) as caught:
        OPERATIONS[operation](client)

    assert isinstance(caught.value, exception(operation, status))
    assert caught.value.status_code == status
    assert caught.value.error_code == code_of(value)


def code_of(body: Any) -> int | None:
    detail = body.get("detail", body)
    if not isinstance(detail, dict):
        return None
    code: int | None = detail["error"]["code"] if "error" in detail else detail["error_code"]
    return code


async def test_answers_async(prism: str) -> None:
    async with AsyncPamelaClient(API_KEY, prism) as client:
        call = await client.create_call(NUMBER, TASK)
        tools = await client.list_tools()
        usage = await client.usage.get()

    assert (call.status, tools[0].name, usage.billed_minutes) == ("queued", "check_order_status", 352)


def test_typed_views(prism: str) -> None:
    with PamelaClient(API_KEY, prism) as client:
        call = client.get_call("call_8Zk2vQ")

    assert call.status is pamela.CallStatus.COMPLETED
    assert call.started_at is not None
    assert call.started_at.isoformat() == "2026-03-14T15:09:31+00:00"
    assert isinstance(call.transcript, list)
    assert call.transcript[1].text == "Hi Pamela. Tuesday at ten works for me."
