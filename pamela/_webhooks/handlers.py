"""Check handlers when they are registered, not when the first webhook comes."""

from __future__ import annotations

import inspect
from typing import Any

from .._core.suggestions import shorten


def check_takes(handler: Any, *arguments: str, and_more: bool = False, what: str = "handler") -> None:
    """Raise TypeError if a handler cannot be called with these arguments in this order.

    Args:
        handler: The handler.
        arguments: The names of the arguments.
        and_more: Whether more arguments may follow.
        what: What the handler is, for the message.
    """
    if not callable(handler):
        raise TypeError(f"The {what} {shorten(handler)} is not a function.")
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return  # Some functions written in C have no signature.
    try:
        (signature.bind_partial if and_more else signature.bind)(*arguments)
    except TypeError:
        name = getattr(handler, "__name__", type(handler).__name__)
        more = ", ..." if and_more else ""
        raise TypeError(
            f"The {what} {name}{signature} cannot be called with {' and '.join(arguments)}. "
            f"Write def {name}({', '.join(arguments)}{more})."
        ) from None
