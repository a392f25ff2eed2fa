"""Receive webhooks in Starlette: a route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.extras import needs_extra
from .asgi import asgi_app

with needs_extra("fastapi", "Webhooks in FastAPI and Starlette"):
    from starlette.routing import Route

if TYPE_CHECKING:
    from ..endpoint import WebhookEndpoint

__all__ = ["webhook_route"]


def webhook_route(endpoint: WebhookEndpoint, path: str = "/webhooks/pamela") -> Route:
    """Return a route that passes its requests to an endpoint.

    Args:
        endpoint: The endpoint that handles the requests.
        path: The path of the route.

    Returns:
        The route, for ``Starlette(routes=[...])``.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> route = webhook_route(WebhookEndpoint("whsec_example"))
    """
    return Route(path, asgi_app(endpoint), include_in_schema=False)
