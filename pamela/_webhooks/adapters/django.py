"""Requests and responses of Django."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ..._core.extras import needs_extra
from ..concurrency import maybe_await
from .body import read_to_end
from .wsgi import announced_length, wsgi_chunks

with needs_extra("django", "Webhooks in Django"):
    from asgiref.sync import async_to_sync
    from django.core.exceptions import SuspiciousOperation
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.http import HttpRequest

    from ..receiver import WebhookReceiver
    from ..responses import WebhookResponse


class DjangoAdapter:
    """Django under WSGI and ASGI."""

    response_type = HttpResponseBase

    def read(self, receiver: WebhookReceiver, request: HttpRequest) -> dict[str, Any]:
        """Return the verified payload of a request."""
        return receiver.read(request.method or "", request.headers, body_chunks(request), path=request.path)

    async def read_async(self, receiver: WebhookReceiver, request: HttpRequest) -> dict[str, Any]:
        """Return the verified payload of a request. Under ASGI, Django has the whole body before it calls a view."""
        return self.read(receiver, request)

    def to_response(self, response: WebhookResponse) -> HttpResponse:
        """Return a response as Django's."""
        return HttpResponse(response.body, status=response.status, headers=response.headers)

    def resolve(self, result: Any) -> Any:
        """Return what a view returned; if that is awaitable, await it in Django's way first."""
        return async_to_sync(maybe_await)(result) if isawaitable(result) else result


def body_chunks(request: HttpRequest) -> Iterator[bytes]:
    """Read the body of a request."""
    if isinstance(request, WSGIRequest) and not request.environ.get("CONTENT_LENGTH"):
        return wsgi_chunks(request.environ)  # Django does not read a chunked body.
    # Django does not detect a body that is shorter than its Content-Length.
    length = announced_length(request.META)
    return read_to_end(request.read, length=length, passing=(SuspiciousOperation,))


async def body_chunks_async(request: HttpRequest) -> AsyncIterator[bytes]:
    """Read the body of a request under ASGI."""
    for chunk in body_chunks(request):
        yield chunk
