"""Sends webhooks as HTTP/1.1 requests with plain asyncio, for speed: no redirects, cookies or compression."""

import asyncio
import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, cast
from urllib.parse import quote, unquote, urlsplit

_MOST_BYTES_READ = 1024 * 1024
_LONGEST_HEAD = 64 * 1024
_IDLE_SECONDS = 1.0
_MOST_IDLE = 100
"""Maximum number of idle connections to each destination."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: |\r|$)")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class SendingError(Exception):
    """No complete response arrived. The message begins with the kind of failure."""


class WebhookResponseBytes(NamedTuple):
    """The response of a receiver, with at most the first mebibyte of the body."""

    status: int
    body: bytes


class Destination(NamedTuple):
    """The server of an address."""

    is_tls: bool
    host: str
    port: int


@dataclass(frozen=True)
class WebhookAddress:
    """A parsed webhook address."""

    destination: Destination
    host_header: str
    target: str
    authorization: str | None

    @classmethod
    def parse(cls, url: str) -> "WebhookAddress":
        return _parse(url)


class WebhookSender:
    """Sends webhooks over connections that it keeps open. It belongs to one event loop."""

    def __init__(self) -> None:
        self._idle: dict[Destination, list[_Connection]] = {}
        self._open: set[_Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None

    async def post(
        self, address: WebhookAddress, headers: Mapping[str, str], body: bytes, *, reuse: bool
    ) -> WebhookResponseBytes:
        """Send a request and return the response.

        Args:
            address: The address.
            headers: All headers of the request.
            body: The body of the request.
            reuse: Whether an idle connection may be used. The receiver may be about to close it.

        Raises:
            SendingError: There was no response.
        """
        head = [f"POST {address.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        request = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
        connection = self._take_idle(address.destination) if reuse else None
        if connection is None:
            connection = await self._connect(address.destination)
        try:
            response = await connection.send(request)
        except BaseException:
            connection.close()
            raise
        if connection.is_reusable:
            self._keep(address.destination, connection)
        else:
            connection.close()
        return response

    def close(self) -> None:
        """Close all connections."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self._open):
            connection.close()

    def _take_idle(self, destination: Destination) -> "_Connection | None":
        idle = self._idle.get(destination)
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while idle:
            connection = idle.pop()
            if not connection.is_closed:
                if connection.idle_since >= oldest:
                    return connection
                connection.close()
        return None

    def _keep(self, destination: Destination, connection: "_Connection") -> None:
        idle = self._idle.setdefault(destination, [])
        if len(idle) >= _MOST_IDLE:
            idle[:] = [each for each in idle if not each.is_closed]
        if len(idle) >= _MOST_IDLE:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(_IDLE_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        """Close connections that were idle for a while, with one timer for all."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _IDLE_SECONDS
        for destination, idle in tuple(self._idle.items()):
            for connection in idle:
                if connection.idle_since < oldest:
                    connection.close()
            idle[:] = [each for each in idle if not each.is_closed]
            if not idle:
                del self._idle[destination]
        self._sweep = loop.call_later(_IDLE_SECONDS, self._close_idle) if self._idle else None

    async def _connect(self, destination: Destination) -> "_Connection":
        loop = asyncio.get_running_loop()
        tls = _tls() if destination.is_tls else None
        try:
            _, connection = await loop.create_connection(
                lambda: _Connection(self._open), destination.host, destination.port, ssl=tls
            )
        except (OSError, ValueError) as error:
            raise SendingError(f"ConnectError: {_reason(error)}") from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection, for one request at a time."""

    def __init__(self, open_connections: "set[_Connection]") -> None:
        self.is_closed = False
        self.is_reusable = False
        self.idle_since = 0.0
        self._open = open_connections
        self._transport: asyncio.Transport
        self._waiter: asyncio.Future[WebhookResponseBytes] | None = None
        self._reader = _ResponseReader()

    async def send(self, request: bytes) -> WebhookResponseBytes:
        if self.is_closed:
            raise SendingError("ConnectionError: the receiver has closed the connection")
        self.is_reusable = False
        self._reader = _ResponseReader()
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        self.is_closed = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            # Unexpected bytes could be mistaken for the next response, so the connection is not used again.
            self.close()
            return
        try:
            if (response := self._reader.feed(data)) is not None:
                self.is_reusable = self._reader.keeps_alive
                self._waiter.set_result(response)
        except ValueError as error:
            self._waiter.set_exception(SendingError(f"ProtocolError: {error}"))
            self.close()

    def eof_received(self) -> None:
        self._finish(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        self._open.discard(self)
        self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        self.is_closed = True
        if self._waiter is None or self._waiter.done():
            return
        response = self._reader.at_end() if error is None else None
        if response is not None:
            self._waiter.set_result(response)
        else:
            reason = "the receiver closed the connection without a whole answer" if error is None else _reason(error)
            self._waiter.set_exception(SendingError(f"ConnectionError: {reason}"))


class _ResponseReader:
    """Reads one response out of the bytes that arrive."""

    def __init__(self) -> None:
        self.keeps_alive = False
        self._buffer = bytearray()
        self._body = bytearray()
        self._status: int | None = None
        self._length: int | None = None
        self._is_chunked = False

    def feed(self, data: bytes) -> WebhookResponseBytes | None:
        """Take bytes, and return the response when it is complete or its maximum length is reached.

        Raises:
            ValueError: It is not HTTP.
        """
        self._buffer += data
        while self._status is None:
            if not self._read_head():
                return None
        if self._is_chunked:
            is_whole = self._read_chunks()
        else:
            self._body += self._buffer
            self._buffer.clear()
            is_whole = self._length is not None and len(self._body) >= self._length
            if is_whole and self._length is not None and len(self._body) > self._length:
                del self._body[self._length :]
                self.keeps_alive = False
        if is_whole:
            self.keeps_alive = self.keeps_alive and not self._buffer
            return WebhookResponseBytes(self._status, bytes(self._body[:_MOST_BYTES_READ]))
        if len(self._body) > _MOST_BYTES_READ:
            self.keeps_alive = False
            return WebhookResponseBytes(self._status, bytes(self._body[:_MOST_BYTES_READ]))
        return None

    def at_end(self) -> WebhookResponseBytes | None:
        """Return the response at the end of the connection, if it is complete."""
        if self._status is None or self._is_chunked or self._length is not None:
            return None
        return WebhookResponseBytes(self._status, bytes(self._body))

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LONGEST_HEAD:
                raise ValueError("the head of the answer is longer than 64 KiB")
            if self._buffer and not b"HTTP/1.".startswith(self._buffer[:7]):
                raise ValueError("the answer is not HTTP/1.1")
            return False
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        first, *lines = head.split(b"\r\n")
        if (match := _STATUS_LINE.match(first)) is None:
            raise ValueError("the answer is not HTTP/1.1")
        status = int(match[1])
        if status == 101:
            raise ValueError("the answer changes the protocol")
        if status < 200:
            return True  # the final response follows
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip().lower()
        self._status = status
        self._is_chunked = headers.get(b"transfer-encoding") == b"chunked"
        length = headers.get(b"content-length")
        if status in (204, 304):
            self._is_chunked, self._length = False, 0
        elif not self._is_chunked and length is not None:
            if not length.isdigit() or len(length) > 18:
                raise ValueError("the answer's Content-Length is not a number")
            self._length = int(length)
        has_end = self._is_chunked or self._length is not None
        self.keeps_alive = has_end and first.startswith(b"HTTP/1.1") and headers.get(b"connection") != b"close"
        return True

    def _read_chunks(self) -> bool:
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise ValueError("a chunk of the answer has no size")
                return False
            if (match := _CHUNK_SIZE.match(self._buffer)) is None:
                raise ValueError("a chunk of the answer has no size")
            size = int(match[0], 16)
            if size == 0:
                if len(self._buffer) < end + 4:
                    return False
                if self._buffer[end : end + 4] != b"\r\n\r\n":
                    # Trailers are not read, so the connection is not used again.
                    self.keeps_alive = False
                    return b"\r\n\r\n" in self._buffer[end:]
                del self._buffer[: end + 4]
                return True
            if len(self._body) > _MOST_BYTES_READ:
                return False
            available = len(self._buffer) - end - 2
            if available < size + 2:
                if available > _MOST_BYTES_READ:
                    self._body += self._buffer[end + 2 :]
                return False
            self._body += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 4 + size]


@lru_cache(maxsize=1024)
def _parse(url: str) -> WebhookAddress:
    parts = urlsplit(url)
    is_tls = parts.scheme.lower() == "https"
    host = parts.hostname or ""
    default_port = 443 if is_tls else 80
    name = f"[{host}]" if ":" in host else host
    port = parts.port or default_port
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    authorization = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    return WebhookAddress(
        Destination(is_tls, host, port),
        name if port == default_port else f"{name}:{port}",
        quote(target, safe="/%:=&?~+!$,;'@()*[]|"),
        authorization,
    )


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
