"""Requests to endpoints that are not in the specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._core.operation import Operation, Request, ResponseParser
from .._core.validation import to_wire, validate_json
from ..errors import ValidationError
from .options import check_headers


def raw_request(
    method: str, path: str, params: Mapping[str, Any] | None, json: Any, headers: Mapping[str, str] | None
) -> Request[Any]:
    """Return the request for a method and a path.

    Raises:
        ValidationError: The path is invalid, or a value cannot be sent.
    """
    if not isinstance(method, str) or not (method.isascii() and method.isalpha()):
        raise ValidationError(f"method={method!r} is not an HTTP method. Example: 'GET'.")
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise ValidationError(f"path={path!r} is not a path of the API. Example: '/api/b2b/v1/calls'.")
    if "?" in path or "#" in path:
        raise ValidationError(f"path={path!r} has a query or a fragment. Give the query as params=.")
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise ValidationError(f"path={path!r} has a segment of dots, which leads to another path. Escape it.")
    if params is not None and not isinstance(params, Mapping):
        raise ValidationError(f"params must be a mapping, not {type(params).__name__}. Example: {{'limit': 50}}.")
    method = method.upper()
    escaped = quote(to_wire("path", path), safe="/%:@!$&'()*+,;=~")
    operation: Operation[Any] = Operation(f"{method} {path}", method, escaped, parser=ResponseParser())
    return Request(operation, query=params, headers=check_headers(headers), body=validate_json("json", json))
