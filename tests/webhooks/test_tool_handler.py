"""`create_tool_handler` in each framework, over sockets."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import JsonResponse
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from flask import Flask, jsonify
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.routing import Route

from pamela.webhooks import SIGNATURE_HEADER, create_tool_handler, sign_webhook

from .servers import serve_asgi, serve_wsgi, set_django_views

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "whsec_example"
INVOCATION = {"tool_name": "eta", "arguments": {"order": 7}, "call_id": "call_1", "correlation_id": "corr_1"}

tool_handler = create_tool_handler(SECRET)


@tool_handler
def eta(payload: dict[str, Any]) -> dict[str, Any]:
    return {"order": payload["arguments"]["order"], "days": 2}


@tool_handler
async def eta_async(payload: dict[str, Any]) -> dict[str, Any]:
    return {"order": payload["arguments"]["order"], "days": 2}


def _flask(view: Any) -> Any:
    app = Flask(__name__)
    app.post("/tools")(view)
    return serve_wsgi(app)


def _fastapi(view: Any) -> Any:
    app = FastAPI()
    app.post("/tools")(view)
    return serve_asgi(app)


def _starlette(view: Any) -> Any:
    return serve_asgi(Starlette(routes=[Route("/tools", view, methods=["POST"])]))


def _django(view: Any) -> Any:
    set_django_views(tools=view)
    return serve_wsgi(WSGIHandler())


def _async_django(view: Any) -> Any:
    set_django_views(tools=view)
    return serve_asgi(ASGIHandler())


FRAMEWORKS = {"flask": _flask, "fastapi": _fastapi, "starlette": _starlette, "django": _django, "asgi": _async_django}


def send(address: str, payload: Any = INVOCATION, signature: str | None = None, path: str = "/tools") -> httpx.Response:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {SIGNATURE_HEADER: sign_webhook(body, SECRET) if signature is None else signature}
    return httpx.post(f"{address}{path}", content=body, headers=headers, trust_env=False)


@pytest.mark.parametrize("view", [eta, eta_async], ids=["sync", "async"])
@pytest.mark.parametrize("serve", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_it_is_a_view_in_each_framework(serve: Any, view: Any) -> None:
    with serve(view) as address:
        answer = send(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == {"result": {"order": 7, "days": 2}, "correlation_id": "corr_1"}
        refused = send(address, signature="0" * 64)
        assert (refused.status_code, refused.json()) == (401, {"error": "Invalid signature"})
        nameless = {**INVOCATION, "tool_name": None}
        for malformed in (send(address, {"event": "call.queued"}), send(address, nameless)):
            assert (malformed.status_code, malformed.json()) == (400, {"error": "Invalid body"})
        assert send(address, b"x" * 2_000_000).status_code == 413


@pytest.mark.parametrize(
    ("returned", "status", "content"),
    [
        ({"result": 5, "correlation_id": "corr_1"}, 200, {"result": 5, "correlation_id": "corr_1"}),
        ({"result": 5}, 200, {"result": 5, "correlation_id": "corr_1"}),
        ({"error": "No such order"}, 400, {"error": "No such order", "correlation_id": "corr_1"}),
        (({"error": "No such order"}, 404), 404, {"error": "No such order", "correlation_id": "corr_1"}),
        (None, 200, {"result": None, "correlation_id": "corr_1"}),
        ([1, "é"], 200, {"result": [1, "é"], "correlation_id": "corr_1"}),
        ("shipped", 200, {"result": "shipped", "correlation_id": "corr_1"}),
    ],
)
def test_what_it_returns_is_the_answer(returned: Any, status: int, content: Any) -> None:
    with _flask(tool_handler(lambda payload: returned)) as address:
        answer = send(address)
        assert (answer.status_code, answer.json()) == (status, content)


def test_a_framework_response_is_answered_as_it_is() -> None:
    with _flask(tool_handler(lambda payload: jsonify(mine=payload["call_id"]))) as address:
        assert send(address).json() == {"mine": "call_1"}
    with _fastapi(tool_handler(lambda payload: PlainTextResponse("mine", 202))) as address:
        assert (send(address).status_code, send(address).text) == (202, "mine")
    with _django(tool_handler(lambda payload: JsonResponse({"mine": 1}, status=203))) as address:
        assert send(address).status_code == 203


def test_flask_views_keep_their_path_variables_and_context() -> None:
    app = Flask(__name__)

    @app.post("/<tenant>/tools")
    @tool_handler
    def view(payload: dict[str, Any], tenant: str) -> str:
        return f"{tenant} {flask_request.path} {payload['tool_name']}"

    with serve_wsgi(app) as address:
        assert send(address, path="/acme/tools").json()["result"] == "acme /acme/tools eta"


def test_a_body_read_before_the_view_is_still_verified() -> None:
    app = Flask(__name__)
    app.before_request(lambda: print(len(flask_request.get_data()), end=""))
    app.post("/tools")(eta)
    with serve_wsgi(app) as address:
        assert send(address).status_code == 200
        assert send(address, signature="0" * 64).status_code == 401


def tenant_name(x_tenant: str = "acme") -> str:
    return x_tenant


def test_fastapi_gives_dependencies_path_parameters_and_the_request() -> None:
    app = FastAPI()

    @app.post("/{shop}/tools")
    @tool_handler
    async def view(
        payload: dict[str, Any], shop: int, tenant: Annotated[str, Depends(tenant_name)], request: Request
    ) -> list[Any]:
        return [payload["tool_name"], shop, tenant, request.url.path]

    @app.post("/refusing/{shop}/tools")
    @tool_handler
    def refusing(payload: dict[str, Any], shop: int) -> None:
        raise HTTPException(403, f"not {shop}")

    with serve_asgi(app) as address:
        assert send(address, path="/5/tools?x_tenant=b").json()["result"] == ["eta", 5, "b", "/5/tools"]
        assert send(address, path="/x/tools").status_code == 422
        assert send(address, path="/refusing/5/tools").json() == {"detail": "not 5"}
        assert "/{shop}/tools" in httpx.get(f"{address}/openapi.json", trust_env=False).json()["paths"]


def test_django_gives_what_is_in_the_path() -> None:
    def view(payload: dict[str, Any], shop: int) -> int:
        return shop + 1

    set_django_views(**{"<int:shop>__tools": tool_handler(view)})
    with serve_wsgi(WSGIHandler()) as address:
        assert send(address, path="/5/tools").json()["result"] == 6


class CallableTool:
    def __init__(self, tool: Callable[[Any], Any]) -> None:
        self._tool = tool

    async def __call__(self, payload: Any) -> Any:
        return await self._tool(payload)


def passed_through(tool: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(tool)
    def call(payload: Any) -> Any:
        return tool(payload)

    return call


def made_sync(tool: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(tool)
    def call(payload: Any) -> Any:
        return asyncio.run(tool(payload))

    return call


@pytest.mark.parametrize(
    "form",
    [CallableTool, passed_through, made_sync, lambda tool: lambda payload: tool(payload)],
    ids=["object", "decorated", "made sync", "lambda"],
)
@pytest.mark.parametrize("serve", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_an_async_function_is_awaited_in_whatever_form(serve: Any, form: Any) -> None:
    async def tool(payload: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        return payload["arguments"]["order"]

    with serve(tool_handler(form(tool))) as address:
        assert send(address).json() == {"result": 7, "correlation_id": "corr_1"}


def takes_payload_as_request(request: dict[str, Any]) -> Any:
    return request["tool_name"]


async def takes_payload_as_request_async(request: dict[str, Any]) -> Any:
    return request["tool_name"]


def takes_both(payload: dict[str, Any], request: Any) -> Any:
    return payload["tool_name"] if SIGNATURE_HEADER in request.headers else None


async def takes_both_async(payload: dict[str, Any], request: Any) -> Any:
    return payload["tool_name"] if SIGNATURE_HEADER in request.headers else None


@pytest.mark.parametrize(
    "function", [takes_payload_as_request, takes_payload_as_request_async, takes_both, takes_both_async]
)
@pytest.mark.parametrize("serve", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_the_first_parameter_is_the_payload_and_a_later_request_the_request(serve: Any, function: Any) -> None:
    with serve(tool_handler(function)) as address:
        assert send(address).json() == {"result": "eta", "correlation_id": "corr_1"}


def test_a_variable_of_the_path_may_be_named_request() -> None:
    app = Flask(__name__)

    @app.post("/<request>/tools")
    @tool_handler
    def view(payload: dict[str, Any], request: str) -> list[str]:
        return [payload["tool_name"], request]

    with serve_wsgi(app) as address:
        assert send(address, path="/acme/tools").json()["result"] == ["eta", "acme"]


class OldRequest:
    """A request as version 1 took it: headers and json."""

    def __init__(self, json: Any, signature: str) -> None:
        self.headers = {SIGNATURE_HEADER: signature}
        self.json = json


async def _coroutine(value: Any) -> Any:
    return value


@pytest.mark.parametrize(
    "wrap", [lambda value: value, lambda value: lambda: value, lambda value: json.dumps(value).encode()]
)
async def test_it_takes_any_request_with_headers_and_json(wrap: Callable[[Any], Any]) -> None:
    good = OldRequest(wrap(INVOCATION), sign_webhook(INVOCATION, SECRET))
    content = {"result": {"order": 7, "days": 2}, "correlation_id": "corr_1"}
    assert eta(good) == content
    assert await eta_async(good) == content
    bad = OldRequest(wrap(INVOCATION), "0" * 64)
    assert eta(bad) == ({"error": "Invalid signature"}, 401)
    assert await eta_async(bad) == ({"error": "Invalid signature"}, 401)


def test_such_a_request_may_be_given_by_name() -> None:
    request = OldRequest(INVOCATION, sign_webhook(INVOCATION, SECRET))
    assert eta(request=request)["correlation_id"] == "corr_1"


async def test_such_a_request_may_be_for_a_function_that_returns_a_coroutine() -> None:
    request = OldRequest(INVOCATION, sign_webhook(INVOCATION, SECRET))
    handler = tool_handler(lambda payload: _coroutine(payload["call_id"]))
    assert handler(request) == {"result": "call_1", "correlation_id": "corr_1"}


async def test_json_may_be_a_coroutine_function() -> None:
    request = OldRequest(lambda: _coroutine(INVOCATION), sign_webhook(INVOCATION, SECRET))
    assert (await eta_async(request))["correlation_id"] == "corr_1"


@pytest.mark.parametrize("payload", [None, 5, [], "text", {"a": float("nan")}, {"a": object()}])
def test_no_payload_of_such_a_request_crashes_it(payload: Any) -> None:
    assert eta(OldRequest(payload, "0" * 64)) == ({"error": "Invalid signature"}, 401)


def test_the_handler_keeps_its_name_and_words() -> None:
    def view(payload: Unknown) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Say when an order comes."""

    handler = tool_handler(view)
    assert (handler.__name__, handler.__doc__) == ("view", "Say when an order comes.")


def test_it_needs_no_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starlette.requests", None)
    handler = tool_handler(lambda payload: 5)
    assert handler(OldRequest(INVOCATION, sign_webhook(INVOCATION, SECRET)))["result"] == 5


def test_an_empty_secret_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="secret cannot be empty"):
        create_tool_handler("")


def test_several_secrets_may_come_from_a_generator() -> None:
    handler = create_tool_handler(each for each in ("whsec_new", SECRET))(lambda payload: 5)  # type: ignore[arg-type]
    for _ in range(2):
        assert handler(OldRequest(INVOCATION, sign_webhook(INVOCATION, SECRET)))["result"] == 5
