"""Webhooks in FastAPI: a router, and a dependency for path operations of one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request, Response

from .._webhooks.receiver import MAX_BODY_BYTES, RequestRefusedError, WebhookReader
from ..events import WebhookEvent, as_event
from .starlette import body_chunks, read_request_async, to_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..endpoint import WebhookEndpoint


def webhook_router(endpoint: WebhookEndpoint, path: str = "/webhooks/pamela") -> APIRouter:
    """Make a router that answers one path with an endpoint.

    Args:
        endpoint: What answers.
        path: Where.

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
        return to_response(await endpoint.handle_async(request.method, request.headers, body_chunks(request)))

    return router


def verified_event(
    secret: str | Sequence[str], *, tolerance: float | None = 300, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[Request], Awaitable[WebhookEvent]]:
    """Make a dependency that gives a path operation the event of its request.

    Args:
        secret: The webhook secret, or several of them while one replaces another.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: The largest body that is read, in bytes.

    Returns:
        The dependency, for ``Annotated[WebhookEvent, Depends(...)]``. A request that is no webhook is answered before
        the path operation is called.

    Raises:
        ValueError: The secret is empty, or `tolerance` or `max_body_bytes` cannot be.

    Example:
        >>> from typing import Annotated
        >>> from fastapi import Depends, FastAPI
        >>> app = FastAPI()
        >>> @app.post("/webhooks/pamela")
        ... async def on_event(event: Annotated[WebhookEvent, Depends(verified_event("whsec_example"))]):
        ...     return {"received": event.event}
    """
    reader = WebhookReader(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)

    async def event_of(request: Request) -> WebhookEvent:
        try:
            return as_event(await read_request_async(reader, request))
        except RequestRefusedError as refused:
            answer = refused.answer
            raise HTTPException(answer.status, json.loads(answer.body)["error"], answer.headers) from None

    return event_of
