"""Connections that apply the deadline to every step, and that record whether a request was written to them.

httpx limits each step and each wait for bytes separately, so a server that sends a few bytes at a time never reaches a
limit. Our timeouts contain the time when the operation must end (`DeadlineTimeout`), and these streams check it in
every step.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from .addresses import is_ip_address
from .attempt import DeadlineTimeout

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    import httpcore
    import httpx

    from .attempt import Attempt

    SocketOptions = Iterable[Any] | None

WRITTEN_AT_ONCE = 64 * 1024
LONGEST_HEAD = 1024 * 1024
"""Maximum bytes before the end of a response's head. Otherwise a server could send 1xx responses for ever."""


class Progress:
    """The progress of the current attempt on a connection."""

    __slots__ = (
        "aborted",
        "beginning",
        "connect_timeout",
        "has_proxy",
        "head_left",
        "ipv6_host",
        "is_reused",
        "request_line",
        "stream",
        "touched",
        "written",
    )

    def __init__(self, *, has_proxy: bool = False) -> None:
        self.has_proxy = has_proxy
        self.ipv6_host = b""
        """The IPv6 address to send to a proxy, or empty."""
        self.stream: Any = None
        """The current stream of the connection."""
        self.begin_with(b"", None)

    def begin(self, attempt: Attempt) -> None:
        """Start an attempt on the connection."""
        self.ipv6_host = ipv6_host_of(attempt.url) if self.has_proxy else b""
        self.begin_with(attempt.method.encode() + b" ", attempt.timeout["connect"])

    def begin_with(self, request_line: bytes, connect_timeout: float | None) -> None:
        self.request_line = request_line
        self.connect_timeout = connect_timeout
        self.head_left = LONGEST_HEAD
        self.aborted = False
        self.is_reused = self.stream is not None
        """Whether the connection was used for an earlier attempt."""
        self.beginning = b""
        """The first bytes of the response."""
        self.touched = False
        """Whether the network was used. It is not if a test replaces httpx's transports."""
        self.written = False
        """Whether a part of the request may have been sent. The setup of a proxy's tunnel does not count."""

    def before_write(self, data: bytes) -> bytes:
        """Record written bytes, and return the bytes to write instead."""
        self.touched = True
        if self.ipv6_host and not self.written:
            data = with_brackets(data, self.ipv6_host)
        if not self.written and data.startswith(self.request_line):
            self.written = True
            self.head_left = LONGEST_HEAD
            self.beginning = b""
        return data

    def after_read(self, data: bytes) -> bytes:
        self.head_left -= len(data)
        self.beginning = self.beginning or data[:3]
        if self.head_left < 0:
            from .response_bodies import ResponseProblem

            raise ResponseProblem(f"the headers of the response are longer than {LONGEST_HEAD} bytes")
        return data

    def is_used_again(self) -> bool:
        """Return whether the response arrived on a connection with an earlier request."""
        return self.touched and self.is_reused

    def before_reuse(self) -> bool:
        """Return whether to check an idle connection for unexpected bytes: before its reuse only."""
        self.touched = True
        return not self.written

    def end_of_head(self) -> None:
        """Record that the head of the response is complete, because the body has its own limit."""
        self.written = True
        self.head_left = 1 << 62

    def abort(self) -> None:
        """Make the next step fail.

        That closes the generators of httpcore one by one, from the inside. Trio warns about those that stay open.
        """
        self.aborted = True

    def before_read(self) -> None:
        if self.aborted:
            import httpcore

            raise httpcore.ReadError("aborted")

    def timeout(self, timeout: float | None) -> float | None:
        """Return the limit of a step, in seconds. httpcore sets no limit for the handshake with a SOCKS proxy."""
        return self.connect_timeout if timeout is None and not self.written else timeout


def ipv6_host_of(url: str) -> bytes:
    """Return the host of an address if it is an IPv6 address, without brackets; otherwise an empty value."""
    host = url.partition("://[")[2].partition("]")[0]
    return host.encode()


def with_brackets(head: bytes, host: bytes) -> bytes:
    """Return the head of a request to a proxy with brackets around an IPv6 address, which httpcore omits."""
    for before, after in ((b"CONNECT ", b":"), (b"\r\nHost: ", b":"), (b"://", b"")):
        head = head.replace(b"%b%b%b" % (before, host, after), b"%b[%b]%b" % (before, host, after), 1)
    return head


def install_deadline_backend(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport, progress: Progress) -> None:
    """Make a transport open connections that apply the deadlines of its requests and record their progress."""
    import httpx

    # The pools of httpcore take a backend as an argument, but httpx, which creates the pools, has no argument for it.
    pool: Any = transport._pool
    kind = Backend if isinstance(transport, httpx.HTTPTransport) else AsyncBackend
    pool._network_backend = kind(pool._network_backend, progress)


def seconds_for(timeout: float | None, step: str) -> float | None:
    """Return the limit of a step that begins now, in seconds.

    Raises:
        httpcore.TimeoutException: The time is over. The subclass is that of the step.
    """
    if not isinstance(timeout, DeadlineTimeout):
        return timeout
    if time.monotonic() >= timeout.give_up_at:
        import httpcore

        raise getattr(httpcore, f"{step}Timeout")
    return timeout.remaining()


class Backend:
    """Opens connections."""

    def __init__(self, backend: httpcore.NetworkBackend, progress: Progress) -> None:
        self.backend = backend
        self.progress = progress

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> Stream:
        self.progress.touched = True
        *others, last = addresses_of(host, port, seconds_for(timeout, "Connect"))
        for address in others:
            try:
                return self.connect(address, port, timeout, local_address, socket_options)
            except connect_errors():
                pass
        return self.connect(last, port, timeout, local_address, socket_options)

    def connect(
        self, address: str, port: int, timeout: float | None, local_address: str | None, socket_options: SocketOptions
    ) -> Stream:
        limit = seconds_for(timeout, "Connect")
        return Stream(self.backend.connect_tcp(address, port, limit, local_address, socket_options), self.progress)


class Stream:
    """A connection."""

    def __init__(self, stream: httpcore.NetworkStream, progress: Progress) -> None:
        self.stream = stream
        self.progress = progress
        self.tls = stream.get_extra_info("ssl_object")
        progress.stream = self
        progress.is_reused = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        progress = self.progress
        return progress.after_read(self.stream.read(max_bytes, seconds_for(progress.timeout(timeout), "Read")))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        progress = self.progress
        timeout = progress.timeout(timeout)
        buffer = progress.before_write(buffer)
        # httpcore limits each write of a part. This limits the rest of the whole request.
        for start in range(0, len(buffer), WRITTEN_AT_ONCE):
            self.stream.write(buffer[start : start + WRITTEN_AT_ONCE], seconds_for(timeout, "Write"))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        limit = seconds_for(timeout, "Connect")
        return Stream(self.stream.start_tls(ssl_context, server_hostname, limit), self.progress)

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self.progress.before_reuse() and self.stream.get_extra_info(info)
        return self.stream.get_extra_info(info)


class AsyncBackend:
    """Opens connections for an event loop."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, progress: Progress) -> None:
        self.backend = backend
        self.progress = progress

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> AsyncStream:
        self.progress.touched = True
        limit = seconds_for(timeout, "Connect")
        return AsyncStream(
            await self.backend.connect_tcp(host, port, limit, local_address, socket_options), self.progress
        )


class AsyncStream:
    """A connection of an event loop."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, progress: Progress) -> None:
        self.stream = stream
        self.progress = progress
        self.tls = stream.get_extra_info("ssl_object")
        progress.stream = self
        progress.is_reused = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        progress = self.progress
        progress.before_read()
        return progress.after_read(await self.stream.read(max_bytes, seconds_for(progress.timeout(timeout), "Read")))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        progress = self.progress
        timeout = progress.timeout(timeout)
        buffer = progress.before_write(buffer)
        await self.stream.write(buffer, seconds_for(timeout, "Write"))

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        limit = seconds_for(timeout, "Connect")
        return AsyncStream(await self.stream.start_tls(ssl_context, server_hostname, limit), self.progress)

    async def aclose(self) -> None:
        await self.stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self.progress.before_reuse() and self.stream.get_extra_info(info)
        return self.stream.get_extra_info(info)


def connect_errors() -> tuple[type[Exception], ...]:
    import httpcore

    return (httpcore.ConnectError, httpcore.ConnectTimeout)


def addresses_of(host: str, port: int, limit: float | None) -> list[str]:
    """Resolve a name within a time limit, which the system's resolver does not have.

    Raises:
        httpcore.ConnectError: The name cannot be resolved.
        httpcore.ConnectTimeout: The time is over. The resolver continues in its own thread, and its result is ignored.
    """
    import threading

    import httpcore

    if is_ip_address(host):
        return [host]
    outcome: list[Any] = []

    def resolve() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            outcome.append(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except Exception as error:
            outcome.append(error)

    try:
        thread = threading.Thread(target=resolve, name=f"resolve {host}", daemon=True)
        thread.start()
    except RuntimeError:
        resolve()  # The interpreter is exiting and starts no more threads.
    else:
        thread.join(limit)
    if not outcome:
        raise httpcore.ConnectTimeout
    if isinstance(outcome[0], Exception):
        failed = httpcore.ConnectError(str(outcome[0]))
        failed.__context__ = outcome[0]  # httpcore removes a cause
        raise failed
    addresses: list[str] = outcome[0]
    return addresses or [host]
