"""What a caller is told when no response comes: the usual reasons with their remedy, and whether anything was sent."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from pamela import APIConnectionError, APITimeoutError, AsyncPamelaClient, Call, PamelaClient
from pamela._http.attempt import Attempt
from pamela._http.user_clients import Observer

from .accepting import accepting
from .drivers import DRIVERS, OUR_OWN, drive
from .hostile import WHOLE, Hostile, hostile_server


def get_call(client: Any) -> Any:
    return client.get_call("call_1")


def create_call(client: Any) -> Any:
    return client.create_call("+1234567890", "Order a pizza")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def plain_server() -> Iterator[Callable[[bytes], int]]:
    """Run a server that says the same to whatever comes first."""
    with contextlib.ExitStack() as running:

        def run(answer: bytes) -> int:
            def serve(connection: socket.socket) -> None:
                connection.recv(65536)
                connection.sendall(answer)

            return running.enter_context(accepting(serve))

        yield run


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_listens_on_this_machine(driver: str, host: str) -> None:
    port = free_port()
    (error,) = drive(driver, f"http://{host}:{port}", create_call, max_retries=1)
    assert isinstance(error, APIConnectionError)
    assert f"To start the sandbox, run: python -m pamela.sandbox --port {port}" in str(error)
    assert not error.sent
    assert error.attempts == 2


@pytest.mark.parametrize("driver", OUR_OWN)
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 30_000,
        b"220 mail.example ESMTP\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"\x00" * 64,
    ],
)
def test_a_plain_server_where_tls_is_expected(plain_server: Callable[[bytes], int], driver: str, answer: bytes) -> None:
    (error,) = drive(driver, f"https://127.0.0.1:{plain_server(answer)}", create_call, max_retries=0)
    assert isinstance(error, APIConnectionError)
    assert not error.sent
    assert "does not use TLS on this port. Perhaps the address must begin with http://" in str(error)


@pytest.mark.parametrize("driver", OUR_OWN)
def test_tls_where_a_plain_server_is_expected(plain_server: Callable[[bytes], int], driver: str) -> None:
    (error,) = drive(
        driver, f"http://127.0.0.1:{plain_server(bytes.fromhex('15030300020228'))}", create_call, max_retries=0
    )
    assert isinstance(error, APIConnectionError)
    assert "uses TLS on this port. Perhaps the address must begin with https://" in str(error)


OURS = re.compile("got no response from http[^ ]+: (?P<problem>.*?)[.] (Nothing was sent|The service may have acted)")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "the connection was closed before a response came"),
        (b"HTTP/1.1 2", "the connection was closed before a response came"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "the connection was closed in the middle of the response"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}",
            "the connection was closed in the middle of the response",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "the response is not HTTP"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the response is not HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
            "the response is not gzip, although its header says so",
        ),
    ],
)
def test_failures_have_our_words(driver: str, answer: bytes, problem: str) -> None:
    with hostile_server(Hostile("an odd end", lambda peer: peer.send(answer))) as server:
        (error,) = drive(driver, server.base_url, create_call, max_retries=0)
    found = OURS.search(str(error))
    assert found is not None, error
    assert found["problem"] == problem
    assert error.ambiguous


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_reset_has_our_words(driver: str) -> None:
    with hostile_server(Hostile("reset", lambda peer: peer.reset())) as server:
        (error,) = drive(driver, server.base_url, create_call, max_retries=0)
    found = OURS.search(str(error))
    assert found is not None, error
    assert found["problem"] in ("the connection was reset", "the connection broke")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_name_that_no_one_knows(driver: str) -> None:
    (error,) = drive(driver, "http://api.pamela.invalid", create_call, max_retries=0)
    assert "the name 'api.pamela.invalid' cannot be resolved" in str(error)
    assert not error.sent


@pytest.mark.parametrize("driver", OUR_OWN)
def test_the_bundle_of_requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, driver: str) -> None:
    """`REQUESTS_CA_BUNDLE` is honoured, and `SSL_CERT_FILE` goes before it."""
    import ssl

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(WHOLE)

    threading.Thread(target=accept, daemon=True).start()
    base_url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    (call,) = drive(driver, base_url, get_call, max_retries=0)
    assert isinstance(call, Call), call
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    (error,) = drive(driver, base_url, get_call, max_retries=0)
    assert "certificate verify failed" in str(error)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_name_that_takes_for_ever_to_resolve(monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
    asked, resolved = threading.Event(), threading.Event()
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in ("slow.pamela.invalid", b"slow.pamela.invalid"):
            return resolve(host, *args, **kwargs)
        asked.set()
        resolved.wait(50 if driver == "sync" else 1)  # asyncio waits for its threads when a loop ends
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (error,) = drive(driver, "http://slow.pamela.invalid", create_call, deadline=0.5, max_retries=0)
    assert asked.is_set()
    resolved.set()
    assert isinstance(error, APITimeoutError)
    assert not error.sent
    assert "the connection was not made in time" in str(error)


def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch, plain_server: Callable[[bytes], int]) -> None:
    port = plain_server(WHOLE)
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "two.pamela.invalid":
            return resolve(host, *args, **kwargs)
        # Nothing listens at the first.
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (call,) = drive("sync", f"http://two.pamela.invalid:{port}", get_call, max_retries=0)
    assert call.id == "call_1"


class Raising(httpx.BaseTransport):
    """A transport of the caller's that carries nothing and raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no"),
        httpx.ConnectTimeout("no"),
        httpx.PoolTimeout("no"),
        httpx.ProxyError("no"),
        httpx.InvalidURL("no"),
        httpx.UnsupportedProtocol("no"),
        UnicodeError("no"),
        KeyError("no"),
        OSError("no"),
    ],
)
def test_what_a_transport_of_the_callers_raises_is_no_evidence(error: Exception) -> None:
    transport = Raising(error)
    with (
        PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=transport) as client,
        pytest.raises(APIConnectionError) as caught,
    ):
        client.create_call("+1234567890", "Order a pizza")
    assert caught.value.ambiguous
    assert transport.requests == 1


class OwnError(Exception):
    """An exception of the program's own."""


class OfAnotherLibrary:
    """What carries the request in the caller's own frames, with a variable that helps to find the mistake."""

    def handle(self, request: httpx.Request) -> httpx.Response:
        shard = "eu-7"
        raise OwnError(f"no shard {shard}")

    async def handle_async(self, request: httpx.Request) -> httpx.Response:
        return self.handle(request)


def of_users(driver: str, handler: Any) -> Any:
    """Return a client with a transport of the caller's, alone or in an HTTP client."""
    match driver:
        case "transport":
            return PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=httpx.MockTransport(handler))
        case _:
            http_client = httpx.Client(transport=httpx.MockTransport(handler))
            return PamelaClient("pk_live_demo", "http://127.0.0.1:1", http_client=http_client)


@pytest.mark.parametrize("driver", ["transport", "http_client"])
def test_exceptions_of_the_programs_own_are_causes(driver: str) -> None:
    """Whether anything was sent is unknown then, and the caller's own frames stay for whoever looks for the mistake."""
    with of_users(driver, OfAnotherLibrary().handle) as client, pytest.raises(APIConnectionError) as caught:
        client.create_call("+1234567890", "Order a pizza")
    error = caught.value
    assert error.ambiguous
    assert error.attempts == 1
    assert "the http_client or transport raised OwnError: no shard eu-7" in str(error)
    assert isinstance(error.__cause__, OwnError)
    shown = "".join(traceback.TracebackException.from_exception(error.__cause__, capture_locals=True).format())
    assert "shard = 'eu-7'" in shown
    assert "pk_live_demo" not in shown
    assert "httpx" not in "".join(frame.filename for frame in traceback.extract_tb(error.__cause__.__traceback__))


async def test_exceptions_of_the_programs_own_are_causes_async() -> None:
    transport = httpx.MockTransport(OfAnotherLibrary().handle_async)
    async with AsyncPamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=transport) as client:
        with pytest.raises(APIConnectionError, match="no shard eu-7") as caught:
            await client.create_call("+1234567890", "Order a pizza")
    assert caught.value.ambiguous
    assert isinstance(caught.value.__cause__, OwnError)


@pytest.mark.parametrize("error", [RuntimeError("The loop is closed."), TypeError("no"), Exception()])
def test_any_exception_is_followed_by_another_try_where_that_is_safe(error: Exception) -> None:
    transport = Raising(error)
    with (
        PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=transport, max_retries=1) as client,
        pytest.raises(APIConnectionError, match=type(error).__name__),
    ):
        client.get_call("call_1")
    assert transport.requests == 2


@pytest.mark.parametrize("kind", [AssertionError, KeyboardInterrupt])
def test_what_a_test_asserts_passes(kind: type[BaseException]) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise kind("This request was not expected.")

    with of_users("http_client", refuse) as client, pytest.raises(kind, match="not expected"):
        client.create_call("+1234567890", "Order a pizza")


def test_a_busy_pool_of_the_callers(plain_server: Callable[[bytes], int]) -> None:
    """httpcore takes a request only with a connection, so that one without was not sent and is repeated."""
    port = plain_server(WHOLE)
    with (
        httpx.Client(limits=httpx.Limits(max_connections=1)) as http_client,
        PamelaClient("pk_live_demo", f"http://127.0.0.1:{port}", http_client=http_client, timeout=0.05) as client,
        http_client.stream("GET", f"http://127.0.0.1:{port}/"),
        pytest.raises(APITimeoutError, match="no connection of the pool was free in time") as caught,
    ):
        client.create_call("+1234567890", "Order a pizza")
    assert not caught.value.sent
    assert caught.value.attempts == 3


def test_what_httpcore_tells() -> None:
    class Post:
        method = b"POST"

    class Connect:
        method = b"CONNECT"

    timeout = dict.fromkeys(("connect", "read", "write", "pool"))
    observer = Observer(
        httpx.HTTPTransport(), Attempt("get_call", "GET", "http://127.0.0.1", {}, None, timeout, None, 1)
    )
    assert observer.may_have_sent(httpx.ConnectError("no"))
    observer.trace("connection.connect_tcp.started", {})
    assert not observer.may_have_sent(httpx.ReadError("no"))
    observer.trace("http11.send_request_headers.started", {"request": Connect()})
    assert not observer.may_have_sent(httpx.ReadError("no"))
    observer.trace("http2.send_request_headers.started", {"request": Post()})
    assert observer.may_have_sent(httpx.ConnectError("no"))
