"""The sender of webhooks, against receivers that answer in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pamela.sandbox.webhook_sender import (
    SendingError,
    WebhookAddress,
    WebhookResponseBytes,
    WebhookSender,
    _ResponseReader,
)

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    answering: set[asyncio.Task[None]] = set()

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.ensure_future(answer(reader, writer)))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*answering), 20)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split(b"\r")[0]))


async def post(sender: WebhookSender, url: str, *, reuse: bool = True) -> WebhookResponseBytes:
    address = WebhookAddress.parse(url)
    headers = {"Host": address.host_header, "Content-Length": "2"}
    async with asyncio.timeout(20):
        return await sender.post(address, headers, b"{}", reuse=reuse)


async def answered(data: bytes, *, close: bool = True) -> WebhookResponseBytes:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(data)
        if close:
            writer.close()

    sender = WebhookSender()
    async with serving(answer) as url:
        try:
            return await post(sender, url)
        finally:
            sender.close()


@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        (OK, 200, b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200, b"{}"),
        (b"HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}", 200, b"{}"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 500, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", 200, b"\x1f\x8b\x08"),
    ],
)
async def test_an_answer_is_read(data: bytes, status: int, body: bytes) -> None:
    assert await answered(data) == WebhookResponseBytes(status, body)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ConnectionError: the receiver closed the connection without a whole answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", "without a whole answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{", "without a whole answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "ProtocolError: the answer is not HTTP/1.1"),
        (b"HTTP/2 200 OK\r\n\r\n", "ProtocolError: the answer is not HTTP/1.1"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "ProtocolError: the answer changes the protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length is not a number"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "a chunk of the answer has no size"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000, "longer than 64 KiB"),
    ],
)
async def test_what_is_no_answer_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(SendingError, match=reason):
        await answered(data)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            stopped.set()

    stopped = asyncio.Event()
    sender = WebhookSender()
    async with serving(answer) as url:
        response = await post(sender, url)
        await asyncio.wait_for(stopped.wait(), 20)

    assert response.body == b"x" * 1024 * 1024


async def test_a_connection_is_used_again_but_not_for_a_tool() -> None:
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while True:
                await read_request(reader)
                writer.write(OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    sender = WebhookSender()
    async with serving(answer) as url:
        for _ in range(3):
            await post(sender, url)
        assert connections == 1
        await post(sender, url, reuse=False)
        assert connections == 2
        sender.close()


@pytest.mark.parametrize("ending", [b"Connection: close\r\n\r\n{}", b"\r\n{}surplus"])
async def test_a_connection_that_is_not_clean_is_not_used_again(ending: bytes) -> None:
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while True:
                await read_request(reader)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + ending)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    sender = WebhookSender()
    async with serving(answer) as url:
        assert [(await post(sender, url)).body for _ in range(2)] == [b"{}"] * 2
        sender.close()
    assert connections == 2


async def test_a_port_where_nobody_listens_is_said() -> None:
    with pytest.raises(SendingError, match="ConnectError: "):
        await post(WebhookSender(), "http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("url", "host", "target", "authorization"),
    [
        ("http://acme.test", "acme.test", "/", None),
        ("https://acme.test:443/a b?c=d e", "acme.test", "/a%20b?c=d%20e", None),
        ("http://acme.test:8080/%2F?x=%20", "acme.test:8080", "/%2F?x=%20", None),
        ("http://[::1]:5000/x", "[::1]:5000", "/x", None),
        ("http://user:p%40ss@acme.test/", "acme.test", "/", "Basic dXNlcjpwQHNz"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, target: str, authorization: str | None) -> None:
    address = WebhookAddress.parse(url)

    assert (address.host_header, address.target, address.authorization) == (host, target, authorization)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(200, 599).filter(lambda status: status not in (204, 304)), st.data())
def test_an_answer_may_come_in_any_pieces(body: bytes, status: int, data: st.DataObject) -> None:
    chunked = data.draw(st.booleans())
    if chunked:
        sizes = data.draw(st.lists(st.integers(1, 100), max_size=5))
        parts, rest = [], body
        for size in sizes:
            part, rest = rest[:size], rest[size:]
            parts += [part] if part else []
        parts += [rest] if rest else []
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        raw = b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n%s" % (status, framed)
    else:
        raw = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    reader = _ResponseReader()
    response = None
    while raw:
        assert response is None
        size = data.draw(st.integers(1, len(raw)))
        response = reader.feed(raw[:size])
        raw = raw[size:]

    assert response == WebhookResponseBytes(status, body)
    assert reader.keeps_alive


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_bytes_are_more_than_a_wrong_answer(pieces: list[bytes]) -> None:
    reader = _ResponseReader()
    try:
        for piece in [b"HTTP/1.1 200 OK\r\n", *pieces]:
            if reader.feed(piece) is not None:
                break
    except ValueError:
        pass
