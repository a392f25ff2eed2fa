"""Event handlers, and what senders and servers may do to an endpoint."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any
from unittest.mock import Mock

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from fastapi import Depends, FastAPI
from flask import Flask
from starlette.applications import Starlette

import pamela.integrations.django as on_django
import pamela.integrations.fastapi as on_fastapi
import pamela.integrations.flask as on_flask
import pamela.integrations.starlette as on_starlette
from pamela import PamelaClient
from pamela.endpoint import WebhookEndpoint
from pamela.integrations.asgi import asgi_app
from pamela.tools import MemoryInvocationStore, ToolRegistry
from pamela.webhooks import SIGNATURE_HEADER, create_tool_handler, sign_webhook

from .conftest import SECRET, event_body, invocation_body
from .servers import FRAMEWORKS, serve, serve_asgi, serve_wsgi, set_django_views

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager


def headers_of(body: bytes) -> dict[str, str]:
    return {SIGNATURE_HEADER.lower(): sign_webhook(body, SECRET)}


async def answers(endpoint: WebhookEndpoint, body: bytes) -> list[int]:
    """The statuses that a sync and an async server answer."""

    async def chunks() -> Any:
        yield body

    sync = await asyncio.to_thread(endpoint.handle, "POST", headers_of(body), [body])
    return [sync.status, (await endpoint.handle_async("POST", headers_of(body), chunks())).status]


@pytest.mark.filterwarnings("ignore:This version knows no event:UserWarning")
@pytest.mark.parametrize(
    ("pattern", "received"),
    [
        ("call.completed", ["call.completed"]),
        ("call.*", ["call.queued", "call.completed", "call.transferred"]),
        ("*.completed", ["call.completed"]),
        ("call.?ueued", ["call.queued"]),
        ("CALL.*", []),
        ("*", ["call.queued", "call.completed", "call.transferred", "invoice.paid", None]),
    ],
)
async def test_handlers_are_called_by_name_and_by_pattern(pattern: str, received: list[Any]) -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[Any] = []

    @endpoint.on(pattern)
    def note(event: Any) -> None:
        seen.append(event.event)

    for name in ("call.queued", "call.completed", "call.transferred", "invoice.paid"):
        assert await answers(endpoint, event_body(name)) == [200, 200]
    assert await answers(endpoint, b'{"call_id":"call_1"}') == [200, 200]
    assert seen[::2] == seen[1::2] == received


async def test_handlers_of_both_colours_are_called_in_order_on_servers_of_both() -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[Any] = []

    @endpoint.on("call.queued")
    def first(event: Any) -> None:
        seen.append("sync")

    @endpoint.on("call.queued")
    async def second(event: Any) -> None:
        await asyncio.sleep(0)
        seen.append("async")

    assert await answers(endpoint, event_body()) == [200, 200]
    assert seen == ["sync", "async"] * 2


async def test_a_sync_server_calls_sync_handlers_in_the_thread_of_the_request() -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[threading.Thread] = []
    endpoint.on("*")(lambda event: seen.append(threading.current_thread()))
    body = event_body()
    assert endpoint.handle("POST", headers_of(body), [body]).status == 200
    assert seen == [threading.current_thread()]


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_a_handler_that_fails_is_500_and_the_others_are_called(
    colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[Any] = []

    if colour == "sync":

        @endpoint.on("*")
        def fail(event: Any) -> None:
            raise RuntimeError("the password is 1234")
    else:

        @endpoint.on("*")
        async def fail_async(event: Any) -> None:
            raise RuntimeError("the password is 1234")

    endpoint.on("*")(seen.append)
    body = event_body()
    assert await answers(endpoint, body) == [500, 500]
    assert endpoint.handle("POST", headers_of(body), [body]).body == b'{"error": "Internal error"}'
    assert len(seen) == 3
    assert "A handler of 'call.queued' failed for call 'call_1'." in caplog.text
    assert "the password is 1234" in caplog.text


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_a_cancellation_that_a_handler_lets_out_is_a_failure_like_others(
    colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[Any] = []

    if colour == "sync":

        @endpoint.on("*")
        def fail(event: Any) -> None:
            raise asyncio.CancelledError
    else:

        @endpoint.on("*")
        async def fail_async(event: Any) -> None:
            task = asyncio.ensure_future(asyncio.sleep(20))
            task.cancel()
            await task

    endpoint.on("*")(seen.append)
    assert await answers(endpoint, event_body()) == [500, 500]
    assert len(seen) == 2
    assert "A handler of 'call.queued' failed for call 'call_1'." in caplog.text


async def test_a_request_that_is_cancelled_is_given_up() -> None:
    endpoint = WebhookEndpoint(SECRET)
    began = asyncio.Event()
    seen: list[Any] = []

    @endpoint.on("*")
    async def wait(event: Any) -> None:
        began.set()
        await asyncio.sleep(20)

    endpoint.on("*")(seen.append)

    body = event_body()

    async def chunks() -> Any:
        yield body

    task = asyncio.create_task(endpoint.handle_async("POST", headers_of(body), chunks()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == []


async def test_what_a_sender_wrote_cannot_forge_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = WebhookEndpoint(SECRET)
    forged = "x\r\n2026-01-01 CRITICAL root: all is lost \x1b[2J\u2028\u202e"

    @endpoint.on("*")
    def fail(event: Any) -> None:
        raise RuntimeError(f"no such text: {event['note']}")

    assert await answers(endpoint, event_body("call.queued", note=forged, call_id=forged)) == [500, 500]
    assert await answers(endpoint, event_body(timestamp=forged)) == [400, 400]
    lines = caplog.text.splitlines()
    assert not [line for line in lines if line.startswith("2026")]
    assert not set("\x1b\r\u2028\u202e") & set(caplog.text)
    assert r"| RuntimeError: no such text: x\r" in lines
    assert any(line.startswith("| 2026-01-01 CRITICAL") for line in lines)


class CallableHandler:
    def __init__(self, handler: Callable[[Any], Awaitable[None]]) -> None:
        self._handler = handler

    async def __call__(self, event: Any) -> None:
        await self._handler(event)


def passed_through(handler: Callable[[Any], Awaitable[None]]) -> Callable[[Any], object]:
    @wraps(handler)
    def call(event: Any) -> object:
        return handler(event)

    return call


def made_sync(handler: Callable[[Any], Any]) -> Callable[[Any], object]:
    @wraps(handler)
    def call(event: Any) -> None:
        asyncio.run(handler(event))

    return call


@pytest.mark.parametrize(
    "form",
    [CallableHandler, passed_through, made_sync, lambda handler: lambda event: handler(event)],
    ids=["object", "decorated", "made sync", "lambda"],
)
async def test_async_handlers_are_awaited_in_whatever_form(form: Any) -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[str] = []

    async def note(event: Any) -> None:
        await asyncio.sleep(0)
        seen.append(event.event)
        if event.event == "call.failed":
            raise RuntimeError("this one fails")

    endpoint.on("*")(form(note))
    assert await answers(endpoint, event_body("call.queued")) == [200, 200]
    assert await answers(endpoint, event_body("call.failed")) == [500, 500]
    assert seen == ["call.queued"] * 2 + ["call.failed"] * 2


def test_handlers_cannot_be_added_without_saying_for_which_events() -> None:
    endpoint: Any = WebhookEndpoint(SECRET)
    with pytest.raises(TypeError, match=r'not the name or pattern of an event. Write @endpoint.on\("\*"\)'):
        endpoint.on(lambda event: None)


def without(event: Any, *, call: Any) -> None: ...


def two(event: Any, call: Any) -> None: ...


def one(event: Any, call: Any = None) -> None: ...


class NoEvent:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("decorate", "handler", "problem"),
    [
        (WebhookEndpoint(SECRET).on("*"), lambda: None, r"<lambda>\(\) cannot be called with event\."),
        (WebhookEndpoint(SECRET).on("*"), two, r"two\(.*cannot be called with event\. Write def two\(event\)\."),
        (WebhookEndpoint(SECRET).on("*"), without, "cannot be called with event"),
        (WebhookEndpoint(SECRET).on("*"), NoEvent(), "NoEvent"),
        (WebhookEndpoint(SECRET).on("*"), "show", "The handler 'show' is not a function"),
        (WebhookEndpoint(SECRET).on("*", background=print), two, "cannot be called with event"),
        (
            WebhookEndpoint(SECRET).on("*", fetch=PamelaClient("pk_live_example")),
            lambda event: None,
            "with event and call",
        ),
        (
            create_tool_handler(SECRET),
            lambda: None,
            r"cannot be called with payload. Write def <lambda>\(payload, \.\.\.\)",
        ),
        (on_flask.verified_event(SECRET), lambda: None, "cannot be called with event"),
        (on_django.verified_event(SECRET), lambda request: None, "cannot be called with request and event"),
    ],
)
def test_a_handler_that_could_not_be_called_is_refused_where_it_is_registered(
    decorate: Any, handler: Any, problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        decorate(handler)


@pytest.mark.parametrize(
    ("secret", "error", "problem"),
    [
        (" whsec_example", ValueError, r"starts or ends with a space. Pass secret.strip\(\)"),
        ("\t", ValueError, "starts or ends with a space"),
        ({"secret": "whsec_example"}, TypeError, "A webhook secret is a str"),
        (b"whsec_example", TypeError, "A webhook secret is a str"),
        (5, TypeError, "A webhook secret is a str"),
        (ToolRegistry(), TypeError, "A webhook secret is a str"),
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: Any, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem) as caught:
        WebhookEndpoint(secret)
    assert "example" not in str(caught.value)


def test_what_gets_no_event_is_refused_where_it_is_named() -> None:
    endpoint: Any = WebhookEndpoint(SECRET)
    with pytest.raises(TypeError, match=r"has no method handle_event. Include a campaign"):
        endpoint.include(print)
    with pytest.raises(TypeError, match="is not a client"):
        endpoint.on("*", fetch=PamelaClient)
    with pytest.raises(TypeError, match=r"The background <lambda>\(\) cannot be called with handler and event"):
        endpoint.on("*", background=lambda: None)(print)


@pytest.mark.parametrize("handler", [print, one, [].append, lambda *events: None, Mock(), partial(two, call=None)])
def test_a_handler_that_can_be_called_is_taken(handler: Any) -> None:
    assert WebhookEndpoint(SECRET).on("*")(handler) is handler


@pytest.mark.parametrize("tools", [[print], print, {}, MemoryInvocationStore()])
def test_tools_that_are_no_registry_are_refused(tools: Any) -> None:
    with pytest.raises(TypeError, match=r"must be a ToolRegistry\. Make one with tools = ToolRegistry\(\)\. Add"):
        WebhookEndpoint(SECRET, tools=tools)


async def test_an_endpoint_without_tools_knows_none() -> None:
    assert await answers(WebhookEndpoint(SECRET), invocation_body("double", "corr_1")) == [400, 400]


async def test_an_empty_registry_can_be_filled_later() -> None:
    tools = ToolRegistry()
    endpoint = WebhookEndpoint(SECRET, tools=tools)
    tools.tool(description="One.", name="one")(lambda: 1)
    body = invocation_body("one", "corr_1")
    assert json.loads(endpoint.handle("POST", headers_of(body), [body]).body)["result"] == 1


def test_several_secrets_count_while_one_replaces_another() -> None:
    endpoint = WebhookEndpoint(["whsec_new", SECRET])
    body = event_body()
    assert endpoint.handle("POST", headers_of(body), [body]).status == 200


@pytest.mark.parametrize("collect", [iter, list], ids=["read once", "changed later"])
def test_secrets_are_kept_as_they_were(collect: Any) -> None:
    secrets = collect(["whsec_new", SECRET])
    endpoint = WebhookEndpoint(secrets)
    if isinstance(secrets, list):
        secrets.clear()
    body = event_body()
    assert [endpoint.handle("POST", headers_of(body), [body]).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tolerance", -1),
        ("tolerance", float("nan")),
        ("tolerance", "300"),
        ("max_body_bytes", -1),
        ("max_body_bytes", 0),
        ("max_body_bytes", "1"),
        ("max_body_bytes", None),
        ("max_body_bytes", True),
    ],
)
def test_a_setting_that_cannot_be_is_an_error_at_once(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}={value!r} must be a"):
        WebhookEndpoint(SECRET, **{name: value})


def test_any_age_is_accepted_without_tolerance() -> None:
    body = event_body(timestamp="2020-01-01T00:00:00Z")
    assert WebhookEndpoint(SECRET, tolerance=None).handle("POST", headers_of(body), [body]).status == 200


def test_a_body_is_not_read_beyond_the_limit() -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 100

    endpoint = WebhookEndpoint(SECRET, max_body_bytes=1000)
    assert endpoint.handle("POST", {}, endless()).status == 413
    assert taken == 11
    announced = endpoint.handle("POST", {"content-length": "1001"}, endless())
    assert (announced.status, taken) == (413, 11)


def test_the_secret_does_not_show() -> None:
    endpoint = WebhookEndpoint(SECRET)
    assert SECRET not in repr(endpoint) + repr(endpoint._receiver)
    with pytest.raises(ValueError, match="secret cannot be empty"):
        WebhookEndpoint("")


def _flask(endpoint: WebhookEndpoint) -> AbstractContextManager[str]:
    app = Flask(__name__)
    app.register_blueprint(on_flask.webhook_blueprint(endpoint, "/<shop>/calls"))
    return serve_wsgi(app)


def _fastapi(endpoint: WebhookEndpoint) -> AbstractContextManager[str]:
    app = FastAPI()
    app.include_router(on_fastapi.webhook_router(endpoint, "/{shop}/calls"))
    return serve_asgi(app)


def _starlette(endpoint: WebhookEndpoint) -> AbstractContextManager[str]:
    return serve_asgi(Starlette(routes=[on_starlette.webhook_route(endpoint, "/{shop}/calls")]))


def _django(endpoint: WebhookEndpoint) -> AbstractContextManager[str]:
    set_django_views(**{"<shop>__calls": on_django.webhook_view(endpoint)})
    return serve_wsgi(WSGIHandler())


def _async_django(endpoint: WebhookEndpoint) -> AbstractContextManager[str]:
    set_django_views(**{"<shop>__calls": on_django.async_webhook_view(endpoint)})
    return serve_asgi(ASGIHandler())


@pytest.mark.parametrize("serve", [_flask, _fastapi, _starlette, _django, _async_django])
def test_its_path_may_have_variables(serve: Any) -> None:
    body = event_body()
    with serve(WebhookEndpoint(SECRET)) as address:
        answer = httpx.post(f"{address}/acme/calls", content=body, headers=headers_of(body), trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"received": True})


def hang_up_in_body(address: str) -> None:
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(f'POST {url.path} HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{{"eve'.encode())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_sender_that_hangs_up_in_its_body_is_no_failure(framework: str, caplog: pytest.LogCaptureFixture) -> None:
    with serve(framework, WebhookEndpoint(SECRET)) as address:
        hang_up_in_body(address)
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("path", ["events", "tools", "async/tools"])
def test_a_sender_that_hangs_up_is_no_failure_in_a_path_operation_of_ones_own(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    seen: list[Any] = []

    @app.post("/events")
    def on_event(event: Annotated[Any, Depends(on_fastapi.verified_event(SECRET))]) -> None:
        seen.append(event)

    @app.post("/tools")
    @create_tool_handler(SECRET)
    def run(payload: Any) -> None:
        seen.append(payload)

    @app.post("/async/tools")
    @create_tool_handler(SECRET)
    async def run_async(payload: Any) -> None:
        seen.append(payload)

    with serve_asgi(app) as address:
        hang_up_in_body(f"{address}/{path}")
    assert (tracebacks(caplog), seen) == ([], [])


class Conversation:
    """One side of an ASGI connection."""

    def __init__(self, *received: dict[str, Any]) -> None:
        self._received = list(received)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return self._received.pop(0)

    async def send(self, message: Any) -> None:
        self.sent.append(message)


async def test_an_asgi_application_lives_and_ends_with_its_server() -> None:
    talk = Conversation({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    await asgi_app(WebhookEndpoint(SECRET))({"type": "lifespan"}, talk.receive, talk.send)
    assert talk.sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


async def test_an_asgi_application_takes_no_websocket() -> None:
    talk = Conversation({"type": "websocket.connect"})
    await asgi_app(WebhookEndpoint(SECRET))({"type": "websocket"}, talk.receive, talk.send)
    assert talk.sent == [{"type": "websocket.close", "code": 1000}]


async def test_an_asgi_request_that_breaks_off_is_not_answered() -> None:
    talk = Conversation({"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})
    scope = {"type": "http", "method": "POST", "headers": []}
    await asgi_app(WebhookEndpoint(SECRET))(scope, talk.receive, talk.send)
    assert talk.sent == []
