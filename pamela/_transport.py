"""One attempt over httpx, sync and async: send, read no more than an answer can be, and say what came of it."""

from __future__ import annotations

import asyncio
import os
import platform
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import httpx

from ._attempt import Attempt, Failure, Reply
from ._version import __version__
from .errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes after which an answer is taken to be endless. A page of 100 calls has well below a megabyte."""

USER_AGENT = f"thisispamela/{__version__} httpx/{httpx.__version__} python/{platform.python_version()}"
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=256, keepalive_expiry=15.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)


def failure_of(error: Exception) -> Failure:
    """Say what an exception of the HTTP library means."""
    timed_out = isinstance(error, httpx.TimeoutException)
    sent = not isinstance(error, (*NEVER_SENT, httpx.InvalidURL, httpx.LocalProtocolError))
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection was not made in time",
        httpx.PoolTimeout: "no connection of the pool was free in time",
        httpx.ReadTimeout: "the answer did not come in time",
        httpx.WriteTimeout: "the request could not be sent in time",
    }
    problem = words.get(type(error)) or str(error).strip().rstrip(".") or type(error).__name__
    return Failure(error, problem, timed_out=timed_out, sent=sent)


class Reading:
    """An answer on its way: its bytes so far, and the limits of their number and time."""

    def __init__(self, attempt: Attempt) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.give_up_at = attempt.give_up_at

    def add(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            httpx.ReadTimeout: The time for the whole answer is over.
            httpx.DecodingError: There are more bytes than an answer can have.
        """
        self.chunks.append(chunk)
        self.size += len(chunk)
        if self.size > LARGEST_ANSWER:
            raise httpx.DecodingError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        if self.give_up_at is not None and time.monotonic() > self.give_up_at:
            raise httpx.ReadTimeout("")

    def reply(self, response: httpx.Response) -> Reply:
        return Reply(response.status_code, response.headers, b"".join(self.chunks))


class SyncTransport:
    """Attempts over an `httpx.Client`: the caller's, or one of our own that is made when first needed."""

    def __init__(self, client: httpx.Client | None, transport: httpx.BaseTransport | None, base_url: str) -> None:
        if client is not None and not isinstance(client, httpx.Client):
            raise ValidationError(f"http_client must be an httpx.Client, not {type(client).__name__}.")
        self.given = client
        self.transport = transport
        self.base_url = base_url
        self.lock = threading.Lock()
        self.own: httpx.Client | None = None
        self.process = 0
        self.closed = False

    def client(self) -> httpx.Client:
        """Give the client to send with; after a fork a new one, for connections cannot be shared by processes."""
        if self.given is not None:
            return self.given
        if self.own is None or self.process != os.getpid():
            with self.lock:
                if self.own is None or self.process != os.getpid():
                    self.own = httpx.Client(transport=self.transport, **settings(self.base_url))
                    self.process = os.getpid()
                    weakref.finalize(self, self.own.close)
        return self.own

    def send(self, attempt: Attempt) -> Reply | Failure:
        try:
            client = self.client()
            response = client.send(build(client, self.given is not None, attempt), stream=True)
            try:
                reading = Reading(attempt)
                for chunk in response.iter_bytes():
                    reading.add(chunk)
            finally:
                response.close()
            return reading.reply(response)
        except ERRORS as error:
            return failure_of(error)

    def close(self) -> None:
        self.closed = True
        if self.own is not None and self.process == os.getpid():
            self.own.close()


class AsyncTransport:
    """Attempts over an `httpx.AsyncClient`: the caller's, or one of our own for each event loop."""

    def __init__(
        self, client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None, base_url: str
    ) -> None:
        if client is not None and not isinstance(client, httpx.AsyncClient):
            raise ValidationError(f"http_client must be an httpx.AsyncClient, not {type(client).__name__}.")
        self.given = client
        self.transport = transport
        self.base_url = base_url
        self.own: httpx.AsyncClient | None = None
        self.home: object = None
        self.closed = False

    def client(self) -> httpx.AsyncClient:
        """Give the client to send with; on another event loop a new one, for connections belong to their loop."""
        if self.given is not None:
            return self.given
        home = (os.getpid(), running_loop())
        if self.own is None or self.home != home:
            self.own = httpx.AsyncClient(transport=self.transport, **settings(self.base_url))
            self.home = home
        return self.own

    async def send(self, attempt: Attempt) -> Reply | Failure:
        try:
            client = self.client()
            response = await client.send(build(client, self.given is not None, attempt), stream=True)
            try:
                reading = Reading(attempt)
                async for chunk in response.aiter_bytes():
                    reading.add(chunk)
            finally:
                await response.aclose()
            return reading.reply(response)
        except ERRORS as error:
            return failure_of(error)

    async def close(self) -> None:
        self.closed = True
        if self.own is not None and self.home == (os.getpid(), running_loop()):
            await self.own.aclose()


def running_loop() -> object:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def settings(base_url: str) -> dict[str, Any]:
    # Without TLS there is nothing to verify, and loading the certificates takes longer than an answer.
    return {"limits": LIMITS, "follow_redirects": False, "verify": base_url.startswith("https:")}


def build(client: httpx.Client | httpx.AsyncClient, given: bool, attempt: Attempt) -> httpx.Request:
    """Make the request. A client of the caller's adds its own headers, cookies and parameters to it."""
    make: Callable[..., httpx.Request] = client.build_request if given else httpx.Request
    return make(
        attempt.method,
        attempt.url,
        headers={"User-Agent": USER_AGENT, **attempt.headers},
        content=attempt.content,
        extensions={"timeout": attempt.timeout},
    )
