"""Connections of httpx on which no step goes on past the deadline, however many steps an attempt has.

httpx limits each step by itself: every wait for bytes begins anew. Our limits know the moment when all must be over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from .attempt import DeadlineTimeout

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    import httpcore

    SocketOptions = Iterable[Any] | None


WRITTEN_AT_ONCE = 64 * 1024


def install_deadline_backend(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport) -> None:
    """Have a transport make connections that keep to the limits of its requests."""
    # The pools of httpcore take such a backend as an argument, but httpx, which makes the pools, does not pass one on.
    # A version that keeps its backend elsewhere goes without; then each step has the limit that it had at the beginning.
    pool: Any = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if backend is not None:
        kind = Backend if isinstance(transport, httpx.HTTPTransport) else AsyncBackend
        pool._network_backend = kind(backend)


def step_timeout(timeout: float | None) -> float | None:
    """Return the seconds that a step may take when it begins now."""
    return timeout.remaining() if isinstance(timeout, DeadlineTimeout) else timeout


class Backend:
    """Makes connections."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self.backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> Stream:
        return Stream(self.backend.connect_tcp(host, port, step_timeout(timeout), local_address, socket_options))


class Stream:
    """A connection."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self.stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, step_timeout(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # httpcore itself has the limit for each part that the system takes; here it is for what is left of the whole.
        for start in range(0, len(buffer), WRITTEN_AT_ONCE):
            self.stream.write(buffer[start : start + WRITTEN_AT_ONCE], step_timeout(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        return Stream(self.stream.start_tls(ssl_context, server_hostname, step_timeout(timeout)))

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class AsyncBackend:
    """Makes connections for an event loop."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self.backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> AsyncStream:
        return AsyncStream(
            await self.backend.connect_tcp(host, port, step_timeout(timeout), local_address, socket_options)
        )


class AsyncStream:
    """A connection of an event loop."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self.stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self.stream.read(max_bytes, step_timeout(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self.stream.write(buffer, step_timeout(timeout))

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        return AsyncStream(await self.stream.start_tls(ssl_context, server_hostname, step_timeout(timeout)))

    async def aclose(self) -> None:
        await self.stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)
