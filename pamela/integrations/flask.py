"""Webhooks in Flask: a blueprint, a view, and a decorator for views of one's own."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from .._core.extras import needs_extra
from .._webhooks.adapters.flask import FlaskAdapter, body_chunks
from .._webhooks.events import as_event
from .._webhooks.handlers import check_takes
from .._webhooks.receiver import MAX_BODY_BYTES, RequestRefusedError, WebhookReceiver

with needs_extra("flask", "Webhooks in Flask"):
    from flask import Blueprint, Response, abort, current_app, request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..endpoint import WebhookEndpoint

__all__ = ["verified_event", "webhook_blueprint", "webhook_view"]

_adapter = FlaskAdapter()


def webhook_blueprint(
    endpoint: WebhookEndpoint, path: str = "/webhooks/pamela", *, name: str = "pamela_webhooks"
) -> Blueprint:
    """Return a blueprint that serves an endpoint at one path.

    Args:
        endpoint: Handles the requests.
        path: The path.
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
    """Return a view of an endpoint.

    Args:
        endpoint: Handles the requests.

    Returns:
        The view, for ``app.add_url_rule(..., methods=["POST"])``. The rule may have variables, which are ignored.
    """

    def receive(**_values: Any) -> Response:
        return _adapter.to_response(
            endpoint.handle(request.method, request.headers, body_chunks(request), path=request.path)
        )

    return receive


def verified_event(
    secret: str | Sequence[str], *, tolerance: float | None = 300, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that passes a view the event of its request.

    The view may be sync or async. A request that is not a webhook is answered before it is called.

    Args:
        secret: The webhook secret, or several of them while one replaces another.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: The largest body that is read, in bytes.

    Returns:
        A decorator, to be written below ``@app.post(...)``. The view gets the event as its first argument.

    Raises:
        ValueError: The secret is empty or has a line end, or `tolerance` or `max_body_bytes` is out of range.

    Example:
        >>> @verified_event("whsec_example")
        ... def on_event(event):
        ...     return "", 204
    """
    receiver = WebhookReceiver(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        check_takes(view, "event", and_more=True)

        @wraps(view)
        def receive(**values: Any) -> Any:
            try:
                payload = _adapter.read(receiver, request)
            except RequestRefusedError as refused:
                abort(_adapter.to_response(refused.response))
            return _adapter.resolve(current_app.ensure_sync(view)(as_event(payload), **values))

        return receive

    return decorate
