"""What carries the requests: which HTTP library, through which proxy, and what becomes of connections."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import trustme

from pamela import (
    APIConnectionError,
    APITimeoutError,
    AsyncPamelaClient,
    AttemptInfo,
    Call,
    PamelaClient,
    PamelaError,
    UnexpectedResponseError,
    ValidationError,
)

from .drivers import drive

KINDS = ("sync", "async", "async over a transport of the caller's")
OVER_OUR_OWN = KINDS[:-1]
BAD_PROXIES = ("http://[bad", "http://user:secret@host:notaport", "http://a..b:3128", f"http://{'a' * 64}:3128")


class Server:
    """Answers every request with a call, with the headers and the encoding that a test wants."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests_a_connection = 1000
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.left = server.requests_a_connection

            def handle_any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.requests.append((self.path, dict(self.headers)))
                self.left -= 1
                if self.left < 0:
                    self.close_connection = True
                    return
                body = json.dumps({"id": "call_1", "status": "queued"}).encode()
                if server.headers.get("Content-Encoding") == "gzip" and "X-Plain" not in server.headers:
                    body = gzip.compress(body)
                self.send_response(server.status)
                for name, value in {**server.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


Use = Callable[[Any], Any]


def with_client(kind: str, use: Use, base_url: str, **options: Any) -> Any:
    """Use a client of a kind."""
    if kind == "sync":
        with PamelaClient("pk_live_demo", base_url, **options) as client:
            return use(client)
    if kind == "async over a transport of the caller's":
        options["transport"] = httpx.AsyncHTTPTransport()
    return asyncio.run(with_async_client(use, base_url, **options))


async def with_async_client(use: Use, base_url: str, **options: Any) -> Any:
    async with AsyncPamelaClient("pk_live_demo", base_url, **options) as client:
        return await use(client)


def get_calls(kind: str, base_url: str, times: int = 1, **options: Any) -> list[Call]:
    """Get a call with a client of a kind, several times on the same connections."""

    def one_after_the_other(client: PamelaClient) -> list[Call]:
        return [client.get_call("call_1") for _ in range(times)]

    async def awaited(client: AsyncPamelaClient) -> list[Call]:
        return [await client.get_call("call_1") for _ in range(times)]

    use = one_after_the_other if kind.startswith("sync") else awaited
    calls: list[Call] = with_client(kind, use, base_url, **options)
    return calls


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server with a certificate, and the file of the authority that issued it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    running = Server(context)
    yield running, tmp_path / "authority.pem"
    running.close()


@pytest.mark.parametrize("kind", KINDS)
def test_over_tls(tls_server: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    server, authority = tls_server
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    calls = get_calls(kind, server.base_url, times=3)
    assert [call.id for call in calls] == ["call_1"] * 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_a_certificate_of_nobody_we_trust(tls_server: tuple[Server, Path], kind: str, scheme: str) -> None:
    server, _ = tls_server
    with pytest.raises(APIConnectionError, match="certificate verify failed") as caught:
        get_calls(kind, server.base_url.replace("https", scheme), max_retries=0)
    assert not caught.value.sent
    assert server.requests == []


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
def test_certificates_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ValidationError, match="SSL_CERT_FILE"):
        get_calls(kind, "https://127.0.0.1:1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_compressed_answer(server: Server, kind: str) -> None:
    server.headers = {"Content-Encoding": "gzip"}
    assert get_calls(kind, server.base_url)[0].status == "queued"
    assert "gzip" in server.requests[0][1]["Accept-Encoding"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_cookie_is_kept(server: Server, kind: str) -> None:
    server.headers = {"Set-Cookie": "session=1"}
    get_calls(kind, server.base_url, times=2)
    assert [headers.get("Cookie") for _, headers in server.requests] == [None, None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_sending_is_an_attempt(server: Server, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A kept connection that turns out to be dead: what is sent again, our policy knows of."""
    monkeypatch.setattr("pamela._client.retries.FIRST_BACKOFF", 0.001)
    server.requests_a_connection = 1
    attempts: list[AttemptInfo] = []
    get_calls(kind, server.base_url, times=3, on_response=attempts.append)
    assert len(server.requests) == len(attempts) == 5
    assert [attempt.attempt for attempt in attempts] == [1, 1, 2, 1, 2]


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_the_proxy_of_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch, kind: str, variable: str
) -> None:
    monkeypatch.setenv(variable, server.base_url.removeprefix("http://"))
    assert get_calls(kind, "http://api.pamela.invalid")[0].id == "call_1"
    assert server.requests[0][0] == "http://api.pamela.invalid/api/b2b/v1/calls/call_1"
    assert server.requests[0][1]["Host"] == "api.pamela.invalid"


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(APIConnectionError, match="Nothing was sent") as caught:
        get_calls(kind, "https://api.pamela.invalid", max_retries=0)
    assert not caught.value.sent


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
def test_addresses_without_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    get_calls(kind, server.base_url)
    assert server.requests[0][0] == "/api/b2b/v1/calls/call_1"


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
@pytest.mark.parametrize(
    ("proxy", "problem"),
    [
        ("socks5://127.0.0.1:1", "socksio"),
        ("ftp://127.0.0.1:1", "'ftp'"),
        *((each, "not a valid address") for each in BAD_PROXIES),
    ],
)
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, kind: str, proxy: str, problem: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ValidationError, match=problem) as caught:
        get_calls(kind, "http://api.pamela.invalid")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_does_not_read(kind: str) -> None:
    """A body that nobody takes runs into the limit for writing, and may have been read after all."""

    def create(client: PamelaClient) -> Any:
        return client.create_call("+1234567890", "Order a pizza", metadata={"text": "x" * 20_000_000})

    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(APITimeoutError, match="could not be sent in time") as caught:
            with_client(kind, create, base_url, timeout=0.2, max_retries=0)
        gc.collect()
    assert caught.value.ambiguous


@pytest.mark.parametrize(
    "ending", ["", "del client; import gc; gc.collect()", "asyncio.run(client.get_call('call_1'))"]
)
def test_a_client_that_nobody_closes_is_quiet(server: Server, ending: str) -> None:
    script = (
        "import asyncio\n"
        "from pamela import AsyncPamelaClient\n"
        f"client = AsyncPamelaClient('pk_live_demo', {server.base_url!r})\n"
        "asyncio.run(client.get_call('call_1'))\n"
        f"{ending}\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""


class Watched(httpx.HTTPTransport):
    """A transport of the caller's, which counts."""

    requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return super().handle_request(request)


def test_a_transport_and_a_client_of_the_callers(server: Server) -> None:
    transport = Watched()
    with PamelaClient("pk_live_demo", server.base_url, transport=transport) as client:
        client.get_call("call_1")
    assert transport.requests == 1
    read: list[bytes] = []
    hooks = {"response": [lambda response: read.append(response.read())]}
    with httpx.Client(event_hooks=hooks, headers={"X-Team": "blue"}) as http_client:
        client = PamelaClient("pk_live_demo", server.base_url, http_client=http_client)
        assert client.get_call("call_1").id == "call_1"
        client.close()
        assert not http_client.is_closed
    assert len(read) == 1
    assert server.requests[-1][1]["X-Team"] == "blue"


@pytest.mark.parametrize("kind", KINDS)
def test_headers_of_the_callers_come_once(server: Server, kind: str) -> None:
    get_calls(kind, server.base_url, headers={"user-agent": "shop/1", "host": "pamela.example"})
    _, headers = server.requests[0]
    assert [value for name, value in headers.items() if name.lower() == "user-agent"] == ["shop/1"]
    assert [value for name, value in headers.items() if name.lower() == "host"] == ["pamela.example"]


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
def test_a_base_url_with_a_path(server: Server, kind: str) -> None:
    get_calls(kind, f"{server.base_url}/gateway/für%20uns")
    assert server.requests[0][0] == "/gateway/f%C3%BCr%20uns/api/b2b/v1/calls/call_1"


@pytest.mark.parametrize("kind", OVER_OUR_OWN)
def test_an_answer_that_only_says_it_is_gzip(server: Server, kind: str) -> None:
    server.headers = {"Content-Encoding": "gzip", "X-Plain": "yes"}
    with pytest.raises(APIConnectionError):
        get_calls(kind, server.base_url, max_retries=0)


class Reader(httpx.HTTPTransport):
    """A transport of the caller's, which reads every answer, for a log say."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        return response


class AsyncReader(httpx.AsyncHTTPTransport):
    """The same for an event loop."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        await response.aread()
        return response


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize(("driver", "transport"), [("sync", Reader), ("asyncio", AsyncReader)])
def test_a_transport_that_reads_the_response(server: Server, encoding: str, driver: str, transport: Any) -> None:
    if encoding:
        server.headers = {"Content-Encoding": encoding}
    (call,) = drive(driver, server.base_url, lambda client: client.get_call("call_1"), transport=transport())
    assert call.id == "call_1"


class Breaking(httpx.HTTPTransport):
    """A transport of the caller's, which takes offence at the answer, as HTTP/2 does at one against its rules."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        super().handle_request(request).close()
        raise httpx.LocalProtocolError("the answer broke the rules")


def test_a_breach_of_the_protocol_may_come_after_the_request(server: Server) -> None:
    with (
        PamelaClient("pk_live_demo", server.base_url, transport=Breaking()) as client,
        pytest.raises(APIConnectionError) as caught,
    ):
        client.create_call("+1234567890", "Order a pizza")
    assert caught.value.sent
    assert caught.value.ambiguous
    assert len(server.requests) == 1


def test_no_http_client_follows_redirects(server: Server) -> None:
    """A call must not be placed where a redirect points, with an `http_client` that would follow it either."""
    server.status = 307
    server.headers = {"Location": "/elsewhere"}
    with (
        httpx.Client(follow_redirects=True) as http_client,
        PamelaClient("pk_live_demo", server.base_url, http_client=http_client) as client,
        pytest.raises(UnexpectedResponseError, match="a redirect to /elsewhere"),
    ):
        client.create_call("+1234567890", "Order a pizza")
    assert [path for path, _ in server.requests] == ["/api/b2b/v1/calls"]


async def test_no_async_http_client_follows_redirects(server: Server) -> None:
    server.status = 307
    server.headers = {"Location": "/elsewhere"}
    async with (
        httpx.AsyncClient(follow_redirects=True) as async_http_client,
        AsyncPamelaClient("pk_live_demo", server.base_url, http_client=async_http_client) as async_client,
    ):
        with pytest.raises(UnexpectedResponseError, match="a redirect to /elsewhere"):
            await async_client.create_call("+1234567890", "Order a pizza")
    assert [path for path, _ in server.requests] == ["/api/b2b/v1/calls"]


def test_an_http_client_that_is_closed(server: Server) -> None:
    http_client = httpx.Client()
    http_client.close()
    with (
        PamelaClient("pk_live_demo", server.base_url, http_client=http_client) as client,
        pytest.raises(PamelaError, match="The client is closed"),
    ):
        client.list_tools()


async def test_an_async_http_client_that_is_closed(server: Server) -> None:
    async_http_client = httpx.AsyncClient()
    await async_http_client.aclose()
    async with AsyncPamelaClient("pk_live_demo", server.base_url, http_client=async_http_client) as async_client:
        with pytest.raises(PamelaError, match="The client is closed"):
            await async_client.list_tools()


async def test_closed_while_a_hook_runs(server: Server) -> None:
    async def close(_: AttemptInfo) -> None:
        await client.close()

    client = AsyncPamelaClient("pk_live_demo", server.base_url)
    await client.get_call("call_1")
    with pytest.raises(PamelaError, match="The client is closed"):
        await client.with_options(on_request=close).get_call("call_1")


async def test_an_answer_that_nobody_asked_for() -> None:
    """It lies on a kept connection, and must not pass for the answer to the next request."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                call_id = head.split(b" ")[1].rsplit(b"/", 1)[1]
                for each in (call_id, b"another"):
                    body = b'{"id": "%b", "status": "queued"}' % each
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                    await writer.drain()
                    await asyncio.sleep(0.05)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening, AsyncPamelaClient("pk_live_demo", f"http://127.0.0.1:{port_of(listening)}") as client:
        for number in range(3):
            assert (await client.get_call(f"call_{number}")).id == f"call_{number}"
            await asyncio.sleep(0.2)
    assert connections == 3


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
