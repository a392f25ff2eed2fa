"""Keeps the responses that an operation takes, for whoever asks for them in its thread or task."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._http.attempt import Response

_captured: ContextVar[list[Response] | None] = ContextVar("captured", default=None)


def capture(response: Response) -> None:
    """Keep a response for whoever asked for it in this thread or task."""
    responses = _captured.get()
    if responses is not None:
        responses.append(response)


@contextmanager
def capturing() -> Iterator[list[Response]]:
    """Keep the responses that come in this thread or task meanwhile."""
    responses: list[Response] = []
    token = _captured.set(responses)
    try:
        yield responses
    finally:
        _captured.reset(token)
