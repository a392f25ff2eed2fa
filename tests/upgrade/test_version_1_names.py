"""A service written for version 1 works as it is."""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from flask import Flask
from pydantic import BaseModel

import pamela
import pamela.exceptions
from pamela import Call, PamelaClient
from pamela.sandbox import Sandbox

OPTIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
SIGNATURES = {
    "create_call": (
        "to task country locale instructions max_duration_seconds voice agent_name caller_name metadata tools webhooks "
        "end_user_id"
    ),
    "get_call": "call_id",
    "list_calls": "status status_filter limit offset start_date end_date",
    "cancel_call": "call_id",
    "hangup_call": "call_id",
    "register_tool": "name description input_schema output_schema timeout_ms",
    "list_tools": "",
    "delete_tool": "tool_id",
    "get_usage": "period",
}
REQUIRED = {"to", "task", "call_id", "tool_id", "name", "description", "input_schema"}


@pytest.fixture
def call(still_sandbox: Sandbox, api_key: str) -> Iterator[Call]:
    with PamelaClient(api_key, still_sandbox.base_url) as client:
        yield client.create_call("+1234567890", "Order a pizza", metadata={"a": [1]})


@pytest.mark.parametrize("method", SIGNATURES)
def test_arguments_keep_their_names_and_places(method: str) -> None:
    parameters = list(inspect.signature(getattr(PamelaClient, method)).parameters.values())[1:]
    positional = [parameter for parameter in parameters if parameter.kind is OPTIONAL]
    assert [parameter.name for parameter in positional] == SIGNATURES[method].split()
    assert {parameter.name for parameter in positional if parameter.default is parameter.empty} <= REQUIRED


def test_names() -> None:
    assert pamela.Pamela is PamelaClient
    for name in [
        "PamelaClient",
        "UsageClient",
        "PamelaError",
        "AuthenticationError",
        "SubscriptionError",
        "RateLimitError",
        "ValidationError",
        "CallError",
        "CallResponse",
        "CallStatusResponse",
        "CallListResponse",
        "ToolDefinition",
        "ToolRegistration",
        "ToolDeleteResponse",
        "UsageQuota",
        "UsageResponse",
        "ToolWebhookParsed",
        "verify_webhook_signature",
        "create_tool_handler",
        "parse_tool_webhook",
    ]:
        assert getattr(pamela, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        pamela.nonsense  # noqa: B018
    assert set(pamela.__all__) <= set(dir(pamela))
    assert all(getattr(pamela, name) is not None for name in pamela.__all__)


@pytest.mark.parametrize("kind", [pamela.PamelaError, pamela.CallError, pamela.ValidationError])
def test_errors(kind: type[pamela.PamelaError]) -> None:
    error = kind("No.", 7003, {"a": 1}, 404)
    assert isinstance(error, pamela.PamelaError)
    assert (str(error), error.message, error.error_code, error.details, error.status_code) == (
        "No.",
        "No.",
        7003,
        {"a": 1},
        404,
    )
    bare = kind("No.")
    assert (bare.error_code, bare.details, bare.status_code) == (None, {}, None)


def test_the_module_of_the_exceptions() -> None:
    assert pamela.exceptions.RateLimitError is pamela.RateLimitError
    assert all(getattr(pamela.exceptions, name) is getattr(pamela, name) for name in pamela.exceptions.__all__)


def test_answers_are_dicts(call: Call) -> None:
    assert isinstance(call, dict)
    assert call["id"] == call.get("id")
    assert call.get("x") is None
    assert {**call} == call == json.loads(json.dumps(call))
    assert dict(**call)["metadata"] == {"a": [1]}
    again = pickle.loads(pickle.dumps(call))
    assert (again, type(again)) == (call, Call)


def test_a_flask_view_that_returns_the_call(call: Call) -> None:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: call)
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://acme.test") as http:
        assert http.get("/").json() == call


async def test_a_fastapi_handler_that_returns_the_call(call: Call) -> None:
    app = FastAPI()

    @app.get("/raw")
    async def raw() -> dict[str, Any]:
        return {"raw": call}

    @app.get("/bare")
    async def bare() -> Any:
        return call

    @app.get("/typed")
    async def typed() -> pamela.CallStatusResponse:
        return call

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://acme.test") as http:
        assert (await http.get("/raw")).json() == {"raw": call}
        assert (await http.get("/bare")).json() == call
        assert (await http.get("/typed")).json() == call
        assert (await http.get("/openapi.json")).status_code == 200


def test_a_pydantic_model_with_a_call(call: Call) -> None:
    class Job(BaseModel):
        call: Call

    job = Job.model_validate_json(Job(call=call).model_dump_json())
    assert (job.call, type(job.call)) == (call, Call)


def test_status_and_its_synonym(still_sandbox: Sandbox, api_key: str) -> None:
    with PamelaClient(api_key, still_sandbox.base_url) as client:
        client.create_call("+1234567890", "Order a pizza", country="US", locale="", agent_name="", metadata={})
        assert len(client.list_calls("queued", start_date="", end_date="")["items"]) == 1
        assert client.list_calls(status_filter="queued")["items"][0]["status"] == "queued"
        assert client.list_calls("completed", "completed", 10, 0)["items"] == []
        assert client.list_tools() == []
