"""Requests and responses of Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._core.extras import needs_extra
from ..concurrency import resolve_blocking
from ..receiver import BodyUnreadableError
from .body import read_to_end

with needs_extra("flask", "Webhooks in Flask"):
    from flask import Request, Response
    from werkzeug.exceptions import ClientDisconnected, HTTPException
    from werkzeug.wrappers import Response as AnyResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..receiver import WebhookReceiver
    from ..responses import WebhookResponse


class FlaskAdapter:
    """Flask; async views run on an event loop of their own."""

    response_type = AnyResponse

    def read(self, receiver: WebhookReceiver, request: Request) -> dict[str, Any]:
        """Return the verified payload of a request."""
        return receiver.read(request.method, request.headers, body_chunks(request), path=request.path)

    async def read_async(self, receiver: WebhookReceiver, request: Request) -> dict[str, Any]:
        """Return the verified payload of a request. Flask gives an async view a thread, which may block."""
        return self.read(receiver, request)

    def to_response(self, response: WebhookResponse) -> Response:
        """Return a response as Flask's."""
        return Response(response.body, response.status, response.headers)

    def resolve(self, result: Any) -> Any:
        """Return what a view returned; if that is awaitable, await it first."""
        return resolve_blocking(result)


def body_chunks(request: Request) -> Iterator[bytes]:
    """Read the body of a request, which something before the view may have read already."""
    try:
        yield from read_to_end(request.stream.read, passing=(HTTPException,))
        yield request.get_data()
    except ClientDisconnected as error:
        raise BodyUnreadableError("the sender closed the connection") from error
