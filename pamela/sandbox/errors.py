"""The failures that the sandbox answers, in the service's shapes."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from .specification import Issue, load_specification

_RETRY_AFTER = 1


def failure(
    status: int, detail: str | dict[str, Any] | list[Issue], headers: Mapping[str, str] | None = None
) -> HTTPException:
    """Return a failure whose body is `{"detail": detail}`."""
    error = HTTPException(status, headers=headers)
    # Starlette means texts only; FastAPI's shapes, which the service has, are lists and objects as well.
    error.detail = detail  # type: ignore[assignment]
    return error


def coded(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTTPException:
    """Return a failure with one of the specification's error codes, given by its name there."""
    number = load_specification().error_codes[code]
    return failure(status, {"error_code": number, "message": message, "details": dict(details or {})}, headers)


def rate_limited(code: str, message: str) -> HTTPException:
    """Return a 429 that says in both places to come back in a second."""
    return coded(429, code, message, {"retry_after": _RETRY_AFTER}, {"Retry-After": str(_RETRY_AFTER)})
