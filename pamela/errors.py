"""The exceptions of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class PamelaError(Exception):
    """The base class of all exceptions of this package.

    Attributes:
        message: What went wrong, in words. `str(error)` returns it.
        error_code: The service's number of the error (see `ErrorCode`), or None. If the service sends a code of another
            type, such as a text, the attribute is that code.
        details: More values that describe the error. It is a dict, unless the service sent something else.
        status_code: The HTTP status of the response, or None if there was no response.
        request_id: The service's id of the request (`X-Request-Id`), or None. Quote it when you report a problem.
        retry_after: How long the service asks you to wait, in seconds, or None.
        attempts: How many times the request was sent. 0 means never.
        elapsed: Time from the first attempt to the error, in seconds.
        ambiguous: Whether the service may have carried out the request in spite of the error.
    """

    def __init__(
        self,
        message: str,
        error_code: int | None = None,
        details: Mapping[str, Any] | None = None,
        status_code: int | None = None,
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code
        self.details: dict[str, Any] = dict(details) if isinstance(details, dict) else details or {}  # type: ignore[assignment]
        self.status_code = status_code
        self.request_id = request_id
        self.retry_after = retry_after
        self.attempts = 0
        self.elapsed = 0.0
        self.ambiguous = ambiguous

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        shown = [repr(self.message)]
        shown += [
            f"{name}={value!r}"
            for name in ("error_code", "status_code", "request_id", "retry_after")
            if (value := getattr(self, name)) is not None
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class AuthenticationError(PamelaError):
    """The API key is missing, invalid or expired (401)."""


class SubscriptionError(PamelaError):
    """The account's subscription does not allow the request (403)."""


class RateLimitError(PamelaError):
    """Too many requests, or the quota is used up (429)."""


class QuotaExceededError(RateLimitError):
    """The account's quota is used up (429 with code 6002). A short wait does not help."""


class ValidationError(PamelaError):
    """An argument is invalid. The package raises it before it sends a request, or the service refused it (400, 422)."""


class NotFoundError(PamelaError):
    """The requested object does not exist (404), or `base_url` is the address of another service."""


class ConflictError(PamelaError):
    """The request conflicts with the current state (409). The call has ended, or the idempotency key was used before.

    Attributes:
        original: The call that was placed with the idempotency key, or None if the service does not show it.
    """

    original: Any = None


class ServerError(PamelaError):
    """The service failed (5xx)."""


class CallError(PamelaError):
    """A request about a call failed."""


class CallNotFoundError(CallError, NotFoundError):
    """The call does not exist (404)."""


class CallConflictError(CallError, ConflictError):
    """The call's status does not allow the request, or its idempotency key was used for another call (409)."""


class CallServerError(CallError, ServerError):
    """The service failed on a request about a call (5xx). `ambiguous` says whether it may have been carried out."""


class CallLookupError(CallError):
    """`find_call` cannot tell whether the wanted call exists. The service does not show enough about its calls."""


class WaitTimeoutError(CallError):
    """A call did not end before the `timeout` of the wait. The call itself continues.

    Attributes:
        call: The last known state of the call.
    """

    call: Any = None


class APIConnectionError(PamelaError):
    """The service could not be reached, or the connection broke before the response was complete.

    Attributes:
        sent: Whether the request may have reached the service.
    """

    sent: bool = False


class APITimeoutError(APIConnectionError):
    """The service did not respond in time."""


class UnexpectedResponseError(PamelaError):
    """The response is not one of the API, but for example a proxy's page, truncated JSON or a redirect."""
