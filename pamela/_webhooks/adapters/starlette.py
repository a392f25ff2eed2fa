"""Requests and responses of Starlette, and so of FastAPI."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ..._core.extras import needs_extra
from ..concurrency import maybe_await
from ..receiver import BodyUnreadableError

with needs_extra("fastapi", "Webhooks in FastAPI and Starlette"):
    from anyio import from_thread
    from starlette.requests import ClientDisconnect
    from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from ..receiver import WebhookReceiver
    from ..responses import WebhookResponse


class StarletteAdapter:
    """Starlette and FastAPI; sync views run in other threads than the event loop."""

    response_type = Response

    def read(self, receiver: WebhookReceiver, request: Request) -> dict[str, Any]:
        """Return the verified payload of a request, read on the event loop."""
        return from_thread.run(self.read_async, receiver, request)

    async def read_async(self, receiver: WebhookReceiver, request: Request) -> dict[str, Any]:
        """Return the verified payload of a request."""
        return await receiver.read_async(request.method, request.headers, body_chunks(request), path=request.url.path)

    def to_response(self, response: WebhookResponse) -> Response:
        """Return a response as Starlette's."""
        return Response(response.body, response.status, response.headers)

    def resolve(self, result: Any) -> Any:
        """Return what a view returned; if that is awaitable, await it on the server's event loop first."""
        return from_thread.run(maybe_await, result) if isawaitable(result) else result


async def body_chunks(request: Request) -> AsyncIterator[bytes]:
    """Read the body of a request."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        # Also after a malformed body: the part before the error may be complete and signed, but must not be accepted.
        raise BodyUnreadableError("the sender closed the connection") from error
