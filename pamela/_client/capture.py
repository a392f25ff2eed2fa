"""Records the responses to an operation for the code in its thread or task that asks for them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._http.attempt import Response

_captured: ContextVar[list[Response] | None] = ContextVar("captured", default=None)


def capture(response: Response) -> None:
    """Record a response if this thread or task is capturing."""
    responses = _captured.get()
    if responses is not None:
        responses.append(response)


@contextmanager
def capturing() -> Iterator[list[Response]]:
    """Record the responses that arrive in this thread or task during the block."""
    responses: list[Response] = []
    token = _captured.set(responses)
    try:
        yield responses
    finally:
        _captured.reset(token)
