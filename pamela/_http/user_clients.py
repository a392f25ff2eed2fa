"""Observes a request over a caller's HTTP client or transport, to know whether it may have been sent."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .connections import has_more
from .deadlines import seconds_for
from .failures import causes_of, failure_of
from .proxies import proxy_of_transport

if TYPE_CHECKING:
    from .attempt import Attempt, Failure, Response
    from .proxies import Proxy


class Observer:
    """Follows the progress of a request through the events of httpcore.

    Other transports have no such events. Then a request counts as sent as soon as the transport has it. The type of an
    exception proves nothing: some raise `httpx.ConnectError` for a connection that breaks later.
    """

    def __init__(self, carrier: Any, attempt: Attempt) -> None:
        """Observe a request over a caller's client or transport."""
        self.transport = transport_of(carrier, attempt.url)
        self.connect_timeout = attempt.timeout["connect"]
        self.tells_all = is_httpx_transport(self.transport)
        self.connecting = False
        self.written = False
        self.is_reused = False
        """Whether the request was sent on a reused connection."""
        self.stream: Any = None
        """The connection that was opened for the request."""

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Handle an event of httpcore."""
        if event.endswith(".send_request_headers.started"):
            # The CONNECT request to a proxy is not a request of this package.
            if info["request"].method != b"CONNECT":
                # A scheme of authentication may send two requests, and over HTTP/2 responses have numbers.
                self.is_reused = event.startswith("http11.") and (self.written or not self.connecting)
                self.written = True
        elif event.endswith(".started"):
            self.connecting = True
        elif event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.keep_to_deadlines(info.get("return_value"))

    async def trace_async(self, event: str, info: dict[str, Any]) -> None:
        """Handle an event of httpcore on an event loop, where a deadline can cancel any step."""
        if not event.endswith(".complete"):
            self.trace(event, info)
        elif event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.stream = info.get("return_value")

    def keep_to_deadlines(self, stream: Any) -> None:
        """Make a blocking connection apply the deadlines of our requests. Other requests do not change."""
        self.stream = stream
        with suppress(AttributeError, TypeError):
            read, write = stream.read, stream.write

            def read_within_deadline(max_bytes: int, timeout: float | None = None) -> bytes:
                received: bytes = read(max_bytes, seconds_for(self.limit(timeout), "Read"))
                return received

            def write_within_deadline(buffer: bytes, timeout: float | None = None) -> None:
                write(buffer, seconds_for(self.limit(timeout), "Write"))

            stream.read, stream.write = read_within_deadline, write_within_deadline

    def limit(self, timeout: float | None) -> float | None:
        """Return the limit of a step. httpcore sets no limit for the handshake with a SOCKS proxy."""
        return self.connect_timeout if timeout is None and not self.written else timeout

    def failure_of(self, error: Exception, attempt: Attempt, *, handed_over: bool) -> Failure:
        """Return the failure for an exception. `handed_over` is whether the client or transport had the request."""
        return failure_of(error, attempt, sent=handed_over and self.may_have_sent(error), proxy=self.proxy)

    def close_unused(self) -> None:
        """Close a connection that was opened for the request but not used.

        httpcore does not do it after a failed handshake with a SOCKS proxy.
        """
        if self.stream is not None and not self.written:
            self.stream.close()

    async def close_unused_async(self) -> None:
        """Close an unused connection on an event loop, also if the task is cancelled."""
        if self.stream is not None and not self.written:
            import anyio

            with anyio.CancelScope(shield=True), suppress(Exception):
                await self.stream.aclose()

    @property
    def proxy(self) -> Proxy | None:
        """The proxy of the transport. Its password must be hidden."""
        return proxy_of_transport(self.transport)

    def may_have_sent(self, error: Exception) -> bool:
        """Return whether a part of the request may have been sent before an exception."""
        if self.written or not self.tells_all:
            return True
        return not (self.connecting or waited_for_a_connection(error))


def transport_of(carrier: Any, url: str) -> Any:
    """Return the transport for requests to an address, None if it is unknown."""
    import httpx

    if not isinstance(carrier, httpx.Client | httpx.AsyncClient):
        return carrier
    choose = getattr(carrier, "_transport_for_url", None)  # httpx has no public way to ask
    return None if choose is None else choose(httpx.URL(url))


def is_httpx_transport(transport: Any) -> bool:
    """Return whether a transport is one of httpx. Others may send a request unobserved."""
    import httpx

    return isinstance(transport, httpx.HTTPTransport | httpx.AsyncHTTPTransport)


def connection_of(response: Any) -> Any:
    """Return httpcore's connection of a response, None for HTTP/2 and other libraries.

    httpcore has no public API for this.
    """
    stream = getattr(response, "stream", None)
    while stream is not None:
        connection: Any = getattr(stream, "_connection", None)
        if hasattr(connection, "_h11_state"):
            return connection
        stream = getattr(stream, "_stream", None) or getattr(stream, "_httpcore_stream", None)
    return None


def has_more_behind(connection: Any) -> bool:
    """Return whether bytes follow the response on a connection. The next request would read them as its response."""
    if connection._h11_state.trailing_data[0]:
        return True
    stream = getattr(connection, "_network_stream", None)
    return stream is not None and has_more(stream.get_extra_info("ssl_object"), stream)


def end_if_more(response: Any) -> None:
    """Make httpcore close the connection of a response at its end, if bytes follow it.

    The connection still belongs to this request, so no other thread or task can get it meanwhile.
    """
    connection = connection_of(response)
    if connection is not None and has_more_behind(connection):
        connection._h11_state.send_failed()  # h11 then starts no new exchange, and httpcore closes the connection


def end_if_of_another(response: Any, taken: Response, attempt: Attempt, observer: Observer) -> None:
    """Check whether a response belongs to another request; if so, make httpcore close its connection."""
    if attempt.is_of_another is None or not observer.is_reused or connection_of(response) is None:
        return
    taken.is_of_another = attempt.is_of_another(taken)
    if taken.is_of_another and not response.is_closed:
        connection_of(response)._h11_state.send_failed()


def connection_to_close(response: Any, taken: Response | None) -> Any:
    """Return the connection of a response that was closed elsewhere, such as in a hook, if it must not be reused.

    Args:
        response: The response of httpx.
        taken: Our response made from it, or None.
    """
    connection = connection_of(response)
    if connection is None:
        return None
    is_of_another = taken is not None and taken.is_of_another
    return connection if is_of_another or connection._h11_state.trailing_data[0] else None


def refused_response(error: BaseException, request: Any) -> Any:
    """Return the response of an exception that httpx or a caller's hook raised, or None.

    httpx builds the next request of a redirect, even if it is not sent, and raises if its address is invalid. Hooks
    call `raise_for_status()`.
    """
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response if error.request is request else None
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_name == "_send_handling_redirects":
            response = traceback.tb_frame.f_locals.get("response")
            return response if isinstance(response, httpx.Response) and response.has_redirect_location else None
        traceback = traceback.tb_next
    return None


def waited_for_a_connection(error: Exception) -> bool:
    """Return whether httpcore's own pool had no free connection, so that the request was not sent."""
    import httpcore

    return any(isinstance(each, httpcore.PoolTimeout) for each in causes_of(error))
