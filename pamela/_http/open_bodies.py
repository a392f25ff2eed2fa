"""The body of a response that is read as it arrives. Its connection is reserved until the body is closed."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

from .attempt import DeadlineTimeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from .attempt import Attempt, Failure
    from .connections import AsyncPool, Connection, SyncPool


def lift_deadline(attempt: Attempt) -> None:
    """Remove the deadline of an attempt. Each wait for bytes keeps its own limit."""
    seconds = attempt.timeout["read"]
    if isinstance(seconds, DeadlineTimeout):
        seconds.give_up_at = math.inf


class OpenBody:
    """The body of a response of the synchronous client.

    Args:
        chunks: The bytes as they arrive.
        release: Returns the connection. It is called once; its argument is whether the body was read to its end.
        failure_of: Returns the failure for an exception during the body.
    """

    def __init__(
        self, chunks: Iterator[bytes], release: Callable[[bool], None], failure_of: Callable[[Exception], Failure]
    ) -> None:
        self._chunks = chunks
        self._release = release
        self._failure_of = failure_of
        self._closed = False

    def read(self) -> bytes | Failure | None:
        """Return the next bytes, None at the end, or a failure. The last two close the body."""
        if self._closed:
            return None
        try:
            chunk = next(self._chunks, None)
        except Exception as error:
            failure = self._failure_of(error)
            self.close()
            return failure
        if chunk is None:
            self.close(at_end=True)
        return chunk

    def close(self, *, at_end: bool = False) -> None:
        if not self._closed:
            self._closed = True
            self._release(at_end)


class AsyncOpenBody:
    """The body of a response of the async client. Its arguments are those of `OpenBody`."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        release: Callable[[bool], Awaitable[None]],
        failure_of: Callable[[Exception], Failure],
    ) -> None:
        self._chunks = chunks
        self._release = release
        self._failure_of = failure_of
        self._closed = False

    async def read(self) -> bytes | Failure | None:
        """Return the next bytes, None at the end, or a failure. The last two close the body."""
        if self._closed:
            return None
        try:
            chunk = await anext(self._chunks, None)
        except Exception as error:
            failure = self._failure_of(error)
            await self.close()
            return failure
        if chunk is None:
            await self.close(at_end=True)
        return chunk

    async def close(self, *, at_end: bool = False) -> None:
        if not self._closed:
            import anyio

            self._closed = True
            with anyio.CancelScope(shield=True):
                await self._release(at_end)


def body_over_pool(
    received: httpx.Response,
    connection: Connection[httpx.HTTPTransport],
    pool: SyncPool,
    failure_of: Callable[[Exception], Failure],
) -> OpenBody:
    """Return the body of a response on a connection of the pool, which gets it back when the body is closed."""
    stream: Any = received.stream

    def release(at_end: bool) -> None:
        reusable = False
        try:
            with suppress(httpx.HTTPError):
                received.close()
                reusable = at_end and connection.is_reusable()
        finally:
            pool.release(connection, reusable=reusable)

    return OpenBody(iter(stream), release, failure_of)


def body_over_async_pool(
    received: httpx.Response,
    connection: Connection[httpx.AsyncHTTPTransport],
    pool: AsyncPool,
    failure_of: Callable[[Exception], Failure],
) -> AsyncOpenBody:
    """Return the body of a response on a connection of the pool, which gets it back when the body is closed."""
    stream: Any = received.stream
    chunks: AsyncIterator[bytes] = aiter(stream)

    async def release(at_end: bool) -> None:
        reusable = False
        try:
            with suppress(httpx.HTTPError):
                if not at_end:
                    connection.progress.abort()
                    async for _ in chunks:
                        pass
                reusable = at_end
            with suppress(httpx.HTTPError):
                await received.aclose()
                reusable = reusable and connection.is_reusable()
        finally:
            await pool.release(connection, reusable=reusable)

    return AsyncOpenBody(chunks, release, failure_of)


def body_of_users(received: httpx.Response, failure_of: Callable[[Exception], Failure]) -> OpenBody:
    """Return the body of a response of a client or transport of the caller's; a hook may have read it already."""
    from .user_clients import end_if_more

    stream: Any = [received.content] if received.is_stream_consumed else received.stream

    def release(at_end: bool) -> None:
        with suppress(httpx.HTTPError):
            if at_end:
                end_if_more(received)
            received.close()

    return OpenBody(iter(stream), release, failure_of)


def async_body_of_users(received: httpx.Response, failure_of: Callable[[Exception], Failure]) -> AsyncOpenBody:
    """Return the body of a response of a client or transport of the caller's; a hook may have read it already."""
    from .user_clients import connection_of, end_if_more

    stream: Any = received.stream
    chunks: Any = read_already(received.content) if received.is_stream_consumed else aiter(stream)
    ends_when_closed = connection_of(received) is not None

    async def release(at_end: bool) -> None:
        with suppress(httpx.HTTPError):
            if at_end:
                end_if_more(received)
            await received.aclose()
            if ends_when_closed and not at_end:
                # Close the generators of httpcore one by one, from the inside: Trio warns about those that stay open.
                async for _ in chunks:
                    pass

    return AsyncOpenBody(chunks, release, failure_of)


async def read_already(content: bytes) -> AsyncIterator[bytes]:
    yield content
