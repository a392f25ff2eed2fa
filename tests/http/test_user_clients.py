"""Clients and transports of the caller's: nobody gets another's response, and what may have left is not repeated."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pamela import (
    APIConnectionError,
    AsyncPamelaClient,
    NotFoundError,
    PamelaClient,
    PamelaError,
    UnexpectedResponseError,
    ValidationError,
)
from pamela.sandbox import Sandbox

from .accepting import accepting
from .drivers import run_async, run_sync


def response(call_id: str) -> bytes:
    body = b'{"id":"%s"}' % call_id.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.fixture
def twice() -> Iterator[str]:
    """A server that sends a second response behind its first, and refuses whatever is posted."""

    def serve(connection: socket.socket) -> None:
        while head := connection.recv(65536):
            if head.startswith(b"GET"):
                connection.sendall(response("mine") + response("of somebody else"))
            else:
                connection.sendall(b'HTTP/1.1 422 No\r\nContent-Length: 15\r\n\r\n{"detail":"no"}')

    with accepting(serve) as port:
        yield f"http://127.0.0.1:{port}"


SYNC: dict[str, Callable[[], dict[str, Any]]] = {
    "own": dict,
    "http_client": lambda: {"http_client": httpx.Client()},
    "transport": lambda: {"transport": httpx.HTTPTransport()},
}
ASYNC: dict[str, Callable[[], dict[str, Any]]] = {
    "own": dict,
    "http_client": lambda: {"http_client": httpx.AsyncClient()},
    "transport": lambda: {"transport": httpx.AsyncHTTPTransport()},
}


@pytest.mark.parametrize("kind", SYNC)
def test_what_lies_behind_a_response_is_nobodys(twice: str, kind: str) -> None:
    options = SYNC[kind]()
    with PamelaClient("pk_live_example", twice, **options) as client:
        assert client.get_call("call_1").id == "mine"
        with pytest.raises(ValidationError):
            client.create_call("+1234567890", "Order a pizza")
    for each in options.values():
        each.close()


@pytest.mark.parametrize("kind", ASYNC)
async def test_what_lies_behind_a_response_is_nobodys_async(twice: str, kind: str) -> None:
    options = ASYNC[kind]()
    async with AsyncPamelaClient("pk_live_example", twice, **options) as client:
        assert (await client.get_call("call_1")).id == "mine"
        with pytest.raises(ValidationError):
            await client.create_call("+1234567890", "Order a pizza")
    for each in options.values():
        await each.aclose()


class Failover(httpx.BaseTransport):
    """Sends over another library, which loses the response, and then over httpx to where nothing listens."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        address = urlsplit(str(request.url))
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        connection.request(request.method, address.path, request.read(), {"Content-Type": "application/json"})
        connection.close()
        request.url = httpx.URL("http://127.0.0.1:1")
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_transport_that_tries_two_ways(sandbox: Sandbox, api_key: str, wrapped: bool) -> None:
    options: dict[str, Any] = (
        {"http_client": httpx.Client(transport=Failover())} if wrapped else {"transport": Failover()}
    )
    with PamelaClient(api_key, sandbox.base_url, **options) as client, pytest.raises(PamelaError) as caught:
        client.create_call("+1234567890", "Order a pizza")
    assert caught.value.ambiguous
    assert caught.value.attempts == 1
    for each in options.values():
        each.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here.")
def test_a_new_client_of_a_child_on_the_parents_http_client(sandbox: Sandbox, api_key: str) -> None:
    script = (
        "import os, sys, httpx\n"
        "from pamela import PamelaClient, PamelaError\n"
        "shared = httpx.Client()\n"
        "PamelaClient(*sys.argv[1:], http_client=shared).list_tools()\n"
        "if os.fork() == 0:\n"
        "    try: PamelaClient(*sys.argv[1:], http_client=shared).list_tools()\n"
        "    except PamelaError as error: os._exit(7 if 'before this process was forked' in str(error) else 1)\n"
        "    os._exit(2)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, api_key, sandbox.base_url], timeout=60, check=False)
    assert done.returncode == 7


ODD_LOCATIONS = ("app:done", "javascript:1", "http://xn--a/", "http://[", "http://a:99999/", "//", "\xff")


def redirect_to(location: str) -> httpx.Response:
    return httpx.Response(303, headers=[(b"Location", location.encode("latin-1")), (b"X-Request-Id", b"req_1")])


class Redirecting(httpx.MockTransport):
    def __init__(self, location: str) -> None:
        self.requests = 0
        self.location = location
        super().__init__(self.redirect)

    def redirect(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return redirect_to(self.location)


@pytest.mark.parametrize("location", ODD_LOCATIONS)
@pytest.mark.parametrize("kind", ["http_client", "transport"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_redirect_to_nowhere_is_a_response(location: str, kind: str, is_async: bool) -> None:
    transport = Redirecting(location)
    options: dict[str, Any] = {"transport": transport}
    if kind == "http_client":
        make: Any = httpx.AsyncClient if is_async else httpx.Client
        options = {"http_client": make(transport=transport)}

    def get_call(client: Any) -> Any:
        return client.get_call("call_1")

    def create_call(client: Any) -> Any:
        return client.create_call("+1234567890", "Order a pizza")

    run = partial(run_async, "asyncio") if is_async else run_sync
    got, created = run("http://127.0.0.1:1", [get_call, create_call], **options)
    assert transport.requests == 2
    for error in (got, created):
        assert type(error) is UnexpectedResponseError
        assert error.status_code == 303
        assert error.request_id == "req_1"
    assert not got.ambiguous
    assert created.ambiguous


def raise_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


async def raise_for_status_async(response: httpx.Response) -> None:
    response.raise_for_status()


def test_a_hook_that_raises_for_the_status(sandbox: Sandbox, api_key: str) -> None:
    """The response is there all the same, and so is what it means; its body is closed before anybody has read it."""
    with (
        httpx.Client(event_hooks={"response": [raise_for_status]}) as http_client,
        PamelaClient(api_key, sandbox.base_url, http_client=http_client) as client,
    ):
        with pytest.raises(NotFoundError) as caught:
            client.get_call("call_unknown")
        assert caught.value.attempts == 1
        assert client.list_tools() is not None


async def test_a_hook_that_raises_for_the_status_async(sandbox: Sandbox, api_key: str) -> None:
    async with (
        httpx.AsyncClient(event_hooks={"response": [raise_for_status_async]}) as http_client,
        AsyncPamelaClient(api_key, sandbox.base_url, http_client=http_client) as client,
    ):
        with pytest.raises(NotFoundError):
            await client.get_call("call_unknown")


def test_the_status_of_another_request_of_a_hook_is_not_that_of_this_one() -> None:
    def fetch_a_token(request: httpx.Request) -> None:
        httpx.Response(404, request=httpx.Request("POST", "http://tokens.example")).raise_for_status()

    with (
        httpx.Client(event_hooks={"request": [fetch_a_token]}) as http_client,
        PamelaClient("pk_live_demo", "http://127.0.0.1:1", http_client=http_client, max_retries=0) as client,
        pytest.raises(APIConnectionError),
    ):
        client.get_call("call_1")


def test_threads_on_a_client_of_the_callers_meet_nothing_behind_a_response(twice: str) -> None:
    """Its only connection is wanted by many, and none of them gets it while something lies behind the response."""
    with (
        httpx.Client(limits=httpx.Limits(max_connections=1)) as http_client,
        PamelaClient("pk_live_demo", twice, http_client=http_client) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        found = list(threads.map(lambda number: client.get_call(f"call_{number}").id, range(200)))
    assert found == ["mine"] * 200


async def test_tasks_on_a_client_of_the_callers_meet_nothing_behind_a_response(twice: str) -> None:
    async with (
        httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http_client,
        AsyncPamelaClient("pk_live_demo", twice, http_client=http_client) as client,
    ):
        calls = await asyncio.gather(*(client.get_call(f"call_{number}") for number in range(100)))
    assert [call.id for call in calls] == ["mine"] * 100
