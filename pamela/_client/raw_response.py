"""The response behind a value: its status, headers and request id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._http.attempt import Response

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RawResponse(Generic[T]):
    """What a method returned, and the HTTP response that it came from.

    Attributes:
        value: What the method returned.
        status_code: The HTTP status.
        headers: The headers; names in any case.
        request_id: What names the request at the service (`X-Request-Id`), or None.
        attempts: How many requests with a response it took, retries and look-ups included.
    """

    value: T
    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    request_id: str | None
    attempts: int


def raw_response(value: T, responses: list[Response], method: Callable[..., object]) -> RawResponse[T]:
    """Return a value with the last of the responses that it took.

    Raises:
        ValidationError: The method made no request: it returns an iterator, say, which makes them later.
    """
    if not responses:
        name = getattr(method, "__name__", repr(method))
        raise ValidationError(
            f"{name} made no request, so there is no response. Give a method such as client.get_call."
        )
    last = responses[-1]
    return RawResponse(value, last.status, last.headers, last.headers.get("x-request-id"), len(responses))
