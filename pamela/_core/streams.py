"""Responses that are read as they arrive: streams of events, and bytes for a file.

The request is sent when the stream is first read. Until the response begins, retries and the client's deadline apply as
usual. After that, only the client's `timeout` for reading limits each wait.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Protocol, Self, TypeVar

from ..errors import PamelaError
from .server_sent_events import EventParser, ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from .operation import AsyncExecutor, Executor, Request

T = TypeVar("T")
CLOSED = "The stream is closed. Call the method again for another one."


class OpenResponse(Protocol):
    """A response with an open body. `PamelaClient` returns it for a streamed request."""

    def read(self) -> bytes | None: ...

    async def read_async(self) -> bytes | None: ...

    def close(self) -> None: ...

    async def close_async(self) -> None: ...

    def unexpected(self, problem: str) -> PamelaError: ...


class _Stream:
    """A stream of the synchronous client."""

    def __init__(self, client: Executor, request: Request[Any]) -> None:
        self._client = client
        self._request = request.streamed()
        self._response: OpenResponse | None = None
        self._closed = False

    def _chunks(self) -> Iterator[bytes]:
        try:
            response = self._open()
            while (chunk := response.read()) is not None:
                yield chunk
        finally:
            self.close()

    def _open(self) -> OpenResponse:
        if self._closed:
            raise PamelaError(CLOSED)
        if self._response is None:
            self._response = self._client._execute(self._request)
        return self._response

    def close(self) -> None:
        """Close the stream and its connection. This happens automatically at the end, and in a `with` block."""
        self._closed = True
        if self._response is not None:
            self._response.close()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _AsyncStream:
    """A stream of the async client."""

    def __init__(self, client: AsyncExecutor, request: Request[Any]) -> None:
        self._client = client
        self._request = request.streamed()
        self._response: OpenResponse | None = None
        self._closed = False

    # Not an async generator: one that is abandoned before its end does not close anything.
    async def _next_chunk(self) -> bytes:
        response = await self._open()
        chunk = await response.read_async()
        if chunk is None:
            await self.close()
            raise StopAsyncIteration
        return chunk

    async def _open(self) -> OpenResponse:
        if self._closed:
            raise PamelaError(CLOSED)
        if self._response is None:
            response: OpenResponse = await self._client._execute(self._request)
            self._response = response
        return self._response

    async def close(self) -> None:
        """Close the stream and its connection. This happens automatically at the end, and in an `async with` block."""
        self._closed = True
        if self._response is not None:
            await self._response.close_async()

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class _Events(Generic[T]):
    """The events in the bytes of a stream."""

    def __init__(self, request: Request[T]) -> None:
        self._parser = EventParser()
        self._parse = request.operation.parser.parse_event
        self.last_event: ServerSentEvent | None = None
        """The last event, with its id and kind; None before the first."""

    def _events(self, chunk: bytes, response: OpenResponse | None) -> Iterator[T]:
        try:
            for event in self._parser.feed(chunk):
                self.last_event = event
                yield self._parse(event.data)
        except (ValueError, TypeError, RecursionError) as error:
            if response is None:
                raise
            problem = str(error) if isinstance(error, TypeError) else "an event that is not JSON or too large"
            raise response.unexpected(problem) from None


class EventStream(_Stream, _Events[T]):
    """The events of a response, one after the other as they arrive: `for event in stream`."""

    def __init__(self, client: Executor, request: Request[T]) -> None:
        _Stream.__init__(self, client, request)
        _Events.__init__(self, request)

    def __iter__(self) -> Iterator[T]:
        for chunk in self._chunks():
            yield from self._events(chunk, self._response)


class AsyncEventStream(_AsyncStream, _Events[T]):
    """The events of a response, one after the other as they arrive: `async for event in stream`."""

    def __init__(self, client: AsyncExecutor, request: Request[T]) -> None:
        _AsyncStream.__init__(self, client, request)
        _Events.__init__(self, request)

        self._waiting: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            try:
                for event in self._waiting:
                    return event
            except PamelaError:
                await self.close()
                raise
            self._waiting = self._events(await self._next_chunk(), self._response)


class ByteStream(_Stream):
    """The bytes of a response, as they arrive: `for chunk in stream`, or all of them into a file."""

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks()

    def write_to(self, target: str | os.PathLike[str] | BinaryIO) -> int:
        """Write all bytes to a file. A file that is named is there only when it is whole.

        Args:
            target: The path of the file, which takes the place of one that is there, or a file open in binary mode.

        Returns:
            How many bytes were written.

        Raises:
            PamelaError: The response failed, or ended too early.
            OSError: The file cannot be written; if it cannot be opened, no request is sent.
        """
        with opened(target) as file, self:
            return sum(write(file, chunk) for chunk in self)


class AsyncByteStream(_AsyncStream):
    """The bytes of a response, as they arrive: `async for chunk in stream`, or all of them into a file."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await self._next_chunk()

    async def write_to(self, target: str | os.PathLike[str] | BinaryIO) -> int:
        """Write all bytes to a file. A file that is named is there only when it is whole.

        Args:
            target: The path of the file, which takes the place of one that is there, or a file open in binary mode.

        Returns:
            How many bytes were written.

        Raises:
            PamelaError: The response failed, or ended too early.
            OSError: The file cannot be written; if it cannot be opened, no request is sent.
        """
        from anyio.to_thread import run_sync

        size = 0
        with opened(target) as file:
            async with self:
                async for chunk in self:
                    size += await run_sync(write, file, chunk)
        return size


@contextmanager
def opened(target: str | os.PathLike[str] | BinaryIO) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when it is complete. An open file is returned unchanged."""
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    part = f"{os.fspath(target)}.part"
    try:
        with open(part, "wb") as file:  # noqa: PTH123 - a path of any kind
            yield file
        os.replace(part, target)  # noqa: PTH105
    except BaseException:
        if os.path.exists(part):  # noqa: PTH110
            os.unlink(part)  # noqa: PTH108
        raise


def write(file: BinaryIO, chunk: bytes) -> int:
    file.write(chunk)
    return len(chunk)
