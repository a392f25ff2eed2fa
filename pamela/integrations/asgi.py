"""Receive webhooks in any ASGI server or framework."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from .._webhooks.receiver import HeaderPairs

if TYPE_CHECKING:
    from ..endpoint import WebhookEndpoint

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Message, Receive, Send], Awaitable[None]]


class _DisconnectedError(Exception):
    pass


def asgi_app(endpoint: WebhookEndpoint) -> ASGIApplication:
    """Return an ASGI application that passes each request to an endpoint. It ignores the path.

    Args:
        endpoint: The endpoint that handles the requests.

    Returns:
        The application. Serve it by itself, or use it as the endpoint of a Starlette ``Route``.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> application = asgi_app(WebhookEndpoint("whsec_example"))
    """
    return _Application(endpoint)


class _Application:
    # An object instead of a function: Starlette treats a function as a view.
    def __init__(self, endpoint: WebhookEndpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await _respond(self._endpoint, scope, receive, send)
            case "lifespan":
                await _answer_lifespan(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})


async def _respond(endpoint: WebhookEndpoint, scope: Message, receive: Receive, send: Send) -> None:
    headers = HeaderPairs((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    try:
        response = await endpoint.handle_async(scope["method"], headers, _chunks(receive), path=scope.get("path", ""))
    except _DisconnectedError:
        return
    fields = {**response.headers, "Content-Length": str(len(response.body))}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DisconnectedError
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _answer_lifespan(receive: Receive, send: Send) -> None:
    while (event := (await receive())["type"]) != "lifespan.shutdown":
        await send({"type": f"{event}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
