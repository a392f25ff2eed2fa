"""The bodies of requests: JSON, or multipart/form-data for requests with files."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

import httpx

from .._core.suggestions import shorten
from .._core.validation import to_wire
from ..errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PLACE = 500


def encode_json(body: Any) -> bytes | None:
    """Return a body as JSON.

    Raises:
        ValidationError: The body contains a value that JSON cannot represent.
    """
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        place = _place_without_json(body)
        problem = f"{place} cannot be sent as JSON." if place else f"The body cannot be sent as JSON: {error}."
        raise ValidationError(problem) from None


def _place_without_json(body: Any) -> str | None:
    """Return the first value that JSON cannot represent, such as `metadata['a'][0]=nan`; None if several cause it."""
    waiting = [("", body)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > LONGEST_PLACE:
            return None
        if isinstance(value, dict):
            waiting += [(f"{place}[{name!r}]" if place else str(name), item) for name, item in value.items()][::-1]
        elif isinstance(value, list | tuple):
            waiting += [(f"{place}[{index}]", item) for index, item in enumerate(value)][::-1]
        elif (
            value is not None
            and not isinstance(value, str | int)
            and not (isinstance(value, float) and isfinite(value))
        ):
            return f"{place or 'The body'}={shorten(value)}"
    return None


def encode_multipart(fields: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """Return a body and its content type. The whole body is in memory, so that it can be sent again.

    Args:
        fields: Values by name. An object is sent as JSON, and a list repeats its name.
        files: Names and contents of files, by the name of the field.
    """
    data = {name: _texts(name, value) for name, value in fields.items()}
    request = httpx.Request("POST", "http://localhost", data=data, files=files)
    return request.read(), request.headers["Content-Type"]


def _texts(name: str, value: Any) -> str | list[str]:
    if isinstance(value, list):
        return [_text(name, item) for item in value]
    return _text(name, value)


def _text(name: str, value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else to_wire(name, value)
