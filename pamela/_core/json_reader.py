"""Reads the JSON of responses: large ones with msgspec if the extra `[fast]` is installed, others with `json`."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WORTHWHILE = 4096
"""Minimum size in bytes for msgspec. Below it, the import costs more than it saves."""


def read_json(content: bytes) -> Any:
    """Return the Python value of a JSON text. It is the same with both libraries.

    Raises:
        ValueError: The text is not JSON.
        RecursionError: The JSON is nested too deeply.
    """
    if len(content) >= WORTHWHILE and (decode := fast_decoder()) is not None:
        try:
            return decode(content)
        except Exception:  # noqa: S110
            pass  # `json` accepts NaN and lone surrogates, unlike msgspec; for the rest it raises the error
    return json.loads(content)


@cache
def fast_decoder() -> Callable[[bytes], Any] | None:
    """Return the decoder of msgspec, or None if it is not installed."""
    try:
        import msgspec.json
    except ImportError:
        return None
    return msgspec.json.decode
