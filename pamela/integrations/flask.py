"""Receive webhooks in Flask: a blueprint, a view, and a decorator for your own views."""

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
    """Return a blueprint with one route that passes its requests to an endpoint.

    Args:
        endpoint: The endpoint that handles the requests.
        path: The path of the route.
        name: The name of the blueprint. Each blueprint of an application needs another name.

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
    """Return a view that passes its requests to an endpoint.

    Args:
        endpoint: The endpoint that handles the requests.

    Returns:
        The view, for ``app.add_url_rule(..., methods=["POST"])``. It ignores variables of the rule.
    """

    def receive(**_values: Any) -> Response:
        return _adapter.to_response(
            endpoint.handle(request.method, request.headers, body_chunks(request), path=request.path)
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
        A decorator. Write it below ``@app.post(...)``. The view is called with the event as its first argument.

    Raises:
        ValueError: The secret is empty or contains a line break, or `tolerance` or `max_body_bytes` is out of range.

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
