"""Requests over aiohttp for `AsyncPamelaClient`: its pool keeps its pace with hundreds of requests in flight."""

from __future__ import annotations

import asyncio
import math
import weakref
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
from yarl import URL

from .attempt import SHORTEST_STEP, DeadlineTimeout, remaining

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping, Sequence

    import httpcore

ERRORS = (aiohttp.ClientError, OSError)
connected: ContextVar[bool] = ContextVar("connected")
"""Whether the request that is being sent has its connection: from then on it may have reached the service."""


class AiohttpTransport(httpx.AsyncHTTPTransport):
    """The transport of httpx, with connections of aiohttp below it.

    What patches `httpx.AsyncHTTPTransport`, as OpenTelemetry's instrumentation does, sees these requests too.

    Args:
        ssl_context: How to verify the service; None where there is no TLS.
        keepalive_expiry: Seconds after which an idle connection is not used again.
        proxy: The address of an HTTP proxy, or None.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None, keepalive_expiry: float | None, proxy: str | None) -> None:
        # The inherited constructor would only make the pool that this one stands for.
        self._pool: Any = Pool(ssl_context, keepalive_expiry, proxy)


class Pool:
    """What httpx asks of its connection pool, answered by an aiohttp session."""

    def __init__(self, ssl_context: ssl.SSLContext | None, keepalive_expiry: float | None, proxy: str | None) -> None:
        self.proxy = proxy
        self.session = aiohttp.ClientSession(
            connector=Connector(limit=0, keepalive_timeout=keepalive_expiry, ssl=ssl_context or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        # aiohttp would send a request again by itself when a kept connection turns out to be dead. What goes out again
        # is decided by our policy, which has to know of every attempt.
        self.session._retry_connection = False
        weakref.finalize(self, self.session.detach)

    async def handle_async_request(self, request: httpcore.Request) -> Answer:
        """Send a request and give its answer once the head of it is here."""
        limits = request.extensions["timeout"]
        data = b"".join([chunk async for chunk in request.stream])  # type: ignore[union-attr]
        connected.set(False)
        try:
            async with asyncio.timeout(time_until_head(limits) if data else None):
                response = await self.session.request(
                    request.method.decode(),
                    URL(bytes(request.url).decode(), encoded=True),
                    headers=[(name.decode(), value.decode()) for name, value in request.headers],
                    data=BytesIO(data) if data else None,  # aiohttp warns of bytes that are long
                    allow_redirects=False,
                    proxy=self.proxy,
                    timeout=aiohttp.ClientTimeout(
                        total=time_until_deadline(limits["read"]),
                        connect=limits["connect"],
                        sock_read=limits["read"],
                        ceil_threshold=math.inf,
                    ),
                )
        except ERRORS as error:
            raise exception_of_httpx(error, limits["read"]) from error
        return Answer(response.status, response.raw_headers, Body(response, limits["read"]))

    async def aclose(self) -> None:
        await self.session.close()


class Connector(aiohttp.TCPConnector):
    """The connections of a session; those that nobody closes end quietly with their sockets, as those of httpx do."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        while connection.protocol is not None and connection.protocol.should_close:
            # Something arrived on it that nobody asked for, which must not pass for the answer to this request.
            connection.close()
            connection = await super().connect(*args, **kwargs)
        connected.set(True)
        return connection

    def __del__(self, *_: object) -> None:
        pass


@dataclass(slots=True)
class Answer:
    """The head of an answer, and its body on its way."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    stream: Body
    extensions: dict[str, Any] = field(default_factory=lambda: {"http_version": b"HTTP/1.1"})


class Body:
    """The bytes of an answer as they come."""

    def __init__(self, response: aiohttp.ClientResponse, limit: float | None) -> None:
        self.response = response
        self.limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.response.content.iter_any():
                yield chunk
        except ERRORS as error:
            raise exception_of_httpx(error, self.limit) from error

    async def aclose(self) -> None:
        # A connection with the rest of an answer in it is closed, not kept.
        self.response.release()


def time_until_head(limits: Mapping[str, float | None]) -> float | None:
    """Give the seconds until the head of an answer must be here. aiohttp limits the steps to it, but not the writing."""
    steps = [limits[step] for step in ("connect", "write", "read")]
    return None if None in steps else sum(filter(None, steps))


def time_until_deadline(limit: float | None) -> float | None:
    """Give the seconds until the whole answer must be here."""
    return remaining(limit.give_up_at) if isinstance(limit, DeadlineTimeout) else None


def exception_of_httpx(error: aiohttp.ClientError | OSError, limit: float | None) -> httpx.TransportError:
    """Give a failure of aiohttp the name that httpx has for it, which tells what may have reached the service."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout("")
        case aiohttp.ServerTimeoutError():
            return httpx.ReadTimeout("")
        case TimeoutError():
            overdue = isinstance(limit, DeadlineTimeout) and limit.remaining() <= SHORTEST_STEP
            kind = (httpx.ReadTimeout if overdue else httpx.WriteTimeout) if connected.get() else httpx.ConnectTimeout
            return kind("")
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return httpx.ProxyError(str(error))
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(str(error))
        case aiohttp.InvalidURL():
            return httpx.UnsupportedProtocol(str(error))
        case aiohttp.ServerDisconnectedError():
            return httpx.RemoteProtocolError("the server disconnected without an answer")
        case aiohttp.ClientPayloadError():
            return httpx.RemoteProtocolError("the connection closed before the whole answer was here")
        case aiohttp.ClientResponseError():
            return httpx.RemoteProtocolError(f"the answer is not HTTP: {error.message.splitlines()[0]}")
        case _:
            return httpx.ReadError(str(error))
