"""The HTTP response from which a value was made: its status, headers and request id."""

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
    """The value that a method returned, with its HTTP response.

    Attributes:
        value: What the method returned.
        status_code: The HTTP status.
        headers: The headers. Upper and lower case make no difference.
        request_id: The service's id of the request (`X-Request-Id`), or None.
        attempts: Number of requests with a response, including retries and look-ups.
    """

    value: T
    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    request_id: str | None
    attempts: int


def raw_response(value: T, responses: list[Response], method: Callable[..., object]) -> RawResponse[T]:
    """Return a value with the last of its responses.

    Raises:
        ValidationError: The method sent no request, for example because it returns an iterator that sends them later.
    """
    if not responses:
        name = getattr(method, "__name__", repr(method))
        raise ValidationError(
            f"{name} sent no request, so there is no response. Give a method such as client.get_call."
        )
    last = responses[-1]
    return RawResponse(value, last.status, last.headers, last.headers.get("x-request-id"), len(responses))
