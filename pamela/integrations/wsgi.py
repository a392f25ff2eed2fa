"""Receive webhooks in any WSGI server or framework."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from .._webhooks.adapters.wsgi import wsgi_chunks, wsgi_headers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ..endpoint import WebhookEndpoint

__all__ = ["wsgi_app"]


def wsgi_app(endpoint: WebhookEndpoint) -> WSGIApplication:
    """Return a WSGI application that passes each request to an endpoint. It ignores the path.

    Args:
        endpoint: The endpoint that handles the requests.

    Returns:
        The application. Serve it by itself, or mount it in another application.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> application = wsgi_app(WebhookEndpoint("whsec_example"))
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = endpoint.handle(
            environ["REQUEST_METHOD"], wsgi_headers(environ), wsgi_chunks(environ), path=environ.get("PATH_INFO", "")
        )
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
        start_response(status, [*response.headers.items(), ("Content-Length", str(len(response.body)))])
        return [response.body]

    return application
