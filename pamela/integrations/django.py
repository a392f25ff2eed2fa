"""Receive webhooks in Django: views, sync and async, and a decorator for your own views."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from .._core.extras import needs_extra
from .._webhooks.adapters.django import DjangoAdapter, body_chunks, body_chunks_async
from .._webhooks.concurrency import is_async, maybe_await
from .._webhooks.events import as_event
from .._webhooks.handlers import check_takes
from .._webhooks.receiver import MAX_BODY_BYTES, RequestRefusedError, WebhookReceiver

with needs_extra("django", "Webhooks in Django"):
    from asgiref.sync import iscoroutinefunction
    from django.db import connections
    from django.views.decorators.csrf import csrf_exempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from django.http import HttpRequest, HttpResponse

    from ..endpoint import WebhookEndpoint

__all__ = ["async_webhook_view", "verified_event", "webhook_view"]

_adapter = DjangoAdapter()


def webhook_view(endpoint: WebhookEndpoint) -> Callable[..., HttpResponse]:
    """Return a view that passes its requests to an endpoint.

    Args:
        endpoint: The endpoint that handles the requests.

    Returns:
        The view, for ``path(...)``. It is exempt from CSRF protection, because the signature authenticates the request.
        It ignores variables of the path.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> view = webhook_view(WebhookEndpoint("whsec_example"))
    """

    @csrf_exempt
    def receive(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        method, chunks = request.method or "", body_chunks(request)
        return _adapter.to_response(
            endpoint.handle(method, request.headers, chunks, path=request.path, tool_scope=_own_connections)
        )

    return receive


def async_webhook_view(endpoint: WebhookEndpoint) -> Callable[..., Awaitable[HttpResponse]]:
    """Return an async view that passes its requests to an endpoint, for Django under ASGI.

    Django reads the whole body before it calls an async view. `max_body_bytes` is checked after that. To refuse larger
    bodies earlier, limit their size in the web server.

    Args:
        endpoint: The endpoint that handles the requests.

    Returns:
        The view, for ``path(...)``, as from `webhook_view`.
    """

    @csrf_exempt
    async def receive(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        method, chunks = request.method or "", body_chunks_async(request)
        return _adapter.to_response(
            await endpoint.handle_async(method, request.headers, chunks, path=request.path, tool_scope=_own_connections)
        )

    return receive


def verified_event(
    secret: str | Sequence[str], *, tolerance: float | None = 300, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that verifies the request of a view and passes the event to the view.

    The view may be sync or async. It is called only for verified events. Other requests get an error response.

    Args:
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: Maximum size of a body, in bytes.

    Returns:
        A decorator. The view is called with the request, the event, and the variables of the path.

    Raises:
        ValueError: The secret is empty or contains a line break, or `tolerance` or `max_body_bytes` is out of range.

    Example:
        >>> from django.http import HttpResponse
        >>> @verified_event("whsec_example")
        ... def on_event(request, event):
        ...     return HttpResponse(status=204)
    """
    receiver = WebhookReceiver(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        check_takes(view, "request", "event", and_more=True)

        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                payload = _adapter.read(receiver, request)
            except RequestRefusedError as refused:
                return _adapter.to_response(refused.response)
            return view(request, as_event(payload), *args, **kwargs)

        @wraps(view)
        def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return _adapter.resolve(respond(request, *args, **kwargs))

        @wraps(view)
        async def receive_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return await maybe_await(respond(request, *args, **kwargs))

        # Django marks async class-based views.
        return csrf_exempt(receive_async if is_async(view) or iscoroutinefunction(view) else receive)

    return decorate


@contextmanager
def _own_connections() -> Iterator[None]:
    # Close Django's connections of the tool's thread, which ends with the tool.
    try:
        yield
    finally:
        connections.close_all()
