"""Proxies of the environment: which addresses go through one, and that nobody sees its password."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from pamela import APIConnectionError, APITimeoutError, Call, PamelaError, ValidationError
from pamela._http.proxies import proxy_for

from .accepting import accepting
from .drivers import DRIVERS, OUR_OWN, drive, run_sync
from .hostile import WHOLE

SECRETS = ("s3cret", base64.b64encode(b"user:s3cret/#[").decode(), "s3cret%2F%23%5B")
PROXY = "http://user:s3cret%2F%23%5B@127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("no_proxy", "base_url"),
    [
        ("10.0.0.0/8", "http://10.20.30.40:8080"),
        ("10.0.0.0/8, 192.168.1.5", "https://192.168.1.5"),
        ("::1", "http://[::1]:8400"),
        ("[::1]", "http://[::1]:8400"),
        ("fd00::/8", "http://[fd12::3]"),
        ("example.com", "http://api.example.com"),
        (".example.com", "http://api.example.com"),
        ("localhost,127.0.0.0/8", "http://127.1.2.3:8400"),
        ("*", "http://api.example.com"),
    ],
)
def test_addresses_that_go_straight(monkeypatch: pytest.MonkeyPatch, no_proxy: str, base_url: str) -> None:
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    assert proxy_for(base_url) is not None
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_for(base_url) is None


@pytest.mark.parametrize(
    ("no_proxy", "base_url"),
    [
        ("10.0.0.0/8", "http://11.0.0.1"),
        ("10.0.0.0/8", "http://api.example.com"),
        ("10.0.0.0/99", "http://10.0.0.1"),
        ("::1", "http://[::2]"),
        ("example.com", "http://example.com.evil.example"),
        ("", "http://api.example.com"),
        (",,/,", "http://10.0.0.1"),
    ],
)
def test_addresses_that_do_not(monkeypatch: pytest.MonkeyPatch, no_proxy: str, base_url: str) -> None:
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", no_proxy)
    proxy = proxy_for(base_url)
    assert proxy is not None
    assert proxy.url == "http://127.0.0.1:1"


def test_the_parts_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "  http://us%40er:s3cret%2F@proxy.example:3128 ")
    proxy = proxy_for("https://api.example.com")
    assert proxy is not None
    assert (proxy.url, proxy.username, proxy.password) == ("http://proxy.example:3128", "us@er", "s3cret/")
    assert "s3cret" not in repr(proxy)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:s3cret/@host:3128",
        "http://user:s3cret#@host:3128",
        "http://user:s3cret[@host:3128",
        "http://user:s3cret@host:port",
        "http://user:s3cret@xn--a:3128",
        "http://user:s3cret@",
        "ftp://user:s3cret@host",
        "user:s3cret@host:70000",
        " htt p://user:s3cret@host",
    ],
)
@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_proxy_that_is_none(monkeypatch: pytest.MonkeyPatch, driver: str, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    (error,) = drive(driver, "http://api.pamela.invalid", lambda client: client.get_call("call_1"))
    assert isinstance(error, ValidationError)
    assert_nothing_shown(error)


def assert_nothing_shown(error: PamelaError, text: str = "") -> None:
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for secret in SECRETS:
        assert secret not in shown + repr(error) + str(vars(error)) + text


Answer = Callable[[socket.socket, bytes], None]


@pytest.fixture
def proxy_server() -> Iterator[Callable[[Answer], int]]:
    """Run a proxy that answers the first bytes of each connection so."""
    with contextlib.ExitStack() as running:

        def run(answer: Answer) -> int:
            return running.enter_context(accepting(lambda connection: answer(connection, connection.recv(65536))))

        yield run


def create_call(client: Any) -> Any:
    return client.create_call("+1234567890", "Order a pizza")


def credentials(request: bytes) -> bytes:
    return next(line for line in request.split(b"\r\n") if line.lower().startswith(b"proxy-authorization"))


def refuse(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 407 %b\r\nX-Echo: %b\r\n\r\n" % ((credentials(request),) * 2))


def answer_with_the_credentials(connection: socket.socket, request: bytes) -> None:
    connection.sendall(credentials(request) + b"\r\n\r\n")


def say_nothing(connection: socket.socket, request: bytes) -> None:
    connection.recv(65536)


def hang_up(connection: socket.socket, request: bytes) -> None:
    pass


@pytest.mark.parametrize("answer", [refuse, answer_with_the_credentials, say_nothing, hang_up])
@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_tunnel_that_is_not_made(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    proxy_server: Callable[[Answer], int],
    driver: str,
    answer: Answer,
) -> None:
    """Nothing of the request was written, whatever the exception of the library is, so it is safe to repeat."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("https_proxy", PROXY.format(port=proxy_server(answer)))
    (error,) = drive(driver, "https://api.pamela.invalid", create_call, max_retries=1, deadline=2, timeout=0.5)
    assert isinstance(error, APIConnectionError)
    assert not error.sent
    assert not error.ambiguous
    assert error.attempts == 2
    assert_nothing_shown(error, "\n".join(each.getMessage() for each in caplog.records if each.name == "pamela"))


@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_proxy_that_says_in_the_open_what_it_was_sent(
    monkeypatch: pytest.MonkeyPatch, proxy_server: Callable[[Answer], int], driver: str
) -> None:
    """Without TLS the request itself goes to the proxy, and may go on from there."""
    monkeypatch.setenv("http_proxy", PROXY.format(port=proxy_server(answer_with_the_credentials)))
    (error,) = drive(driver, "http://api.pamela.invalid", create_call)
    assert isinstance(error, APIConnectionError)
    assert error.sent
    assert error.attempts == 1
    assert_nothing_shown(error)


@pytest.mark.parametrize("replies", [b"", b"\x05", b"\x05\x02", b"\x05\x02\x01\x01", b"\x04", b"nonsense", b"\x05\xff"])
@pytest.mark.parametrize("driver", [*OUR_OWN, "an httpx.Client of the caller's"])
def test_a_socks_proxy_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, proxy_server: Callable[[Answer], int], driver: str, replies: bytes
) -> None:
    """httpcore sets no limit for talking to it, and takes its answers for granted."""

    def answer(connection: socket.socket, request: bytes) -> None:
        connection.sendall(replies)
        while connection.recv(65536):
            pass

    monkeypatch.setenv("http_proxy", PROXY.format(port=proxy_server(answer)).replace("http", "socks5", 1))
    (error,) = drive(driver, "http://api.pamela.invalid", create_call, deadline=1, max_retries=0)
    assert isinstance(error, APIConnectionError)
    assert not error.sent
    if not replies:
        assert isinstance(error, APITimeoutError)
    assert_nothing_shown(error)


@pytest.mark.parametrize("replies", [b"\x05\xff", b"\x04", b"\x05\x02\x01\x01", b"\x05\x02"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_connection_to_a_socks_proxy_that_fails_is_closed(
    monkeypatch: pytest.MonkeyPatch, proxy_server: Callable[[Answer], int], driver: str, replies: bytes
) -> None:
    """httpcore leaves it open. The client still lives when the proxy sees the end."""
    closed = threading.Event()

    def answer(connection: socket.socket, request: bytes) -> None:
        connection.sendall(replies)
        while connection.recv(65536):
            pass
        closed.set()

    def see_the_end(client: Any) -> Any:
        assert closed.wait(30)
        return client.with_options(timeout=0.2).get_call("call_1")

    monkeypatch.setenv("http_proxy", PROXY.format(port=proxy_server(answer)).replace("http", "socks5", 1))
    error, again = drive(
        driver, "http://api.pamela.invalid", create_call, see_the_end, timeout=0.5, deadline=2, max_retries=0
    )
    assert isinstance(error, APIConnectionError)
    assert isinstance(again, APIConnectionError), again


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_socks_proxy(monkeypatch: pytest.MonkeyPatch, proxy_server: Callable[[Answer], int], driver: str) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        for reply in (b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50", WHOLE):
            connection.sendall(reply)
            connection.recv(65536)

    monkeypatch.setenv("http_proxy", PROXY.format(port=proxy_server(answer)).replace("http", "socks5", 1))
    (call,) = drive(driver, "http://api.pamela.invalid", create_call)
    assert isinstance(call, Call)


@pytest.mark.parametrize("driver", OUR_OWN)
def test_nothing_listens_at_the_proxy(monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("http_proxy", PROXY.format(port=port))
    (error,) = drive(driver, "http://127.0.0.1:8400", create_call, max_retries=0)
    assert f"nothing listens at the proxy http://127.0.0.1:{port}" in str(error)
    assert_nothing_shown(error)


def everywhere(connection: socket.socket, request: bytes) -> None:
    """Give the credentials back in every place where text can be."""
    sent = credentials(request).partition(b": ")[2].partition(b" ")[2]
    body = b'{"detail": {"message": "%b for %b", "details": {"sent": "%b"}}}' % (sent, base64.b64decode(sent), sent)
    head = b"HTTP/1.1 500 Oops %b\r\nX-Request-Id: %b\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % (sent, base64.b64decode(sent), len(body)) + body)


def no_json(connection: socket.socket, request: bytes) -> None:
    """Give them back in a success that is none."""
    sent = base64.b64decode(credentials(request).rpartition(b" ")[2])
    body = b"<p>Welcome, %b</p>" % sent
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def of_the_callers(kind: str, address: str) -> dict[str, Any]:
    match kind:
        case "http_client":
            return {"http_client": httpx.Client(proxy=address)}
        case "transport":
            return {"transport": httpx.HTTPTransport(proxy=httpx.Proxy(address))}
        case "headers":
            sent = base64.b64encode(b"user:s3cret/#[").decode()
            proxy = httpx.Proxy(
                address.replace("user:s3cret%2F%23%5B@", ""), headers={"Proxy-Authorization": f"Basic {sent}"}
            )
            return {"http_client": httpx.Client(proxy=proxy)}
    return {}


@pytest.mark.parametrize("kind", ["own", "http_client", "transport", "headers"])
@pytest.mark.parametrize("answer", [everywhere, no_json, refuse, answer_with_the_credentials])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_password_that_comes_back(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    proxy_server: Callable[[Answer], int],
    kind: str,
    answer: Answer,
    scheme: str,
) -> None:
    caplog.set_level(logging.DEBUG, "pamela")
    address = PROXY.format(port=proxy_server(answer))
    options = of_the_callers(kind, address)
    if kind == "own":
        monkeypatch.setenv(f"{scheme}_proxy", address)
    (error,) = run_sync(f"{scheme}://api.pamela.invalid", [create_call], max_retries=0, **options)
    assert isinstance(error, PamelaError), error
    assert_nothing_shown(error, "\n".join(each.getMessage() for each in caplog.records if each.name == "pamela"))
    for each in options.values():
        each.close()


def test_nothing_listens_at_the_proxy_of_the_callers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with httpx.Client(proxy=PROXY.format(port=port)) as http_client:
        (error,) = run_sync("http://127.0.0.1:8400", [create_call], max_retries=0, http_client=http_client)
    assert f"nothing listens at the proxy http://127.0.0.1:{port}" in str(error)
    assert_nothing_shown(error)


@pytest.mark.parametrize("driver", OUR_OWN)
@pytest.mark.parametrize("port", ["", ":8443"])
def test_an_address_of_ipv6_has_brackets_at_a_proxy(
    monkeypatch: pytest.MonkeyPatch, proxy_server: Callable[[Answer], int], driver: str, port: str
) -> None:
    heads: list[bytes] = []

    def record(connection: socket.socket, request: bytes) -> None:
        heads.append(request)
        refuse(connection, request)

    address = PROXY.format(port=proxy_server(record))
    monkeypatch.setenv("http_proxy", address)
    monkeypatch.setenv("https_proxy", address)
    for scheme in ("http", "https"):
        drive(driver, f"{scheme}://[fd12::3]{port}", lambda client: client.list_tools(), max_retries=0)
    plain, tunnel = heads
    host = f"[fd12::3]{port}".encode()
    assert plain.startswith(b"GET http://%b/api/b2b/v1/tools HTTP/1.1\r\nHost: %b\r\n" % (host, host))
    host = f"[fd12::3]{port or ':443'}".encode()
    assert tunnel.startswith(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n" % (host, host))


def tunnel_to(port: int) -> Answer:
    """Return a proxy that makes a tunnel to a port of this machine's IPv6 address, where that is what was asked for."""

    def answer(connection: socket.socket, request: bytes) -> None:
        assert request.startswith(b"CONNECT [::1]:%d HTTP/1.1\r\n" % port), request
        with socket.create_connection(("::1", port)) as server:
            connection.sendall(b"HTTP/1.1 200 Made\r\n\r\n")
            there = threading.Thread(target=pass_on, args=(connection, server))
            there.start()
            pass_on(server, connection)
            there.join()

    return answer


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_tunnel_to_an_address_of_ipv6(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy_server: Callable[[Answer], int], driver: str
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("::1").configure_cert(context)
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("This machine has no IPv6.")

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(65536)
                secured.sendall(WHOLE)

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    monkeypatch.setenv("https_proxy", PROXY.format(port=proxy_server(tunnel_to(port))))
    with listener:
        (call,) = drive(driver, f"https://[::1]:{port}", lambda client: client.get_call("call_1"), max_retries=0)
    assert isinstance(call, Call), call
