"""What a caller is told when no response comes: the usual reasons with their remedy, and whether anything was sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from pamela import APIConnectionError, APITimeoutError, Call, PamelaClient
from pamela._http.user_clients import Observer

from .drivers import DRIVERS, OUR_OWN, drive
from .hostile import WHOLE


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
    listeners: list[socket.socket] = []

    def run(answer: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=accept, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield run
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


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
    assert "does not speak TLS there. Should the address begin with http://" in str(error)


@pytest.mark.parametrize("driver", OUR_OWN)
def test_tls_where_a_plain_server_is_expected(plain_server: Callable[[bytes], int], driver: str) -> None:
    (error,) = drive(
        driver, f"http://127.0.0.1:{plain_server(bytes.fromhex('15030300020228'))}", create_call, max_retries=0
    )
    assert isinstance(error, APIConnectionError)
    assert "speaks TLS there. Should the address begin with https://" in str(error)


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
        resolved.wait(50 if driver == "sync" else 3)  # asyncio waits for its threads when a loop ends
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


def test_an_exception_of_the_programs_own_passes() -> None:
    with (
        PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=Raising(OwnError())) as client,
        pytest.raises(OwnError),
    ):
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

    observer = Observer(httpx.HTTPTransport(), "http://127.0.0.1")
    assert observer.may_have_sent(httpx.ConnectError("no"))
    observer.trace("connection.connect_tcp.started", {})
    assert not observer.may_have_sent(httpx.ReadError("no"))
    observer.trace("http11.send_request_headers.started", {"request": Connect()})
    assert not observer.may_have_sent(httpx.ReadError("no"))
    observer.trace("http2.send_request_headers.started", {"request": Post()})
    assert observer.may_have_sent(httpx.ConnectError("no"))
