"""Event handlers, and what plain servers may do to an endpoint."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from pamela.endpoint import WebhookEndpoint
from pamela.integrations.asgi import asgi_app
from pamela.tools import ToolRegistry
from pamela.webhooks import SIGNATURE_HEADER, sign_webhook

from .conftest import SECRET, event_body, invocation_body


def headers_of(body: bytes) -> dict[str, str]:
    return {SIGNATURE_HEADER.lower(): sign_webhook(body, SECRET)}


async def answers(endpoint: WebhookEndpoint, body: bytes) -> list[int]:
    """The statuses that a sync and an async server answer."""

    async def chunks() -> Any:
        yield body

    sync = await asyncio.to_thread(endpoint.handle, "POST", headers_of(body), [body])
    return [sync.status, (await endpoint.handle_async("POST", headers_of(body), chunks())).status]


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
    assert SECRET not in repr(endpoint) + repr(endpoint._reader)
    with pytest.raises(ValueError, match="secret is empty"):
        WebhookEndpoint("")


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
