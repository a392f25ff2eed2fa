"""Webhooks in Flask: a blueprint, a view, and a decorator for views of one's own."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Request, Response, abort, current_app, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Response as AnyResponse

from .._webhooks.background import settled
from .._webhooks.receiver import CHUNK_BYTES, MAX_BODY_BYTES, Answer, RequestRefusedError, WebhookReader
from ..events import as_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..endpoint import WebhookEndpoint

__all__ = [
    "AnyResponse",
    "read_request",
    "read_request_async",
    "settled",
    "to_response",
    "verified_event",
    "webhook_blueprint",
    "webhook_view",
]


def webhook_blueprint(
    endpoint: WebhookEndpoint, path: str = "/webhooks/pamela", *, name: str = "pamela_webhooks"
) -> Blueprint:
    """Make a blueprint that answers one path with an endpoint.

    Args:
        endpoint: What answers.
        path: Where.
        name: The blueprint's name, for an application with several.

    Returns:
        The blueprint, for ``app.register_blueprint``.

    Example:
        >>> from flask import Flask
        >>> from pamela.endpoint import WebhookEndpoint
        >>> app = Flask("acme")
        >>> app.register_blueprint(webhook_blueprint(WebhookEndpoint("whsec_example")))
    """
    blueprint = Blueprint(name, __name__)
    view = webhook_view(endpoint)
    blueprint.add_url_rule(path, "receive", view, methods=["POST"], provide_automatic_options=False)
    return blueprint


def webhook_view(endpoint: WebhookEndpoint) -> Callable[..., Response]:
    """Make a view that answers with an endpoint.

    Args:
        endpoint: What answers.

    Returns:
        The view, for ``app.add_url_rule(..., methods=["POST"])``. The rule may have variables, which change nothing.
    """

    def receive(**_values: Any) -> Response:
        return to_response(endpoint.handle(request.method, request.headers, _body_chunks(request)))

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
        A decorator, to be written below ``@app.post(...)``. The view gets the event as its first argument.

    Raises:
        ValueError: The secret is empty, or `tolerance` or `max_body_bytes` cannot be.

    Example:
        >>> @verified_event("whsec_example")
        ... def on_event(event):
        ...     return "", 204
    """
    reader = WebhookReader(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def receive(**values: Any) -> Any:
            try:
                payload = read_request(reader, request)
            except RequestRefusedError as refused:
                abort(to_response(refused.answer))
            return settled(current_app.ensure_sync(view)(as_event(payload), **values))

        return receive

    return decorate


def read_request(reader: WebhookReader, request: Request) -> dict[str, Any]:
    """Give the verified payload of a request."""
    return reader.read(request.method, request.headers, _body_chunks(request))


async def read_request_async(reader: WebhookReader, request: Request) -> dict[str, Any]:
    """As `read_request`. Flask's requests are read without waiting for others; an async view has a thread of its own."""
    return read_request(reader, request)


def _body_chunks(request: Request) -> Iterator[bytes]:
    # A body that was cut off is not the one that was signed, which is answer enough.
    with suppress(ClientDisconnected):
        yield from iter(lambda: request.stream.read(CHUNK_BYTES), b"")
    # Not empty when something before the view has read the body.
    yield request.get_data()


def to_response(answer: Answer) -> Response:
    """Make a Flask response of an answer."""
    return Response(answer.body, answer.status, answer.headers)
