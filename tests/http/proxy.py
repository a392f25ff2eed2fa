"""A TCP proxy that does to a connection what bad networks do: cuts, delays, truncates, corrupts."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit


class Fault(StrEnum):
    """What happens to a request, in the words of the documentation."""

    RESET_BEFORE = "connection reset before the request was read"
    RESET_DURING = "connection reset in the middle of the request"
    RESET_AFTER = "connection reset after the request, no answer"
    LOST_ANSWER = "connection closed instead of the answer"
    SILENCE = "request taken, no answer ever"
    SLOW_HEAD = "an answer whose head comes one byte at a time"
    SLOW_BODY = "an answer whose body comes one byte at a time"
    HALF_BODY = "connection closed in the middle of the answer"
    GARBAGE = "an answer that is not HTTP"
    HTML_502 = "a proxy's HTML page with 502"
    TRUNCATED_JSON = "200 with JSON that is cut off"
    HTML_200 = "200 with a proxy's HTML page"
    EMPTY_200 = "200 with an empty body"
    ENDLESS = "200 with a body that does not end"
    REDIRECT = "a redirect to another host"


UNFORWARDED = frozenset({Fault.RESET_BEFORE, Fault.RESET_DURING, Fault.HTML_502, Fault.REDIRECT})
WHOLE = frozenset({None, Fault.HTML_502, Fault.TRUNCATED_JSON, Fault.HTML_200, Fault.EMPTY_200, Fault.REDIRECT})
"""Whole answers as HTTP sees them: a server keeps the connection, since it did not announce to close it."""
HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"


@dataclass
class Message:
    """An HTTP message as it came over the wire."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


@dataclass
class Proxy:
    """A running proxy. `faults` are used up one a request; without any, `chance` decides."""

    upstream: tuple[str, int]
    faults: deque[Fault | None] = field(default_factory=deque)
    chance: Callable[[], Fault | None] = field(default=lambda: None)
    redirect_to: str = "http://127.0.0.1:1"
    seen: list[bytes] = field(default_factory=list)
    """The first line of every request that arrived."""
    base_url: str = ""
    connections: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The event loop itself holds its tasks only weakly.
        self.connections.add(asyncio.current_task())
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while True:
                first = await reader.read(1)
                if not first:
                    break
                fault = self.faults.popleft() if self.faults else self.chance()
                if fault is Fault.RESET_BEFORE:
                    return reset(writer)
                message = await read_message(reader, first, halfway=fault is Fault.RESET_DURING)
                self.seen.append(message.head.split(b"\r\n", 1)[0])
                if fault is Fault.RESET_DURING:
                    return reset(writer)
                answer = None
                if fault not in UNFORWARDED:
                    upstream = upstream or await asyncio.open_connection(*self.upstream)
                    upstream[1].write(message.raw)
                    answer = await read_message(upstream[0])
                if not await self.answer(writer, fault, answer):
                    return None
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, *(upstream[1:] if upstream else ())):
                each.close()
            self.connections.discard(asyncio.current_task())
        return None

    async def answer(self, writer: asyncio.StreamWriter, fault: Fault | None, answer: Message | None) -> bool:
        """Answer, well or badly; return whether the connection goes on."""
        match fault:
            case None:
                assert answer is not None
                writer.write(answer.raw)
            case Fault.RESET_AFTER:
                reset(writer)
            case Fault.SILENCE:
                await asyncio.sleep(3600)
            case Fault.SLOW_HEAD:
                assert answer is not None
                await drip(writer, answer.raw)
            case Fault.SLOW_BODY:
                assert answer is not None
                writer.write(answer.head)
                await drip(writer, answer.body)
            case Fault.HALF_BODY:
                assert answer is not None
                writer.write(answer.head + answer.body[: len(answer.body) // 2])
            case Fault.GARBAGE:
                writer.write(b"\x00\xff\x17 this is no HTTP\r\n\r\n")
            case Fault.HTML_502:
                writer.write(plain(b"502 Bad Gateway", HTML, b"text/html"))
            case Fault.TRUNCATED_JSON:
                writer.write(plain(b"200 OK", b'{"id": "call_1", "sta'))
            case Fault.HTML_200:
                writer.write(plain(b"200 OK", HTML, b"text/html"))
            case Fault.EMPTY_200:
                writer.write(plain(b"200 OK", b""))
            case Fault.ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
                while True:
                    writer.write(chunk)
                    await writer.drain()
            case Fault.REDIRECT:
                head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {self.redirect_to}/elsewhere\r\n"
                writer.write(head.encode() + b"Content-Length: 0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return fault in WHOLE


async def drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


def plain(status: bytes, body: bytes, kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (status, kind, len(body), body)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_message(reader: asyncio.StreamReader, first: bytes = b"", *, halfway: bool = False) -> Message:
    head = first + await reader.readuntil(b"\r\n\r\n")
    if halfway:
        return Message(head, b"")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return Message(head, await reader.readexactly(length))


def at_random(seed: int, lost: float, reset: float) -> Callable[[], Fault | None]:
    """Give a chance that loses some answers and resets some connections, on either side of the request."""
    dice = random.Random(seed)

    def throw() -> Fault | None:
        chance = dice.random()
        if chance < lost:
            return Fault.LOST_ANSWER
        if chance < lost + reset:
            return dice.choice((Fault.RESET_BEFORE, Fault.RESET_AFTER))
        return None

    return throw


@contextlib.contextmanager
def running(upstream: str) -> Iterator[Proxy]:
    """Run a proxy before a server, in a thread of its own."""
    parts = urlsplit(upstream)
    proxy = Proxy((str(parts.hostname), int(parts.port or 80)))
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()

    async def main() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, backlog=512)
        proxy.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        connections = [task for task in proxy.connections if task is not None]
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections)

    def run() -> None:
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
