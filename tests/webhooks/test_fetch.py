"""Handlers that are given the whole call, also when the event comes before `create_call` has returned."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import pamela.sandbox
from pamela import AsyncPamelaClient, Call, PamelaClient, WebhookEndpoint, WebhookEvent, sign_webhook
from pamela.integrations.wsgi import wsgi_app
from pamela.sandbox import Sandbox

SECRET = "whsec_example"
SLOW_ANSWER = "+15005550023"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(endpoint: WebhookEndpoint) -> Iterator[str]:
    """Serve an endpoint over HTTP and give its address."""
    with make_server("127.0.0.1", 0, wsgi_app(endpoint), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/webhooks/pamela"
        finally:
            server.shutdown()
            thread.join()


def delivery(call_id: object) -> tuple[str, dict[str, str], list[bytes]]:
    body = b'{"event": "call.completed", "call_id": "%s"}' % str(call_id).encode()
    return "POST", {"X-Pamela-Signature": sign_webhook(body, SECRET)}, [body]


@pytest.fixture
def call(client: PamelaClient) -> Call:
    return client.create_call("+1234567890", "Order a pizza", metadata={"order": 1042})


async def test_both_clients_fetch_for_sync_and_async_handlers(
    client: PamelaClient, sandbox: Sandbox, api_key: str, call: Call
) -> None:
    seen: list[tuple[str, Any]] = []
    method, headers, chunks = delivery(call.id)

    async def body() -> Any:
        for chunk in chunks:
            yield chunk

    async with AsyncPamelaClient(api_key, sandbox.base_url) as async_client:
        endpoint = WebhookEndpoint(SECRET)

        @endpoint.on("call.completed", fetch=client)
        def one(event: WebhookEvent, call: Call) -> None:
            seen.append((f"one {event.event}", call.metadata))

        @endpoint.on("call.*", fetch=async_client)
        async def two(event: WebhookEvent, call: Call) -> None:
            seen.append((f"two {event.call_id}", call.metadata))

        response = await endpoint.handle_async(method, headers, body())
    assert response.status == 200
    assert seen == [("one call.completed", {"order": 1042}), (f"two {call.id}", {"order": 1042})]


def test_an_async_client_fetches_for_a_sync_server(sandbox: Sandbox, api_key: str, call: Call) -> None:
    client = AsyncPamelaClient(api_key, sandbox.base_url)
    endpoint = WebhookEndpoint(SECRET)
    seen = []

    @endpoint.on("call.completed", fetch=client)
    async def keep(event: WebhookEvent, call: Call) -> None:
        seen.append(call["id"])
        await client.close()

    assert endpoint.handle(*delivery(call.id)).status == 200
    assert seen == [call.id]


@pytest.mark.parametrize("call_id", ["call_unknown", ""])
def test_a_call_that_cannot_be_fetched_is_delivered_again(
    client: PamelaClient, call_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = WebhookEndpoint(SECRET)

    @endpoint.on("*", fetch=client)
    def keep(event: WebhookEvent, call: Call) -> None:
        raise AssertionError("It was called.")

    assert endpoint.handle(*delivery(call_id)).status == 500
    assert "A handler of 'call.completed' failed" in caplog.text


def test_what_is_no_client_is_refused(client: PamelaClient) -> None:
    endpoint = WebhookEndpoint(SECRET)
    wrong: Any = object()
    both: Any = endpoint.on
    with pytest.raises(TypeError, match="is not a client"):
        endpoint.on("*", fetch=wrong)
    with pytest.raises(TypeError, match="are both given"):
        both("*", fetch=client, background=print)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("call.complete", r"knows no event 'call\.complete'\. Did you mean 'call\.completed'\?"),
        ("call_failed", r"Did you mean 'call\.failed'\?"),
        ("CALL.*", r"Did you mean 'call\.\*'\?"),
        ("order.shipped", "Known are call.completed, call.failed, "),
    ],
)
def test_an_event_that_nobody_knows_is_warned_of(pattern: str, message: str) -> None:
    endpoint = WebhookEndpoint(SECRET)
    with pytest.warns(UserWarning, match=message) as caught:
        endpoint.on(pattern)(print)
    assert caught[0].filename == __file__


@pytest.mark.slow
def test_the_event_comes_before_the_response(api_key: str) -> None:
    """The handler knows whose call it is, although the program does not know the call's id yet."""
    seen: list[Any] = []
    with (
        pamela.sandbox.run(speed=200, webhook_secret=SECRET) as sandbox,
        PamelaClient(api_key, sandbox.base_url) as client,
    ):
        endpoint = WebhookEndpoint(SECRET)

        @endpoint.on("call.completed", fetch=client)
        def keep(event: WebhookEvent, call: Call) -> None:
            seen.append(("event", call.metadata, call.outcome.value))

        with served(endpoint) as url:
            call = client.create_call(SLOW_ANSWER, "Order", metadata={"order": 1042}, webhooks={"webhook_url": url})
            seen.append(("response", call.id))
    assert [each[0] for each in seen] == ["event", "response"]
    assert seen[0] == ("event", {"order": 1042}, "completed")


@pytest.mark.slow
async def test_the_event_comes_before_the_awaited_response(api_key: str) -> None:
    seen: list[Any] = []
    with pamela.sandbox.run(speed=200, webhook_secret=SECRET) as sandbox:
        async with AsyncPamelaClient(api_key, sandbox.base_url) as client:
            endpoint = WebhookEndpoint(SECRET)
            fetching = AsyncPamelaClient(api_key, sandbox.base_url)

            @endpoint.on("call.completed", fetch=fetching)
            async def keep(event: WebhookEvent, call: Call) -> None:
                seen.append(("event", call.metadata))
                await fetching.close()

            with served(endpoint) as url:
                call = await client.create_call(SLOW_ANSWER, "Order", metadata={"a": 1}, webhooks={"webhook_url": url})
                seen.append(("response", call.id))
                await asyncio.sleep(0)
    assert [each[0] for each in seen] == ["event", "response"]
    assert seen[0] == ("event", {"a": 1})


@pytest.mark.slow
@pytest.mark.parametrize("to", [SLOW_ANSWER, "+1234567890"], ids=["the event first", "the response first"])
def test_the_recipe_of_the_documentation(
    to: str, api_key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "guides" / "webhooks.md").read_text()
    section = page.partition("## Handle an event that arrives before")[2].partition("\n## ")[0]
    asking, storing = re.findall("^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with pamela.sandbox.run(speed=200, webhook_secret=SECRET) as sandbox:
        monkeypatch.setenv("PAMELA_API_KEY", api_key)
        monkeypatch.setenv("PAMELA_BASE_URL", sandbox.base_url)
        endpoint = WebhookEndpoint(SECRET)
        with served(endpoint) as url, PamelaClient() as client:
            names: dict[str, Any] = {"endpoint": endpoint, "WebhookEvent": WebhookEvent}
            exec(compile(asking, "asking", "exec", dont_inherit=True), names)
            names["client"].close()

            def create_call(**arguments: Any) -> Call:
                return client.create_call(**arguments, webhooks={"webhook_url": url})

            placing = SimpleNamespace(create_call=create_call)
            names["client"] = client
            storing = storing.replace("client.create_call", "placing.create_call").replace("+1234567890", to)
            exec(compile(storing, "storing", "exec", dont_inherit=True), {**names, "placing": placing})
            give_up_at = time.monotonic() + 30
            with closing(sqlite3.connect("calls.db")) as database:
                while (rows := database.execute("SELECT job, event FROM results").fetchall()) != [
                    (1042, "call.completed")
                ]:
                    assert time.monotonic() < give_up_at, rows
                    time.sleep(0.02)
