"""`--dry-run`: print the request instead of sending it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .output import write_line

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from pamela import PamelaClient

    from .settings import Settings

F = TypeVar("F", bound="Callable[..., Any]")

_HIDDEN = {"authorization": "Bearer ..."}
_SHOWN = ("authorization", "content-type", "idempotency-key")


def dry_run_option(function: F) -> F:
    """Add the option to a command, as its argument `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Print the request instead of sending it.")(function)


class _NotSentError(BaseException):
    """Ends an operation just before its request is sent."""


def show_requests(settings: Settings, *operations: Callable[[PamelaClient], object]) -> None:
    """Print the requests of operations, without sending them.

    Raises:
        ValidationError: An argument is invalid.
    """
    import httpx

    class PrintingTransport(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            print_request(request)
            raise _NotSentError

    with settings.client(transport=PrintingTransport()) as client:
        for operation in operations:
            with suppress(_NotSentError):
                operation(client)


def print_request(request: httpx.Request) -> None:
    """Print a request as HTTP, without the key and with an indented body."""
    write_line(f"{request.method} {request.url}")
    for name in _SHOWN:
        if name in request.headers:
            write_line(f"{name.title()}: {_HIDDEN.get(name, request.headers[name])}")
    body = request.read()
    if body:
        write_line("")
        write_line(as_indented(body))


def as_indented(body: bytes) -> str:
    """Return a body as indented JSON, or unchanged if it is not JSON."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
