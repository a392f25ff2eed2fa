"""Clients and transports of the caller's: nobody gets another's response, and what may have left is not repeated."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from pamela import AsyncPamelaClient, PamelaClient, PamelaError, ValidationError
from pamela.sandbox import Sandbox


def response(call_id: str) -> bytes:
    body = b'{"id":"%s"}' % call_id.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.fixture
def twice() -> Iterator[str]:
    """A server that sends a second response behind its first, and refuses whatever is posted."""

    def serve(connection: socket.socket) -> None:
        with connection:
            while head := connection.recv(65536):
                if head.startswith(b"GET"):
                    connection.sendall(response("mine") + response("of somebody else"))
                else:
                    connection.sendall(b'HTTP/1.1 422 No\r\nContent-Length: 15\r\n\r\n{"detail":"no"}')

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


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
