"""The pool of our own connections. Each is a transport of httpx, and the last used one is taken first.

For every request, the pools of httpcore look through all their connections and poll the idle ones. Here, a connection
belongs to one request at a time, so no request looks at the connections of others.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx

from .attempt import DeadlineTimeout
from .deadlines import Progress, install_deadline_backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from .proxies import Proxy

MAX_CONNECTIONS = 100
"""Maximum number of connections and concurrent requests of a process or event loop. Further requests wait."""
KEEPALIVE_SECONDS = 15.0
"""The time for which an idle connection is kept."""
LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS)

TransportT = TypeVar("TransportT", httpx.HTTPTransport, httpx.AsyncHTTPTransport)


class Connection(Generic[TransportT]):
    """One connection. It is opened at its first use, and opened again after it was closed."""

    __slots__ = ("idle_since", "progress", "transport")

    def __init__(self, make: Callable[..., TransportT], context: ssl.SSLContext | None, proxy: Proxy | None) -> None:
        self.progress = Progress(has_proxy=proxy is not None and not proxy.is_socks)
        self.idle_since = 0.0
        # With verify=None httpx makes no TLS settings. Making them takes as long as a response, and without TLS nothing
        # reads them.
        self.transport: TransportT = make(
            verify=context, limits=LIMITS, proxy=None if proxy is None else proxy.for_httpx(context), trust_env=False
        )
        install_deadline_backend(self.transport, self.progress)

    def close(self) -> None:
        """Close the connection, because httpcore does not do it after a failed handshake with a SOCKS proxy."""
        transport: Any = self.transport
        transport.close()
        if self.progress.stream is not None:
            self.progress.stream.close()

    async def aclose(self) -> None:
        """Close the connection of an event loop."""
        transport: Any = self.transport
        await transport.aclose()
        if self.progress.stream is not None:
            await self.progress.stream.aclose()

    def is_reusable(self) -> bool:
        """Return whether no bytes follow the last response, which the next request would read as its own response.

        httpcore has no public API for this. If a later version stores its state elsewhere, this returns False.
        """
        pool: Any = self.transport._pool
        connections = getattr(pool, "_connections", None)
        if connections is None or len(connections) > 1:
            return False
        if not connections:
            return True  # no open connection; the next request opens one
        inner = connections[0]
        while inner is not None and not hasattr(inner, "_h11_state"):
            inner = getattr(inner, "_connection", None)
        nothing_behind: bool = inner is not None and inner._h11_state.trailing_data == (b"", False)
        stream = self.progress.stream
        return nothing_behind and stream is not None and not has_more(stream.tls, stream.stream)


def has_more(tls: Any, stream: Any) -> bool:
    """Return whether unread bytes are between the socket, which is checked before its reuse, and the parser.

    Args:
        tls: The TLS object of the connection, None without TLS.
        stream: httpcore's stream.
    """
    if tls is None:
        return has_queue(stream)
    if not isinstance(tls, ssl.SSLObject):
        return bool(tls.pending())
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return has_queue(stream)
    except ssl.SSLError:
        pass
    return True


def has_queue(stream: Any) -> bool:
    """Return whether anyio has bytes from asyncio that were not read yet."""
    inner = getattr(stream, "_stream", None)
    inner = getattr(inner, "transport_stream", inner)
    return bool(getattr(getattr(inner, "_protocol", None), "read_queue", None))


class Waiter:
    """A request that waits for a connection."""

    __slots__ = ("connection", "turn")

    def __init__(self, turn: Any) -> None:
        self.turn = turn
        self.connection: Any = None


class SyncPool:
    """Connections for all threads of one process."""

    def __init__(self, context: ssl.SSLContext | None, proxy: Proxy | None) -> None:
        self.context = context
        self.proxy = proxy
        self.closed = False
        # Reentrant: a signal handler that uses the client may run while this thread holds the lock.
        self._lock = threading.RLock()
        self._idle: deque[Connection[httpx.HTTPTransport]] = deque()
        self._waiters: deque[Waiter] = deque()
        self._in_use: set[Connection[httpx.HTTPTransport]] = set()

    def acquire(self, timeout: float | None) -> Connection[httpx.HTTPTransport]:
        """Return a connection that nobody else uses until its release.

        Raises:
            httpx.PoolTimeout: None was free in time.
        """
        with self._lock:
            if len(self._in_use) < MAX_CONNECTIONS:
                try:
                    connection = self._idle.pop()
                except IndexError:
                    connection = self._make()
                self._in_use.add(connection)
                return connection
            waiter = Waiter(threading.Lock())
            waiter.turn.acquire()
            self._waiters.append(waiter)
        try:
            if waiter.turn.acquire(timeout=-1 if timeout is None else seconds_now(timeout)):
                handed_over: Connection[httpx.HTTPTransport] = waiter.connection
                return handed_over
            raise httpx.PoolTimeout("")
        except BaseException:
            with self._lock:
                if waiter.connection is None:
                    self._waiters.remove(waiter)
            if waiter.connection is not None:
                self.release(waiter.connection)
            raise

    def _make(self) -> Connection[httpx.HTTPTransport]:
        return Connection(httpx.HTTPTransport, self.context, self.proxy)

    def release(self, connection: Connection[httpx.HTTPTransport], *, reusable: bool = True) -> None:
        """Take a connection back. One that is not reusable is closed."""
        ended = [] if reusable else [connection]
        with self._lock:
            self._in_use.discard(connection)
            now = time.monotonic()
            if self._waiters:
                waiter = self._waiters.popleft()
                waiter.connection = connection if reusable else self._make()
                self._in_use.add(waiter.connection)
                waiter.turn.release()
            elif reusable and not self.closed:
                connection.idle_since = now
                self._idle.append(connection)
            elif reusable:
                ended.append(connection)
            with contextlib.suppress(IndexError):
                while now - self._idle[0].idle_since > KEEPALIVE_SECONDS:
                    ended.append(self._idle.popleft())
        for each in ended:
            each.close()

    def close(self) -> None:
        """Close the idle connections now and each of the others once its response is here."""
        with self._lock:
            self.closed = True
            idle = [self._idle.pop() for _ in range(len(self._idle))]
        for connection in idle:
            connection.close()

    def abandon(self) -> None:
        """Drop the connections of the parent process, without touching its locks, which nobody here would release."""
        for connection in [*self._idle, *self._in_use]:
            stream: Any = connection.progress.stream
            if stream is not None:
                stream.close()


class AsyncPool:
    """Connections for all tasks of one event loop."""

    def __init__(self, context: ssl.SSLContext | None, proxy: Proxy | None) -> None:
        self.context = context
        self.proxy = proxy
        self.closed = False
        self._idle: deque[Connection[httpx.AsyncHTTPTransport]] = deque()
        self._waiters: deque[Waiter] = deque()
        self._in_use = 0

    async def acquire(self, timeout: float | None) -> Connection[httpx.AsyncHTTPTransport]:
        """Return a connection that nobody else uses until its release.

        Raises:
            httpx.PoolTimeout: None was free in time.
        """
        if self._in_use < MAX_CONNECTIONS:
            self._in_use += 1
            return self._idle.pop() if self._idle else self._make()
        import anyio

        waiter = Waiter(anyio.Event())
        self._waiters.append(waiter)
        try:
            with anyio.fail_after(None if timeout is None else seconds_now(timeout)):
                await waiter.turn.wait()
        except BaseException as error:
            if waiter.connection is None:
                self._waiters.remove(waiter)
            else:
                await self.release(waiter.connection)
            if isinstance(error, TimeoutError):
                raise httpx.PoolTimeout("") from None
            raise
        connection: Connection[httpx.AsyncHTTPTransport] = waiter.connection
        return connection

    def _make(self) -> Connection[httpx.AsyncHTTPTransport]:
        return Connection(httpx.AsyncHTTPTransport, self.context, self.proxy)

    async def release(self, connection: Connection[httpx.AsyncHTTPTransport], *, reusable: bool = True) -> None:
        """Take a connection back. One that is not reusable is closed."""
        ended = [] if reusable else [connection]
        now = time.monotonic()
        if self._waiters:
            waiter = self._waiters.popleft()
            waiter.connection = connection if reusable else self._make()
            waiter.turn.set()
        else:
            self._in_use -= 1
            if reusable and not self.closed:
                connection.idle_since = now
                self._idle.append(connection)
            elif reusable:
                ended.append(connection)
        while self._idle and now - self._idle[0].idle_since > KEEPALIVE_SECONDS:
            ended.append(self._idle.popleft())
        if ended:
            await close_all(ended)

    async def close(self) -> None:
        """Close the idle connections now and each of the others once its response is here."""
        self.closed = True
        idle = list(self._idle)
        self._idle.clear()
        await close_all(idle)


async def close_all(connections: list[Connection[httpx.AsyncHTTPTransport]]) -> None:
    import anyio

    with anyio.CancelScope(shield=True):
        for connection in connections:
            await connection.aclose()


def seconds_now(timeout: float) -> float:
    return timeout.remaining() if isinstance(timeout, DeadlineTimeout) else timeout
