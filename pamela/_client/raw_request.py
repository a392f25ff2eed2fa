"""Requests of endpoints that the contract does not have yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._core.operation import Answer, Operation, Request
from .._core.validation import json_value, written
from ..errors import ValidationError
from .options import check_headers


def raw_request(
    method: str, path: str, params: Mapping[str, Any] | None, json: Any, headers: Mapping[str, str] | None
) -> Request[Any]:
    """Make a request of a method and a path.

    Raises:
        ValidationError: The path is not one, or a value cannot be sent.
    """
    if not isinstance(method, str) or not (method.isascii() and method.isalpha()):
        raise ValidationError(f"method={method!r} is not an HTTP method. Example: 'GET'.")
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise ValidationError(f"path={path!r} is not a path of the API. Example: '/api/b2b/v1/calls'.")
    if "?" in path or "#" in path:
        raise ValidationError(f"path={path!r} has a query or a fragment. Give the query as params=.")
    if params is not None and not isinstance(params, Mapping):
        raise ValidationError(f"params must be a mapping, not {type(params).__name__}. Example: {{'limit': 50}}.")
    method = method.upper()
    escaped = quote(written("path", path), safe="/%:@!$&'()*+,;=~")
    operation: Operation[Any] = Operation(f"{method} {path}", method, escaped, answer=Answer())
    return Request(operation, escaped, query=params, headers=check_headers(headers), body=json_value("json", json))
