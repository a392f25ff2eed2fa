"""Receive webhooks in FastAPI: a router, and a dependency for your own path operations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .._core.extras import needs_extra
from .._webhooks.adapters.starlette import StarletteAdapter, body_chunks
from .._webhooks.events import WebhookEvent, as_event
from .._webhooks.receiver import MAX_BODY_BYTES, RequestRefusedError, WebhookReceiver

with needs_extra("fastapi", "Webhooks in FastAPI"):
    from fastapi import APIRouter, HTTPException, Request, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..endpoint import WebhookEndpoint

__all__ = ["verified_event", "webhook_router"]

_adapter = StarletteAdapter()


def webhook_router(endpoint: WebhookEndpoint, path: str = "/webhooks/pamela") -> APIRouter:
    """Return a router with one route that passes its requests to an endpoint.

    Args:
        endpoint: The endpoint that handles the requests.
        path: The path of the route.

    Returns:
        The router, for ``app.include_router``.

    Example:
        >>> from fastapi import FastAPI
        >>> from pamela.endpoint import WebhookEndpoint
        >>> app = FastAPI()
        >>> app.include_router(webhook_router(WebhookEndpoint("whsec_example")))
    """
    router = APIRouter()

    @router.post(path, include_in_schema=False)
    async def receive(request: Request) -> Response:
        return _adapter.to_response(
            await endpoint.handle_async(request.method, request.headers, body_chunks(request), path=request.url.path)
        )

    return router


def verified_event(
    secret: str | Sequence[str], *, tolerance: float | None = 300, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[Request], Awaitable[WebhookEvent]]:
    """Return a dependency that verifies the request and passes the event to the path operation.

    Args:
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: Maximum size of a body, in bytes.

    Returns:
        The dependency, for ``Annotated[WebhookEvent, Depends(...)]``. The path operation is called only for verified
        events. Other requests get an error response.

    Raises:
        ValueError: The secret is empty or contains a line break, or `tolerance` or `max_body_bytes` is out of range.

    Example:
        >>> from typing import Annotated
        >>> from fastapi import Depends, FastAPI
        >>> app = FastAPI()
        >>> @app.post("/webhooks/pamela")
        ... async def on_event(event: Annotated[WebhookEvent, Depends(verified_event("whsec_example"))]):
        ...     return {"received": event.event}
    """
    receiver = WebhookReceiver(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)

    async def event_of(request: Request) -> WebhookEvent:
        try:
            return as_event(await _adapter.read_async(receiver, request))
        except RequestRefusedError as refused:
            status, headers, body = refused.response
            raise HTTPException(status, json.loads(body)["error"], headers) from None

    return event_of
