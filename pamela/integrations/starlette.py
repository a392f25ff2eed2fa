"""Webhooks in Starlette: a route."""

from __future__ import annotations

from contextlib import suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from anyio import from_thread
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.responses import Response as AnyResponse
from starlette.routing import Route

from .._webhooks.background import awaited
from .asgi import asgi_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from .._webhooks.receiver import Answer, WebhookReader
    from ..endpoint import WebhookEndpoint

__all__ = [
    "AnyResponse",
    "body_chunks",
    "read_request",
    "read_request_async",
    "settled",
    "to_response",
    "webhook_route",
]


def webhook_route(endpoint: WebhookEndpoint, path: str = "/webhooks/pamela") -> Route:
    """Make a route that answers one path with an endpoint.

    Args:
        endpoint: What answers.
        path: Where.

    Returns:
        The route, for ``Starlette(routes=[...])``.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> route = webhook_route(WebhookEndpoint("whsec_example"))
    """
    return Route(path, asgi_app(endpoint), include_in_schema=False)


def read_request(reader: WebhookReader, request: Request) -> dict[str, Any]:
    """Give the verified payload of a request in a sync view, which runs in a thread beside the event loop."""
    return from_thread.run(read_request_async, reader, request)


async def read_request_async(reader: WebhookReader, request: Request) -> dict[str, Any]:
    """Give the verified payload of a request."""
    return await reader.read_async(request.method, request.headers, body_chunks(request))


async def body_chunks(request: Request) -> AsyncIterator[bytes]:
    """Read the body of a request."""
    # A body that was cut off is not the one that was signed, which is answer enough.
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            yield chunk


def to_response(answer: Answer) -> Response:
    """Make a Starlette response of an answer."""
    return Response(answer.body, answer.status, answer.headers)


def settled(result: Any) -> Any:
    """Give what a sync view returned; where that is to be awaited, what comes of it on the server's event loop."""
    return from_thread.run(awaited, result) if isawaitable(result) else result
