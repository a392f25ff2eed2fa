"""Webhooks in Starlette: a route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import from_thread
from starlette.responses import Response
from starlette.responses import Response as AnyResponse
from starlette.routing import Route

from .asgi import asgi_app

if TYPE_CHECKING:
    from starlette.requests import Request

    from .._receiving import Answer, WebhookReader
    from ..endpoint import WebhookEndpoint

__all__ = ["AnyResponse", "read_request", "read_request_async", "to_response", "webhook_route"]


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
    return await reader.read_async(request.method, request.headers, request.stream())


def to_response(answer: Answer) -> Response:
    """Make a Starlette response of an answer."""
    return Response(answer.body, answer.status, answer.headers)
