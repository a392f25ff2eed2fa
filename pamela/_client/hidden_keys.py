"""The API key taken out of exceptions: a service that gives it back must not have it shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from ..errors import PamelaError

SHORTEST_KEY = 6


def hide_key(error: PamelaError, key: str) -> None:
    """Replace the key in the message, the details and the other texts of an exception."""
    if len(key) < SHORTEST_KEY:
        return  # a word like any other
    error.message = _without(error.message, key)
    error.args = (error.message,)
    error.details = _without(error.details, key)
    error.error_code = _without(error.error_code, key)
    error.request_id = _without(error.request_id, key)


def _without(value: Any, key: str) -> Any:
    match value:
        case str():
            return value.replace(str(key), "***").replace(quote(key, safe=""), "***").replace("\0", "")
        case dict():
            return {_without(name, key): _without(item, key) for name, item in value.items()}
        case list():
            return [_without(item, key) for item in value]
        case _:
            return value
