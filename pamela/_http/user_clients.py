"""What is known of a request that goes over an HTTP client or transport of the caller's: whether it may have left."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .deadlines import seconds_for
from .failures import causes_of, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .attempt import Attempt, Failure


class Observer:
    """Hears from httpcore, where that is what carries the request, how far the request has come.

    Other transports tell nothing. Then a request may have left as soon as the transport has it, whatever it raises: an
    exception's type is no evidence, and some raise `httpx.ConnectError` for a connection that breaks afterwards.
    """

    def __init__(self, carrier: Any, url: str) -> None:
        """Observe a request that a client or transport of the caller's carries to an address."""
        self.tells_all = is_httpx_transport(carrier, url)
        self.connecting = False
        self.written = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take an event of httpcore's."""
        if event.endswith(".send_request_headers.started"):
            # A request to a proxy to set a tunnel up is none of ours.
            self.written = self.written or info["request"].method != b"CONNECT"
        elif event.endswith(".started"):
            self.connecting = True
        elif event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            keep_to_deadlines(info.get("return_value"))

    async def trace_async(self, event: str, info: dict[str, Any]) -> None:
        """Take an event of httpcore's on an event loop, where a deadline can end whatever goes on."""
        if not event.endswith(".complete"):
            self.trace(event, info)

    def failure_of(self, error: Exception, attempt: Attempt, *, handed_over: bool) -> Failure:
        """Return what an exception means; `handed_over` says whether the client or transport had the request."""
        return failure_of(error, attempt, sent=handed_over and self.may_have_sent(error))

    def may_have_sent(self, error: Exception) -> bool:
        """Whether a part of the request may have left before an exception."""
        if self.written or not self.tells_all:
            return True
        return not (self.connecting or waited_for_a_connection(error))


def is_httpx_transport(carrier: Any, url: str) -> bool:
    """Whether all that carries a request is a transport of httpx; another may send it by a way that nobody hears of."""
    import httpx

    if isinstance(carrier, httpx.Client | httpx.AsyncClient):
        choose = getattr(carrier, "_transport_for_url", None)  # httpx has no public way to ask
        carrier = None if choose is None else choose(httpx.URL(url))
    return isinstance(carrier, httpx.HTTPTransport | httpx.AsyncHTTPTransport)


def connection_with_more(response: Any) -> Any:
    """Return httpcore's connection if bytes lie behind a response on it, which the next request would take for its own.

    httpcore has no public way to ask. None is returned where nothing lies behind, or another library carries it.
    """
    stream = getattr(response, "stream", None)
    while stream is not None:
        connection: Any = getattr(stream, "_connection", None)
        if hasattr(connection, "_h11_state"):
            return connection if connection._h11_state.trailing_data[0] else None
        stream = getattr(stream, "_stream", None) or getattr(stream, "_httpcore_stream", None)
    return None


def waited_for_a_connection(error: Exception) -> bool:
    """Whether it was httpcore's own pool that had no connection free: it takes a request only with one."""
    import httpcore

    return any(isinstance(each, httpcore.PoolTimeout) for each in causes_of(error))


def keep_to_deadlines(stream: Any) -> None:
    """Have a blocking connection end the steps of our requests by their deadlines; others do not notice."""
    with suppress(AttributeError, TypeError):
        stream.read = limited(stream.read, "Read")
        stream.write = limited(stream.write, "Write")


def limited(step: Callable[..., Any], kind: str) -> Callable[..., Any]:
    def within_deadline(data: Any, timeout: float | None = None) -> Any:
        return step(data, seconds_for(timeout, kind))

    return within_deadline
