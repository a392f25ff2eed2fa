"""Webhooks in Django: views, sync and async, and a decorator for views of one's own."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase as AnyResponse
from django.views.decorators.csrf import csrf_exempt

from .._webhooks.background import awaited, is_async
from .._webhooks.receiver import CHUNK_BYTES, MAX_BODY_BYTES, Answer, RequestRefusedError, WebhookReader
from ..events import as_event
from .wsgi import wsgi_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from ..endpoint import WebhookEndpoint

__all__ = [
    "AnyResponse",
    "async_webhook_view",
    "read_request",
    "read_request_async",
    "settled",
    "to_response",
    "verified_event",
    "webhook_view",
]


def webhook_view(endpoint: WebhookEndpoint) -> Callable[..., HttpResponse]:
    """Make a view that answers with an endpoint.

    Args:
        endpoint: What answers.

    Returns:
        The view, for ``path(...)``. It is exempt from CSRF protection: the signature says who sent the request. The
        path may have variables, which change nothing.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> view = webhook_view(WebhookEndpoint("whsec_example"))
    """

    @csrf_exempt
    def receive(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        method, chunks = request.method or "", _body_chunks(request)
        return to_response(endpoint.handle(method, request.headers, chunks, tool_scope=_own_connections))

    return receive


def async_webhook_view(endpoint: WebhookEndpoint) -> Callable[..., Awaitable[HttpResponse]]:
    """Make an async view that answers with an endpoint, for Django under ASGI.

    Django reads the whole body before it calls a view, so `max_body_bytes` comes late here. Where that matters, limit
    bodies in the server before Django.

    Arguments and result are those of `webhook_view`.
    """

    @csrf_exempt
    async def receive(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        method, chunks = request.method or "", _body_chunks_async(request)
        return to_response(await endpoint.handle_async(method, request.headers, chunks, tool_scope=_own_connections))

    return receive


def verified_event(
    secret: str | Sequence[str], *, tolerance: float | None = 300, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a view, sync or async, the event of its request. A request that is no webhook never reaches the view.

    Args:
        secret: The webhook secret, or several of them while one replaces another.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: The largest body that is read, in bytes.

    Returns:
        A decorator. The view gets the request and the event, then what is in its path.

    Raises:
        ValueError: The secret is empty, or `tolerance` or `max_body_bytes` cannot be.

    Example:
        >>> @verified_event("whsec_example")
        ... def on_event(request, event):
        ...     return HttpResponse(status=204)
    """
    reader = WebhookReader(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                payload = read_request(reader, request)
            except RequestRefusedError as refused:
                return to_response(refused.answer)
            return view(request, as_event(payload), *args, **kwargs)

        @wraps(view)
        def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return settled(respond(request, *args, **kwargs))

        @wraps(view)
        async def receive_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return await awaited(respond(request, *args, **kwargs))

        # Django marks its class-based views that are async.
        return csrf_exempt(receive_async if is_async(view) or iscoroutinefunction(view) else receive)

    return decorate


def read_request(reader: WebhookReader, request: HttpRequest) -> dict[str, Any]:
    """Give the verified payload of a request."""
    return reader.read(request.method or "", request.headers, _body_chunks(request))


async def read_request_async(reader: WebhookReader, request: HttpRequest) -> dict[str, Any]:
    """As `read_request`. Under ASGI, Django holds the whole body by the time it calls a view."""
    return read_request(reader, request)


def _body_chunks(request: HttpRequest) -> Iterator[bytes]:
    if isinstance(request, WSGIRequest) and not request.environ.get("CONTENT_LENGTH"):
        return wsgi_body(request.environ)  # Django takes a chunked body for an empty one
    return iter(lambda: request.read(CHUNK_BYTES), b"")


async def _body_chunks_async(request: HttpRequest) -> AsyncIterator[bytes]:
    for chunk in _body_chunks(request):
        yield chunk


def to_response(answer: Answer) -> HttpResponse:
    """Make a Django response of an answer."""
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)


def settled(result: Any) -> Any:
    """Give what a sync view returned; where that is to be awaited, what comes of it in Django's own way of waiting."""
    return async_to_sync(awaited)(result) if isawaitable(result) else result


@contextmanager
def _own_connections() -> Iterator[None]:
    # Django's connections belong to threads, and a tool's thread ends with it.
    try:
        yield
    finally:
        connections.close_all()
