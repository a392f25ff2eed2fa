"""What is known of a request that goes over an HTTP client or transport of the caller's: whether it may have left."""

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
    """Hears from httpcore, where that is what carries the request, how far the request has come.

    Other transports tell nothing. Then a request may have left as soon as the transport has it, whatever it raises: an
    exception's type is no evidence, and some raise `httpx.ConnectError` for a connection that breaks afterwards.
    """

    def __init__(self, carrier: Any, attempt: Attempt) -> None:
        """Observe a request that a client or transport of the caller's carries."""
        self.transport = transport_of(carrier, attempt.url)
        self.connect_timeout = attempt.timeout["connect"]
        self.tells_all = is_httpx_transport(self.transport)
        self.connecting = False
        self.written = False
        self.is_reused = False
        """Whether the request went out on a connection that has carried one before."""
        self.stream: Any = None
        """The connection that was made for the request."""

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take an event of httpcore's."""
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
        """Take an event of httpcore's on an event loop, where a deadline can end whatever goes on."""
        if not event.endswith(".complete"):
            self.trace(event, info)
        elif event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.stream = info.get("return_value")

    def keep_to_deadlines(self, stream: Any) -> None:
        """Have a blocking connection end the steps of our requests by their deadlines; others do not notice."""
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
        """Return the limit of a step; httpcore sets none for talking to a SOCKS proxy."""
        return self.connect_timeout if timeout is None and not self.written else timeout

    def failure_of(self, error: Exception, attempt: Attempt, *, handed_over: bool) -> Failure:
        """Return what an exception means; `handed_over` says whether the client or transport had the request."""
        return failure_of(error, attempt, sent=handed_over and self.may_have_sent(error), proxy=self.proxy)

    def close_unused(self) -> None:
        """Close a connection that was made for the request and did not get it.

        httpcore leaves one open whose talk with a SOCKS proxy failed.
        """
        if self.stream is not None and not self.written:
            self.stream.close()

    async def close_unused_async(self) -> None:
        """Close such a connection on an event loop, also where the task is cancelled."""
        if self.stream is not None and not self.written:
            import anyio

            with anyio.CancelScope(shield=True), suppress(Exception):
                await self.stream.aclose()

    @property
    def proxy(self) -> Proxy | None:
        """The proxy of the transport, whose password must not be shown."""
        return proxy_of_transport(self.transport)

    def may_have_sent(self, error: Exception) -> bool:
        """Whether a part of the request may have left before an exception."""
        if self.written or not self.tells_all:
            return True
        return not (self.connecting or waited_for_a_connection(error))


def transport_of(carrier: Any, url: str) -> Any:
    """Return the transport that carries requests to an address, None where that is not known."""
    import httpx

    if not isinstance(carrier, httpx.Client | httpx.AsyncClient):
        return carrier
    choose = getattr(carrier, "_transport_for_url", None)  # httpx has no public way to ask
    return None if choose is None else choose(httpx.URL(url))


def is_httpx_transport(transport: Any) -> bool:
    """Whether a transport is one of httpx; another may send a request by a way that nobody hears of."""
    import httpx

    return isinstance(transport, httpx.HTTPTransport | httpx.AsyncHTTPTransport)


def connection_of(response: Any) -> Any:
    """Return httpcore's connection that a response came on, None for HTTP/2 and where another library carries it.

    httpcore has no public way to ask.
    """
    stream = getattr(response, "stream", None)
    while stream is not None:
        connection: Any = getattr(stream, "_connection", None)
        if hasattr(connection, "_h11_state"):
            return connection
        stream = getattr(stream, "_stream", None) or getattr(stream, "_httpcore_stream", None)
    return None


def has_more_behind(connection: Any) -> bool:
    """Whether bytes lie behind the response on a connection, which the next request would take for its own."""
    if connection._h11_state.trailing_data[0]:
        return True
    stream = getattr(connection, "_network_stream", None)
    return stream is not None and has_more(stream.get_extra_info("ssl_object"), stream)


def end_if_more(response: Any) -> None:
    """Have httpcore close the connection of a response, once that is closed, if bytes lie behind it.

    The connection is still this request's: no other thread or task can have it in between.
    """
    connection = connection_of(response)
    if connection is not None and has_more_behind(connection):
        connection._h11_state.send_failed()  # after which h11 begins no new exchange, and httpcore closes it


def end_if_of_another(response: Any, taken: Response, attempt: Attempt, observer: Observer) -> None:
    """Find out whether a response belongs to another request, and have httpcore close its connection then."""
    if attempt.is_of_another is None or not observer.is_reused or connection_of(response) is None:
        return
    taken.is_of_another = attempt.is_of_another(taken)
    if taken.is_of_another and not response.is_closed:
        connection_of(response)._h11_state.send_failed()


def connection_to_close(response: Any, taken: Response | None) -> Any:
    """Return the connection of a response that was closed by others, by a hook say, if the next request must not have it.

    Args:
        response: The response of httpx.
        taken: What was made of it, if anything was.
    """
    connection = connection_of(response)
    if connection is None:
        return None
    is_of_another = taken is not None and taken.is_of_another
    return connection if is_of_another or connection._h11_state.trailing_data[0] else None


def refused_response(error: BaseException, request: Any) -> Any:
    """Return the response to a request that httpx, or a hook of the caller's, met with an exception; else None.

    httpx makes the request that a redirect asks for, whether it is sent or not, and raises where its address is none.
    Hooks call `raise_for_status()`.
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
    """Whether it was httpcore's own pool that had no connection free: it takes a request only with one."""
    import httpcore

    return any(isinstance(each, httpcore.PoolTimeout) for each in causes_of(error))
