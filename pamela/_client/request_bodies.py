"""The bodies of requests: JSON, and multipart/form-data for those that carry files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from .._core.validation import to_wire
from ..errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode_json(body: Any) -> bytes | None:
    """Return a body as JSON.

    Raises:
        ValidationError: It has something that JSON has no form for.
    """
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise ValidationError(f"The body cannot be sent as JSON: {error}.") from None


def encode_multipart(fields: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """Return a body and its content type. It is whole in memory, so that it can be sent again.

    Args:
        fields: Values by name; an object is sent as JSON, a list repeats its name.
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
