"""The sandbox's error responses, in the format of the service."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from .specification import Issue, load_specification

_RETRY_AFTER = 1


def failure(
    status: int, detail: str | dict[str, Any] | list[Issue], headers: Mapping[str, str] | None = None
) -> HTTPException:
    """Return an error response with the body `{"detail": detail}`."""
    error = HTTPException(status, headers=headers)
    # Starlette types `detail` as str; the service uses FastAPI's format, which also has lists and objects.
    error.detail = detail  # type: ignore[assignment]
    return error


def coded(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTTPException:
    """Return an error response with an error code of the specification, given by its name."""
    number = load_specification().error_codes[code]
    return failure(status, {"error_code": number, "message": message, "details": dict(details or {})}, headers)


def rate_limited(code: str, message: str) -> HTTPException:
    """Return a 429 response with a delay of one second in the header and in the body."""
    return coded(429, code, message, {"retry_after": _RETRY_AFTER}, {"Retry-After": str(_RETRY_AFTER)})
