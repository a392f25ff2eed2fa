"""Faults of TLS: certificates that are not to be trusted, and connections that end or change in the middle of a response."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from pamela import APIConnectionError, Call

from .accepting import accepting
from .drivers import DRIVERS, drive
from .hostile import BODY, OK, WHOLE

Answer = Callable[[ssl.SSLSocket], None]
HEAD = OK + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 50)
CUT_OFF = "the connection was closed in the middle of the response"
CLOSED = "the connection was closed before a response came"


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


@contextmanager
def tls_server(certificate: trustme.LeafCert, answer: Answer, version: ssl.TLSVersion | None = None) -> Iterator[str]:
    """Run a server that answers whatever comes first on a connection so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if version is not None:
        context.maximum_version = version

    def serve(connection: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            answer(secured)

    with accepting(serve) as port:
        yield f"https://127.0.0.1:{port}"


def whole(connection: ssl.SSLSocket) -> None:
    connection.sendall(WHOLE)


def create_call(client: Any) -> Any:
    return client.create_call("+1234567890", "Order a pizza")


def get_call(client: Any) -> Any:
    return client.get_call("call_1")


LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
CERTIFICATES: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "of another name": (lambda authority: authority.issue_cert("api.example.com"), "IP address mismatch"),
    "expired": (lambda authority: authority.issue_cert("127.0.0.1", not_after=LONG_AGO), "has expired"),
    "of another authority": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer"),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", CERTIFICATES)
def test_a_certificate_that_is_not_trusted(authority: trustme.CA, kind: str, driver: str) -> None:
    """Nothing was sent to a server that nobody vouches for."""
    issue, problem = CERTIFICATES[kind]
    with tls_server(issue(authority), whole) as base_url:
        (error,) = drive(driver, base_url, create_call, max_retries=1)
    assert isinstance(error, APIConnectionError)
    assert (error.sent, error.ambiguous, error.attempts) == (False, False, 2)
    assert "the server's certificate is not trusted (certificate verify failed)" in str(error)
    assert problem in str(error)


def cut_off(connection: ssl.SSLSocket) -> None:
    """End TCP without an end of TLS, as an attacker may."""
    connection.sendall(HEAD + BODY)
    connection.shutdown(socket.SHUT_RDWR)


def end_of_tls(connection: ssl.SSLSocket) -> None:
    """End TLS in the middle of the response, with TCP still open."""
    connection.sendall(HEAD + BODY)
    connection.settimeout(0.2)
    with suppress(OSError):
        connection.unwrap()


def end_before_the_response(connection: ssl.SSLSocket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def plain_text(connection: ssl.SSLSocket) -> None:
    """Go on without TLS."""
    connection.sendall(HEAD)
    with socket.socket(fileno=connection.detach()) as plain:
        plain.sendall(BODY)


def garbage(connection: ssl.SSLSocket) -> None:
    """Send a record that was not encrypted with the key."""
    with socket.socket(fileno=connection.detach()) as plain:
        plain.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))


def asks_for_a_new_handshake(connection: ssl.SSLSocket) -> None:
    """Send what asks for another handshake, in the clear."""
    with socket.socket(fileno=connection.detach()) as plain:
        plain.sendall(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00")


BREAKS: list[Answer] = [cut_off, end_of_tls, end_before_the_response, plain_text, garbage, asks_for_a_new_handshake]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("answer", BREAKS)
def test_a_response_that_breaks_off(
    authority: trustme.CA, answer: Answer, version: ssl.TLSVersion, driver: str
) -> None:
    """The request was sent, so that a call is not placed again; and what is cut off is no response."""
    requests: list[Answer] = []

    def count(connection: ssl.SSLSocket) -> None:
        requests.append(answer)
        answer(connection)

    with tls_server(authority.issue_cert("127.0.0.1"), count, version) as base_url:
        (error,) = drive(driver, base_url, create_call, deadline=10)
    assert isinstance(error, APIConnectionError), error
    assert (error.sent, error.ambiguous, error.attempts) == (True, True, 1)
    assert len(requests) == 1


def half_closed(connection: ssl.SSLSocket) -> None:
    """Send the whole response and then end only the server's side of TCP."""
    connection.sendall(WHOLE)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_connection_that_is_half_closed(authority: trustme.CA, driver: str) -> None:
    """The response is whole, and the next request goes out on another connection."""
    with tls_server(authority.issue_cert("127.0.0.1"), half_closed) as base_url:
        found = drive(driver, base_url, *[partial(get_call)] * 3)
    assert all(isinstance(each, Call) for each in found), found
