"""Webhooks in any WSGI server or framework."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from .._webhooks.receiver import CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

    from ..endpoint import WebhookEndpoint


def wsgi_app(endpoint: WebhookEndpoint) -> WSGIApplication:
    """Make a WSGI application that answers every path with an endpoint.

    Args:
        endpoint: What answers.

    Returns:
        The application, to be served or mounted.

    Example:
        >>> from pamela.endpoint import WebhookEndpoint
        >>> application = wsgi_app(WebhookEndpoint("whsec_example"))
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = endpoint.handle(environ["REQUEST_METHOD"], _headers(environ), wsgi_body(environ))
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        start_response(status, [*answer.headers.items(), ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    return application


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
    return {**headers, "Content-Length": environ.get("CONTENT_LENGTH", "")}


def wsgi_body(environ: WSGIEnvironment) -> Iterator[bytes]:
    """Read the body of a request, chunked or of an announced length."""
    stream: InputStream = environ["wsgi.input"]
    length: str = environ.get("CONTENT_LENGTH", "")
    if environ.get("wsgi.input_terminated"):
        yield from iter(lambda: stream.read(CHUNK_BYTES), b"")
    elif length.isdecimal():
        left = int(length)
        # Servers may wait forever for what lies beyond the announced length.
        while left > 0 and (chunk := stream.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
