"""Reads the JSON of responses: with msgspec where the extra `[fast]` is installed and it is worth it, else with `json`."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WORTHWHILE = 4096
"""Bytes below which the difference is not noticed, and importing msgspec would be."""


def read_json(content: bytes) -> Any:
    """Return the value that a JSON text has in Python, the same with either library.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    if len(content) >= WORTHWHILE and (decode := fast_decoder()) is not None:
        try:
            return decode(content)
        except Exception:  # noqa: S110
            pass  # `json` accepts some values that msgspec refuses, such as NaN and lone surrogates. Otherwise it says why.
    return json.loads(content)


@cache
def fast_decoder() -> Callable[[bytes], Any] | None:
    """Return the decoder of msgspec, or None where that is not installed."""
    try:
        import msgspec.json
    except ImportError:
        return None
    return msgspec.json.decode
