"""How the sandbox reads requests that a usual client does not send."""

import json
import socket

import pytest

from pamela.sandbox import Sandbox

from .api import PREFIX

BODY = json.dumps({"to": "+12025550123", "task": "Order a pizza"}).encode()
UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"}


def request(sandbox: Sandbox, key: str, body: bytes = b"", path: str = f"{PREFIX}/calls", **headers: str) -> bytes:
    """Return the bytes of a request."""
    fields = {
        "Host": sandbox.base_url.removeprefix("http://"),
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join((*lines, "", "")).encode() + body


def answers(sandbox: Sandbox, *pieces: bytes) -> bytes:
    """Send bytes piece by piece, and return all that comes back."""
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        for piece in pieces:
            connection.sendall(piece)
        while chunk := connection.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_a_request_that_offers_http_2_keeps_its_body(sandbox: Sandbox, api_key: str, size: int) -> None:
    data = request(sandbox, api_key, BODY, **UPGRADE) * 2 + request(sandbox, api_key, Connection="close")

    received = answers(sandbox, *(data[start : start + size] for start in range(0, len(data), size)))

    assert received.count(b"HTTP/1.1 201 Created\r\n") == 2
    assert b'"total":2' in received


def test_a_request_that_offers_http_2_may_be_chunked(sandbox: Sandbox, api_key: str) -> None:
    head = request(sandbox, api_key, b"-", **UPGRADE, **{"Transfer-Encoding": "chunked"}).removesuffix(b"-")
    head = head.replace(b"Content-Length: 1\r\n", b"")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

    received = answers(sandbox, head + chunks, request(sandbox, api_key, Connection="close"))

    assert received.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b'"total":1' in received


@pytest.mark.parametrize(
    "field",
    [b"X-Long: " + b"a" * 70_000, b"\r\n".join(b"X-%d: %s" % (n, b"a" * 90) for n in range(1000)), b"X-Endless: "],
)
def test_a_head_that_is_too_long_is_refused(sandbox: Sandbox, api_key: str, field: bytes) -> None:
    data = request(sandbox, api_key).removesuffix(b"\r\n") + field
    end = b"\r\n\r\n" if b"Endless" not in field else b"a" * 200_000

    try:
        received = answers(sandbox, data, end)
    except ConnectionError:  # What was still being sent was not read.
        return
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_many_short_heads_are_not_too_long(sandbox: Sandbox, api_key: str) -> None:
    data = request(sandbox, api_key) * 1000 + request(sandbox, api_key, Connection="close")

    assert answers(sandbox, data).count(b"HTTP/1.1 200 OK\r\n") == 1001


def test_two_hosts_are_refused(sandbox: Sandbox, api_key: str) -> None:
    data = request(sandbox, api_key, path="/sandbox", Connection="close\r\nHost: elsewhere.test")

    assert answers(sandbox, data).startswith(b"HTTP/1.1 400 Bad Request\r\n")
